"""Nodes, drivers and classes look as they do on the platform."""

from collections import Counter
from typing import Any

import pytest
from kubernetes.client import ApiClient, ApiException, V1Node, V1NodeSpec, V1ObjectMeta, V1Taint

from components.contract import Platform
from devcluster import nodes, objects, platforms

EVERY = pytest.mark.parametrize("platform", list(Platform))


@EVERY
def test_six_nodes_in_three_zones(platform: Platform) -> None:
    names = platforms.node_names(platform)
    assert len(set(names)) == 6
    assert list(Counter(platforms.zone_of(platform, name) for name in names).items()) == [
        (zone, 2) for zone in platforms.zones(platform)
    ]


@EVERY
def test_every_node_has_what_kubernetes_puts_on_nodes(platform: Platform) -> None:
    for name in platforms.node_names(platform):
        node = nodes.node_object(platform, name)
        labels = node["metadata"]["labels"]
        assert labels["kubernetes.io/hostname"] == name
        assert labels["topology.kubernetes.io/zone"] == platforms.zone_of(platform, name)
        assert labels[nodes.HEARTBEAT] == "on"
        assert node["status"]["capacity"] == node["status"]["allocatable"]
        assert {key: node["status"]["capacity"][key] for key in ("cpu", "memory", "pods")} == {
            "cpu": "8",
            "memory": "32Gi",
            "pods": "110",
        }


@EVERY
def test_the_driver_advertises_labels_that_its_nodes_have(platform: Platform) -> None:
    driver = platforms.SHAPES[platform].block
    for name in platforms.node_names(platform):
        labels = nodes.node_object(platform, name)["metadata"]["labels"]
        advertised = nodes.csi_node_object(platform, name)["spec"]["drivers"][0]
        assert advertised["name"] == driver.name
        assert set(advertised["topologyKeys"]) <= set(labels)
        assert driver.affinity_key in advertised["topologyKeys"]


@pytest.mark.parametrize(
    ("platform", "node", "expected"),
    [
        (Platform.PRIVATE, "node-b2", {"topology.kubernetes.io/zone": "zone-b"}),
        (
            Platform.AWS,
            "node-b2",
            {
                "topology.kubernetes.io/region": "eu-central-1",
                "topology.kubernetes.io/zone": "eu-central-1b",
                "topology.ebs.csi.aws.com/zone": "eu-central-1b",
                "eks.amazonaws.com/nodegroup": "devcluster",
                "node.kubernetes.io/instance-type": "m7i.2xlarge",
            },
        ),
        (
            Platform.ALICLOUD,
            "node-k1",
            {
                "topology.kubernetes.io/region": "cn-hangzhou",
                "topology.kubernetes.io/zone": "cn-hangzhou-k",
                "topology.diskplugin.csi.alibabacloud.com/zone": "cn-hangzhou-k",
            },
        ),
    ],
)
def test_labels_of_the_platform(platform: Platform, node: str, expected: dict[str, str]) -> None:
    labels = nodes.node_object(platform, node)["metadata"]["labels"]
    assert expected.items() <= labels.items()


def test_provider_ids() -> None:
    assert nodes.node_object(Platform.PRIVATE, "node-a1")["spec"] == {}
    assert nodes.node_object(Platform.AWS, "node-b1")["spec"] == {
        "providerID": "aws:///eu-central-1b/i-00000000000000003"
    }
    assert nodes.node_object(Platform.ALICLOUD, "node-h2")["spec"] == {
        "providerID": "cn-hangzhou.i-00000000000000000002"
    }


@pytest.mark.parametrize(
    ("platform", "attached", "not_attached"),
    [
        (Platform.PRIVATE, "dev.csi.kotaemon", ["nfs.csi.k8s.io"]),
        (Platform.AWS, "ebs.csi.aws.com", ["efs.csi.aws.com", "fsx.csi.aws.com", "nfs.csi.k8s.io"]),
        (
            Platform.ALICLOUD,
            "diskplugin.csi.alibabacloud.com",
            ["nasplugin.csi.alibabacloud.com", "ossplugin.csi.alibabacloud.com"],
        ),
    ],
)
def test_disks_are_attached_and_file_systems_are_not(
    platform: Platform, attached: str, not_attached: list[str]
) -> None:
    found = {item["metadata"]["name"]: item["spec"]["attachRequired"] for item in objects.csi_drivers(platform)}
    assert found == {attached: True, **dict.fromkeys(not_attached, False)}


def test_only_a_private_cluster_has_a_class_beforehand() -> None:
    (storage_class,) = objects.storage_classes(Platform.PRIVATE)
    assert storage_class["metadata"]["name"] == "dev-block"
    assert storage_class["reclaimPolicy"] == "Retain"
    assert storage_class["volumeBindingMode"] == "WaitForFirstConsumer"
    assert objects.storage_classes(Platform.AWS) == objects.storage_classes(Platform.ALICLOUD) == []


def test_a_node_is_called_lost_only_after_several_missed_renewals() -> None:
    # kwok renews after a quarter of the lease.
    assert platforms.NODE_GRACE_SECONDS >= 8 * platforms.LEASE_SECONDS / 4


def test_a_taint_that_the_node_controller_adds_meanwhile_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = V1Taint(key="node.kubernetes.io/unreachable", effect="NoExecute")
    stored = V1Node(metadata=V1ObjectMeta(resource_version="1"), spec=V1NodeSpec(taints=[]))
    patches: list[dict[str, Any]] = []

    def patch(_: object, name: str, change: dict[str, Any]) -> None:
        patches.append(change)
        if len(patches) == 1:
            # Somebody else was quicker.
            stored.metadata.resource_version, stored.spec.taints = "2", [lost]
            raise ApiException(status=409)

    monkeypatch.setattr(nodes.CoreV1Api, "read_node", lambda *_: stored)
    monkeypatch.setattr(nodes.CoreV1Api, "patch_node", patch)
    nodes.set_out_of_service(ApiClient(), "node-a1")
    assert patches[1]["metadata"] == {"resourceVersion": "2"}
    assert patches[1]["spec"]["taints"] == [
        lost,
        {"key": nodes.OUT_OF_SERVICE, "value": "nodeshutdown", "effect": "NoExecute"},
    ]
