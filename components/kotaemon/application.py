"""KotaemonArgs with every default filled in."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Input

from ..contract import Profile, Role, RoleMount
from ..models.args import Models
from ..pod.args import ClusterImposes, Endpoint
from ..pod.names import GID, IMAGE, UID
from ..state.stores import PostgresDriver, Stores
from .args import AuthProxy, Autoscaler, Exposure, KotaemonArgs, LogFiles, PodResources, SessionExport
from .names import PORT, PROBE_PATH, PROXY_PORT, PROXY_PROBE_PATH, SSO_PROBE_PATH
from .switches import SINGLE_SIGN_ON, is_true


@dataclass(frozen=True)
class Application:
    """The arguments of one Kotaemon with every default filled in: what the builders of its objects work on."""

    name: str
    namespace: Input[str]
    profile: Profile
    image: Input[str]
    replicas: int
    uid: int
    gid: int
    storage: Mapping[str, RoleMount]
    resources: PodResources
    env: Mapping[str, str]
    api_keys: tuple[str, ...]
    """Names of the variables; their values are in a Secret."""
    admin_name: str
    stores: Stores | None
    autoscaler: Autoscaler | None
    exposure: Exposure | None
    auth_proxy: AuthProxy | None
    model_endpoints: list[Endpoint] | None
    monitors: list[Endpoint]
    logs: LogFiles
    models: Models | None
    session_export: SessionExport | None
    cluster_imposes: ClusterImposes

    @property
    def first_replicas(self) -> int:
        """Number of pods that the Deployment is made with. With an autoscaler it is that of the stack file or the
        autoscaler's smallest, whichever is larger; afterwards the number is the autoscaler's own."""
        return max(self.replicas, int(self.autoscaler["min_replicas"])) if self.autoscaler else self.replicas

    @property
    def scaled(self) -> bool:
        """Whether the profile is `scaled`, in which several pods may run at once."""
        return self.profile == Profile.SCALED

    @property
    def installs_driver(self) -> bool:
        """Whether an init container brings the PostgreSQL driver."""
        driver = self.stores["database"].get("driver", PostgresDriver.INSTALL) if self.stores else None
        return driver == PostgresDriver.INSTALL

    @property
    def entrance(self) -> int:
        """The pod's port for requests from outside."""
        return PROXY_PORT if self.auth_proxy else PORT

    @property
    def health_path(self) -> str:
        """Path on the port `entrance` that answers 200 to whoever asks whether the pod is ready."""
        if self.auth_proxy:
            return PROXY_PROBE_PATH
        return SSO_PROBE_PATH if self.single_sign_on else PROBE_PATH

    @property
    def single_sign_on(self) -> bool:
        """Whether the application runs in its own SSO mode."""
        return is_true(self.env.get(SINGLE_SIGN_ON, ""))

    @property
    def model_version_is_ours(self) -> bool:
        """Whether the version of the models is Pulumi's: the stack file says it."""
        return self.models is not None and "version" in self.models

    @property
    def caches_models(self) -> bool:
        """Whether the application reads its models from a cache on the node, and not from the claim."""
        return self.models is not None and "cache" in self.models

    @property
    def follows_leader(self) -> bool:
        """Whether a leader has the claim of the role models, which no pod of the application mounts then."""
        return self.models is not None and "leader" in self.models

    @property
    def mounts(self) -> dict[Role, RoleMount]:
        """The roles that are mounted, in the order of Role. `scaled` keeps its sessions in PostgreSQL."""
        unused = (Role.SESSIONS,) if self.scaled else ()
        return {role: self.storage[role] for role in Role if role in self.storage and role not in unused}


def application(name: str, args: KotaemonArgs) -> Application:
    """Fill in the defaults. Whether such an application can be made, mistakes.check says."""
    return Application(
        name=name,
        namespace=args["namespace"],
        profile=Profile(args.get("profile", Profile.SINGLE_WRITER)),
        image=args.get("image", IMAGE),
        replicas=int(args.get("replicas", 1)),  # a plugin hands over 3.0
        uid=int(args.get("uid", UID)),
        gid=int(args.get("gid", GID)),
        storage=args["storage"],
        resources=args.get("resources", PodResources()),
        env=args.get("env", {}),
        api_keys=tuple(sorted(args.get("api_keys", {}))),
        admin_name=args.get("admin_name", "admin"),
        stores=args.get("stores"),
        autoscaler=args.get("autoscaler"),
        exposure=args.get("exposure"),
        auth_proxy=args.get("auth_proxy"),
        model_endpoints=args.get("model_endpoints"),
        monitors=args.get("monitors", []),
        logs=args.get("logs", LogFiles()),
        models=args.get("models"),
        session_export=args.get("session_export"),
        cluster_imposes=args.get("cluster_imposes", ClusterImposes()),
    )
