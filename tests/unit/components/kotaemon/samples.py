"""Arguments that the tests of this folder start from, and Pulumi's typed arguments as the API server would see them."""

from typing import Any

from pulumi._types import input_type_to_dict, is_input_type

from components.contract import Claim, Profile, Role, RoleMount, StorageMap
from components.file.nfs import nfs_claim
from components.kotaemon.application import Application, application
from components.kotaemon.args import AuthProxy, Exposure, ExposureKind, KotaemonArgs
from components.pod.args import SecretKey
from components.state.stores import DocumentStoreKind, Stores, VectorStoreKind
from components.volumes.existing_class import existing_class_claim

DISK = existing_class_claim("disk", {"namespace": "kotaemon", "storage_class": "fast", "size": "20Gi"})
FILES = nfs_claim("files", {"namespace": "kotaemon", "server": "nfs.example.com", "path": "/srv/nfs/kotaemon"})

EXPOSURE = Exposure(
    kind=ExposureKind.INGRESS, hostname="k.example.com", controller_namespace="ingress-nginx", class_name="nginx"
)
PROXY = AuthProxy(
    issuer_url="https://login.example.com", client_id="kotaemon", client_secret="hunter2", email_domains=["example.com"]
)


def on(claim: Claim, role: Role, *, read_only: bool = False) -> RoleMount:
    return RoleMount(claim=claim, sub_path=role.value, read_only=read_only)


def storage(databases: Claim = DISK, shared: Claim = FILES) -> StorageMap:
    return {role.value: on(databases if role in (Role.INDEXES, Role.SESSIONS) else shared, role) for role in Role}


def stores() -> Stores:
    return {
        "database": {
            "url": SecretKey(secret_name="postgres", key="url"),
            "endpoint": {"cidr": "10.0.0.5/32", "port": 5432},
        },
        "vector_store": {
            "kind": VectorStoreKind.QDRANT,
            "url": "http://qdrant:6333",
            "api_key": SecretKey(secret_name="qdrant", key="api-key"),
            "endpoint": {"pod_labels": {"app": "qdrant"}, "port": 6333},
        },
    }


def elasticsearch() -> Stores:
    return stores() | {
        "document_store": {
            "kind": DocumentStoreKind.ELASTICSEARCH,
            "url": "http://es:9200",
            "password": SecretKey(secret_name="es", key="password"),
            "endpoint": {"namespace": "elastic", "pod_labels": {"app": "es"}, "port": 9200},
        }
    }


def single_args(**changes: Any) -> KotaemonArgs:
    return KotaemonArgs(**{"namespace": "kotaemon", "storage": storage()} | changes)


def scaled_args(**changes: Any) -> KotaemonArgs:
    """Three pods; sessions are in PostgreSQL, everything else is shared."""
    shared = {role: mount for role, mount in storage(FILES).items() if role != Role.SESSIONS}
    defaults = {
        "namespace": "kotaemon",
        "storage": shared,
        "profile": Profile.SCALED,
        "replicas": 3,
        "stores": stores(),
    }
    return KotaemonArgs(**defaults | changes)


def single(**changes: Any) -> Application:
    return application("kotaemon", single_args(**changes))


def scaled(**changes: Any) -> Application:
    return application("kotaemon", scaled_args(**changes))


def manifest(value: Any) -> Any:
    """Typed arguments as plain camelCase values, without what is not set."""
    if is_input_type(type(value)):
        value = input_type_to_dict(value)
    if isinstance(value, dict):
        return {key: manifest(item) for key, item in value.items() if item is not None}
    return [manifest(item) for item in value] if isinstance(value, list | tuple) else value
