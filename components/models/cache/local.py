"""A folder on each node that all pods of the node share: the second pod, and each new one, starts warm."""

from pulumi_kubernetes.core.v1 import PersistentVolumeClaimVolumeSourceArgs, VolumeArgs

from ..args import ModelCache

NEEDS = ("limit", "claim_name")
TAKES = ()


def volume(name: str, cache: ModelCache) -> VolumeArgs:
    """The claim of a `local` volume: Pod Security `restricted` admits claims, and no hostPath in a pod."""
    claim = PersistentVolumeClaimVolumeSourceArgs(claim_name=cache.get("claim_name", ""))
    return VolumeArgs(name=name, persistent_volume_claim=claim)
