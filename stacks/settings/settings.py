"""The top level of a stack file as typed settings. Sections, kinds and stores have files of their own."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import Field, SecretStr, field_validator

from components.contract import Platform, Profile
from guard.rules import check_overrides
from stacks.settings.archive import ArchiveSettings
from stacks.settings.auth_proxy import AuthProxySettings
from stacks.settings.backup import BackupSettings
from stacks.settings.backup_copy import BackupCopySettings
from stacks.settings.bucket import BucketSettings
from stacks.settings.cluster import Cluster
from stacks.settings.estimate import EstimateSettings
from stacks.settings.existing import IN_CLUSTER, OBJECT, Existing, Id
from stacks.settings.fields import DnsLabel, PinnedImage, Strict
from stacks.settings.ingress import Ingress
from stacks.settings.logs import LogSettings
from stacks.settings.models import ModelsSettings
from stacks.settings.monitoring import MonitoringSettings
from stacks.settings.moves import MovedName, MoveSettings, ReleasedKey
from stacks.settings.pod_rules import PodRules
from stacks.settings.pods import AutoscalerSettings, Endpoint, Resources
from stacks.settings.session_export import SessionExportSettings
from stacks.settings.storage import Storage
from stacks.settings.stores import Stores

Section = TypeVar("Section", bound=Strict)


class Settings(Existing, PodRules):
    """The settings of a stack file. stacks/settings/model.py adds a section for each platform, such as `aws`."""

    platform: Platform = Field(description="Platform on which the cluster and its storage are.")
    profile: Profile = Field(
        Profile.SINGLE_WRITER,
        description="single-writer: one pod with its data in files; scaled: several pods with their state in stores.",
    )
    namespace: DnsLabel = Field("kotaemon", description="Kubernetes namespace of the application; the stack makes it.")
    namespace_exists: bool = Field(
        False,
        description="Whether the namespace is there already: then it is neither made nor changed, and its labels, "
        "quotas and limits are those of its owner.",
    )
    image: PinnedImage = Field(
        "ghcr.io/cinnamon/kotaemon:0.11.3-lite",
        description="Image of the application, with a version tag or a digest; main-* and latest-* are refused.",
    )
    replicas: int = Field(
        1, ge=1, le=50, description="Number of pods of the application; more than 1 only in the profile scaled."
    )
    uid: int = Field(1001, ge=1, le=2**31 - 1, description="User id of the pods and owner of the data; never 0.")
    gid: int = Field(1001, ge=1, le=2**31 - 1, description="Group id of the pods and of the data; never 0.")
    autoscaler: AutoscalerSettings | None = Field(
        None, description="Number of pods by load instead of `replicas`; only in the profile scaled."
    )
    resources: Resources = Field(
        default_factory=lambda: Resources.model_validate({}),
        description="CPU and memory of each pod of the application.",
    )
    ingress: Ingress | None = Field(
        None, description="Access from outside; default: none, the application is reached by port-forward."
    )
    auth_proxy: AuthProxySettings | None = Field(
        None, description="Login in front of the application; needs ingress. Default: only the application's own login."
    )
    model_endpoints: list[Endpoint] | None = Field(
        None,
        description="Networks and namespaces where the pods may call models; default: TCP 443 of every address except "
        "link-local (metadata) ones. Services and IP addresses in env are always open.",
    )
    models: ModelsSettings | None = Field(
        None,
        description="Models as published versions with a cache on the nodes; default: pods use the folder of the role "
        "models as it is. See docs/models.md.",
    )
    storage: Storage = Field(description="Claims, and which role is on which claim.")
    session_export: SessionExportSettings | None = Field(
        None,
        description="Exports each user's conversations to files that a person can read; default: they are in the "
        "database alone. See docs/sessions.md.",
    )
    bucket: BucketSettings | None = Field(
        None,
        description="Bucket for cold data and backups: made by the stack, or there already. See docs/cold-tier.md.",
    )
    archive: ArchiveSettings | None = Field(
        None,
        description="Finished reports and rotated logs move to the claim of the role eval; default: they stay. See "
        "docs/cold-tier.md.",
    )
    logs: LogSettings = Field(
        default_factory=lambda: LogSettings.model_validate({}),
        description="Log files of the pods; see docs/logs.md.",
    )
    monitoring: MonitoringSettings | None = Field(
        None, description="Alerts and a dashboard for the Prometheus and Grafana of the cluster; default: none."
    )
    backup: BackupSettings | None = Field(
        None,
        description="Backups of claims and stores with a restore drill, and VolumeSnapshots; default: only what the "
        "platform's own storage has. See docs/backups.md.",
    )
    backup_copy: BackupCopySettings | None = Field(
        None, description="A copy of the backups in another region or account; default: none. See docs/backups.md."
    )
    env: dict[str, str] = Field(
        default_factory=dict[str, str], description="Environment variables of the application that are not secret."
    )
    api_keys: dict[str, SecretStr] = Field(
        default_factory=dict[str, SecretStr],
        description="Secret environment variables of the application, for example OPENAI_API_KEY.",
    )
    admin_name: str = Field("admin", min_length=1, description="User name of the first administrator.")
    admin_password: SecretStr | None = Field(
        None, description="First password of the administrator; default: generated."
    )
    cluster: Cluster = Field(
        default_factory=lambda: Cluster.model_validate({}),
        description="The Kubernetes cluster; default: the devcluster.",
    )
    overrides: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="Rules of the guard that this stack breaks on purpose: rule -> reason. Printed on every run; see "
        "docs/guard.md.",
    )
    budget: int | None = Field(
        None,
        ge=1,
        description="The most that storage may cost a month, in the currency of the platform's price list (USD). A "
        "plan "
        "above it ends with exit code 3; see docs/cost.md.",
    )
    estimate: EstimateSettings = Field(
        default_factory=lambda: EstimateSettings.model_validate({}),
        description="Assumptions of the plan about use and speed, which no definition of a resource says.",
    )
    protect: bool = Field(
        True,
        description="Whether resources that hold data are protected from deletion; false is the first step of taking "
        "a stack down.",
    )
    moved: dict[MovedName, MoveSettings] = Field(
        default_factory=dict[str, MoveSettings],
        description="Data that was moved to other storage by hand: role, vectors or documents -> from and to, as the "
        "refusal prints them; see docs/runbooks/move-data.md.",
    )
    released: list[ReleasedKey] = Field(
        default_factory=list[str],
        description="Sections of claims without a role, and of stores, whose protection ends with the next up, so that "
        "they can then leave the stack file. Their data stays; see docs/runbooks/move-data.md.",
    )
    stores: Stores | None = Field(
        None, description="Stores of the profile scaled: database, vectors and texts; see docs/stores.md."
    )

    @field_validator("overrides")
    @classmethod
    def _overrides(cls, value: dict[str, str]) -> dict[str, str]:
        check_overrides(value)
        return value

    renamed: ClassVar[Mapping[str, str]] = {
        "adopt": "existing: {{namespace: <namespace>, admin: <namespace>/kotaemon-admin}} for these two, and existing "
        "at each claim and store for its own objects (docs/runbooks/take-down.md)"
    }

    @property
    def parts(self) -> Mapping[str, Id]:
        """The Namespace, and the Secret with the first administrator's generated password."""
        return {"namespace": IN_CLUSTER, "admin": OBJECT}

    @property
    def scaled(self) -> bool:
        """Whether the profile is scaled, so that several pods may run."""
        return self.profile == Profile.SCALED

    def section(self, model: type[Section]) -> Section:
        """The section of this stack's platform. stacks/settings/checks.py has made sure that it exists."""
        found: Any = getattr(self, self.platform.value)
        if not isinstance(found, model):
            raise TypeError(f"the section {self.platform.value} is {type(found).__name__}, not {model.__name__}")
        return found
