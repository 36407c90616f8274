"""The servers of a drill's own, in which what was restored is tried."""

from pulumi_kubernetes.core.v1 import ContainerArgs, SecurityContextArgs, VolumeMountArgs

from ..pod.spec import TMP, container_security, resources
from ..pod.variables import plain, secret_variable
from . import names
from .args import BackupsArgs, DatabaseSource
from .dumps import dump_container
from .volumes import SCRATCH

_SERVER_USER = {"postgres": 999, "qdrant": 1000}
"""Users of the official images: their files are in the pod's own volumes, and nobody else's."""


def own_servers(args: BackupsArgs) -> list[ContainerArgs]:
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


def trial(database: DatabaseSource) -> ContainerArgs:
    """Restores the dump into the drill's own PostgreSQL and counts the rows."""
    told = {
        "KS_RESTORED": f"{names.SCRATCH}{names.STAGE}",
        "KS_FOUND": names.FOUND,
        "PGHOST": "127.0.0.1",
        "PGUSER": "drill",
        "PGDATABASE": "kotaemon",
    }
    return dump_container(database, "try", told, [SCRATCH])
