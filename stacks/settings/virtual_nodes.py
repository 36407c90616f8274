"""Nodes that are no machines: what runs pods for them, and mounts less than a kubelet does. Asked for each part."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

from components.contract import Medium
from guard.node_choice import Requirement, alternatives
from stacks import stores
from stacks.settings.pod_rules import PartRules, PodPart
from stacks.settings.storage import roles_of

if TYPE_CHECKING:
    from stacks.settings.settings import Settings

FARGATE = ("eks.amazonaws.com/compute-type", "fargate")
"""https://docs.aws.amazon.com/eks/latest/userguide/fargate.html, read 29 November 2026."""
_KUBELETS = (("type", "virtual-kubelet"),)
"""Labels of nodes of a virtual kubelet: ECI on ACK, ACI on AKS."""
_POD_LABELS = ("alibabacloud.com/eci", "alibabacloud.com/acs")
"""Labels of pods that ACK sends to virtual nodes, whatever their selectors say (its "Comparison and introduction of
virtual node scheduling solutions for ACK clusters", of 30 July 2025)."""
_BURST = "alibabacloud.com/burst-resource"
"""An annotation of ACK that may do the same."""
_STORES = {"database": "database", "vectors": "vectors"}
"""Part -> place of the store whose pods it is."""


def _parts(settings: "Settings") -> Iterator[PodPart]:
    """The parts of the stack that have pods of their own."""
    missing = {part for part, place in _STORES.items() if _kind_of(settings, place) is None}
    missing |= {"logs"} if settings.logs.shipping is None else set()
    missing |= {"backup"} if settings.backup is None else set()
    parts: tuple[PodPart, ...] = get_args(PodPart)
    for part in parts:
        if part not in missing:
            yield part


def _kind_of(settings: "Settings", place: str) -> str | None:
    """The kind of a store that the stack runs itself on a disk; None: it runs none there."""
    chosen: Any = getattr(settings.stores, stores.FIELDS[place], None)
    if chosen is None or stores.store(place, chosen.kind).on_class(chosen) is None:
        return None
    return str(chosen.kind)


def _rule(settings: "Settings", part: PodPart, name: str) -> Any:
    """A key for the pods of one part: its own, or that of the whole stack."""
    own = settings.pods.get(part)
    found = getattr(own, name) if own is not None else None
    return getattr(settings, name) if found is None else found


def _sent_to(settings: "Settings", part: PodPart, *labels: tuple[str, str]) -> bool:
    """Whether every node that the part's pods may have carries one of these labels."""
    spec: Mapping[str, Any] = {
        "nodeSelector": _rule(settings, part, "node_selector"),
        "affinity": _rule(settings, part, "affinity"),
    }

    def only(found: Requirement) -> bool:
        return found.operator == "In" and all((found.key, value) in labels for value in found.values)

    return all(any(map(only, requirements)) for requirements in alternatives(spec))


def _virtual(settings: "Settings", part: PodPart) -> bool:
    """Whether the pods of a part may run on virtual nodes."""
    labels, notes = (_rule(settings, part, name) or {} for name in ("pod_labels", "pod_annotations"))
    tolerated = _rule(settings, part, "tolerations") or ()
    return (
        _sent_to(settings, part, FARGATE, *_KUBELETS)
        or any((given.key or "").startswith("virtual-kubelet.io/") for given in tolerated)
        or any(labels.get(key) == "true" for key in _POD_LABELS)
        or _BURST in notes
    )


def _disks(settings: "Settings", part: PodPart) -> list[str]:
    """What the pods of a part mount that is a disk, as the stack file calls it."""
    if (place := _STORES.get(part)) is not None:
        return [f"stores.{stores.KEYS[place]}"] if _kind_of(settings, place) is not None else []
    if part != "application":
        return []
    storage = settings.storage
    used = {storage.found_claim(role, settings.profile) for role in roles_of(settings.profile)}
    return [
        f"storage.claims.{name}"
        for name, claim in storage.claims.items()
        if name in used and claim.medium == Medium.BLOCK
    ]


def _key(settings: "Settings", part: PodPart) -> str:
    """Where the stack file says the nodes of a part."""
    own = settings.pods.get(part, PartRules.model_validate({}))
    return f"pods.{part}" if any(value is not None for _, value in own) else "nodeSelector"


def mistakes(settings: "Settings") -> Iterator[str]:
    """Disks that the pods of a part could not mount.

    https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html, read 29 November 2026.
    """
    for part in _parts(settings):
        if _sent_to(settings, part, FARGATE) and (disks := _disks(settings, part)):
            yield (
                f"{_key(settings, part)}: Fargate mounts no disk, and {', '.join(disks)} is one; take nodes of EC2 for "
                f"pods.{part}"
            )


def warnings(settings: "Settings") -> Iterator[str]:
    """What is not known of virtual nodes, with the parts whose pods may run there."""
    parts: list[PodPart] = [part for part in _parts(settings) if _virtual(settings, part)]
    if not parts:
        return
    fargate = any(_sent_to(settings, part, FARGATE) for part in parts)
    more = (
        " Fargate mounts EFS alone, and only volumes that are there before (provisioning: static), and enforces no "
        "network policy."
        if fargate
        else ""
    )
    yield (
        f"kotaemon:pods: those of {', '.join(parts)} may run on virtual nodes, where no DaemonSet runs: no CSI driver "
        f"of the cluster, no cache and no log agent.{more} What mounts there and whether network policies hold is the "
        "provider's word (for AKS: https://learn.microsoft.com/azure/aks/virtual-nodes-v2)"
    )
