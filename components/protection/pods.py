"""The pods of a backup and of a drill, as pure builders: what they mount, in which order their containers run."""

from collections.abc import Mapping

from pulumi import Input
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    EmptyDirVolumeSourceArgs,
    EnvFromSourceArgs,
    SecretEnvSourceArgs,
    VolumeArgs,
    VolumeMountArgs,
)

from ..contract import RoleMount
from ..pod.certificates import ca_mounts, ca_volumes
from ..pod.folders import prepare_container, prepare_task, role_folders
from ..pod.names import CLAIMS_DIR, GID, IMAGE, PYTHON, RUNTIME_DIR, UID
from ..pod.spec import TMP, Pod, resources
from ..pod.token import TOKEN, token_volume
from ..pod.variables import plain, secret_variable
from . import names
from .args import BackupsArgs, DatabaseSource
from .drill_servers import own_servers, trial
from .dumps import dump_container
from .volumes import (
    KEYS,
    RUNTIME,
    SCRATCH,
    STAGE,
    TOOLS,
    claim_volume,
    pod_volumes,
    repository_address,
    repository_mount,
    scratch_size,
    scratch_volume,
    security,
    volume_name,
)

SERVICE_FILE = "/tmp/pg_service.conf"  # noqa: S108 the pod's own emptyDir, which its containers share


def backup_pod(name: str, args: BackupsArgs, scripts: Input[str], secret: Input[str], account: Input[str]) -> Pod:
    """Database first, then vectors, then texts and files: the order of the containers, and of the last one's script."""
    roles = [
        VolumeMountArgs(
            name=volume_name(mount["claim"]["name"]),
            mount_path=f"{names.DATA}/{role}",
            sub_path=mount["sub_path"],
            read_only=True,
        )
        for role, mount in sorted(args["roles"].items())
    ]
    run = _python(name, args, "backup", "ks_protect_backup.py", [])
    run.volume_mounts = [RUNTIME, TMP, TOOLS, KEYS, STAGE, *repository_mount(args["repository"]), *roles]
    before = [_restic(args)]
    if "database" in args:
        look = _python(name, args, "look", "ks_protect_backup.py", ["look"])
        look.volume_mounts = [RUNTIME, TMP, STAGE, *roles]
        before += [look, _service_file(name, args, args["database"]), _dump(args["database"])]
    return Pod(
        restart_policy="Never",
        service_account=account,
        security=security(args),
        init_containers=before,
        containers=[run],
        volumes=[
            *pod_volumes(args, scripts, secret),
            VolumeArgs(name="scratch", empty_dir=EmptyDirVolumeSourceArgs(size_limit=scratch_size(args))),
            *(ca_volumes(args["database"].get("ca_config_map")) if "database" in args else []),
            *(claim_volume(claim) for claim in sorted({mount["claim"]["name"] for mount in args["roles"].values()})),
        ],
    )


def restore_pod(name: str, args: BackupsArgs, scripts: Input[str], secret: Input[str], account: Input[str]) -> Pod:
    """Writes into the claims of the application, so it runs only when somebody makes a Job of it.

    Before, it makes the folders of the roles: on a new volume nobody else has.
    """
    claims = {role: mount for role, mount in args.get("restore_to", args["roles"]).items() if not mount["read_only"]}
    run = _python(name, args, "restore", "ks_protect_restore.py", [])
    run.env = [*plain(variables(name, args)), *plain({"KS_SNAPSHOT": "", "KS_REPLACE": ""})]
    roles = [
        VolumeMountArgs(
            name=volume_name(mount["claim"]["name"]), mount_path=f"{names.DATA}/{role}", sub_path=mount["sub_path"]
        )
        for role, mount in sorted(claims.items())
    ]
    run.volume_mounts = [RUNTIME, TMP, TOOLS, KEYS, STAGE, *repository_mount(args["repository"]), *roles]
    return Pod(
        restart_policy="Never",
        service_account=account,
        security=security(args),
        init_containers=[_folders(args, claims), _restic(args)],
        containers=[run],
        volumes=[
            *pod_volumes(args, scripts, secret),
            VolumeArgs(name="scratch", empty_dir=EmptyDirVolumeSourceArgs(size_limit=scratch_size(args))),
            *(claim_volume(claim) for claim in sorted({mount["claim"]["name"] for mount in claims.values()})),
        ],
    )


def drill_pod(name: str, args: BackupsArgs, scripts: Input[str], secret: Input[str], account: Input[str]) -> Pod:
    """Restores into a volume of its own and mounts no claim of the application: it can harm nothing."""
    mounts = [RUNTIME, TMP, TOOLS, KEYS, SCRATCH, *repository_mount(args["repository"]), TOKEN]
    servers = "database" in args
    look = _python(name, args, "drill", "ks_protect_drill.py", ["look"] if servers else [])
    look.volume_mounts = mounts
    before = [_restic(args)]
    volumes = [*pod_volumes(args, scripts, secret), scratch_volume(args), token_volume()]
    if servers:
        restore = _python(name, args, "restore", "ks_protect_drill.py", ["restore"])
        restore.volume_mounts = mounts
        before += [restore, *own_servers(args), trial(args["database"])]
        volumes += [
            VolumeArgs(name=server, empty_dir=EmptyDirVolumeSourceArgs(size_limit=scratch_size(args)))
            for server in ("postgres", "socket", *(["qdrant"] if "vectors" in args else []))
        ]
    return Pod(
        restart_policy="Never",
        service_account=account,
        security=security(args, own_disk="scratch_class" in args),
        init_containers=before,
        containers=[look],
        volumes=volumes,
        direct_hosts=["kubernetes.default.svc"],
    )


def variables(name: str, args: BackupsArgs) -> dict[str, Input[str]]:
    """What the scripts are told. The names are those that components/protection/runtime reads."""
    keep = names.keep_of(args)
    kind = "server" if "database" in args else "sqlite" if "sessions" in args["roles"] else "none"
    found: dict[str, Input[str]] = {
        "KS_NAME": name,
        "KS_RESTIC": f"{names.TOOLS}/restic",
        "KS_DATA": names.DATA,
        "KS_STAGE": names.STAGE,
        "KS_SCRATCH": names.SCRATCH,
        "KS_FOUND": names.FOUND,
        "KS_DATABASE": kind,
        "KS_SUBSET": args.get("drill", {}).get("read", names.READ),
        "KS_NAMESPACE": args["namespace"],
        "KS_RECORD": f"{name}-drill",
        **{f"KS_KEEP_{key.upper()}": str(number) for key, number in keep.items()},
        "RESTIC_PASSWORD_FILE": f"{names.KEYS}/{names.PASSWORD}",
        "RESTIC_CACHE_DIR": "/tmp/restic",  # noqa: S108 the pod's own emptyDir
        "RESTIC_REPOSITORY": repository_address(args["repository"]),
    }
    if "region" in args["repository"]:
        found["AWS_DEFAULT_REGION"] = args["repository"]["region"]
    if args["repository"].get("host_style", False):
        found["KS_HOST_STYLE"] = "1"
    if args.get("still", False):
        found["KS_STILL"] = "1"
    return found


def _python(name: str, args: BackupsArgs, container: str, script: str, more: list[str]) -> ContainerArgs:
    env = plain(variables(name, args))
    if "vectors" in args and container in ("backup", "drill"):
        env.append(secret_variable("QDRANT_API_KEY", args["vectors"]["api_key"]))
        env += plain({"QDRANT_URL": args["vectors"]["url"]}) if container == "backup" else []
    credentials = args["repository"].get("credentials")
    source = [EnvFromSourceArgs(secret_ref=SecretEnvSourceArgs(name=credentials))] if credentials is not None else None
    return ContainerArgs(
        name=container,
        image=args.get("image", IMAGE),
        command=[PYTHON, "-B", f"{RUNTIME_DIR}/{script}", *more],
        env=env,
        env_from=source if container in ("backup", "drill", "restore") else None,
        resources=resources("500m", "512Mi", "2Gi"),
        termination_message_policy="FallbackToLogsOnError",  # `kubectl describe pod` says why
    )


def _folders(args: BackupsArgs, roles: Mapping[str, RoleMount]) -> ContainerArgs:
    """Makes the roles' folders as the application's pod does: a sub-path that is missing would be made by root."""
    claims = sorted({mount["claim"]["name"] for mount in roles.values()})
    task = prepare_task(
        [(name, role_folders(roles, name), False) for name in claims],
        int(args.get("uid", UID)),
        int(args.get("gid", GID)),
    )
    whole = [VolumeMountArgs(name=volume_name(name), mount_path=f"{CLAIMS_DIR}/{name}") for name in claims]
    return prepare_container(args.get("image", IMAGE), task, whole)


def _restic(args: BackupsArgs) -> ContainerArgs:
    """Copies restic's one static program: the application's image has none, and restic's has no Python."""
    return ContainerArgs(
        name="tools",
        image=args.get("restic_image", names.RESTIC_IMAGE),
        command=["cp", "/usr/bin/restic", f"{names.TOOLS}/restic"],
        resources=resources("50m", "64Mi", "128Mi"),
        volume_mounts=[TOOLS],
    )


def _service_file(name: str, args: BackupsArgs, database: DatabaseSource) -> ContainerArgs:
    """Writes libpq's service file from the URL: a password on a command line is seen by others."""
    made = _python(name, args, "connection", "ks_protect_service.py", [])
    made.env = [*plain({"KS_SERVICE_FILE": SERVICE_FILE}), secret_variable("KOTAEMON_DATABASE", database["url"])]
    made.volume_mounts = [RUNTIME, TMP]
    return made


def _dump(database: DatabaseSource) -> ContainerArgs:
    told = {
        "KS_STAGE": names.STAGE,
        "PGSERVICEFILE": SERVICE_FILE,
        "PGSERVICE": "kotaemon",
        "PGCONNECT_TIMEOUT": "30",
    }
    return dump_container(database, "dump", told, [STAGE, *ca_mounts(database.get("ca_config_map"))])
