"""An OCI artifact as a volume: the registry is the source, and the node's image store is the cache.

On by default since Kubernetes 1.35 (https://kubernetes.io/docs/concepts/storage/volumes/#image).
"""

from pulumi_kubernetes.core.v1 import ImageVolumeSourceArgs, VolumeArgs

from ..args import ModelCache

NEEDS = ("image",)
TAKES = ()
SINCE = (1, 35)
"""First Kubernetes whose API server takes it without a feature gate (`docs/facts/storage.md`, chapter 7)."""


def volume(name: str, cache: ModelCache) -> VolumeArgs:
    """The image volume. The kubelet pulls it with the pod's own pull secrets."""
    source = ImageVolumeSourceArgs(reference=cache.get("image", ""), pull_policy="IfNotPresent")
    return VolumeArgs(name=name, image=source)
