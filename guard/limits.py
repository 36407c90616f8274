"""Holds pods and claims against the quotas and limit ranges of their namespace. Pure.

The admission plug-ins LimitRanger and ResourceQuota are followed: defaults are filled in first, then each container is
held against the ranges, then the sum of all against the quotas.
https://kubernetes.io/docs/concepts/policy/limit-range/, https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from guard.namespace import Manifest, Namespace, PodsOf, Quota, Volume, container_lists, quantity

_GIB = Decimal(1024) ** 3
_COUNTED = {"requests": "requests.", "limits": "limits."}
_ALL_PODS = {"NotBestEffort", "NotTerminating"}
"""Scopes of a quota that every pod of ours is in: each asks for CPU and memory, and none has a time limit itself."""
_MUST_SAY = ("cpu", "memory")
"""Resources that every container has to name where a quota is on them; others count as none (API server:
pkg/quota/v1/evaluator/core/pods.go, podComputeQuotaResources; tests/cluster/test_admission.py)."""
_CLASS = ".storageclass.storage.k8s.io/"


@dataclass(frozen=True)
class Asked:
    """Requests and limits of one container, with the namespace's defaults filled in."""

    requests: Mapping[str, Decimal]
    limits: Mapping[str, Decimal]


def refused(namespace: Namespace, pods: Sequence[PodsOf], volumes: Sequence[Volume]) -> list[str]:
    """Why the namespace would never admit a pod or a claim, however much of its quotas is free."""
    return [
        *(line for one in pods for line in _ranges(namespace, one)),
        *_volume_ranges(namespace, volumes),
        *(line for quota in namespace.quotas for line in _quota(namespace, quota, pods, volumes)),
    ]


def short(namespace: Namespace, pods: Sequence[PodsOf], volumes: Sequence[Volume]) -> list[str]:
    """Where others use so much of a quota that a first run does not fit into the rest."""
    lines: list[str] = []
    for quota in namespace.quotas:
        for name, most, wanted in _held(namespace, quota, pods, volumes):
            used = quantity(quota.used.get(name, "0"))
            if wanted <= most < wanted + used:
                lines.append(
                    f"quota {quota.name}: {_text(name, used)} of {quota.hard[name]} {name} are used, and this stack "
                    f"asks for {_text(name, wanted)}"
                )
    return lines


def not_checked(namespace: Namespace) -> list[str]:
    """Quotas that were passed over, in words."""
    lines: list[str] = []
    for quota in namespace.quotas:
        if not set(quota.scopes) <= _ALL_PODS:
            lines.append(f"quota {quota.name} counts only pods of the scopes {', '.join(quota.scopes)}")
        elif others := [name for name in quota.hard if not _known(name)]:
            lines.append(f"quota {quota.name} is also on {', '.join(others)}, which are not counted here")
    return lines


def _known(name: str) -> bool:
    """Whether a resource of a quota is counted here, or one that no pod of the stack asks for (a GPU)."""
    kind, _, resource = name.partition(".") if "." in name else ("requests", "", name)
    extended = name.startswith("requests.") and "/" in name and _CLASS not in name
    return (
        name in ("pods", "count/pods")
        or (kind in _COUNTED and resource in _MUST_SAY)
        or _volumes_ask(name, ()) is not None
        or extended
    )


def _counted(quota: Quota, pods: Sequence[PodsOf]) -> list[PodsOf]:
    """The pods that count by their PriorityClass. One that the cluster gives by default is not known."""
    return [
        one
        for one in pods
        if all(scope.counts(str(one.pod.get("priorityClassName") or "")) for scope in quota.priorities)
    ]


def _quota(namespace: Namespace, quota: Quota, pods: Sequence[PodsOf], volumes: Sequence[Volume]) -> Iterator[str]:
    for name, most, wanted in _held(namespace, quota, pods, volumes):
        if wanted > most:
            yield (
                f"quota {quota.name} allows {quota.hard[name]} {name}, and this stack asks for {_text(name, wanted)} "
                "at its most (a roll-out and copies included)"
            )
    if not set(quota.scopes) <= _ALL_PODS:
        return
    for name in quota.hard:
        kind, _, resource = name.partition(".") if "." in name else ("requests", "", name)
        if kind in _COUNTED and resource in _MUST_SAY:
            yield from _missing(namespace, quota, kind, resource, _counted(quota, pods))


def _missing(namespace: Namespace, quota: Quota, kind: str, resource: str, pods: Sequence[PodsOf]) -> Iterator[str]:
    """A quota refuses every pod with a container that does not say how much of the resource it takes."""
    for one in pods:
        running, before = container_lists(one.pod)
        silent = [
            str(container["name"])
            for container in (*running, *before)
            if resource not in getattr(_asked(namespace, container), kind)
        ]
        if silent:
            fix = "kotaemon:cpuLimit" if (kind, resource) == ("limits", "cpu") else "a LimitRange with a default for it"
            yield (
                f"quota {quota.name} is on {kind}.{resource}, and {one.words} says none for {', '.join(silent)}: the "
                f"API server refuses such a pod; set {fix}"
            )


def _held(
    namespace: Namespace, quota: Quota, pods: Sequence[PodsOf], volumes: Sequence[Volume]
) -> Iterator[tuple[str, Decimal, Decimal]]:
    """Name, limit and what the stack asks for, of each resource of the quota that this module knows."""
    counts_pods = set(quota.scopes) <= _ALL_PODS
    for name, hard in quota.hard.items():
        wanted = _pods_ask(namespace, name, _counted(quota, pods)) if counts_pods else None
        if not quota.scopes and not quota.priorities:
            wanted = _volumes_ask(name, volumes) if wanted is None else wanted
        if wanted is not None:
            yield name, quantity(hard), wanted


def _pods_ask(namespace: Namespace, name: str, pods: Sequence[PodsOf]) -> Decimal | None:
    if name in ("pods", "count/pods"):
        return Decimal(sum(one.most for one in pods))
    kind, _, resource = name.partition(".") if "." in name else ("requests", "", name)
    if kind not in _COUNTED or resource not in _MUST_SAY:
        return None
    return sum((one.most * _pod_asks(namespace, one.pod, kind, resource) for one in pods), Decimal(0))


def _pod_asks(namespace: Namespace, pod: Manifest, kind: str, resource: str) -> Decimal:
    """What counts for a pod: the sum of what runs together, or the largest init container where that is more."""
    running, before = container_lists(pod)

    def ask(container: Manifest) -> Decimal:
        return getattr(_asked(namespace, container), kind).get(resource, Decimal(0))

    together = sum(map(ask, running), Decimal(0))
    return max([together, *map(ask, before)])


def _volumes_ask(name: str, volumes: Sequence[Volume]) -> Decimal | None:
    storage_class, dot, what = name.partition(_CLASS)
    counted = [volume for volume in volumes if not dot or volume.storage_class == storage_class]
    match what if dot else name:
        case "persistentvolumeclaims" | "count/persistentvolumeclaims":
            return Decimal(len(counted))
        case "requests.storage":
            return sum((volume.gib * _GIB for volume in counted), Decimal(0))
        case _:
            return None


def _asked(namespace: Namespace, container: Manifest) -> Asked:
    """Requests and limits as the API server sees them: LimitRanger's defaults, then Kubernetes' own."""
    given: Manifest = container.get("resources") or {}
    requests, limits = dict(given.get("requests") or {}), dict(given.get("limits") or {})
    for entry in namespace.limits:
        if entry.get("type") != "Container":
            continue
        # A range with a maximum and no default makes the maximum the default (API server: LimitRange defaults).
        limits = {**(entry.get("max") or {}), **(entry.get("default") or {}), **limits}
        defaults = {**(entry.get("default") or {}), **(entry.get("defaultRequest") or {})}
        requests = {**(entry.get("min") or {}), **defaults, **requests}
    requests = {**limits, **requests}
    return Asked(_numbers(requests), _numbers(limits))


def _ranges(namespace: Namespace, one: PodsOf) -> Iterator[str]:
    running, before = container_lists(one.pod)
    for entry in namespace.limits:
        if entry.get("type") == "Container":
            for container in (*running, *before):
                asked = _asked(namespace, container)
                yield from _in_range(entry, f"container {container['name']} of {one.words}", asked)
        elif entry.get("type") == "Pod":
            sums = {
                kind: {
                    resource: _pod_asks(namespace, one.pod, kind, resource)
                    for resource in {*(entry.get("min") or {}), *(entry.get("max") or {})}
                }
                for kind in _COUNTED
            }
            yield from _in_range(entry, f"a pod of {one.words}", Asked(sums["requests"], sums["limits"]))
    yield from _below_the_request(namespace, one)


def _below_the_request(namespace: Namespace, one: PodsOf) -> Iterator[str]:
    """Default limits of the namespace that are below what a container requests, and below no maximum that says so."""
    running, before = container_lists(one.pod)
    for container in (*running, *before):
        asked = _asked(namespace, container)
        for resource, limit in asked.limits.items():
            request = asked.requests[resource]
            most = [_numbers(entry.get("max") or {}).get(resource) for entry in namespace.limits]
            if request > limit and not any(top is not None and request > top for top in most):
                yield (
                    f"the limit range's default limit of {_text(resource, limit)} {resource} is below what container "
                    f"{container['name']} of {one.words} requests ({_text(resource, request)}): the API server refuses "
                    "such a pod; set a limit of its own (kotaemon:cpuLimit), or request less"
                )


def _in_range(entry: Manifest, what: str, asked: Asked) -> Iterator[str]:
    for resource, least in _numbers(entry.get("min") or {}).items():
        if asked.requests.get(resource, least) < least:
            said = _text(resource, asked.requests[resource])
            yield f"{what} requests {said} {resource}, and the limit range wants {_text(resource, least)} at least"
    for resource, most in _numbers(entry.get("max") or {}).items():
        taken = max(asked.limits.get(resource, Decimal(0)), asked.requests.get(resource, Decimal(0)))
        if taken > most:
            said = _text(resource, taken)
            yield f"{what} takes {said} {resource}, and the limit range allows {_text(resource, most)}"
    for resource, ratio in _numbers(entry.get("maxLimitRequestRatio") or {}).items():
        request, limit = asked.requests.get(resource), asked.limits.get(resource)
        if request and limit and limit / request > ratio:
            yield (
                f"{what} has a limit of {_text(resource, limit)} {resource} for a request of "
                f"{_text(resource, request)}, and the limit range allows {ratio} times as much"
            )


def _volume_ranges(namespace: Namespace, volumes: Sequence[Volume]) -> Iterator[str]:
    for entry in namespace.limits:
        if entry.get("type") != "PersistentVolumeClaim":
            continue
        least, most = ((entry.get(key) or {}).get("storage") for key in ("min", "max"))
        for volume in volumes:
            size = volume.gib * _GIB
            if least is not None and size < quantity(least):
                yield f"claim {volume.name} is {volume.gib}Gi, and the limit range wants {least} at least"
            if most is not None and size > quantity(most):
                yield f"claim {volume.name} is {volume.gib}Gi, and the limit range allows {most}"


def _numbers(given: Mapping[str, Any]) -> dict[str, Decimal]:
    return {resource: quantity(amount) for resource, amount in given.items()}


def _text(resource: str, amount: Decimal) -> str:
    """An amount as people write it: memory and storage in binary units, everything else as a number."""
    if resource.endswith(("memory", "storage")):
        for power, unit in ((3, "Gi"), (2, "Mi"), (1, "Ki")):
            if amount >= Decimal(1024) ** power:
                return f"{(amount / Decimal(1024) ** power).normalize():f}{unit}"
    if resource.endswith("cpu") and amount < 1:
        return f"{(amount * 1000).normalize():f}m"
    return f"{amount.normalize():f}"
