"""Find the pod spec, the containers and the claims of a workload."""

from collections.abc import Iterator
from typing import Any

from policy.resource import UNKNOWN, Resource, at, items

TEMPLATES: dict[str, tuple[str, ...]] = {
    "kubernetes:core/v1:Pod": ("spec",),
    "kubernetes:apps/v1:Deployment": ("spec", "template", "spec"),
    "kubernetes:apps/v1:StatefulSet": ("spec", "template", "spec"),
    "kubernetes:apps/v1:DaemonSet": ("spec", "template", "spec"),
    "kubernetes:apps/v1:ReplicaSet": ("spec", "template", "spec"),
    "kubernetes:batch/v1:Job": ("spec", "template", "spec"),
    "kubernetes:batch/v1:CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
"""Type token -> path of the pod's spec in its inputs."""


def pod_of(resource: Resource) -> dict[str, Any] | None:
    """The pod spec of a workload. None when the resource has no pods or when the spec is not known yet."""
    path = TEMPLATES.get(resource.type)
    pod = at(resource.inputs, *path) if path else None
    return pod if isinstance(pod, dict) else None


def containers(pod: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and body of every container, init and ephemeral containers included."""
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in items(pod.get(kind)):
            if container != UNKNOWN:
                yield str(container.get("name", "?")), container


def claims_of(pod: dict[str, Any]) -> list[Any]:
    """Names of the claims that a pod mounts; UNKNOWN for a name that is not known yet."""
    volumes = [at(volume, "persistentVolumeClaim", "claimName") for volume in items(pod.get("volumes"))]
    return [name for name in volumes if name is not None]
