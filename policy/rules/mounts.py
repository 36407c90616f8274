"""The rule about mount options that lose locks or data, wherever they are written."""

from collections.abc import Iterator
from typing import Any

from guard.mount_options import IN_PARAMETERS, LOSING, words
from policy.resource import Resource, at, items, known
from policy.rule import Config, Level, Rule, each
from policy.workload import object_type, pod_of, volumes

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
    for key in IN_PARAMETERS:
        yield from _in_list(f"{place}.{key}", at(attributes, key))


def _in_list(place: str, given: Any) -> Iterator[tuple[str, str]]:
    """The options of a list, or of a text with commas. In both an entry may itself hold several."""
    texts = [given] if isinstance(given, str) else items(given)
    for text in texts:
        if known(text):
            yield from ((place, word) for word in words([text]))


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
