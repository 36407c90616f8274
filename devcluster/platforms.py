"""How the nodes of each platform are labelled, and which storage drivers a cluster of that platform already has."""

from dataclasses import dataclass

from components.contract import Platform

ZONE = "topology.kubernetes.io/zone"
REGION = "topology.kubernetes.io/region"
NODES_PER_ZONE = 2
HEARTBEAT = "devcluster.kotaemon.dev/heartbeat"
"""kwok plays the kubelet for nodes with this label set to `on`, and for no others."""
NODE_GRACE_SECONDS = 8
"""Silence after which the node controller calls a node lost. Kubernetes' own default is 50 s."""
NODE_MONITOR_SECONDS = 1
"""How often the node controller looks. Kubernetes' own default is 5 s."""
LEASE_SECONDS = 4
"""Length of the nodes' leases. Kubelets and kwok renew them four times as often: a node is called lost after eight
renewals have failed."""

_EBS_ZONE = "topology.ebs.csi.aws.com/zone"
_ALI_ZONE = "topology.diskplugin.csi.alibabacloud.com/zone"


@dataclass(frozen=True)
class BlockDriver:
    """The CSI driver of the platform's disks."""

    name: str
    topology_keys: tuple[str, ...]
    """Node labels that the driver advertises in CSINode; the keys that allowedTopologies may use."""
    affinity_key: str
    """The key of the node affinity that the driver writes into the PersistentVolumes it makes."""
    handle_prefix: str
    """What the platform's disk ids begin with."""
    disks_per_node: int
    """Attachment limit that a node of this size reports."""


@dataclass(frozen=True)
class Shape:
    """One platform."""

    zones: tuple[str, ...]
    region: str | None
    """Private clusters seldom have one."""
    labels: dict[str, str]
    """The same on every node. Instance types have 8 CPUs and 32 GiB, like the simulated nodes."""
    zone_keys: tuple[str, ...]
    """Labels that carry the zone."""
    provider_id: str
    """Format of `spec.providerID`; empty: none."""
    block: BlockDriver
    file_drivers: tuple[str, ...]
    """Drivers of network file systems: they attach nothing."""


SHAPES = {
    Platform.PRIVATE: Shape(
        zones=("zone-a", "zone-b", "zone-c"),
        region=None,
        labels={},
        zone_keys=(ZONE,),
        provider_id="",
        block=BlockDriver("dev.csi.kotaemon", (ZONE,), ZONE, "dev-", 25),
        file_drivers=("nfs.csi.k8s.io",),
    ),
    # EBS volumes carry the well-known zone key (aws-ebs-csi-driver: pkg/driver/controller.go newCreateVolumeResponse).
    Platform.AWS: Shape(
        zones=("eu-central-1a", "eu-central-1b", "eu-central-1c"),
        region="eu-central-1",
        labels={
            "node.kubernetes.io/instance-type": "m7i.2xlarge",
            "eks.amazonaws.com/nodegroup": "devcluster",
            "eks.amazonaws.com/capacityType": "ON_DEMAND",
        },
        zone_keys=(ZONE, _EBS_ZONE),
        provider_id="aws:///{zone}/i-{number:017x}",
        block=BlockDriver("ebs.csi.aws.com", (ZONE, _EBS_ZONE, "kubernetes.io/os"), ZONE, "vol-", 25),
        file_drivers=("efs.csi.aws.com", "fsx.csi.aws.com", "nfs.csi.k8s.io"),
    ),
    # Dynamic disks carry the private key only (alibaba-cloud-csi-driver: pkg/disk/utils.go volumeCreate).
    Platform.ALICLOUD: Shape(
        zones=("cn-hangzhou-h", "cn-hangzhou-i", "cn-hangzhou-k"),
        region="cn-hangzhou",
        labels={
            "node.kubernetes.io/instance-type": "ecs.g7.2xlarge",
            "alibabacloud.com/nodepool-id": "devcluster",
            "node.csi.alibabacloud.com/disktype.cloud_essd": "available",
            "node.csi.alibabacloud.com/disktype.cloud_auto": "available",
            "node.csi.alibabacloud.com/disktype.cloud_regional_disk_auto": "available",
        },
        zone_keys=(ZONE, _ALI_ZONE),
        provider_id="cn-hangzhou.i-{number:020x}",
        block=BlockDriver("diskplugin.csi.alibabacloud.com", (ZONE, _ALI_ZONE, REGION), _ALI_ZONE, "d-", 16),
        file_drivers=("nasplugin.csi.alibabacloud.com", "ossplugin.csi.alibabacloud.com"),
    ),
}


def zones(platform: Platform) -> tuple[str, ...]:
    """The three zones of the simulated cluster, in order."""
    return SHAPES[platform].zones


def node_names(platform: Platform) -> list[str]:
    """Names of the six nodes: `node-<last letter of the zone><1 or 2>`."""
    return [_name(zone, number) for zone in zones(platform) for number in range(1, NODES_PER_ZONE + 1)]


def first_nodes(platform: Platform) -> list[str]:
    """Names of the first node of each zone."""
    return node_names(platform)[::NODES_PER_ZONE]


def zone_of(platform: Platform, node: str) -> str:
    """The zone that a node is in."""
    return next(zone for zone in zones(platform) if _name(zone, int(node[-1])) == node)


def _name(zone: str, number: int) -> str:
    return f"node-{zone[-1]}{number}"
