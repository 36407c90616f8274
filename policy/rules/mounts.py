"""The rule about mount options that lose locks or data, wherever they are written."""

from collections.abc import Iterator, Mapping
from typing import Any

from policy.resource import Resource, at, items, known
from policy.rule import Config, Level, Rule, each
from policy.workload import object_type, pod_of, volumes

_ONE_NODE = "locks stay on the node: two pods on two nodes both get the lock of one file"
_AT_TIME_OUT = "a time-out is an error for the writer: data that it believes written is lost"
_ON_POWER_LOSS = "writes are not ordered any more: a power loss breaks the file system"
LOSING: Mapping[str, str] = {
    "nolock": _ONE_NODE,
    "local_lock=all": _ONE_NODE,
    "local_lock=flock": _ONE_NODE,
    "local_lock=posix": _ONE_NODE,
    "soft": _AT_TIME_OUT,
    "softerr": _AT_TIME_OUT,
    "localflock": _ONE_NODE,
    "noflock": "every call for a lock fails",
    "nobrl": _ONE_NODE,
    "nobarrier": _ON_POWER_LOSS,
    "barrier=0": _ON_POWER_LOSS,
    "data=writeback": "after a crash old data shows up in new files",
    "writeback": "data that the pod believes written is on the node until it is uploaded, and lost with it",
}
"""Option -> what is lost. nolock, local_lock, soft, softerr: nfs(5), https://man7.org/linux/man-pages/man5/nfs.5.html;
localflock, noflock: Lustre, https://kernel.org/doc/readme/drivers-staging-lustre-README.txt; nobrl: mount.cifs(8);
nobarrier, barrier, data: ext4, https://docs.kernel.org/admin-guide/ext4.html; writeback: JuiceFS,
https://juicefs.com/docs/csi/guide/cache."""
_PARAMETERS = ("options", "nfsOptions", "mountOptions")
"""Parameters of classes and attributes of volumes that hold mount options: of the drivers of NAS, Longhorn and NFS."""
_ANNOTATION = "volume.beta.kubernetes.io/mount-options"


def _mount_options(resource: Resource, config: Config) -> Iterator[str]:
    for place, option in _options(resource):
        if option in LOSING and option not in config.get("allowed", ()):
            yield f"{place} holds {option}: {LOSING[option]}"


def _options(resource: Resource) -> Iterator[tuple[str, str]]:
    kind, inputs = object_type(resource), resource.inputs
    if kind == "kubernetes:storage.k8s.io/v1:StorageClass":
        yield from _in_list("mountOptions", inputs.get("mountOptions"))
        yield from _in_attributes("parameters", inputs.get("parameters"))
    elif kind == "kubernetes:core/v1:PersistentVolume":
        yield from _in_list("spec.mountOptions", at(inputs, "spec", "mountOptions"))
        yield from _in_list(f"annotation {_ANNOTATION}", at(inputs, "metadata", "annotations", _ANNOTATION))
        yield from _in_attributes("spec.csi.volumeAttributes", at(inputs, "spec", "csi", "volumeAttributes"))
    pod = pod_of(resource)
    for name, volume in volumes(pod) if pod is not None else ():
        yield from _in_attributes(f"volume {name}: csi.volumeAttributes", at(volume, "csi", "volumeAttributes"))
        yield from _in_list(f"volume {name}: flexVolume.options", at(volume, "flexVolume", "options", "mountOptions"))


def _in_attributes(place: str, attributes: Any) -> Iterator[tuple[str, str]]:
    for key in _PARAMETERS:
        yield from _in_list(f"{place}.{key}", at(attributes, key))


def _in_list(place: str, given: Any) -> Iterator[tuple[str, str]]:
    """The options of a list, or of a text with commas. In both an entry may itself hold several."""
    texts = [given] if isinstance(given, str) else items(given)
    for text in texts:
        if known(text):
            yield from ((place, word) for word in str(text).replace(",", " ").split())


MOUNT_OPTIONS = Rule(
    name="mount-options",
    level=Level.MANDATORY,
    summary="No mount option of a class, a volume or a pod's inline volume loses locks or data.",
    blind="Options that are missing (flock of Lustre; hard is the default of NFS): the guard of this program knows "
    "them by kind. Defaults of a driver and of the node's nfsmount.conf, and options of the server's export. "
    "Nothing general does; Kyverno can refuse an option in a rule of your own.",
    source="https://man7.org/linux/man-pages/man5/nfs.5.html",
    check=each(_mount_options),
    settings={
        "allowed": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Options that may be used all the same, for example soft; default: none.",
        }
    },
)
