"""What the API server takes of a change to a living class, volume or claim: the sources of the rows in stacks/effects.py.

Each field is changed in a dry run, as a merge patch: nothing is changed.
"""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from kubernetes.client import ApiClient, ApiException, CoreV1Api, StorageV1Api

from components.volumes.on_class import CLASS_KEEPS
from components.volumes.static import VOLUME_KEEPS, ZONE_KEY
from tests.cluster.objects import namespace

_numbers = itertools.count(1)
Patch = dict[str, Any]
CLASS = {
    "provisioner": "disk.csi.dev",
    "parameters": {"type": "gp3"},
    "reclaimPolicy": "Retain",
    "volumeBindingMode": "WaitForFirstConsumer",
    "allowVolumeExpansion": True,
    "allowedTopologies": [{"matchLabelExpressions": [{"key": ZONE_KEY, "values": ["zone-a"]}]}],
}
CLASS_PATCHES: list[tuple[str, Patch, bool]] = [
    ("provisioner", {"provisioner": "other.csi.dev"}, False),
    ("parameters", {"parameters": {"tagSpecification_1": "team=search"}}, False),
    ("reclaimPolicy", {"reclaimPolicy": "Delete"}, False),
    ("volumeBindingMode", {"volumeBindingMode": "Immediate"}, False),
    (
        "allowedTopologies",
        {"allowedTopologies": [{"matchLabelExpressions": [{"key": ZONE_KEY, "values": ["zone-a", "zone-b"]}]}]},
        True,
    ),
    ("mountOptions", {"mountOptions": ["noatime"]}, True),
    ("allowVolumeExpansion", {"allowVolumeExpansion": False}, True),
]


def zones(*names: str) -> dict[str, Any]:
    expression = {"key": ZONE_KEY, "operator": "In", "values": list(names)}
    return {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}}


VOLUME_PATCHES: list[tuple[str, Patch, bool]] = [
    ("spec.nfs.server", {"nfs": {"server": "other.example.org"}}, False),
    ("spec.nfs.path", {"nfs": {"path": "/other"}}, False),
    ("spec.csi", {"nfs": None, "csi": {"driver": "nfs.csi.k8s.io", "volumeHandle": "x"}}, False),
    ("spec.nodeAffinity", zones("zone-a", "zone-b"), False),
    ("spec.volumeMode", {"volumeMode": "Block"}, False),
    ("spec.capacity", {"capacity": {"storage": "20Gi"}}, True),
    ("spec.mountOptions", {"mountOptions": ["nconnect=4"]}, True),
]
GROWN = {"resources": {"requests": {"storage": "20Gi"}}}
CLAIM_PATCHES: list[tuple[str, Patch, bool]] = [
    ("spec.storageClassName", {"storageClassName": "other"}, False),
    ("spec.accessModes", {"accessModes": ["ReadWriteOnce"]}, False),
    ("spec.volumeMode", {"volumeMode": "Block"}, False),
    # The row is `in place` once the claim has a volume: no pod has mounted this one.
    ("spec.resources without a volume", GROWN, False),
    ("spec.volumeAttributesClassName without a volume", {"volumeAttributesClassName": "fast"}, False),
]


def taken(patch: Callable[[], object]) -> bool:
    try:
        patch()
    except ApiException as error:
        if error.status != 422:
            raise
        return False
    return True


@pytest.fixture(scope="module")
def class_name(api: ApiClient) -> str:
    name = f"effects-{next(_numbers)}"
    StorageV1Api(api).create_storage_class({"metadata": {"name": name}, **CLASS})
    return name


@pytest.mark.parametrize(("field", "patch", "may"), CLASS_PATCHES, ids=[field for field, _, _ in CLASS_PATCHES])
def test_a_living_class(api: ApiClient, class_name: str, field: str, patch: Patch, may: bool) -> None:
    storage = StorageV1Api(api)
    assert taken(lambda: storage.patch_storage_class(class_name, patch, dry_run="All")) == may
    assert may or field in CLASS_KEEPS, "a field that cannot change has to stay registered as it is"


@pytest.fixture(scope="module")
def volume_name(api: ApiClient) -> str:
    name = f"effects-{next(_numbers)}"
    spec = {
        "capacity": {"storage": "10Gi"},
        "accessModes": ["ReadWriteMany"],
        "nfs": {"server": "nfs.example.org", "path": "/srv"},
        "persistentVolumeReclaimPolicy": "Retain",
        **zones("zone-a"),
    }
    CoreV1Api(api).create_persistent_volume({"metadata": {"name": name}, "spec": spec})
    return name


@pytest.mark.parametrize(("field", "patch", "may"), VOLUME_PATCHES, ids=[field for field, _, _ in VOLUME_PATCHES])
def test_a_living_volume(api: ApiClient, volume_name: str, field: str, patch: Patch, may: bool) -> None:
    core = CoreV1Api(api)
    assert taken(lambda: core.patch_persistent_volume(volume_name, {"spec": patch}, dry_run="All")) == may


def test_the_zones_of_a_volume_stay_registered_as_they_are() -> None:
    assert VOLUME_KEEPS == ["spec.nodeAffinity"]


@pytest.mark.parametrize(("field", "patch", "may"), CLAIM_PATCHES, ids=[field for field, _, _ in CLAIM_PATCHES])
def test_a_living_claim(api: ApiClient, class_name: str, field: str, patch: Patch, may: bool) -> None:
    core = CoreV1Api(api)
    with namespace(api) as space:
        spec = {
            "accessModes": ["ReadWriteOncePod"],
            "storageClassName": class_name,
            "resources": {"requests": {"storage": "10Gi"}},
        }
        core.create_namespaced_persistent_volume_claim(space, {"metadata": {"name": "disk"}, "spec": spec})
        body = {"spec": patch}
        patched = taken(lambda: core.patch_namespaced_persistent_volume_claim("disk", space, body, dry_run="All"))
    assert patched == may
