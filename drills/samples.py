"""The stacks that the drills bring up besides the user's: each in a namespace of its own, on the monitor road."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi_kubernetes as k8s
import yaml

from components.contract import Profile, Role, RoleMount
from components.file.nfs import NfsStorage, NfsStorageArgs
from components.kotaemon.args import KotaemonArgs
from components.kotaemon.kotaemon import Kotaemon
from components.pod.args import SecretKey
from components.pod.namespace import ApplicationNamespace, ApplicationNamespaceArgs
from components.state.stores import Stores, VectorStoreKind
from deploy import apply, saved
from deploy.kube import Kube
from devcluster.cluster import Cluster
from plan import stack_file as stack_files

FILES = {"kind": "nfs", "server": "nfs.example.org", "path": "/srv/nfs", "encryptedBy": "simulated"}
DISK = {"kind": "storage-class", "storageClass": "dev-block", "size": "10Gi", "encryptedBy": "simulated"}
MEDIA: dict[str, dict[str, Any]] = {"file": {"files": FILES}, "block": {"disk": DISK}}
PROJECT = "kotaemon"
_SECRET = "stores"  # noqa: S105 the name of the Secret
_STORES = Stores(
    database={
        "url": SecretKey(secret_name=_SECRET, key="url"),
        "endpoint": {"cidr": "10.0.0.5/32", "port": 5432},
    },
    vector_store={
        "kind": VectorStoreKind.QDRANT,
        "url": "http://qdrant.example.org:6333",
        "api_key": SecretKey(secret_name=_SECRET, key="key"),
        "endpoint": {"cidr": "10.0.0.6/32", "port": 6333},
    },
)


def kube(cluster: Cluster) -> Kube:
    """A client of the cluster's API server."""
    return Kube(cluster.api(), cluster.directory / "discovery.json")


def stack_file(folder: Path, name: str, claims: Mapping[str, Any], **settings: object) -> stack_files.StackFile:
    """Write a stack file of platform private and read it back. Its namespace has the name of the stack."""
    ours = {"platform": "private", "namespace": name, "storage": {"claims": dict(claims)}, **settings}
    path = folder / f"Pulumi.{name}.yaml"
    path.write_text(yaml.safe_dump({"config": {f"kotaemon:{key}": value for key, value in ours.items()}}))
    return stack_files.read(name, folder)


def up(cluster: Cluster, file: stack_files.StackFile) -> apply.Outcome:
    """Run `make up` for a stack file, on the monitor road."""
    config = file.with_cluster(cluster.kubeconfig, cluster.context)
    return apply.up(file.program, _target(cluster, file.name), config, [])


def up_scaled(cluster: Cluster, name: str, replicas: int, image: str | None = None) -> apply.Outcome:
    """Bring up the profile scaled on one NFS export. Its stores are the names of servers that do not exist."""
    return apply.up(scaled(name, replicas, image), _target(cluster, name), {}, [])


def scaled(name: str, replicas: int, image: str | None) -> Callable[[], None]:
    """A program with the profile scaled. Its stores are names without servers, which no stack file can describe."""

    def program() -> None:
        namespace = ApplicationNamespace(name, ApplicationNamespaceArgs(protect=False)).namespace
        files = NfsStorage(
            "kotaemon-files", NfsStorageArgs(namespace=namespace, server="nfs.example.org", path="/srv/nfs")
        )
        k8s.core.v1.Secret(
            "stores",
            metadata={"name": _SECRET, "namespace": namespace},
            string_data={"url": "postgresql://kotaemon:drill@10.0.0.5:5432/kotaemon", "key": "drill"},
        )
        storage = {r.value: RoleMount(claim=files.claim, sub_path=r.value, read_only=False) for r in Role}
        args = KotaemonArgs(
            namespace=namespace, storage=storage, profile=Profile.SCALED, replicas=replicas, stores=_STORES
        )
        if image is not None:
            args["image"] = image
        Kotaemon("kotaemon", args)

    return program


def _target(cluster: Cluster, name: str) -> apply.Target:
    return apply.Target(kube(cluster), PROJECT, name, saved.read_outputs, lambda _: None)
