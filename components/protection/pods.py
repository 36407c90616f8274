"""The pods of a backup and of a drill, as pure builders: what they mount, in which order their containers run."""

from pulumi import Input
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    EmptyDirVolumeSourceArgs,
    EnvFromSourceArgs,
    EphemeralVolumeSourceArgs,
    PersistentVolumeClaimSpecArgs,
    PersistentVolumeClaimTemplateArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    PodSecurityContextArgs,
    SecretEnvSourceArgs,
    SecretVolumeSourceArgs,
    SecurityContextArgs,
    VolumeArgs,
    VolumeMountArgs,
    VolumeResourceRequirementsArgs,
)

from ..pod.names import GID, IMAGE, PYTHON, RUNTIME_DIR, UID
from ..pod.spec import TMP, Pod, container_security, pod_security, resources, tmp_volume
from ..pod.token import TOKEN, token_volume
from ..pod.variables import plain, secret_variable
from . import names
from .args import BackupRepository, BackupsArgs, DatabaseSource

_RUNTIME = VolumeMountArgs(name="runtime", mount_path=RUNTIME_DIR, read_only=True)
_TOOLS = VolumeMountArgs(name="tools", mount_path=names.TOOLS)
_KEYS = VolumeMountArgs(name="keys", mount_path=names.KEYS, read_only=True)
_STAGE = VolumeMountArgs(name="scratch", mount_path=names.STAGE)
_SCRATCH = VolumeMountArgs(name="scratch", mount_path=names.SCRATCH)
SERVICE_FILE = "/tmp/pg_service.conf"  # noqa: S108 the pod's own emptyDir, which its containers share
_SERVER_USER = {"postgres": 999, "qdrant": 1000}
"""Users of the official images: their files are in the pod's own volumes, and nobody else's."""


def backup_pod(name: str, args: BackupsArgs, scripts: Input[str], secret: Input[str], account: Input[str]) -> Pod:
    """Database first, then vectors, then texts and files: the order of the containers, and of the last one's script."""
    roles = [
        VolumeMountArgs(
            name=_volume(mount["claim"]["name"]),
            mount_path=f"{names.DATA}/{role}",
            sub_path=mount["sub_path"],
            read_only=True,
        )
        for role, mount in sorted(args["roles"].items())
    ]
    run = _python(name, args, "backup", "ks_protect_backup.py", [])
    run.volume_mounts = [_RUNTIME, TMP, _TOOLS, _KEYS, _STAGE, *_repository_mount(args["repository"]), *roles]
    before = [_restic(args)]
    if "database" in args:
        look = _python(name, args, "look", "ks_protect_backup.py", ["look"])
        look.volume_mounts = [_RUNTIME, TMP, _STAGE, *roles]
        before += [look, _service_file(name, args, args["database"]), _dump(args, args["database"])]
    return Pod(
        restart_policy="Never",
        service_account=account,
        security=_security(args),
        init_containers=before,
        containers=[run],
        volumes=[
            *_volumes(args, scripts, secret),
            VolumeArgs(name="scratch", empty_dir=EmptyDirVolumeSourceArgs(size_limit=_size(args))),
            *(_claim(claim) for claim in sorted({mount["claim"]["name"] for mount in args["roles"].values()})),
        ],
    )


def restore_pod(name: str, args: BackupsArgs, scripts: Input[str], secret: Input[str], account: Input[str]) -> Pod:
    """Writes into the claims of the application, so it runs only when somebody makes a Job of it."""
    claims = args.get("restore_to", args["roles"])
    run = _python(name, args, "restore", "ks_protect_restore.py", [])
    run.env = [*plain(variables(name, args)), *plain({"KS_SNAPSHOT": "", "KS_REPLACE": ""})]
    roles = [
        VolumeMountArgs(
            name=_volume(mount["claim"]["name"]), mount_path=f"{names.DATA}/{role}", sub_path=mount["sub_path"]
        )
        for role, mount in sorted(claims.items())
        if not mount["read_only"]
    ]
    run.volume_mounts = [_RUNTIME, TMP, _TOOLS, _KEYS, _STAGE, *_repository_mount(args["repository"]), *roles]
    return Pod(
        restart_policy="Never",
        service_account=account,
        security=_security(args),
        init_containers=[_restic(args)],
        containers=[run],
        volumes=[
            *_volumes(args, scripts, secret),
            VolumeArgs(name="scratch", empty_dir=EmptyDirVolumeSourceArgs(size_limit=_size(args))),
            *(_claim(claim) for claim in sorted({mount["claim"]["name"] for mount in claims.values()})),
        ],
    )


def drill_pod(name: str, args: BackupsArgs, scripts: Input[str], secret: Input[str], account: Input[str]) -> Pod:
    """Restores into a volume of its own and mounts no claim of the application: it can harm nothing."""
    mounts = [_RUNTIME, TMP, _TOOLS, _KEYS, _SCRATCH, *_repository_mount(args["repository"]), TOKEN]
    servers = "database" in args
    look = _python(name, args, "drill", "ks_protect_drill.py", ["look"] if servers else [])
    look.volume_mounts = mounts
    before = [_restic(args)]
    volumes = [*_volumes(args, scripts, secret), _scratch(args), token_volume()]
    if servers:
        restore = _python(name, args, "restore", "ks_protect_drill.py", ["restore"])
        restore.volume_mounts = mounts
        before += [restore, *_servers(args), _try(args, args["database"])]
        volumes += [
            VolumeArgs(name=server, empty_dir=EmptyDirVolumeSourceArgs(size_limit=_size(args)))
            for server in ("postgres", "socket", *(["qdrant"] if "vectors" in args else []))
        ]
    return Pod(
        restart_policy="Never",
        service_account=account,
        security=_security(args, own_disk="scratch_class" in args),
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
        "RESTIC_REPOSITORY": _address(args["repository"]),
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


def _restic(args: BackupsArgs) -> ContainerArgs:
    """Copies restic's one static program: the application's image has none, and restic's has no Python."""
    return ContainerArgs(
        name="tools",
        image=args.get("restic_image", names.RESTIC_IMAGE),
        command=["cp", "/usr/bin/restic", f"{names.TOOLS}/restic"],
        resources=resources("50m", "64Mi", "128Mi"),
        volume_mounts=[_TOOLS],
    )


def _service_file(name: str, args: BackupsArgs, database: DatabaseSource) -> ContainerArgs:
    """Writes libpq's service file from the URL: a password on a command line is seen by others."""
    made = _python(name, args, "connection", "ks_protect_service.py", [])
    made.env = [*plain({"KS_SERVICE_FILE": SERVICE_FILE}), secret_variable("KOTAEMON_DATABASE", database["url"])]
    made.volume_mounts = [_RUNTIME, TMP]
    return made


def _dump(args: BackupsArgs, database: DatabaseSource) -> ContainerArgs:
    return ContainerArgs(
        name="database",
        image=database.get("image", names.POSTGRES_IMAGE),
        command=["bash", f"{RUNTIME_DIR}/ks_protect_postgres.sh", "dump"],
        env=plain(
            {
                "KS_STAGE": names.STAGE,
                "PGSERVICEFILE": SERVICE_FILE,
                "PGSERVICE": "kotaemon",
                "PGCONNECT_TIMEOUT": "30",
            }
        ),
        resources=resources("200m", "256Mi", "1Gi"),
        volume_mounts=[_RUNTIME, TMP, _STAGE],
        termination_message_policy="FallbackToLogsOnError",
    )


def _servers(args: BackupsArgs) -> list[ContainerArgs]:
    """Empty servers of the drill's own, which listen inside of the pod alone and end with it (sidecars)."""
    made = [
        ContainerArgs(
            name="postgres",
            image=args["database"].get("image", names.POSTGRES_IMAGE) if "database" in args else names.POSTGRES_IMAGE,
            restart_policy="Always",
            args=["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
            env=plain(
                {
                    "PGDATA": "/postgres/data",
                    "POSTGRES_USER": "drill",
                    "POSTGRES_DB": "kotaemon",
                    "POSTGRES_HOST_AUTH_METHOD": "trust",
                }
            ),
            resources=resources("500m", "512Mi", "2Gi"),
            security_context=_own_user("postgres"),
            volume_mounts=[
                VolumeMountArgs(name="postgres", mount_path="/postgres"),
                VolumeMountArgs(name="socket", mount_path="/var/run/postgresql"),
                TMP,
            ],
        )
    ]
    if "vectors" in args:
        made.append(
            ContainerArgs(
                name="qdrant",
                image=args["vectors"].get("image", names.QDRANT_IMAGE),
                restart_policy="Always",
                command=["./qdrant"],
                env=[
                    *plain(
                        {
                            "QDRANT__SERVICE__HOST": "127.0.0.1",
                            "QDRANT__STORAGE__STORAGE_PATH": "/qdrant-data/storage",
                            "QDRANT__STORAGE__SNAPSHOTS_PATH": "/qdrant-data/snapshots",
                            "QDRANT__STORAGE__TEMP_PATH": "/qdrant-data/temporary",
                            "QDRANT__TELEMETRY_DISABLED": "true",
                            "QDRANT_INIT_FILE_PATH": "/tmp/qdrant-initialized",  # noqa: S108
                        }
                    ),
                    secret_variable("QDRANT__SERVICE__API_KEY", args["vectors"]["api_key"]),
                ],
                resources=resources("500m", "512Mi", "4Gi"),
                security_context=_own_user("qdrant"),
                volume_mounts=[VolumeMountArgs(name="qdrant", mount_path="/qdrant-data"), TMP],
            )
        )
    return made


def _own_user(server: str) -> SecurityContextArgs:
    made = container_security()
    made.run_as_user = made.run_as_group = _SERVER_USER[server]
    return made


def _try(args: BackupsArgs, database: DatabaseSource) -> ContainerArgs:
    return ContainerArgs(
        name="database",
        image=database.get("image", names.POSTGRES_IMAGE),
        command=["bash", f"{RUNTIME_DIR}/ks_protect_postgres.sh", "try"],
        env=plain(
            {
                "KS_RESTORED": f"{names.SCRATCH}{names.STAGE}",
                "KS_FOUND": names.FOUND,
                "PGHOST": "127.0.0.1",
                "PGUSER": "drill",
                "PGDATABASE": "kotaemon",
            }
        ),
        resources=resources("200m", "256Mi", "1Gi"),
        volume_mounts=[_RUNTIME, TMP, _SCRATCH],
        termination_message_policy="FallbackToLogsOnError",
    )


def _volumes(args: BackupsArgs, scripts: Input[str], secret: Input[str]) -> list[VolumeArgs]:
    made = [
        VolumeArgs(name="runtime", config_map=ConfigMapVolumeSourceArgs(name=scripts)),
        VolumeArgs(name="keys", secret=SecretVolumeSourceArgs(secret_name=secret)),
        VolumeArgs(name="tools", empty_dir=EmptyDirVolumeSourceArgs(size_limit="256Mi")),
        tmp_volume("10Gi"),  # restic's cache: the index of the repository
    ]
    claim = args["repository"].get("claim")
    return [*made, VolumeArgs(name="repository", persistent_volume_claim=_source(claim["name"]))] if claim else made


def _address(repository: BackupRepository) -> Input[str]:
    return repository.get("url", f"{names.REPOSITORY}/{repository.get('folder', names.FOLDER)}")


def _repository_mount(repository: BackupRepository) -> list[VolumeMountArgs]:
    """The whole claim: restic makes its folder itself, as the pods' user; a sub-path would be made as root."""
    return [VolumeMountArgs(name="repository", mount_path=names.REPOSITORY)] if "claim" in repository else []


def _scratch(args: BackupsArgs) -> VolumeArgs:
    if "scratch_class" not in args:
        return VolumeArgs(name="scratch", empty_dir=EmptyDirVolumeSourceArgs(size_limit=_size(args)))
    return VolumeArgs(
        name="scratch",
        ephemeral=EphemeralVolumeSourceArgs(
            volume_claim_template=PersistentVolumeClaimTemplateArgs(
                spec=PersistentVolumeClaimSpecArgs(
                    access_modes=["ReadWriteOnce"],
                    storage_class_name=args["scratch_class"],
                    resources=VolumeResourceRequirementsArgs(requests={"storage": _size(args)}),
                )
            )
        ),
    )


def _size(args: BackupsArgs) -> str:
    return args.get("scratch_size", names.SCRATCH_SIZE)


def _security(args: BackupsArgs, *, own_disk: bool = False) -> PodSecurityContextArgs:
    """As the application's pod has it. `own_disk`: the root of a new disk is root's, and fsGroup gives it away."""
    fs_group = own_disk or any(mount["claim"]["fs_group"] for mount in args["roles"].values())
    return pod_security(int(args.get("uid", UID)), int(args.get("gid", GID)), fs_group=fs_group)


def _claim(name: str) -> VolumeArgs:
    return VolumeArgs(name=_volume(name), persistent_volume_claim=_source(name))


def _volume(claim: str) -> str:
    return f"claim-{claim}"[:63].rstrip("-")


def _source(name: str) -> PersistentVolumeClaimVolumeSourceArgs:
    return PersistentVolumeClaimVolumeSourceArgs(claim_name=name)
