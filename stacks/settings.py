"""The stack file, typed: every key, its default and the reason for it stand here and in `claims.py`, nowhere else."""

import re
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from components.contract import Medium, Platform, Profile, Role
from components.kotaemon.switches import is_true
from guard.rules import check_overrides
from stacks.alicloud_settings import AlicloudSettings
from stacks.auth_proxy import AuthProxySettings
from stacks.aws_settings import AwsSettings, mistakes
from stacks.claims import ClaimSettings
from stacks.estimate_settings import EstimateSettings
from stacks.fields import Cidr, Cpu, DnsLabel, HostName, Memory, ObjectName, PinnedImage, Strict, SubPath
from stacks.stores import GRAPH_SWITCHES, StoreSettings
from stacks.stores import mistakes as store_mistakes

ON_DISK = {Profile.SINGLE_WRITER: (Role.INDEXES, Role.SESSIONS), Profile.SCALED: ()}
"""Roles that hold databases of one writer: SQLite, Chroma and LanceDB want a disk (facts/kotaemon.md 3). In `scaled`
several pods mount every role."""


class Resources(Strict):
    """Resources of one application pod. Idle it holds 0.8 GiB; upstream's fly.toml gives it 4 CPUs and 4 GiB."""

    cpu_request: Cpu = Field("500m", description="CPU request; starting takes about 30 CPU-seconds.")
    memory_request: Memory = Field("2Gi", description="Memory request.")
    memory_limit: Memory = Field("4Gi", description="Memory limit. No CPU limit: it would only slow the start.")


class Ingress(Strict):
    """How the application is reached from outside. Put authentication in front: its own login leaves the API open."""

    kind: Literal["ingress", "httproute"] = Field("ingress", description="Ingress object, or Gateway API HTTPRoute.")
    hostname: HostName = Field(description="Public host name.")
    class_name: ObjectName = Field("nginx", description="ingressClassName; the annotations are those of ingress-nginx.")
    tls_secret: ObjectName | None = Field(None, description="Secret with the certificate; none: TLS ends before it.")
    gateway: str | None = Field(None, description="`namespace/name` of the Gateway, for kind httproute.")
    controller_namespace: DnsLabel = Field("ingress-nginx", description="Whose pods may reach the application.")
    max_upload_mib: int = Field(1000, ge=1, description="Largest request body in MiB; Kotaemon's own limit is 1000 MB.")

    @model_validator(mode="after")
    def _gateway_for_route(self) -> "Ingress":
        if self.kind == "httproute" and not re.fullmatch(r"[a-z0-9-]+/[a-z0-9-]+", self.gateway or ""):
            raise ValueError("kind httproute needs gateway: <namespace>/<name>")
        return self


class Endpoint(Strict):
    """A destination the pods may open connections to."""

    cidr: Cidr = Field(description="Network, for example 203.0.113.7/32.")
    port: int = Field(443, ge=1, le=65535, description="TCP port.")


class AutoscalerSettings(Strict):
    """A HorizontalPodAutoscaler; only in the scaled profile."""

    min_replicas: int = Field(ge=1, le=50, description="Fewest pods.")
    max_replicas: int = Field(ge=1, le=50, description="Most pods.")
    cpu_percent: int = Field(80, ge=1, le=100, description="Target CPU use in percent of the request.")


class RoleStorage(Strict):
    """Where one role lives, when not on the default."""

    claim: DnsLabel | None = Field(None, description="Name of a claim; default: the first that suits the role.")
    sub_path: SubPath | None = Field(None, description="Folder in the claim; default: the role's name.")
    read_only: bool = Field(False, description="Mount read-only.")


class Storage(Strict):
    """The claims of the stack, and which role is on which."""

    claims: dict[DnsLabel, ClaimSettings] = Field(min_length=1, description="Claims by a name of your own.")
    roles: dict[Role, RoleStorage] = Field(
        default_factory=dict[Role, RoleStorage], description="Only the roles that differ from the default."
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Storage":
        for role, storage in self.roles.items():
            if storage.claim is not None and storage.claim not in self.claims:
                claims = ", ".join(self.claims)
                raise ValueError(f"roles.{role.value}.claim is {storage.claim!r}; the claims are: {claims}")
        for profile in Profile:
            self._refuse_shared_folders(profile)
        return self

    def _refuse_shared_folders(self, profile: Profile) -> None:
        seen: dict[tuple[str, str], Role] = {}
        for role in Role:
            place = (self.claim_of(role, profile), self.sub_path_of(role))
            if place in seen:
                raise ValueError(
                    f"roles {seen[place].value} and {role.value} share the folder {place[1]!r} of claim {place[0]!r}; "
                    "give one of them another subPath"
                )
            seen[place] = role

    def claim_of(self, role: Role, profile: Profile) -> str:
        """Name of the role's claim. Databases want a disk, the rest wants to be shared; else whatever there is."""
        chosen = self.roles[role].claim if role in self.roles else None
        wanted = Medium.BLOCK if role in ON_DISK[profile] else Medium.FILE
        suited = [name for name, claim in self.claims.items() if claim.medium == wanted]
        return chosen or (suited or list(self.claims))[0]

    def sub_path_of(self, role: Role) -> str:
        """Folder of the role in its claim."""
        return (self.roles[role].sub_path if role in self.roles else None) or role.value

    def read_only(self, role: Role) -> bool:
        """Whether the role is mounted read-only."""
        return role in self.roles and self.roles[role].read_only


class Cluster(Strict):
    """Which cluster. The current context of the user's kubeconfig is never used by accident: both keys or none."""

    kubeconfig: str | None = Field(None, description="Path of a kubeconfig file.")
    context: str | None = Field(None, description="Context in it.")
    identifier: str | None = Field(
        None,
        description="Name of the cluster whose API address may change; without it another address is another cluster.",
    )

    zones: list[str] = Field(
        default_factory=list[str],
        description="Zones of the nodes, for the plan, where no section of a platform has them.",
    )

    @model_validator(mode="after")
    def _both(self) -> "Cluster":
        if (self.kubeconfig is None) != (self.context is None):
            raise ValueError("kubeconfig and context go together: the current context is never used by accident")
        return self


class Settings(Strict):
    """A stack file."""

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
    aws: AwsSettings | None = Field(
        None, validate_default=True, description="Section of platform aws: region, network, key, drivers, stores."
    )
    alicloud: AlicloudSettings | None = Field(
        None, validate_default=True, description="Section of platform alicloud: region, network, key, database."
    )
    stores: StoreSettings | None = Field(
        None,
        validate_default=True,
        description="State of the profile scaled: database, vectors, texts; see docs/stores.md.",
    )

    @property
    def node_zones(self) -> list[str]:
        """Zones of the cluster's nodes, where the stack file says them."""
        if self.aws is not None:
            return self.aws.known_zones
        return list(self.alicloud.vswitches) if self.alicloud is not None else self.cluster.zones

    @field_validator("auth_proxy")
    @classmethod
    def _behind_an_ingress(cls, value: AuthProxySettings | None, info: ValidationInfo) -> AuthProxySettings | None:
        if value is not None and info.data.get("ingress") is None:
            raise ValueError("needs ingress: people log in at its host name")
        return value

    @field_validator("budget")
    @classmethod
    def _has_prices(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("platform") == Platform.PRIVATE:
            raise ValueError("is not allowed: platform private has no prices, its hardware is your own; leave it out")
        return value

    @field_validator("overrides")
    @classmethod
    def _overrides(cls, value: dict[str, str]) -> dict[str, str]:
        check_overrides(value)
        return value

    @field_validator("storage")
    @classmethod
    def _kinds_of_the_platform(cls, value: Storage, info: ValidationInfo) -> Storage:
        platform = info.data.get("platform")
        for name, claim in value.claims.items():
            if platform is not None and platform not in claim.platforms:
                suited = ", ".join(p.value for p in claim.platforms)
                raise ValueError(f"claims.{name}: kind {claim.kind} is for platform {suited}, not {platform.value}")
        return value

    @field_validator("aws")
    @classmethod
    def _complete_aws(cls, value: AwsSettings | None, info: ValidationInfo) -> AwsSettings | None:
        if info.data.get("platform") == Platform.AWS and value is None:
            raise ValueError("is not allowed: platform aws needs this section")
        storage: Storage | None = info.data.get("storage")
        if value and storage and (found := "; ".join(mistakes(value, storage.claims))):
            raise ValueError(found)
        if value and value.database and info.data.get("profile") == Profile.SINGLE_WRITER:
            raise ValueError("database: only the profile scaled keeps its state in PostgreSQL; leave it out")
        return value

    @field_validator("alicloud")
    @classmethod
    def _complete_alicloud(cls, value: AlicloudSettings | None, info: ValidationInfo) -> AlicloudSettings | None:
        if info.data.get("platform") == Platform.ALICLOUD and value is None:
            raise ValueError("is not allowed: platform alicloud needs this section")
        storage: Storage | None = info.data.get("storage")
        if value is not None and storage is not None:
            value.check(storage.claims, info.data.get("profile"))
        return value

    @field_validator("autoscaler")
    @classmethod
    def _scales(cls, value: AutoscalerSettings | None, info: ValidationInfo) -> AutoscalerSettings | None:
        if value is not None and info.data.get("profile") == Profile.SINGLE_WRITER:
            raise ValueError("only the profile scaled can have more pods by load; leave it out")
        if value is not None and value.min_replicas > value.max_replicas:
            raise ValueError(f"minReplicas {value.min_replicas} is more than maxReplicas {value.max_replicas}")
        return value

    @field_validator("env")
    @classmethod
    def _no_graphs_in_scaled(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        for name in GRAPH_SWITCHES:
            if info.data.get("profile") == Profile.SCALED and is_true(value.get(name, "")):
                raise ValueError(f"{name}: graph indexes are local files of one writer; the profile scaled has none")
        return value

    @field_validator("stores")
    @classmethod
    def _stores_of_the_profile(cls, value: StoreSettings | None, info: ValidationInfo) -> StoreSettings | None:
        if info.data.get("profile") == Profile.SINGLE_WRITER and value is not None:
            raise ValueError(
                "the profile single-writer keeps its state in files; use the profile scaled, or leave it out"
            )
        if info.data.get("profile") != Profile.SCALED or not {"aws", "alicloud"} <= info.data.keys():
            return value
        sections = [section for section in (info.data["aws"], info.data["alicloud"]) if section is not None]
        missing = _missing_stores(value, sections)
        if missing:
            raise ValueError(f"is not allowed: the profile scaled needs {' and '.join(missing)} here")
        storage: Storage | None = info.data.get("storage")
        if value is not None and storage is not None:
            folders = {(storage.claim_of(r, Profile.SCALED), storage.sub_path_of(r)): r.value for r in Role}
            media = {name: claim.medium for name, claim in storage.claims.items()}
            if found := "; ".join(store_mistakes(value, media, folders)):
                raise ValueError(found)
        return value


def _missing_stores(stores: StoreSettings | None, sections: list[AwsSettings | AlicloudSettings]) -> list[str]:
    """What neither `stores` nor the platform's own section brings. Raises ValueError for what both bring."""
    missing: list[str] = []
    for key, field in (("database", "database"), ("vectorStore", "vector_store")):
        here = stores is not None and getattr(stores, field) is not None
        there = field == "database" and any(section.database is not None for section in sections)
        if here and there:
            raise ValueError(f"{key}: the platform's own section has one as well; leave it in one of them")
        if not (here or there):
            missing.append(key)
    return missing
