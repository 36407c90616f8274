"""Holds the pods that a stack makes outside of its own namespace against what those namespaces admit.

Jobs that prepare folders and agents of nodes have namespaces of their own. Which there are, the rehearsal says
(stacks/one_object.py), so a component that makes another one is held against it as well.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from guard import limits, pod_security
from guard.namespace import PodsOf, Volume
from guard.twice import Described
from stacks.admission import Made
from stacks.cluster_facts import ClusterFacts, Wanted
from stacks.names import claim_name

WORKLOADS = ("CronJob", "DaemonSet", "Deployment", "Job", "StatefulSet")


@dataclass
class Admitted:
    """What the namespaces say of the pods."""

    refused: list[str] = field(default_factory=list[str])
    """What they would never admit."""
    warnings: list[str] = field(default_factory=list[str])
    """What may not be admitted, and what could not be asked."""


def places(found: Iterable[Described], own: str) -> dict[str, Made]:
    """Name of each namespace but `own` in which resources are pods or claims -> those."""
    made: dict[str, Made] = {}
    for one in found:
        kind, metadata = str(one.inputs.get("kind", "")), one.inputs.get("metadata") or {}
        name = metadata.get("namespace")
        if not one.type.startswith("kubernetes:") or not isinstance(name, str) or name in ("", own):
            continue
        there = made.setdefault(name, Made([], []))
        if kind in WORKLOADS:
            made[name] = Made([*there.pods, _pods(kind, one)], there.volumes)
        elif kind == "PersistentVolumeClaim":
            made[name] = Made(there.pods, [*there.volumes, _volume(one)])
    return {name: there for name, there in made.items() if there.pods}


def admitted(
    found: Iterable[Described], own: str, lived: Collection[str], ask: Callable[[Wanted], ClusterFacts]
) -> Admitted:
    """Ask the cluster what the namespaces admit. One that is not there yet is the stack's own, and has no limits.

    `own`: the stack's namespace. `lived`: claims of the stack file that were there when the last run ended well; their
    folders are made, so their Jobs do not run again, and what they would meet is only said.
    """
    said = Admitted()
    done = {f"{claim_name(name)}-folders-job" for name in lived}
    for name, made in places(found, own).items():
        facts = ask(Wanted(namespace=name))
        namespace = facts.namespace
        if namespace is None:
            continue
        new = [pods for pods in made.pods if pods.words.rpartition(" ")[2] not in done]
        hard = limits.refused(namespace, new, made.volumes if new else [])
        soft = [line for line in limits.refused(namespace, made.pods, made.volumes) if line not in hard]
        soft += limits.short(namespace, new, made.volumes if new else [])
        # The stack itself says its level, so another one is somebody's change: `up` puts it back where it is refreshed.
        soft += [*pod_security.refused(namespace, made.pods), *pod_security.outside_ranges(namespace, new)]
        soft += [f"not checked: {line}" for line in (*limits.not_checked(namespace), *facts.gaps)]
        said.refused += [f"namespace {name}: {line}" for line in hard]
        said.warnings += [f"namespace {name}: {line}" for line in soft]
    return said


def _pods(kind: str, one: Described) -> PodsOf:
    spec: Mapping[str, Any] = one.inputs["spec"]
    of = spec["jobTemplate"]["spec"] if kind == "CronJob" else spec
    replicas = of.get("replicas")
    return PodsOf(f"the {kind} {one.name}", of["template"]["spec"], int(replicas) if replicas is not None else 1)


def _volume(one: Described) -> Volume:
    spec: Mapping[str, Any] = one.inputs["spec"]
    size = str(spec["resources"]["requests"]["storage"]).removesuffix("Gi")
    return Volume(str(one.inputs["metadata"]["name"]), int(size), spec.get("storageClassName") or "")
