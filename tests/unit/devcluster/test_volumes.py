"""Which volume a claim gets, where, and when it may not have one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.contract import Platform
from devcluster import nodes, platforms, volumes
from devcluster.platforms import SHAPES
from devcluster.volumes import RefusedError

UID = "01234567-89ab-cdef-0123-456789abcdef"
ZONE = "topology.kubernetes.io/zone"
ALI_ZONE = "topology.diskplugin.csi.alibabacloud.com/zone"


def claim(platform: Platform = Platform.PRIVATE, node: str | None = None, **spec: Any) -> dict[str, Any]:
    """A claim that waits for its volume; `node` is what the scheduler chose."""
    annotations = {volumes.PROVISIONER: SHAPES[platform].block.name}
    if node:
        annotations[volumes.SELECTED_NODE] = node
    return {
        "metadata": {"name": "data", "namespace": "app", "uid": UID, "annotations": annotations},
        "spec": {"accessModes": ["ReadWriteOncePod"], "resources": {"requests": {"storage": "20Gi"}}, **spec},
        "status": {"phase": "Pending"},
    }


def storage_class(platform: Platform = Platform.PRIVATE, **fields: Any) -> dict[str, Any]:
    """A class of the platform's disks."""
    return {
        "metadata": {"name": "disk"},
        "provisioner": SHAPES[platform].block.name,
        "volumeBindingMode": "WaitForFirstConsumer",
        "reclaimPolicy": "Retain",
        **fields,
    }


def topologies(platform: Platform = Platform.PRIVATE) -> dict[str, dict[str, str]]:
    """The driver's topology of every node."""
    keys = SHAPES[platform].block.topology_keys
    labels = {name: nodes.node_object(platform, name)["metadata"]["labels"] for name in platforms.node_names(platform)}
    return {name: {key: labels[name][key] for key in keys} for name in labels}


def allowed(key: str, *values: str) -> list[dict[str, Any]]:
    return [{"matchLabelExpressions": [{"key": key, "values": list(values)}]}]


@pytest.mark.parametrize(
    ("given_claim", "given_class", "expected"),
    [
        (claim(), storage_class(), False),
        (claim(node="node-a1"), storage_class(), True),
        (claim(), storage_class(volumeBindingMode="Immediate"), True),
        (claim(), {**storage_class(), "volumeBindingMode": None}, True),
        (claim(node="node-a1", volumeName="pv"), storage_class(), False),
        (claim(Platform.AWS, node="node-a1"), storage_class(), False),
        (claim(node="node-a1"), storage_class(provisioner="other.example"), False),
    ],
    ids=["waits", "selected", "immediate", "default mode", "has one", "other driver asked", "other class"],
)
def test_when_a_volume_is_made(given_claim: dict[str, Any], given_class: dict[str, Any], expected: bool) -> None:
    assert volumes.is_asked_for(given_claim, given_class, SHAPES[Platform.PRIVATE].block) is expected


def test_a_claim_that_goes_gets_no_volume() -> None:
    going = claim(node="node-a1")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert not volumes.is_asked_for(going, storage_class(), SHAPES[Platform.PRIVATE].block)


@given(platform=st.sampled_from(list(Platform)), index=st.integers(0, 5))
def test_the_volume_is_in_the_zone_of_the_node_that_the_scheduler_chose(platform: Platform, index: int) -> None:
    node = platforms.node_names(platform)[index]
    driver = SHAPES[platform].block
    topology = volumes.place(claim(platform, node), storage_class(platform), topologies(platform))
    made = volumes.volume(claim(platform, node), storage_class(platform), topology, driver)
    (term,) = made["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term == {
        "matchExpressions": [
            {"key": driver.affinity_key, "operator": "In", "values": [platforms.zone_of(platform, node)]}
        ]
    }


@given(
    zones=st.lists(st.sampled_from(platforms.zones(Platform.PRIVATE)), min_size=1, unique=True),
    node=st.sampled_from(platforms.node_names(Platform.PRIVATE)),
)
def test_a_volume_is_never_made_outside_the_allowed_zones(zones: list[str], node: str) -> None:
    limited = storage_class(allowedTopologies=allowed(ZONE, *zones))
    zone = platforms.zone_of(Platform.PRIVATE, node)
    if zone in zones:
        assert volumes.place(claim(node=node), limited, topologies())[ZONE] == zone
    else:
        with pytest.raises(RefusedError):
            volumes.place(claim(node=node), limited, topologies())


@given(zones=st.lists(st.sampled_from(platforms.zones(Platform.PRIVATE)), min_size=1, unique=True))
def test_immediate_binding_takes_the_first_allowed_zone(zones: list[str]) -> None:
    immediate = storage_class(volumeBindingMode="Immediate", allowedTopologies=allowed(ZONE, *zones))
    assert volumes.place(claim(), immediate, topologies())[ZONE] == min(zones)


def test_the_refusal_names_node_and_zones() -> None:
    limited = storage_class(allowedTopologies=allowed(ZONE, "zone-b", "zone-c"))
    with pytest.raises(RefusedError) as error:
        volumes.place(claim(node="node-a2"), limited, topologies())
    assert str(error.value) == (
        "selected node 'node-a2' topology topology.kubernetes.io/zone=zone-a is not in allowed topologies: "
        "topology.kubernetes.io/zone=zone-b or topology.kubernetes.io/zone=zone-c"
    )


def test_a_zone_that_no_node_is_in() -> None:
    immediate = storage_class(volumeBindingMode="Immediate", allowedTopologies=allowed(ZONE, "zone-z"))
    with pytest.raises(
        RefusedError, match=r"^no node is in the allowed topologies topology\.kubernetes\.io/zone=zone-z$"
    ):
        volumes.place(claim(), immediate, topologies())


def test_a_node_without_the_driver() -> None:
    with pytest.raises(RefusedError, match=r"^selected node 'node-x' has no driver of this class$"):
        volumes.place(claim(node="node-x"), storage_class(), topologies())


@pytest.mark.parametrize("key", [ZONE, ALI_ZONE])
def test_alibaba_takes_either_zone_key_and_writes_its_own(key: str) -> None:
    limited = storage_class(Platform.ALICLOUD, allowedTopologies=allowed(key, "cn-hangzhou-i"))
    asking = claim(Platform.ALICLOUD, "node-i1")
    topology = volumes.place(asking, limited, topologies(Platform.ALICLOUD))
    made = volumes.volume(asking, limited, topology, SHAPES[Platform.ALICLOUD].block)
    assert made["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"] == [
        {"matchExpressions": [{"key": ALI_ZONE, "operator": "In", "values": ["cn-hangzhou-i"]}]}
    ]


@pytest.mark.parametrize(
    ("categories", "key", "value"),
    [
        ("cloud_regional_disk_auto", "topology.kubernetes.io/region", "cn-hangzhou"),
        ("cloud_regional_disk_auto,cloud_auto", "topology.kubernetes.io/region", "cn-hangzhou"),
        ("cloud_essd", ALI_ZONE, "cn-hangzhou-h"),
        ("cloud_auto,cloud_regional_disk_auto", ALI_ZONE, "cn-hangzhou-h"),
    ],
)
def test_only_a_regional_disk_follows_a_pod_across_zones(categories: str, key: str, value: str) -> None:
    disk = storage_class(Platform.ALICLOUD, parameters={"type": categories})
    topology = topologies(Platform.ALICLOUD)["node-h1"]
    made = volumes.volume(claim(Platform.ALICLOUD, "node-h1"), disk, topology, SHAPES[Platform.ALICLOUD].block)
    (term,) = made["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": key, "operator": "In", "values": [value]}]


def test_the_whole_volume() -> None:
    disk = storage_class(mountOptions=["noatime"], parameters={"csi.storage.k8s.io/fstype": "xfs", "encrypted": "true"})
    made = volumes.volume(claim(node="node-a1"), disk, {ZONE: "zone-a"}, SHAPES[Platform.PRIVATE].block)
    assert made == {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": f"pvc-{UID}",
            "annotations": {"pv.kubernetes.io/provisioned-by": "dev.csi.kotaemon"},
            "finalizers": [],
        },
        "spec": {
            "capacity": {"storage": "20Gi"},
            "accessModes": ["ReadWriteOncePod"],
            "volumeMode": "Filesystem",
            "storageClassName": "disk",
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": "app",
                "name": "data",
                "uid": UID,
            },
            "csi": {
                "driver": "dev.csi.kotaemon",
                "volumeHandle": "dev-0123456789abcdef0",
                "fsType": "xfs",
                "volumeAttributes": {"bytes": str(20 * 1024**3)},
            },
            "nodeAffinity": {
                "required": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["zone-a"]}]}]
                }
            },
            "mountOptions": ["noatime"],
        },
    }


def test_a_class_without_a_policy_deletes() -> None:
    disk = storage_class()
    del disk["reclaimPolicy"]
    made = volumes.volume(claim(node="node-a1"), disk, {ZONE: "zone-a"}, SHAPES[Platform.PRIVATE].block)
    assert made["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
    assert made["metadata"]["finalizers"] == [volumes.DELETE_FINALIZER]


@pytest.mark.parametrize(
    ("phase", "wanted", "has", "disk", "expected"),
    [
        ("Bound", "20Gi", "20Gi", "20Gi", None),
        ("Bound", "30Gi", "20Gi", "20Gi", ("30Gi", True)),
        ("Bound", "30Gi", "20Gi", "30Gi", ("30Gi", False)),
        ("Bound", "0.5Ti", "512Gi", "512Gi", None),
        ("Bound", "1Ti", "512Gi", "512Gi", ("1Ti", True)),
        ("Pending", "30Gi", "20Gi", "20Gi", None),
    ],
)
def test_growth(phase: str, wanted: str, has: str, disk: str, expected: tuple[str, bool] | None) -> None:
    bound_claim = claim(resources={"requests": {"storage": wanted}})
    bound_claim["status"] = {"phase": phase, "capacity": {"storage": has}}
    assert volumes.growth(bound_claim, {"spec": {"capacity": {"storage": disk}}}) == expected


def test_a_claim_without_capacity_yet_does_not_grow() -> None:
    bound_claim = claim()
    bound_claim["status"] = {"phase": "Bound"}
    assert volumes.growth(bound_claim, {"spec": {"capacity": {"storage": "1Gi"}}}) is None


@pytest.mark.parametrize(
    ("policy", "phase", "made_by", "expected"),
    [
        ("Delete", "Released", "dev.csi.kotaemon", True),
        ("Delete", "Bound", "dev.csi.kotaemon", False),
        ("Retain", "Released", "dev.csi.kotaemon", False),
        ("Delete", "Released", "other.example", False),
    ],
)
def test_only_a_released_disk_of_a_deleting_class_is_deleted(
    policy: str, phase: str, made_by: str, expected: bool
) -> None:
    bound = {
        "metadata": {"annotations": {volumes.PROVISIONED_BY: made_by}},
        "spec": {"persistentVolumeReclaimPolicy": policy},
        "status": {"phase": phase},
    }
    assert volumes.is_to_delete(bound, SHAPES[Platform.PRIVATE].block) is expected
