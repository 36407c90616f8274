"""A static volume on storage that is made elsewhere, and the claim that it is reserved for."""

from collections.abc import Sequence

import pulumi_kubernetes as k8s
from pulumi import Input, Resource, ResourceOptions
from pulumi_kubernetes.core.v1 import (
    CSIPersistentVolumeSourceArgs,
    NFSVolumeSourceArgs,
    NodeSelectorArgs,
    NodeSelectorRequirementArgs,
    NodeSelectorTermArgs,
    ObjectReferenceArgs,
    PersistentVolumeClaimSpecArgs,
    PersistentVolumeSpecArgs,
    VolumeNodeAffinityArgs,
    VolumeResourceRequirementsArgs,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..contract import Claim
from .names import cluster_wide

ZONE_KEY = "topology.kubernetes.io/zone"
STATIC = ["spec.resources"]
"""What a claim on a static volume keeps for ever: the API server refuses another request (admission plugin
PersistentVolumeClaimResize: "only dynamically provisioned pvc can be resized"). The volume follows the size."""

VOLUME_KEEPS = ["spec.nodeAffinity"]
"""What a living volume keeps: the API server refuses another node affinity (ValidatePersistentVolumeUpdate), so a zone
more would end every later run. Pods that use the volume stay in the zones that it was made for."""


def zone_affinity(zones: Sequence[str]) -> VolumeNodeAffinityArgs | None:
    """Only nodes of these zones can use the volume; none given: every node."""
    if not zones:
        return None
    expression = NodeSelectorRequirementArgs(key=ZONE_KEY, operator="In", values=sorted(zones))
    return VolumeNodeAffinityArgs(
        required=NodeSelectorArgs(node_selector_terms=[NodeSelectorTermArgs(match_expressions=[expression])])
    )


def volume_spec(
    claim: Claim,
    namespace: Input[str],
    source: CSIPersistentVolumeSourceArgs | NFSVolumeSourceArgs,
    mount_options: Sequence[str] = (),
) -> PersistentVolumeSpecArgs:
    """The static volume: reserved for its claim, kept when the claim goes, tied to the claim's zones.

    `source`: who mounts it, a CSI driver, or the kubelet itself for NFS.
    """
    return PersistentVolumeSpecArgs(
        capacity={"storage": f"{claim['size_gib']}Gi"},
        access_modes=[claim["access_mode"].value],
        persistent_volume_reclaim_policy="Retain",
        storage_class_name="",
        volume_mode="Filesystem",  # the default; said, so that an imported one does not differ
        # Without it any claim of the cluster with a fitting size could take the volume.
        claim_ref=ObjectReferenceArgs(namespace=namespace, name=claim["name"]),
        mount_options=list(mount_options) or None,
        node_affinity=zone_affinity(claim["zones"]),
        csi=None if isinstance(source, NFSVolumeSourceArgs) else source,
        nfs=source if isinstance(source, NFSVolumeSourceArgs) else None,
    )


def claim_spec(claim: Claim, volume: Input[str]) -> PersistentVolumeClaimSpecArgs:
    """The claim, tied to its volume."""
    return PersistentVolumeClaimSpecArgs(
        access_modes=[claim["access_mode"].value],
        resources=VolumeResourceRequirementsArgs(requests={"storage": f"{claim['size_gib']}Gi"}),
        storage_class_name="",  # an absent one would be filled with the cluster's default class
        volume_mode="Filesystem",  # the default; said, so that an imported one does not differ
        volume_name=volume,
    )


def static_claim(
    name: str,
    claim: Claim,
    namespace: Input[str],
    spec: PersistentVolumeSpecArgs,
    *,
    parent: Resource,
    protect: bool | None,
    after: Sequence[Resource] = (),
    keep: bool = True,
    annotations: dict[str, str] | None = None,
) -> k8s.core.v1.PersistentVolumeClaim:
    """Volume and claim, as children of `parent`, made when everything in `after` is there.

    `protect`: refuse to delete them; None: as `parent`. `keep`: retained on deletion; false for a second volume on the
    same data. `annotations`: of the volume.
    """
    volume = k8s.core.v1.PersistentVolume(
        f"{name}-volume",
        metadata=ObjectMetaArgs(name=cluster_wide(namespace, claim["name"]), annotations=annotations),
        spec=spec,
        opts=ResourceOptions(
            parent=parent,
            protect=protect,
            retain_on_delete=keep,
            depends_on=list(after),
            ignore_changes=VOLUME_KEEPS,
        ),
    )
    return k8s.core.v1.PersistentVolumeClaim(
        f"{name}-claim",
        metadata=ObjectMetaArgs(name=claim["name"], namespace=namespace),
        spec=claim_spec(claim, volume.metadata.apply(lambda metadata: metadata.name or "")),
        opts=ResourceOptions(parent=parent, protect=protect, retain_on_delete=keep, ignore_changes=STATIC),
    )
