"""Nodes that are no machines: what runs pods for them, and mounts less than a kubelet does."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from components.contract import Medium

if TYPE_CHECKING:
    from stacks.settings.settings import Settings

FARGATE = ("eks.amazonaws.com/compute-type", "fargate")


def _fargate(settings: "Settings") -> bool:
    own = settings.pods.get("application")
    chosen = (own.node_selector if own is not None else None) or settings.node_selector or {}
    return chosen.get(FARGATE[0]) == FARGATE[1]


def mistakes(settings: "Settings") -> Iterator[str]:
    """Disks that the pods could not mount.

    https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html, read 29 November 2026.
    """
    if _fargate(settings):
        disks = [name for name, claim in settings.storage.claims.items() if claim.medium == Medium.BLOCK]
        if disks:
            yield (
                f"nodeSelector: Fargate mounts no disk, and storage.claims has {', '.join(disks)}; take nodes of EC2 "
                "for pods.application"
            )


def warnings(settings: "Settings") -> Iterator[str]:
    """What is not known of nodes of a virtual kubelet (ECI on ACK, ACI on AKS)."""
    selected = (settings.node_selector or {}).get("type") == "virtual-kubelet"
    tolerated = any((given.key or "").startswith("virtual-kubelet.io/") for given in settings.tolerations or ())
    if selected or tolerated or _fargate(settings):
        yield (
            "kotaemon:nodeSelector, tolerations: the pods may run on virtual nodes, where no DaemonSet runs: no CSI "
            "driver of the cluster, no cache and no log agent. What mounts there and whether network policies hold is "
            "the provider's word (for AKS: https://learn.microsoft.com/azure/aks/virtual-nodes-v2)"
        )
