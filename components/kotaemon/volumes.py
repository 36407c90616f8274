"""The pod's volumes: roles by sub-path, whole claims for the preparation, and what is written outside the roles."""

from pulumi import Input
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    EmptyDirVolumeSourceArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    VolumeArgs,
    VolumeMountArgs,
)

from ..contract import Claim, Role, RoleMount
from ..models import pod as models
from ..pod.certificates import ca_mounts, ca_volumes
from ..pod.folders import prepare_task, role_folders
from ..pod.names import CLAIMS_DIR, RUNTIME_DIR
from ..pod.spec import TMP, tmp_volume
from .application import Application
from .environment import role_dir
from .names import APP_DIR, DRIVER_DIR

RUNTIME = VolumeMountArgs(name="runtime", mount_path=RUNTIME_DIR, read_only=True)
DRIVER = VolumeMountArgs(name="driver", mount_path=DRIVER_DIR)


def claims_of(app: Application) -> list[Claim]:
    """Each mounted claim once, in the order of the roles."""
    mounted = [mount for role, mount in app.mounts.items() if role != Role.MODELS or not app.follows_leader]
    return list({mount["claim"]["name"]: mount["claim"] for mount in mounted}.values())


def pod_volumes(app: Application, runtime_map: Input[str]) -> list[VolumeArgs]:
    """All volumes. The emptyDirs are limited: an upload spools to /tmp first, and it must not fill the node's disk."""
    volumes = [
        VolumeArgs(name="runtime", config_map=ConfigMapVolumeSourceArgs(name=runtime_map)),
        tmp_volume("8Gi"),
        # flowsettings.py makes folders there while it is imported; everything kept is moved to a role.
        VolumeArgs(name="app-data", empty_dir=EmptyDirVolumeSourceArgs(size_limit="64Mi")),
    ]
    if app.installs_driver:
        volumes.append(VolumeArgs(name="driver", empty_dir=EmptyDirVolumeSourceArgs(size_limit="64Mi")))
    for claim in claims_of(app):
        source = PersistentVolumeClaimVolumeSourceArgs(claim_name=claim["name"])
        volumes.append(VolumeArgs(name=volume_of(app, claim), persistent_volume_claim=source))
    volumes += ca_volumes(database_ca(app))
    return [*volumes, *(models.volumes(app.models) if app.models is not None else [])]


def database_ca(app: Application) -> Input[str] | None:
    """Name of the ConfigMap with the certificates of the database's authority. None: the server is not checked."""
    return None if app.stores is None else app.stores["database"].get("ca_config_map")


def volume_of(app: Application, claim: Claim) -> str:
    """Name of a claim's volume in the pod. By position: a claim's name may be longer than a volume's."""
    return f"claim-{[other['name'] for other in claims_of(app)].index(claim['name'])}"


def app_mounts(app: Application) -> list[VolumeMountArgs]:
    """Mounts of the application. Roles are mounted by sub-path: the application answers 403 for files behind a symbolic
    link (docs/facts/kotaemon.md 8-5)."""
    roles = [_role_mount(app, role, mount) for role, mount in app.mounts.items()]
    app_data = VolumeMountArgs(name="app-data", mount_path=f"{APP_DIR}/ktem_app_data")
    driver = [VolumeMountArgs(name="driver", mount_path=DRIVER_DIR, read_only=True)] if app.installs_driver else []
    return [RUNTIME, TMP, app_data, *driver, *ca_mounts(database_ca(app)), *roles]


def _role_mount(app: Application, role: Role, mount: RoleMount) -> VolumeMountArgs:
    if role == Role.MODELS and app.models is not None:
        return models.mount(app.models, mount, None if app.follows_leader else volume_of(app, mount["claim"]))
    return VolumeMountArgs(
        name=volume_of(app, mount["claim"]),
        mount_path=role_dir(app, role),
        sub_path=mount["sub_path"],
        read_only=mount["read_only"],
    )


def whole_claims(app: Application) -> tuple[str, list[VolumeMountArgs]]:
    """What the init container prepares: KS_PREPARE, and the claims without sub-paths."""
    claims: list[tuple[str, list[str], bool]] = []
    mounts: list[VolumeMountArgs] = []
    for claim in claims_of(app):
        name = claim["name"]
        read_only = all(mount["read_only"] for mount in app.mounts.values() if mount["claim"]["name"] == name)
        folders = role_folders({role.value: m for role, m in app.mounts.items()}, name)
        claims.append((name, [*folders, *_version_folders(app, name)], read_only))
        path = f"{CLAIMS_DIR}/{name}"
        mounts.append(VolumeMountArgs(name=volume_of(app, claim), mount_path=path, read_only=read_only))
    return prepare_task(claims, app.uid, app.gid), mounts


def _version_folders(app: Application, claim_name: str) -> list[str]:
    """The folders of versions of models, on the claim that has them."""
    role = app.mounts.get(Role.MODELS)
    if app.models is None or role is None or role["claim"]["name"] != claim_name or not models.from_claim(app.models):
        return []
    return models.folders(role)
