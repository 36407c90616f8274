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
from guard.zone_words import ANY_ZONE, Why, sentences

Manifest = Mapping[str, Any]

ZONE_KEYS = (
    "topology.kubernetes.io/zone",
    "topology.ebs.csi.aws.com/zone",
    "topology.diskplugin.csi.alibabacloud.com/zone",
)
"""Node labels that carry the zone. A CSI driver with a label of its own has it here."""
REGIONAL_DISKS = {"diskplugin.csi.alibabacloud.com": "cloud_regional_disk_auto"}
"""CSI driver -> the disk type that can be attached in every zone. The driver tries the types of a list in order."""
FILE_DRIVERS = ("efs.csi.aws.com",)
"""CSI drivers that make folders of a file system: their volumes are in no zone, and exist before any pod runs."""
NODES_PER_ZONE = 2
"""Assumed number of nodes in a zone. With one node, each loss of a node would be the loss of a zone."""


@dataclass(frozen=True)
class Node:
    """A node as far as volumes depend on it."""

    name: str
    zone: str
    labels: Mapping[str, str]
    known: Sequence[str] | None = None
    """The only keys whose labels are known, of an assumed node. None: `labels` has every label."""


@dataclass(frozen=True)
class _Volume:
    """One claim that a pod mounts, and the nodes that can mount it."""

    claim: str
    choices: tuple[frozenset[str], ...]
    """Sets of names of nodes that can mount it. With several sets, one of them is chosen before the pod is placed."""
    ties: str
    """When the claim ties the pod to a zone: `first pod`, `at once` or `made`; `first node` when it ties it to the node
    of its first pod. Empty when it never does."""
    exclusive: bool
    why: Why
    unknown: str = ""
    """The class of which nothing is known, in words. Empty: it is known where the volume can be used."""

    @property
    def usable(self) -> frozenset[str]:
        """Names of all nodes that can mount it, whichever set is chosen."""
        return frozenset[str]().union(*self.choices)


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
    terms = [term for body in listed for term in _class_terms(body) + _volume_terms(body)]
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
        volumes: list[_Volume] = []
        for name in workload.claims:
            claim = index.get(("PersistentVolumeClaim", workload.namespace, name))
            if claim is None:
                notes.append(f"claim {name} is not made by this program, so its zone is not checked")
                continue
            volumes.append(_volume(claim, index, nodes, notes, classes or {}))
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


def _judge(workload: _Pods, volumes: list[_Volume], nodes: Sequence[Node]) -> dict[str, Any]:
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
    volumes: list[_Volume],
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


def _why(volumes: list[_Volume], selected: frozenset[str], everywhere: frozenset[str]) -> Why:
    if not everywhere:
        return Why.NO_NODE
    found = next((v.why for v in volumes if not v.usable), None)
    if found is None and (
        not selected or any(everywhere.intersection(*c) for c in product(*(v.choices for v in volumes)))
    ):
        return Why.NOT_SELECTED
    return found or Why.DISJOINT


def _to_blame(volumes: list[_Volume], why: Why | None) -> list[str]:
    match why:
        case None | Why.NO_NODE | Why.NOT_SELECTED:
            return []
        case Why.IMMEDIATE:
            return [v.claim for v in volumes if len(v.choices) > 1]
        case Why.DISJOINT:
            return [v.claim for v in volumes if v.ties]
        case _:
            return [v.claim for v in volumes if not v.usable]


def _volume(
    claim: Manifest,
    index: Mapping[Any, Manifest],
    nodes: Sequence[Node],
    notes: list[str],
    classes: Mapping[str, Bound | None],
) -> _Volume:
    spec = claim["spec"]
    exclusive = "ReadWriteOncePod" in spec.get("accessModes", ())
    name = claim["metadata"]["name"]
    if bound := index.get(("PersistentVolume", "", spec.get("volumeName") or "")):
        usable = _matching(_volume_terms(bound), nodes)
        return _Volume(name, (usable,), "made" if _volume_terms(bound) else "", exclusive, Why.ELSEWHERE)
    class_name = spec.get("storageClassName") or ""
    storage_class = index.get(("StorageClass", "", class_name))
    if storage_class is None:
        return _on_own_class(name, class_name, classes.get(class_name), nodes, notes, exclusive=exclusive)
    usable = _matching(_class_terms(storage_class), nodes)
    _note_labels(name, _class_terms(storage_class), nodes, notes)
    if _regional(storage_class) or storage_class["provisioner"] in FILE_DRIVERS:
        return _Volume(name, (usable,), "", exclusive, Why.NOT_ALLOWED)
    if storage_class.get("volumeBindingMode") == "WaitForFirstConsumer":
        return _Volume(name, (usable,), "first pod", exclusive, Why.NOT_ALLOWED)
    by_zone = [frozenset(n.name for n in nodes if n.zone == zone and n.name in usable) for zone in _zones(nodes)]
    choices = tuple(chosen for chosen in by_zone if chosen) or (frozenset(),)
    return _Volume(name, choices, "at once", exclusive, Why.NOT_ALLOWED)


def _on_own_class(
    name: str, class_name: str, bound: Bound | None, nodes: Sequence[Node], notes: list[str], *, exclusive: bool
) -> _Volume:
    """A claim on a class that the program does not make: where its volume is bound to is all that is known of it."""
    told = f"class {class_name!r}" if class_name else "the cluster's default class"
    usable = (_matching([], nodes),)
    if bound == Bound.EVERYWHERE:
        return _Volume(name, usable, "", exclusive, Why.NOT_ALLOWED)
    if bound == Bound.NODE:
        return _Volume(name, usable, "first node", exclusive, Why.NOT_ALLOWED)
    notes.append(f"assumed: {told} (claim {name}) waits for the first pod and makes disks in every zone")
    return _Volume(name, usable, "first pod", exclusive, Why.NOT_ALLOWED, unknown="" if bound else told)


def _zones(nodes: Sequence[Node]) -> list[str]:
    return list(dict.fromkeys(node.zone for node in nodes))


def _regional(storage_class: Manifest) -> bool:
    kinds = (storage_class.get("parameters") or {}).get("type", "").split(",")
    return kinds[0] != "" and REGIONAL_DISKS.get(storage_class["provisioner"]) == kinds[0]


Term = list[tuple[str, list[str]]]
"""Pairs of a label's key and its allowed values, all of which must hold for a node."""


def _class_terms(body: Manifest) -> list[Term]:
    terms = body.get("allowedTopologies") or () if body["kind"] == "StorageClass" else ()
    return [[(e["key"], list(e["values"])) for e in term.get("matchLabelExpressions") or ()] for term in terms]


def _volume_terms(body: Manifest) -> list[Term]:
    affinity = (body["spec"].get("nodeAffinity") or {}) if body["kind"] == "PersistentVolume" else {}
    terms = (affinity.get("required") or {}).get("nodeSelectorTerms") or ()
    return [[(e["key"], list(e.get("values") or ())) for e in term.get("matchExpressions") or ()] for term in terms]


def _matching(terms: list[Term], nodes: Sequence[Node]) -> frozenset[str]:
    """Names of the nodes that one of the terms allows. Without terms every node is allowed."""

    def fits(node: Node) -> bool:
        return not terms or any(
            all(_unknown(node, key) or node.labels.get(key) in values for key, values in term) for term in terms
        )

    return frozenset(node.name for node in nodes if fits(node))


def _unknown(node: Node, key: str) -> bool:
    """Whether an assumed node may have any value of a label, such as the one that EKS Auto Mode gives its nodes."""
    return node.known is not None and key not in node.known


def _note_labels(name: str, terms: list[Term], nodes: Sequence[Node], notes: list[str]) -> None:
    """Tell the labels that are assumed of the nodes for a volume."""
    pairs = {key: values for term in terms for key, values in term if any(_unknown(node, key) for node in nodes)}
    if words := ", ".join(f"{key}={' or '.join(values)}" for key, values in pairs.items()):
        notes.append(f"assumed: every zone has a node with what {name} asks for: {words}")


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
