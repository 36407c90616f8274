"""Find the pod spec, the containers, the volumes and the claims of a workload, also of one that is patched."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policy.resource import UNKNOWN, Resource, at, items, known, whole

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
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
_PATCH = "Patch"


def is_patch(resource: Resource) -> bool:
    """Whether it only changes fields of an object, by server-side apply: what is not in it is not missing.

    https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
    """
    return resource.type.startswith("kubernetes:") and resource.type.endswith(_PATCH)


def object_type(resource: Resource) -> str:
    """Type token of the object that a resource makes or patches: that of a Deployment for a DeploymentPatch."""
    return resource.type.removesuffix(_PATCH) if is_patch(resource) else resource.type


def pod_of(resource: Resource) -> dict[str, Any] | None:
    """The pod spec of a workload or of a patch of one. None: it has no pods, or the spec is not known yet."""
    path = TEMPLATES.get(object_type(resource))
    pod = at(resource.inputs, *path) if path else None
    return pod if isinstance(pod, dict) else None


def containers(pod: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and body of every container, init and ephemeral containers included."""
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in items(pod.get(kind)):
            if container != UNKNOWN:
                yield str(container.get("name", "?")), container


def volumes(pod: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and body of every volume that is known."""
    for volume in items(pod.get("volumes")):
        if isinstance(volume, dict):
            yield str(volume.get("name", "?")), volume


def claims_of(pod: dict[str, Any]) -> list[Any]:
    """Names of the claims that a pod mounts; UNKNOWN for a name that is not known yet."""
    named = [at(volume, "persistentVolumeClaim", "claimName") for volume in items(pod.get("volumes"))]
    return [name for name in named if name is not None]


@dataclass(frozen=True)
class Template:
    """A claim that the controller makes for each pod of a StatefulSet, and that is no resource of the program."""

    name: str
    spec: Any
    claims: tuple[str, ...]
    """Names of the claims: `<template>-<StatefulSet>-<number>`. Empty: the name of the StatefulSet is not known."""


def templates_of(resource: Resource) -> list[Template]:
    """The claim templates of a StatefulSet or of a patch of one; empty for everything else."""
    if object_type(resource) != STATEFUL_SET:
        return []
    owner = at(resource.inputs, "metadata", "name")
    first = whole(at(resource.inputs, "spec", "ordinals", "start")) or 0
    pods = whole(at(resource.inputs, "spec", "replicas"))
    numbers = range(first, first + (1 if pods is None else pods)) if known(owner) else ()
    found: list[Template] = []
    for body in items(at(resource.inputs, "spec", "volumeClaimTemplates")):
        name = str(at(body, "metadata", "name"))
        found.append(Template(name, at(body, "spec"), tuple(f"{name}-{owner}-{number}" for number in numbers)))
    return found
