"""The stack file, typed: what is at its top level. Sections, kinds and stores have files of their own."""

from typing import Any, TypeVar

from pydantic import Field, SecretStr, field_validator

from components.contract import Platform, Profile
from guard.rules import check_overrides
from stacks.settings.auth_proxy import AuthProxySettings
from stacks.settings.cluster import Cluster
from stacks.settings.estimate import EstimateSettings
from stacks.settings.fields import DnsLabel, PinnedImage, Strict
from stacks.settings.pods import AutoscalerSettings, Endpoint, Ingress, Resources
from stacks.settings.storage import Storage
from stacks.settings.stores import Stores

Section = TypeVar("Section", bound=Strict)


class Settings(Strict):
    """A stack file. stacks/settings/model.py adds a section for each platform, such as `aws`."""

    platform: Platform = Field(description="Where the cluster and its storage live.")
    profile: Profile = Field(Profile.SINGLE_WRITER, description="How Kotaemon runs.")
    namespace: DnsLabel = Field("kotaemon", description="Namespace, made by the stack.")
    image: PinnedImage = Field(
        "ghcr.io/cinnamon/kotaemon:0.11.3-lite",
        description="Image by version tag or digest; main-* and latest-* are refused.",
    )
    replicas: int = Field(1, ge=1, le=50, description="Pods.")
    uid: int = Field(1001, ge=1, le=2**31 - 1, description="User of the pod and owner of the data; never 0.")
    gid: int = Field(1001, ge=1, le=2**31 - 1, description="Group of the pod and of the data; never 0.")
    autoscaler: AutoscalerSettings | None = Field(None, description="Pods by load instead of `replicas`; scaled only.")
    resources: Resources = Field(default_factory=lambda: Resources.model_validate({}), description="Of one pod.")
    ingress: Ingress | None = Field(None, description="None: reach it by port-forward.")
    auth_proxy: AuthProxySettings | None = Field(None, description="Login in front of the application; needs ingress.")
    model_endpoints: list[Endpoint] | None = Field(
        None, description="Where the pods may call models; none: TCP 443 anywhere but link-local (metadata) addresses."
    )
    storage: Storage = Field(description="Storage by claim and role.")
    env: dict[str, str] = Field(default_factory=dict[str, str], description="Plain environment of the application.")
    api_keys: dict[str, SecretStr] = Field(
        default_factory=dict[str, SecretStr], description="Secret environment, for example OPENAI_API_KEY."
    )
    admin_name: str = Field("admin", min_length=1, description="Name of the first administrator.")
    admin_password: SecretStr | None = Field(None, description="First password of admin; none: generated.")
    cluster: Cluster = Field(default_factory=lambda: Cluster.model_validate({}), description="Default: the devcluster.")
    overrides: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="Rules of the guard whose risk is taken: rule -> reason. Printed on every run; see docs/guard.md.",
    )
    budget: int | None = Field(
        None,
        ge=1,
        description="Most that storage may cost a month, in the currency of the platform's price list (USD): a plan "
        "above it ends with exit code 3; see docs/cost.md.",
    )
    estimate: EstimateSettings = Field(
        default_factory=lambda: EstimateSettings.model_validate({}),
        description="Assumptions of the plan about use and speed.",
    )
    protect: bool = Field(True, description="false lifts the protection of data holders: step one of taking down.")
    adopt: list[str] = Field(
        default_factory=list[str],
        description="Kept objects to find again in one `up` after taking down: `Kind name` or `Kind namespace/name`.",
    )
    stores: Stores | None = Field(
        None, description="State of the profile scaled: database, vectors, texts; see docs/stores.md."
    )

    @field_validator("overrides")
    @classmethod
    def _overrides(cls, value: dict[str, str]) -> dict[str, str]:
        check_overrides(value)
        return value

    @property
    def scaled(self) -> bool:
        """Whether several pods may run."""
        return self.profile == Profile.SCALED

    def section(self, model: type[Section]) -> Section:
        """The section of this stack's platform. `stacks/settings/checks.py` has made sure that there is one."""
        found: Any = getattr(self, self.platform.value)
        if not isinstance(found, model):
            raise TypeError(f"the section {self.platform.value} is {type(found).__name__}, not {model.__name__}")
        return found
