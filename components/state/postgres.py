"""PostgreSQL in one pod on one disk: the small default of the `scaled` profile."""

import secrets
from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi import Input, ResourceOptions
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    ContainerPortArgs,
    EmptyDirVolumeSourceArgs,
    EnvVarArgs,
    ExecActionArgs,
    PodSpecArgs,
    ProbeArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from typing_extensions import NotRequired

from ..contract import Claim
from ..pod import imposed
from ..pod.args import ClusterImposes, Endpoint, SecretKey
from ..pod.spec import TMP
from ..pod.variables import plain, secret_variable
from ..refusal import because, refuse, refused_label
from .backup import SCRIPTS_DIR, BackupArgs, backup_mistakes, script
from .bundled import DATA_DIR, StoreResources, resources
from .objects import StoreObjects, store_pods
from .stores import DatabaseStore, PostgresDriver

POSTGRES_IMAGE = "docker.io/library/postgres:18.6-trixie"
UID = 999
"""User and group `postgres` of the official Debian images (docker-library/postgres, Dockerfile-debian.template)."""
PORT = 5432
USER = "kotaemon"
DATABASE = "kotaemon"
URL_KEY, PASSWORD_KEY, ADMIN_KEY = "url", "password", "admin-password"
PASSWORD_BYTES = 24
INIT_DIR = "/docker-entrypoint-initdb.d"
INIT_FILE, BACKUP_FILE = "kotaemon.sql", "postgres-backup.sh"
MAX_CONNECTIONS = 200
"""A pod of the application opens up to 15 (SQLAlchemy's default pool) and one for its start lock: twelve pods."""


class BundledPostgresArgs(TypedDict):
    """Arguments of BundledPostgres."""

    namespace: Input[str]
    """Namespace of the application."""
    claim: Claim
    """The disk: a block claim in that namespace, made before (ReadWriteOncePod where the driver can)."""
    clients: Mapping[str, str]
    """Labels of the pods that may connect: the application's (components.kotaemon.names.labels)."""
    also: NotRequired[Sequence[Mapping[str, str]]]
    """Labels of other pods that may connect, such as those of Backups. Default: none."""
    image: NotRequired[Input[str]]
    """An official Debian image, pinned; default docker.io/library/postgres:18.6-trixie. Another major version does not
    read this one's data: dump and restore (docs/stores.md)."""
    resources: NotRequired[StoreResources]
    """Requests and limits of the pod."""
    backup: NotRequired[BackupArgs]
    """The nightly dump; default: none."""
    driver: NotRequired[PostgresDriver]
    """Where the application's psycopg2 comes from; default install."""
    cluster_imposes: NotRequired[ClusterImposes]
    """What the cluster asks of every pod: pull secrets, node labels, tolerations, a proxy. Default: nothing."""
    protect: NotRequired[bool]
    """Refuse to delete the Secret with the generated passwords; default true. It is kept on deletion in any case."""


def database_url(host: str, password: str) -> str:
    """The URL as the application takes it. The password is URL-safe as it is generated."""
    return f"postgresql://{USER}:{password}@{host}:{PORT}/{DATABASE}"


def generated(host: str) -> dict[str, Input[str]]:
    """The keys of the Secret, with new passwords."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    return {
        URL_KEY: database_url(host, password),
        PASSWORD_KEY: password,
        ADMIN_KEY: secrets.token_urlsafe(PASSWORD_BYTES),
    }


def postgres_container(image: Input[str], secret: Input[str], chosen: StoreResources) -> ContainerArgs:
    """The server. It writes to its disk, to the socket's folder and to /tmp, and to nothing else."""
    return ContainerArgs(
        name="postgres",
        image=image,
        args=["-c", f"max_connections={MAX_CONNECTIONS}"],
        env=[
            *plain(
                {
                    # A folder of its own: a disk's root has lost+found, and initdb wants an empty one.
                    "PGDATA": f"{DATA_DIR}/postgresql",
                    "POSTGRES_USER": "postgres",
                    # Without it the image trusts 127.0.0.1, and `kubectl port-forward` comes from there.
                    "POSTGRES_INITDB_ARGS": "--auth-host=scram-sha-256",
                }
            ),
            secret_variable("POSTGRES_PASSWORD", SecretKey(secret_name=secret, key=ADMIN_KEY)),
            secret_variable("KOTAEMON_PASSWORD", SecretKey(secret_name=secret, key=PASSWORD_KEY)),
        ],
        ports=[ContainerPortArgs(name="store", container_port=PORT)],
        resources=resources(chosen),
        # Recovery after a crash may take minutes, and a server that is killed in it starts it again.
        startup_probe=_probe(5, 180),
        readiness_probe=_probe(10, 3),
        liveness_probe=_probe(10, 30),
        volume_mounts=[
            VolumeMountArgs(name="data", mount_path=DATA_DIR),
            TMP,
            VolumeMountArgs(name="socket", mount_path="/var/run/postgresql"),
            VolumeMountArgs(name="init", mount_path=INIT_DIR, read_only=True),
        ],
    )


def _probe(period: int, failures: int) -> ProbeArgs:
    # By TCP: while the image makes the database, its server listens on the socket only.
    command = ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(PORT), "-U", USER, "-d", DATABASE]
    return ProbeArgs(
        exec_=ExecActionArgs(command=command), period_seconds=period, timeout_seconds=5, failure_threshold=failures
    )


def backup_environment(host: Input[str], secret: Input[str]) -> list[EnvVarArgs]:
    """What pg_dump and pg_restore read by themselves (libpq, environment variables)."""
    connection: dict[str, Input[str]] = {
        "PGHOST": host,
        "PGPORT": str(PORT),
        "PGUSER": USER,
        "PGDATABASE": DATABASE,
        "PGCONNECT_TIMEOUT": "30",
    }
    return [*plain(connection), secret_variable("PGPASSWORD", SecretKey(secret_name=secret, key=PASSWORD_KEY))]


def check(name: str, args: BundledPostgresArgs) -> list[str]:
    """Mistakes in the arguments of BundledPostgres(name, args); none: it can be made."""
    return [
        *because("name", refused_label(name)),
        *backup_mistakes(args.get("backup")),
        *(f"cluster_imposes.{mistake}" for mistake in imposed.mistakes(args.get("cluster_imposes", ClusterImposes()))),
    ]


def _volumes(init: Input[str]) -> list[VolumeArgs]:
    """The pod's volumes beside the disk: the socket's folder, and the script of the first start."""
    return [
        VolumeArgs(name="socket", empty_dir=EmptyDirVolumeSourceArgs(size_limit="1Mi")),
        VolumeArgs(name="init", config_map=ConfigMapVolumeSourceArgs(name=init)),
    ]


def pods(name: str, args: BundledPostgresArgs) -> list[PodSpecArgs]:
    """`spec` of the pods that BundledPostgres(name, args) makes, the server's first, before anything is made."""
    container = postgres_container("image", "secret", args.get("resources", StoreResources()))
    imposes = args.get("cluster_imposes", ClusterImposes())
    return store_pods(name, container, args["claim"], UID, _volumes("init"), args.get("backup"), imposes)


class BundledPostgres(pulumi.ComponentResource):
    """PostgreSQL on one disk, in one pod.

    When its node is lost the database is away until the node is back or somebody says that it is off (docs/stores.md).
    Give `depends_on` what makes the claims.
    """

    store: DatabaseStore
    """The database in the form that the argument `stores.database` of Kotaemon takes."""

    def __init__(self, name: str, args: BundledPostgresArgs, opts: ResourceOptions | None = None) -> None:
        refuse("BundledPostgres", name, check(name, args))
        super().__init__("kotaemon:index:BundledPostgres", name, None, opts)
        image = args.get("image", POSTGRES_IMAGE)
        objects = StoreObjects(
            self,
            name,
            args["namespace"],
            kind="postgresql",
            port=PORT,
            clients=args["clients"],
            backed_up="backup" in args,
            cluster_imposes=args.get("cluster_imposes", ClusterImposes()),
            also=args.get("also", []),
        )
        # URL and passwords in one object, so that they cannot drift apart. The server takes the passwords when its
        # disk is empty, and never again.
        secret = objects.generated_secret(generated(name), protect=args.get("protect", True))
        init = objects.config_map("init", {INIT_FILE: script(INIT_FILE)})
        objects.serve(
            postgres_container(image, secret, args.get("resources", StoreResources())),
            args["claim"],
            uid=UID,
            volumes=_volumes(init),
        )
        if "backup" in args:
            objects.back_up(
                args["backup"],
                BACKUP_FILE,
                image=image,  # pg_dump must not be older than the server
                command=["bash", f"{SCRIPTS_DIR}/{BACKUP_FILE}"],
                env=backup_environment(name, secret),
            )
        self.store = DatabaseStore(
            url=SecretKey(secret_name=secret, key=URL_KEY),
            endpoint=Endpoint(pod_labels=objects.labels, port=PORT),
            driver=args.get("driver", PostgresDriver.INSTALL),
        )
        self.register_outputs({"secretName": secret})
