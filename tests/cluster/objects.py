"""Objects and readings that the devcluster's tests share."""

import contextlib
import itertools
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client import ApiClient, AppsV1Api, CoreV1Api, StorageV1Api

from devcluster.cluster import Cluster
from stacks.settings.cluster import Cluster as ClusterSettings
from tests.unit.devcluster.helpers import eventually

_numbers = itertools.count(1)

TOLERATIONS = [
    {"key": f"node.kubernetes.io/{reason}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}
    for reason in ("unreachable", "not-ready")
]


@contextlib.contextmanager
def namespace(api: ApiClient) -> Generator[str]:
    """A namespace of the test's own, removed with all that is in it."""
    core = CoreV1Api(api)
    name = f"test-{next(_numbers)}"
    core.create_namespace({"metadata": {"name": name}})
    try:
        yield name
    finally:
        core.delete_namespace(name)


def poor_user(api: ApiClient, space: str, cluster: Cluster, folder: Path) -> ClusterSettings:
    """The way to the cluster for a new account without any right of its own."""
    core = CoreV1Api(api)
    core.create_namespaced_service_account(space, {"metadata": {"name": "poor"}})
    token = core.create_namespaced_service_account_token("poor", space, {"spec": {"audiences": []}}).status.token
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    for user in config["users"]:
        user["user"] = {"token": token}
    path = folder / "config"
    path.write_text(yaml.safe_dump(config))
    return ClusterSettings.model_validate({"kubeconfig": str(path), "context": cluster.context})


def storage_class(api: ApiClient, name: str, provisioner: str, **fields: Any) -> str:
    """A StorageClass with WaitForFirstConsumer and expansion, unless `fields` say otherwise."""
    body = {
        "metadata": {"name": name},
        "provisioner": provisioner,
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
        **fields,
    }
    StorageV1Api(api).create_storage_class(body)
    return name


def claim(api: ApiClient, space: str, name: str, class_name: str, **metadata: Any) -> None:
    """A ReadWriteOncePod claim of 10 GiB."""
    spec = {
        "accessModes": ["ReadWriteOncePod"],
        "storageClassName": class_name,
        "resources": {"requests": {"storage": "10Gi"}},
    }
    body = {"metadata": {"name": name, **metadata}, "spec": spec}
    CoreV1Api(api).create_namespaced_persistent_volume_claim(space, body)


def pod_spec(claim_name: str | None = None, **fields: Any) -> dict[str, Any]:
    """A pod's spec with at most one claim."""
    container: dict[str, Any] = {"name": "app", "image": "example.com/app:1"}
    spec: dict[str, Any] = {"containers": [container], **fields}
    if claim_name:
        container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
        spec["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}]
    return spec


def pod(api: ApiClient, space: str, name: str, claim_name: str | None = None, **fields: Any) -> None:
    """A pod."""
    body = {"metadata": {"name": name}, "spec": pod_spec(claim_name, **fields)}
    CoreV1Api(api).create_namespaced_pod(space, body)


def deployment(api: ApiClient, space: str, name: str, replicas: int, claim_name: str | None = None) -> None:
    """A Deployment whose pods leave a lost node after 5 s."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod_spec(claim_name, tolerations=TOLERATIONS)}
    spec = {
        "replicas": replicas,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": labels},
        "template": template,
    }
    AppsV1Api(api).create_namespaced_deployment(space, {"metadata": {"name": name}, "spec": spec})


def node_of(api: ApiClient, space: str, name: str, seconds: float = 60) -> str:
    """The node on which the pod runs, once it does."""
    core = CoreV1Api(api)
    eventually(f"pod {name} runs", seconds, lambda: core.read_namespaced_pod(name, space).status.phase == "Running")
    return core.read_namespaced_pod(name, space).spec.node_name


def live_pods(api: ApiClient, space: str) -> list[Any]:
    """Running pods that are not being deleted."""
    pods = CoreV1Api(api).list_namespaced_pod(space).items
    return [item for item in pods if item.status.phase == "Running" and not item.metadata.deletion_timestamp]


def volume_of(api: ApiClient, space: str, claim_name: str) -> Any:
    """The PersistentVolume of a bound claim."""
    core = CoreV1Api(api)
    return core.read_persistent_volume(core.read_namespaced_persistent_volume_claim(claim_name, space).spec.volume_name)


def attachments(api: ApiClient, volume: str) -> dict[str, bool]:
    """Node -> attached, of one PersistentVolume."""
    items = StorageV1Api(api).list_volume_attachment().items
    return {
        item.spec.node_name: bool(item.status and item.status.attached)
        for item in items
        if item.spec.source.persistent_volume_name == volume
    }


def messages(api: ApiClient, space: str, reason: str) -> list[str]:
    """Messages of the events with that reason."""
    # Not events.k8s.io: the client's model of it refuses events that leave eventTime out.
    events = CoreV1Api(api).list_namespaced_event(space).items
    return [event.message for event in events if event.reason == reason]


def wait(what: str, check: Callable[[], object], seconds: float = 60) -> float:
    """`eventually` with the limit of a loaded machine."""
    return eventually(what, seconds, check)
