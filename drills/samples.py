"""The stacks that the drills bring up beside the user's own: each in a namespace of its own."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi_kubernetes as k8s
import yaml
from rich.console import Console

from components.contract import Profile, Role, RoleMount
from components.file.nfs import NfsStorage, NfsStorageArgs
from components.kotaemon.args import KotaemonArgs
from components.kotaemon.kotaemon import Kotaemon
from components.pod.args import SecretKey
from components.pod.namespace import ApplicationNamespace, ApplicationNamespaceArgs
from components.state.stores import Stores, VectorStoreKind
from deploy import engine, find
from deploy.engine import Outcome, Project
from deploy.kube import Kube
from deploy.progress import Json
from devcluster.cluster import Cluster
from plan import stack_file as stack_files

FILES = {"kind": "nfs", "server": "nfs.example.org", "path": "/srv/nfs", "encryptedBy": "simulated"}
DISK = {"kind": "storage-class", "storageClass": "dev-block", "size": "10Gi", "encryptedBy": "simulated"}
MEDIA: dict[str, dict[str, Any]] = {"file": {"files": FILES}, "block": {"disk": DISK}}
PROJECT = "kotaemon"
SILENT = Json(lambda _: None)
"""A drill says itself what happens."""
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


def up(cluster: Cluster, file: stack_files.StackFile) -> Outcome:
    """`make up` of a stack file."""
    return engine.up(Project.of(found(), file, cluster), kube(cluster), SILENT)


def up_scaled(
    cluster: Cluster, name: str, replicas: int, image: str | None = None, patience: float | None = None
) -> Outcome:
    """The profile scaled on one export. The stores that it needs are names of servers that are not there.

    `patience`: seconds for one object to become ready. Raises deploy.engine.Failed.
    """
    config = {"kubernetes:kubeconfig": str(cluster.kubeconfig), "kubernetes:context": cluster.context}
    settings = {"name": PROJECT, "runtime": "python"}
    project = Project(found(), PROJECT, name, settings, {"config": config}, scaled(name, replicas, image))
    return engine.up(project, kube(cluster), SILENT, patience)


@functools.cache
def found() -> find.Engine:
    """The engine, looked for once."""
    return find.find(Console(stderr=True))


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
