"""The nodes that can mount the volume of a claim, and when the claim ties its pod to one of them. Pure.

It follows the scheduler's plug-ins VolumeBinding and VolumeRestrictions, for zones and claims.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guard.classes import Bound
from guard.zone_words import Why

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


@dataclass(frozen=True)
class Node:
    """A node as far as volumes depend on it."""

    name: str
    zone: str
    labels: Mapping[str, str]
    known: Sequence[str] | None = None
    """The only keys whose labels are known, of an assumed node. None: `labels` has every label."""


@dataclass(frozen=True)
class Volume:
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


def mounted(
    claim: Manifest,
    index: Mapping[Any, Manifest],
    nodes: Sequence[Node],
    notes: list[str],
    classes: Mapping[str, Bound | None],
) -> Volume:
    """The volume of a claim. Assumptions are added to `notes`; `classes`: as for `verdict` in guard/zones.py."""
    spec = claim["spec"]
    exclusive = "ReadWriteOncePod" in spec.get("accessModes", ())
    name = claim["metadata"]["name"]
    if bound := index.get(("PersistentVolume", "", spec.get("volumeName") or "")):
        usable = _matching(volume_terms(bound), nodes)
        return Volume(name, (usable,), "made" if volume_terms(bound) else "", exclusive, Why.ELSEWHERE)
    class_name = spec.get("storageClassName") or ""
    storage_class = index.get(("StorageClass", "", class_name))
    if storage_class is None:
        return _on_own_class(name, class_name, classes.get(class_name), nodes, notes, exclusive=exclusive)
    usable = _matching(class_terms(storage_class), nodes)
    _note_labels(name, class_terms(storage_class), nodes, notes)
    if _regional(storage_class) or storage_class["provisioner"] in FILE_DRIVERS:
        return Volume(name, (usable,), "", exclusive, Why.NOT_ALLOWED)
    if storage_class.get("volumeBindingMode") == "WaitForFirstConsumer":
        return Volume(name, (usable,), "first pod", exclusive, Why.NOT_ALLOWED)
    by_zone = [frozenset(n.name for n in nodes if n.zone == zone and n.name in usable) for zone in _zones(nodes)]
    choices = tuple(chosen for chosen in by_zone if chosen) or (frozenset(),)
    return Volume(name, choices, "at once", exclusive, Why.NOT_ALLOWED)


def _on_own_class(
    name: str, class_name: str, bound: Bound | None, nodes: Sequence[Node], notes: list[str], *, exclusive: bool
) -> Volume:
    """A claim on a class that the program does not make: where its volume is bound to is all that is known of it."""
    told = f"class {class_name!r}" if class_name else "the cluster's default class"
    usable = (_matching([], nodes),)
    if bound == Bound.EVERYWHERE:
        return Volume(name, usable, "", exclusive, Why.NOT_ALLOWED)
    if bound == Bound.NODE:
        return Volume(name, usable, "first node", exclusive, Why.NOT_ALLOWED)
    notes.append(f"assumed: {told} (claim {name}) waits for the first pod and makes disks in every zone")
    return Volume(name, usable, "first pod", exclusive, Why.NOT_ALLOWED, unknown="" if bound else told)


def _zones(nodes: Sequence[Node]) -> list[str]:
    return list(dict.fromkeys(node.zone for node in nodes))


def _regional(storage_class: Manifest) -> bool:
    kinds = (storage_class.get("parameters") or {}).get("type", "").split(",")
    return kinds[0] != "" and REGIONAL_DISKS.get(storage_class["provisioner"]) == kinds[0]


Term = list[tuple[str, list[str]]]
"""Pairs of a label's key and its allowed values, all of which must hold for a node."""


def class_terms(body: Manifest) -> list[Term]:
    terms = body.get("allowedTopologies") or () if body["kind"] == "StorageClass" else ()
    return [[(e["key"], list(e["values"])) for e in term.get("matchLabelExpressions") or ()] for term in terms]


def volume_terms(body: Manifest) -> list[Term]:
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
