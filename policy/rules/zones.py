"""The rule that the class and the volume of a disk name its zone. Without the zone pods can stay Pending for ever."""

from collections.abc import Iterator
from typing import Any

from policy.resource import UNKNOWN, Resource, at, items, known, missing
from policy.rule import Config, Level, Rule, each

DISKS = (
    "ebs.csi.aws.com",
    "ebs.csi.eks.amazonaws.com",
    "kubernetes.io/aws-ebs",
    "diskplugin.csi.alibabacloud.com",
)
"""CSI drivers and in-tree drivers whose volumes are in one zone."""
ZONE_KEYS = (
    "topology.kubernetes.io/zone",
    "topology.k8s.aws/zone-id",
    "topology.ebs.csi.aws.com/zone",
    "topology.ebs.csi.eks.amazonaws.com/zone",
    "topology.diskplugin.csi.alibabacloud.com/zone",
)


def _zone_affinity(resource: Resource, config: Config) -> Iterator[str]:
    if resource.type == "kubernetes:storage.k8s.io/v1:StorageClass":
        yield from _class(resource.inputs, config.get("zones", []))
    elif resource.type == "kubernetes:core/v1:PersistentVolume":
        yield from _volume(resource.inputs, config.get("zones", []))


def _class(inputs: Any, allowed: list[str]) -> Iterator[str]:
    if inputs.get("provisioner") not in DISKS or "regional" in str(at(inputs, "parameters", "type")):
        return
    mode = inputs.get("volumeBindingMode")
    if mode not in ("WaitForFirstConsumer", UNKNOWN):
        yield (
            f"volumeBindingMode is {mode or 'missing, which means Immediate'}: the disk is made before the pod has a "
            "zone; it must be WaitForFirstConsumer"
        )
    terms = inputs.get("allowedTopologies")
    if terms == UNKNOWN:
        return
    labels = [label for term in items(terms) for label in items(at(term, "matchLabelExpressions"))]
    zones = [label for label in labels if at(label, "key") in ZONE_KEYS]
    if not zones:
        yield "allowedTopologies names no zones: a disk may be made where no node ever is"
    yield from _outside([z for label in zones for z in items(label.get("values"))], allowed)


def _volume(inputs: Any, allowed: list[str]) -> Iterator[str]:
    spec = inputs.get("spec")
    on_disk = at(spec, "csi", "driver") in DISKS or known(at(spec, "awsElasticBlockStore"))
    if spec == UNKNOWN or not on_disk:
        return
    affinity = at(spec, "nodeAffinity", "required", "nodeSelectorTerms")
    if affinity == UNKNOWN:
        return
    found = [e for term in items(affinity) for e in items(at(term, "matchExpressions")) if at(e, "key") in ZONE_KEYS]
    if missing([e for e in found if e.get("values")]):
        yield "has no nodeAffinity for its zone: the scheduler puts pods into zones where the disk cannot be attached"
    yield from _outside([z for e in found for z in items(e.get("values"))], allowed)


def _outside(zones: list[Any], allowed: list[str]) -> Iterator[str]:
    for zone in zones:
        if allowed and known(zone) and zone not in allowed:
            yield f"the zone {zone} is not one of {', '.join(allowed)}"


ZONE_AFFINITY = Rule(
    name="zone-affinity",
    level=Level.MANDATORY,
    summary="Classes of disks wait for the pod and name their zones; static disks have the affinity of their zone.",
    blind="Classes and volumes of drivers that are not in its list; whether a node is in the zone (the zone verdict"
    " of `make plan` says it). Nothing general does.",
    source="https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode",
    check=each(_zone_affinity),
    settings={
        "zones": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Zones that classes and volumes may name; default: every zone.",
        }
    },
)
