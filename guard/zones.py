"""Where the pods of a program can run, which claims tie them to a zone, and what the loss of a node or a zone does.

Pure: it reads Kubernetes objects (as the program makes them, or live ones) and nodes as plain data. It follows the
rules of the scheduler's plugins VolumeBinding and VolumeRestrictions for zones and claims, and NodeAffinity for node
selectors and required node affinity. It ignores CPU, memory, taints and the number of disks that a node can attach.
tests/cluster/test_zones.py compares it with the real scheduler.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from guard import node_choice
from guard.classes import Bound
from guard.node_choice import Requirement
from guard.zone_volumes import ZONE_KEYS, Manifest, Node, Volume, class_terms, mounted, volume_terms
from guard.zone_words import ANY_ZONE, Why, sentences

NODES_PER_ZONE = 2
"""Assumed number of nodes in a zone. With one node, each loss of a node would be the loss of a zone."""


@dataclass(frozen=True)
class _Pods:
    """The pods of one workload, and the claims that they mount."""

    name: str
    namespace: str
    replicas: int
    claims: tuple[str, ...]
    asked: tuple[tuple[Requirement, ...], ...]
    """What the pod asks of its node; see node_choice.alternatives."""

    def may_use(self, node: Node) -> bool:
        """Whether the pod may run on the node, as far as the labels of the node decide it."""
        return node_choice.fits(self.asked, node.labels, node.known)


def pool(counts: Mapping[str, int]) -> list[Node]:
    """Make nodes for each zone: `pool({"zone-a": 2})`. A node has its zone under every label in ZONE_KEYS."""
    return [
        Node(f"{zone}/{number}", zone, dict.fromkeys(ZONE_KEYS, zone), ZONE_KEYS)
        for zone, count in counts.items()
        for number in range(1, count + 1)
    ]


def named_zones(objects: Iterable[Manifest]) -> list[str]:
    """Every zone that a StorageClass, a PersistentVolume or the node selector of a pod names, sorted."""
    listed = list(objects)
    terms = [term for body in listed for term in class_terms(body) + volume_terms(body)]
    asked = [r for workload in _workloads(listed) for term in workload.asked for r in term if r.operator == "In"]
    pairs = [pair for term in terms for pair in term] + [(r.key, list(r.values)) for r in asked]
    return sorted({value for key, values in pairs if key in ZONE_KEYS for value in values})


def verdict(
    objects: Sequence[Manifest],
    nodes: Sequence[Node] | None = None,
    classes: Mapping[str, Bound | None] | None = None,
) -> dict[str, Any]:
    """Where each pod can run, and what a lost node or zone does to it, as plain data; `lines` is the text for people.

    `objects`: StorageClasses, PersistentVolumes, claims and workloads; other kinds are ignored. `nodes`: by default
    NODES_PER_ZONE in each zone that the objects name. `classes`: name of a StorageClass that is not among the objects
    -> what binds its volumes; None, and a class that is not named: that is not known, and no move is promised. Such a
    class is assumed to wait for the first pod.
    """
    notes: list[str] = []
    if nodes is None:
        zones = named_zones(objects) or [ANY_ZONE]
        nodes = pool(dict.fromkeys(zones, NODES_PER_ZONE))
        notes.append(f"assumed: {NODES_PER_ZONE} nodes in each of: {', '.join(zones)}")
    index = {_key(body): body for body in objects}
    pods: list[dict[str, Any]] = []
    for workload in _workloads(objects):
        volumes: list[Volume] = []
        for name in workload.claims:
            claim = index.get(("PersistentVolumeClaim", workload.namespace, name))
            if claim is None:
                notes.append(f"claim {name} is not made by this program, so its zone is not checked")
                continue
            volumes.append(mounted(claim, index, nodes, notes, classes or {}))
        known = next((node.known for node in nodes if node.known is not None), None)
        if words := node_choice.assumed(workload.asked, known):
            notes.append(f"assumed: every zone has a node with what {workload.name} asks for: {', '.join(words)}")
        pods.append(_judge(workload, volumes, nodes))
    counts = {zone: sum(node.zone == zone for node in nodes) for zone in dict.fromkeys(n.zone for n in nodes)}
    lines = [line for pod in pods for line in sentences(pod)] + notes
    return {"nodes": counts, "pods": pods, "notes": notes, "lines": lines}


def _key(body: Manifest) -> tuple[str, str, str]:
    meta = body.get("metadata") or {}  # without a name of its own: nothing refers to it
    return body["kind"], meta.get("namespace") or "", meta.get("name") or ""


def _judge(workload: _Pods, volumes: list[Volume], nodes: Sequence[Node]) -> dict[str, Any]:
    zones_of = {node.name: node.zone for node in nodes}
    everywhere = frozenset(node.name for node in nodes if workload.may_use(node))
    choices = [everywhere.intersection(*chosen) for chosen in product(*(v.choices for v in volumes))]
    possible = frozenset[str]().union(*choices)
    why = None if possible else _why(volumes, everywhere, frozenset(zones_of))
    if possible and not all(choices):
        why = Why.IMMEDIATE
    zones = sorted({zones_of[name] for name in possible})
    held = [v.claim for v in volumes if v.exclusive] if workload.replicas > 1 else []
    return {
        "pod": workload.name,
        "replicas": workload.replicas,
        "state": "pending" if not possible else "chance" if why else "schedulable",
        "zones": zones,
        "reason": why.value if why else "",
        "because_of": _to_blame(volumes, why),
        "tied_by": [
            {"claim": v.claim, "when": v.ties, "zones": sorted({zones_of[n] for n in v.usable})}
            for v in volumes
            if v.ties
        ],
        "not_known": [v.claim for v in volumes if v.unknown],
        "second_pod": {"reason": Why.HELD.value, "claims": held} if held else {},
        "loss": {
            zone: {
                "node": _moves(volumes, nodes, possible, everywhere, zone, lost=1),
                "zone": _moves(volumes, nodes, possible, everywhere, zone, lost=len(nodes)),
            }
            for zone in zones
        },
    }


def _moves(
    volumes: list[Volume],
    nodes: Sequence[Node],
    possible: frozenset[str],
    selected: frozenset[str],
    zone: str,
    lost: int,
) -> list[str]:
    """Zones where a pod that ran in `zone` can run after the loss of `lost` of its nodes there.

    None: it stays Pending, or it is not known that it can.
    `selected`: the nodes that have the labels which the pod asks for.
    """
    if any(volume.unknown or volume.ties == "first node" for volume in volumes):
        return []
    here = [node.name for node in nodes if node.zone == zone and node.name in possible]
    left = {node.name: node.zone for node in nodes if node.name in selected and node.name not in here[:lost]}
    for volume in volumes:
        # By now the disk exists, in the zone where the first pod ran.
        usable = volume.usable if volume.ties in ("", "made") else frozenset(n for n, z in left.items() if z == zone)
        left = {name: z for name, z in left.items() if name in usable}
    return sorted(set(left.values()))


def _why(volumes: list[Volume], selected: frozenset[str], everywhere: frozenset[str]) -> Why:
    if not everywhere:
        return Why.NO_NODE
    found = next((v.why for v in volumes if not v.usable), None)
    if found is None and (
        not selected or any(everywhere.intersection(*c) for c in product(*(v.choices for v in volumes)))
    ):
        return Why.NOT_SELECTED
    return found or Why.DISJOINT


def _to_blame(volumes: list[Volume], why: Why | None) -> list[str]:
    match why:
        case None | Why.NO_NODE | Why.NOT_SELECTED:
            return []
        case Why.IMMEDIATE:
            return [v.claim for v in volumes if len(v.choices) > 1]
        case Why.DISJOINT:
            return [v.claim for v in volumes if v.ties]
        case _:
            return [v.claim for v in volumes if not v.usable]


def _workloads(objects: Iterable[Manifest]) -> Iterator[_Pods]:
    for body in objects:
        match body["kind"]:
            case "Deployment" | "StatefulSet" | "Job":
                template = body["spec"]["template"]["spec"]
            case "CronJob":
                template = body["spec"]["jobTemplate"]["spec"]["template"]["spec"]
            case "Pod":
                template = body["spec"]
            case _:
                continue
        claims = [v["persistentVolumeClaim"]["claimName"] for v in template.get("volumes") or () if _is_claim(v)]
        replicas = body["spec"].get("replicas", 1) if body["kind"] in ("Deployment", "StatefulSet") else 1
        _, namespace, name = _key(body)
        asked = tuple(map(tuple, node_choice.alternatives(template)))
        yield _Pods(name, namespace, int(replicas or 1), tuple(dict.fromkeys(claims)), asked)


def _is_claim(volume: Manifest) -> bool:
    return bool(volume.get("persistentVolumeClaim"))
