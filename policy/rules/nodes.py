"""The rule that data is not on the disk of one node, where it is out of reach or lost with the node."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from guard.classes import Bound, facts_of
from guard.drivers import DRIVERS
from policy.resource import UNKNOWN, Resource, at, items, known
from policy.rule import Config, Level, Rule, each
from policy.workload import claims_of, containers, object_type, pod_of, templates_of, volumes

DATA_PATHS = (
    "*/ktem_app_data*",
    "/data*",
    "/qdrant/*",
    "/var/lib/qdrant*",
    "/var/lib/chroma*",
    "/var/lib/elasticsearch*",
    "/var/lib/weaviate*",
    "/var/lib/postgresql*",
    "/var/lib/mysql*",
    "/var/lib/redis*",
    "/var/lib/milvus*",
    "/bitnami/*",
    "/usr/share/elasticsearch/data*",
)
"""Where Kotaemon, its stores and their charts keep data: a volume that ends with its pod loses it there."""
_NO_FILES = ("Socket", "CharDevice", "BlockDevice")
"""Types of a hostPath that are no folder with files."""


def _on_a_node(resource: Resource, config: Config) -> Iterator[str]:
    kind, inputs = object_type(resource), resource.inputs
    if kind == "kubernetes:storage.k8s.io/v1:StorageClass" and known(inputs.get("provisioner")):
        facts = facts_of("", str(inputs["provisioner"]), DRIVERS, _texts(inputs.get("parameters")))
        if facts.bound == Bound.NODE:
            yield f"makes {facts.name}, on one node: {facts.node_loss}"
    if kind == "kubernetes:core/v1:PersistentVolume":
        for key in ("hostPath", "local"):
            if known(path := at(inputs, "spec", key, "path")):
                yield f"{key} {path} is a folder of one node: out of reach without the node, and lost with its disk"
        if known(driver := at(inputs, "spec", "csi", "driver")):
            attributes = _texts(at(inputs, "spec", "csi", "volumeAttributes"))
            facts = facts_of("", str(driver), DRIVERS, attributes)
            if facts.bound == Bound.NODE:
                yield f"is {facts.name}: {facts.node_loss}"
    pod = pod_of(resource)
    if pod is not None:
        yield from _pod(pod, config, has_claims=bool(claims_of(pod) or templates_of(resource)))


def _pod(pod: dict[str, Any], config: Config, *, has_claims: bool) -> Iterator[str]:
    for name, volume in volumes(pod):
        mounts = list(_mounts(pod, name))
        host = volume.get("hostPath")
        if host is not None and at(host, "type") not in _NO_FILES and not _only_read(mounts):
            yield (
                f"volume {name} is hostPath {at(host, 'path')}: each node has files of its own, which a pod elsewhere "
                "does not see and the loss of the node takes; mount a claim"
            )
        # A pod with claims may need a folder there that holds nothing: Kotaemon writes to its own at import.
        ends = next((key for key in ("emptyDir", "ephemeral") if volume.get(key) is not None), "")
        for path in (str(at(mount, "mountPath")) for mount in mounts if ends and not has_claims):
            if any(fnmatchcase(path, pattern) for pattern in config.get("paths", DATA_PATHS)):
                yield f"volume {name} ({ends}) is at {path}: what is there ends with the pod; mount a claim"


def _mounts(pod: dict[str, Any], volume: str) -> Iterator[Any]:
    for _, container in containers(pod):
        yield from (mount for mount in items(container.get("volumeMounts")) if at(mount, "name") == volume)


def _only_read(mounts: list[Any]) -> bool:
    return bool(mounts) and all(at(mount, "readOnly") is True for mount in mounts)


def _texts(value: Any) -> dict[str, str]:
    return {key: str(text) for key, text in value.items() if text != UNKNOWN} if isinstance(value, dict) else {}


DATA_ON_NODES = Rule(
    name="data-on-nodes",
    level=Level.ADVISORY,
    summary="Data is not on the disk of one node: hostPath, local volumes, node-local classes, emptyDir at data paths.",
    blind="Classes that no resource of the stack makes (the guard asks the cluster for them), a driver that is not in "
    "docs/storage-classes.md, an emptyDir at another path or beside a claim, and what a container writes into its own "
    "image. Against hostPath as a way into the node: Kyverno's disallow-host-path, or the Pod Security level baseline.",
    source="https://kubernetes.io/docs/concepts/storage/volumes/#hostpath",
    check=each(_on_a_node),
    settings={
        "paths": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Paths in containers that hold data, with the wildcards * and ?; default: "
            f"{', '.join(DATA_PATHS)}.",
        }
    },
)
