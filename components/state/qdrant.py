"""Qdrant in one pod on one disk: the small default of the `scaled` profile."""

import secrets
from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi import Input, ResourceOptions
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    HTTPGetActionArgs,
    PodSpecArgs,
    ProbeArgs,
    VolumeMountArgs,
)
from typing_extensions import NotRequired

from ..contract import Claim
from ..pod import imposed
from ..pod.args import ClusterImposes, Endpoint, SecretKey
from ..pod.names import IMAGE, PYTHON
from ..pod.spec import TMP
from ..pod.variables import plain, secret_variable
from ..refusal import because, refuse, refused_label
from .backup import SCRIPTS_DIR, BackupArgs, backup_mistakes
from .bundled import DATA_DIR, StoreResources, resources
from .objects import StoreObjects, store_pods
from .stores import VectorStore, VectorStoreKind

QDRANT_IMAGE = "docker.io/qdrant/qdrant:v1.18.3-unprivileged"
"""1.18 is the last version that documents /points/search, which the application's client (1.12) calls; 1.19 still
answers it, undocumented."""
UID = 1000
"""User of the unprivileged image (qdrant/qdrant, Dockerfile: USER_ID)."""
PORT = 6333
API_KEY = "api-key"
KEY_BYTES = 32
BACKUP_FILE = "qdrant_backup.py"


class BundledQdrantArgs(TypedDict):
    """Arguments of BundledQdrant."""

    namespace: Input[str]
    """Namespace of the application."""
    claim: Claim
    """The disk: a block claim in that namespace, made before. Qdrant needs block storage, and NFS does not do
    (https://qdrant.tech/documentation/guides/installation/)."""
    clients: Mapping[str, str]
    """Labels of the pods that may connect: the application's (components.kotaemon.names.labels)."""
    also: NotRequired[Sequence[Mapping[str, str]]]
    """Labels of other pods that may connect, such as those of Backups. Default: none."""
    image: NotRequired[Input[str]]
    """The unprivileged image, pinned; default docker.io/qdrant/qdrant:v1.18.3-unprivileged. Upgrade one minor version
    at a time."""
    resources: NotRequired[StoreResources]
    """Requests and limits of the pod. A million vectors of 1536 numbers are 6 GiB in memory."""
    backup: NotRequired[BackupArgs]
    """The nightly copy of every collection; default: none. It needs as much room again on the disk while it runs."""
    backup_image: NotRequired[Input[str]]
    """Image with the application's Python, for the backup; default: the application's. Qdrant's has none."""
    cluster_imposes: NotRequired[ClusterImposes]
    """What the cluster asks of every pod: pull secrets, node labels, tolerations, a proxy. Default: nothing."""
    protect: NotRequired[bool]
    """Refuse to delete the Secret with the generated key; default true. It is kept on deletion in any case."""


def qdrant_container(image: Input[str], secret: Input[str], chosen: StoreResources) -> ContainerArgs:
    """The server. It writes to its disk and to /tmp, and to nothing else."""
    return ContainerArgs(
        name="qdrant",
        image=image,
        # Not entrypoint.sh: as PID 1 it ends at SIGTERM without waiting for the server, which is then killed.
        command=["./qdrant"],
        env=[
            *plain(
                {
                    "QDRANT__STORAGE__STORAGE_PATH": f"{DATA_DIR}/storage",
                    "QDRANT__STORAGE__SNAPSHOTS_PATH": f"{DATA_DIR}/snapshots",
                    "QDRANT__STORAGE__TEMP_PATH": f"{DATA_DIR}/temporary",  # large: not on the node's disk
                    "QDRANT__TELEMETRY_DISABLED": "true",
                    "QDRANT_INIT_FILE_PATH": "/tmp/qdrant-initialized",  # noqa: S108 the default is in the image
                }
            ),
            secret_variable("QDRANT__SERVICE__API_KEY", SecretKey(secret_name=secret, key=API_KEY)),
        ],
        ports=[ContainerPortArgs(name="store", container_port=PORT)],
        resources=resources(chosen),
        # It opens its port after loading every collection; a server that is killed in it starts again.
        startup_probe=_probe("/readyz", 5, 360),
        readiness_probe=_probe("/readyz", 10, 3),
        liveness_probe=_probe("/livez", 10, 30),
        volume_mounts=[VolumeMountArgs(name="data", mount_path=DATA_DIR), TMP],
    )


def _probe(path: str, period: int, failures: int) -> ProbeArgs:
    # These two need no key (qdrant/qdrant, src/actix/mod.rs).
    return ProbeArgs(
        http_get=HTTPGetActionArgs(path=path, port=PORT),
        period_seconds=period,
        timeout_seconds=5,
        failure_threshold=failures,
    )


def check(name: str, args: BundledQdrantArgs) -> list[str]:
    """Mistakes in the arguments of BundledQdrant(name, args); none: it can be made."""
    return [
        *because("name", refused_label(name)),
        *backup_mistakes(args.get("backup")),
        *(f"cluster_imposes.{mistake}" for mistake in imposed.mistakes(args.get("cluster_imposes", ClusterImposes()))),
    ]


def pods(name: str, args: BundledQdrantArgs) -> list[PodSpecArgs]:
    """`spec` of the pods that BundledQdrant(name, args) makes, the server's first, before anything is made."""
    container = qdrant_container("image", "secret", args.get("resources", StoreResources()))
    imposes = args.get("cluster_imposes", ClusterImposes())
    return store_pods(name, container, args["claim"], UID, [], args.get("backup"), imposes)


class BundledQdrant(pulumi.ComponentResource):
    """Qdrant on one disk, in one pod, with a generated API key.

    When its node is lost the vectors are away until the node is back or somebody says that it is off (docs/stores.md).
    Give `depends_on` what makes the claims.
    """

    store: VectorStore
    """The vector server in the form that the argument `stores.vector_store` of Kotaemon takes."""

    def __init__(self, name: str, args: BundledQdrantArgs, opts: ResourceOptions | None = None) -> None:
        refuse("BundledQdrant", name, check(name, args))
        super().__init__("kotaemon:index:BundledQdrant", name, None, opts)
        objects = StoreObjects(
            self,
            name,
            args["namespace"],
            kind="qdrant",
            port=PORT,
            clients=args["clients"],
            backed_up="backup" in args,
            cluster_imposes=args.get("cluster_imposes", ClusterImposes()),
            also=args.get("also", []),
        )
        secret = objects.generated_secret(
            {API_KEY: secrets.token_urlsafe(KEY_BYTES)}, protect=args.get("protect", True)
        )
        chosen = args.get("resources", StoreResources())
        objects.serve(
            qdrant_container(args.get("image", QDRANT_IMAGE), secret, chosen), args["claim"], uid=UID, volumes=[]
        )
        url = f"http://{name}:{PORT}"
        if "backup" in args:
            objects.back_up(
                args["backup"],
                BACKUP_FILE,
                image=args.get("backup_image", IMAGE),
                command=[PYTHON, "-I", f"{SCRIPTS_DIR}/{BACKUP_FILE}"],
                env=[
                    *plain({"QDRANT_URL": url}),
                    secret_variable("QDRANT_API_KEY", SecretKey(secret_name=secret, key=API_KEY)),
                ],
            )
        self.store = VectorStore(
            kind=VectorStoreKind.QDRANT,
            url=url,
            api_key=SecretKey(secret_name=secret, key=API_KEY),
            endpoint=Endpoint(pod_labels=objects.labels, port=PORT),
        )
        self.register_outputs({"url": url})
