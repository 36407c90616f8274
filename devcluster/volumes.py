"""What the stand-in CSI controller decides: which volume a claim gets, where, and when it may not have one.

Pure functions on Kubernetes objects as JSON dictionaries. The rules are those of external-provisioner, run with
--strict-topology, and of the platforms' drivers.
"""

from itertools import product
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from devcluster.platforms import REGION, BlockDriver
from devcluster.real.layout import SIZE

Object = dict[str, Any]
Topology = dict[str, str]

PROVISIONER = "volume.kubernetes.io/storage-provisioner"
"""Annotation by which the volume controller asks an outside driver for a volume."""
SELECTED_NODE = "volume.kubernetes.io/selected-node"
"""Annotation by which the scheduler says where the claim's first pod will run."""
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
DELETE_FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"
REGIONAL_DISK = "cloud_regional_disk_auto"
"""The one disk category that follows a pod across zones (Alibaba Cloud)."""


class RefusedError(Exception):
    """A claim cannot have a volume as things stand; the text goes into its ProvisioningFailed event."""


def is_asked_for(claim: Object, storage_class: Object, driver: BlockDriver) -> bool:
    """Whether a volume should be made for the claim now."""
    annotations = claim["metadata"].get("annotations", {})
    if claim["spec"].get("volumeName") or claim["metadata"].get("deletionTimestamp"):
        return False
    if annotations.get(PROVISIONER) != driver.name or storage_class["provisioner"] != driver.name:
        return False
    return storage_class.get("volumeBindingMode") != "WaitForFirstConsumer" or SELECTED_NODE in annotations


def place(claim: Object, storage_class: Object, nodes: dict[str, Topology]) -> Topology:
    """The topology that the claim's volume is made in.

    `nodes`: the driver's topology of each node by name. Raises RefusedError when no node is allowed, or the scheduler's
    is not.
    """
    allowed = _allowed_terms(storage_class)
    if not nodes:
        raise RefusedError("no node has the driver of this class")
    selected = claim["metadata"].get("annotations", {}).get(SELECTED_NODE)
    if storage_class.get("volumeBindingMode") != "WaitForFirstConsumer":
        # Immediate binding does not know the pod: first allowed zone. The real drivers pick any.
        found = [nodes[name] for name in sorted(nodes) if _is_allowed(nodes[name], allowed)]
        if not found:
            raise RefusedError(f"no node is in the allowed topologies {_shown(allowed)}")
        return found[0]
    if selected not in nodes:
        raise RefusedError(f"selected node {selected!r} has no driver of this class")
    if not _is_allowed(nodes[selected], allowed):
        raise RefusedError(
            f"selected node {selected!r} topology {_shown([nodes[selected]])} is not in allowed topologies: "
            f"{_shown(allowed)}"
        )
    return nodes[selected]


def volume(claim: Object, storage_class: Object, topology: Topology, driver: BlockDriver) -> Object:
    """The PersistentVolume for the claim: named after its uid, so that making it twice is refused by the API server."""
    parameters = storage_class.get("parameters") or {}
    uid = claim["metadata"]["uid"]
    policy = storage_class.get("reclaimPolicy", "Delete")
    spec: Object = {
        "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
        "accessModes": claim["spec"]["accessModes"],
        "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
        "storageClassName": storage_class["metadata"]["name"],
        "persistentVolumeReclaimPolicy": policy,
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": claim["metadata"]["namespace"],
            "name": claim["metadata"]["name"],
            "uid": uid,
        },
        "csi": {
            "driver": driver.name,
            "volumeHandle": driver.handle_prefix + uid.replace("-", "")[:17],
            "fsType": parameters.get("csi.storage.k8s.io/fstype", "ext4"),
            "volumeAttributes": {SIZE: str(int(parse_quantity(claim["spec"]["resources"]["requests"]["storage"])))},
        },
        "nodeAffinity": {
            "required": {"nodeSelectorTerms": [{"matchExpressions": [_affinity(parameters, topology, driver)]}]}
        },
    }
    if storage_class.get("mountOptions"):
        spec["mountOptions"] = storage_class["mountOptions"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": f"pvc-{uid}",
            "annotations": {PROVISIONED_BY: driver.name},
            # Holds the object until the disk is deleted; a retained disk is not the driver's to delete.
            "finalizers": [DELETE_FINALIZER] if policy == "Delete" else [],
        },
        "spec": spec,
    }


def growth(claim: Object, bound: Object) -> tuple[str, bool] | None:
    """The size that a bound claim asks for beyond what it has, and whether the volume itself must still grow."""
    wanted = claim["spec"]["resources"]["requests"]["storage"]
    has = claim.get("status", {}).get("capacity", {}).get("storage")
    if claim.get("status", {}).get("phase") != "Bound" or has is None or parse_quantity(wanted) <= parse_quantity(has):
        return None
    return wanted, parse_quantity(wanted) > parse_quantity(bound["spec"]["capacity"]["storage"])


def is_to_delete(bound: Object, driver: BlockDriver) -> bool:
    """Whether the disk behind a volume goes: its class says Delete and its claim is gone."""
    made_here = bound["metadata"].get("annotations", {}).get(PROVISIONED_BY) == driver.name
    deletes = bound["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
    return made_here and deletes and bound.get("status", {}).get("phase") == "Released"


def _affinity(parameters: dict[str, str], topology: Topology, driver: BlockDriver) -> Object:
    # The driver tries the categories of the list in order, and these nodes take all of them.
    regional = parameters.get("type", "").split(",")[0] == REGIONAL_DISK
    key = REGION if regional and REGION in topology else driver.affinity_key
    return {"key": key, "operator": "In", "values": [topology[key]]}


def _allowed_terms(storage_class: Object) -> list[Topology]:
    """allowedTopologies as alternatives of one value for each key."""
    flat: list[Topology] = []
    for term in storage_class.get("allowedTopologies") or []:
        expressions = term.get("matchLabelExpressions", [])
        keys = [expression["key"] for expression in expressions]
        for values in product(*(expression["values"] for expression in expressions)):
            flat.append(dict(zip(keys, values, strict=True)))
    return flat


def _is_allowed(topology: Topology, allowed: list[Topology]) -> bool:
    return not allowed or any(term.items() <= topology.items() for term in allowed)


def _shown(terms: list[Topology]) -> str:
    return " or ".join(",".join(f"{key}={value}" for key, value in sorted(term.items())) for term in terms)
