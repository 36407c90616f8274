"""Cases of the rules about zones of disks."""

from policy.resource import UNKNOWN
from tests.policy.cases.case import one
from tests.policy.resources import DISK_VOLUME, EBS_CLASS, NFS_VOLUME, STORAGE_CLASS, VOLUME, changed

CASES = [
    one("zone-affinity", "compliant class", STORAGE_CLASS, EBS_CLASS),
    one(
        "zone-affinity",
        "regional disk",
        STORAGE_CLASS,
        {"provisioner": "diskplugin.csi.alibabacloud.com"} | {"parameters": {"type": "cloud_regional_disk_auto"}},
    ),
    one("zone-affinity", "unknown zones", STORAGE_CLASS, changed(EBS_CLASS, "allowedTopologies", UNKNOWN)),
    one(
        "zone-affinity",
        "immediate",
        STORAGE_CLASS,
        changed(EBS_CLASS, "volumeBindingMode", "Immediate"),
        "volumeBindingMode is Immediate: the disk is made before the pod has a zone; it must be WaitForFirstConsumer",
    ),
    one(
        "zone-affinity",
        "missing",
        STORAGE_CLASS,
        {"provisioner": "ebs.csi.aws.com"},
        "volumeBindingMode is missing, which means Immediate: the disk is made before the pod has a zone; it must be "
        "WaitForFirstConsumer",
        "allowedTopologies names no zones: a disk may be made where no node ever is",
    ),
    one("zone-affinity", "compliant volume", VOLUME, DISK_VOLUME),
    one("zone-affinity", "NFS is everywhere", VOLUME, NFS_VOLUME),
    one(
        "zone-affinity",
        "volume without affinity",
        VOLUME,
        changed(DISK_VOLUME, "spec/nodeAffinity"),
        "has no nodeAffinity for its zone: the scheduler puts pods into zones where the disk cannot be attached",
    ),
    one("zone-affinity", "configured zone", STORAGE_CLASS, EBS_CLASS, zones=["eu-central-1a"]),
    one(
        "zone-affinity",
        "another zone than configured",
        VOLUME,
        DISK_VOLUME,
        "the zone eu-central-1a is not one of eu-central-1b",
        zones=["eu-central-1b"],
    ),
]
