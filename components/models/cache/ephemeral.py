"""A volume of the pod's own on its node: it goes with the pod, so each new pod starts cold."""

from pulumi_kubernetes.core.v1 import (
    EmptyDirVolumeSourceArgs,
    EphemeralVolumeSourceArgs,
    PersistentVolumeClaimSpecArgs,
    PersistentVolumeClaimTemplateArgs,
    VolumeArgs,
    VolumeResourceRequirementsArgs,
)

from ..args import ModelCache

NEEDS = ("limit",)
TAKES = ("storage_class",)


def volume(name: str, cache: ModelCache) -> VolumeArgs:
    """`emptyDir` on the disk of the kubelet, or a generic ephemeral volume of a StorageClass."""
    size = cache.get("limit", "")
    if "storage_class" not in cache:
        # Above the limit the kubelet evicts the pod: the fill keeps below it.
        return VolumeArgs(name=name, empty_dir=EmptyDirVolumeSourceArgs(size_limit=size))
    spec = PersistentVolumeClaimSpecArgs(
        access_modes=["ReadWriteOnce"],
        storage_class_name=cache["storage_class"],
        resources=VolumeResourceRequirementsArgs(requests={"storage": size}),
    )
    return VolumeArgs(
        name=name,
        ephemeral=EphemeralVolumeSourceArgs(volume_claim_template=PersistentVolumeClaimTemplateArgs(spec=spec)),
    )
