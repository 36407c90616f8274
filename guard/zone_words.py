"""The verdict on zones in sentences: where a pod can run, and what a lost node or zone does to it. Pure."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

ANY_ZONE = "any zone"
"""Zone of the assumed nodes when no object names a zone."""


class Why(str, Enum):
    """Why a pod stays Pending, or may stay so."""

    NO_NODE = "no-node"
    NOT_SELECTED = "node-not-selected"
    """No node that its claims allow has the labels that the pod asks for."""
    NOT_ALLOWED = "zone-not-allowed"
    """The StorageClass makes disks only in zones that have no node."""
    ELSEWHERE = "volume-elsewhere"
    """The volume is in a zone that has no node."""
    DISJOINT = "zones-disjoint"
    """Each claim alone can be mounted on some node, but no node can mount all of them."""
    IMMEDIATE = "immediate-binding"
    """The disk is made before the pod is placed, perhaps in a zone where the pod cannot run."""
    HELD = "claim-held"
    """A claim is ReadWriteOncePod, and another pod holds it."""


_REASONS = {
    Why.NO_NODE: "there is no node",
    Why.NOT_SELECTED: "no node that its claims allow has the labels that it asks for",
    Why.NOT_ALLOWED: "its class makes disks only in zones without nodes",
    Why.ELSEWHERE: "its volume is in a zone without nodes",
    Why.DISJOINT: "no node can use all of its claims",
    Why.IMMEDIATE: "the disk is made before the pod is placed, perhaps in a zone where the pod cannot be",
}
_WHEN = {
    "first pod": "the zone of its first pod",
    "first node": "the node of its first pod",
    "at once": "the zone that the driver picks",
}


def sentences(pod: Mapping[str, Any]) -> list[str]:
    """What the verdict on one pod, an entry of `pods`, says."""
    name, zones = pod["pod"], ", ".join(pod["zones"])
    blame = f" ({', '.join(pod['because_of'])})" if pod["because_of"] else ""
    if pod["state"] == "pending":
        return [f"{name}: stays Pending: {_REASONS[Why(pod['reason'])]}{blame}"]
    lines = [f"{name}: can run in {zones}"]
    if pod["state"] == "chance":
        lines.append(f"{name}: may stay Pending: {_REASONS[Why(pod['reason'])]}{blame}")
    for tie in pod["tied_by"]:
        if tie["claim"] in pod["not_known"]:
            continue  # to what it ties the pod is not known
        lines.append(f"{name}: {tie['claim']} ties it to {_WHEN.get(tie['when']) or ' or '.join(tie['zones'])}")
    if pod["second_pod"]:
        held = ", ".join(pod["second_pod"]["claims"])
        lines.append(f"{name}: one of {pod['replicas']} pods runs, the others stay Pending: {held} is for one pod")
    if pod["not_known"]:
        claims = ", ".join(pod["not_known"])
        lost = f"{name}: what a lost node or zone does to it is not known, as the class of {claims} is not"
        return [*lines, lost]
    if any(tie["when"] == "first node" for tie in pod["tied_by"]):
        return [*lines, f"{name}: when its node is lost, it stays Pending until that node is back"]
    if pod["zones"] == [ANY_ZONE]:
        return [*lines, *_loss_lines_without_zones(name, bool(pod["tied_by"]))]
    for what in ("node", "zone"):
        lines += _loss_lines(name, what, {zone: tuple(loss[what]) for zone, loss in pod["loss"].items()})
    return lines


def _loss_lines(name: str, what: str, moves: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """One line for all zones that have the same outcome."""
    outcomes: dict[str, list[str]] = {}
    for zone, targets in moves.items():
        if not targets:
            text = f"it stays Pending until {'the zone' if what == 'zone' else 'a node there'} is back"
        elif targets == (zone,):
            text = "it moves to another node of its zone"
        else:
            text = f"it moves to {' or '.join(targets) if what == 'zone' else 'another node'}"
        outcomes.setdefault(text, []).append(zone)
    for text, zones in outcomes.items():
        where = f"its node in {' or '.join(zones)}" if what == "node" else " or ".join(zones)
        yield f"{name}: when {where} is lost, {text}"


def _loss_lines_without_zones(name: str, tied: bool) -> Iterator[str]:
    """What a lost node or zone does, when no object names the zones of the nodes."""
    if tied:
        yield f"{name}: when its node is lost, it moves to another node of its zone, if there is one"
        yield f"{name}: when its zone is lost, it stays Pending until the zone is back"
    else:
        yield f"{name}: when its node or its zone is lost, it moves to another node"
