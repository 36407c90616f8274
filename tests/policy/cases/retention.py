"""Cases of the rules about what is kept."""

from policy.resource import UNKNOWN
from tests.policy.cases.case import Case, one
from tests.policy.resources import (
    CLAIM,
    DISK_VOLUME,
    EBS_CLASS,
    RDS,
    RWO_CLAIM,
    STORAGE_CLASS,
    VOLUME,
    changed,
    resource,
)

RDS_TYPE = "aws:rds/instance:Instance"
BUCKET = "aws:s3/bucket:Bucket"
CASES = [
    one("data-is-kept", "compliant class", STORAGE_CLASS, EBS_CLASS),
    one("data-is-kept", "compliant claim", CLAIM, RWO_CLAIM),
    one(
        "data-is-kept",
        "missing policy of a class",
        STORAGE_CLASS,
        changed(EBS_CLASS, "reclaimPolicy"),
        "reclaimPolicy is missing, which means Delete: the disk goes with its claim; it must be Retain",
    ),
    one(
        "data-is-kept",
        "volume",
        VOLUME,
        changed(DISK_VOLUME, "spec/persistentVolumeReclaimPolicy", "Delete"),
        "persistentVolumeReclaimPolicy is Delete: the data goes with the claim; it must be Retain",
    ),
    Case(
        "data-is-kept",
        "neither protected nor retained",
        [resource(CLAIM, RWO_CLAIM, protect=False, retain_on_delete=False)],
        ["is not protected: set the option protect", "is deleted with its stack: set the option retainOnDelete"],
    ),
    Case("data-is-kept", "retention unknown", [resource(CLAIM, RWO_CLAIM, retain_on_delete=None)], []),
    Case(
        "data-is-kept",
        "second name of a static volume",
        [resource(CLAIM, {"spec": {"volumeName": UNKNOWN}}, protect=False, retain_on_delete=False)],
        [],
    ),
    one(
        "data-is-kept",
        "database",
        RDS_TYPE,
        changed(changed(RDS, "skipFinalSnapshot", True), "deletionProtection"),
        "skipFinalSnapshot is true: the last state is lost with the instance",
        "deletionProtection is not true: anybody with the right can delete it in the console",
    ),
    one(
        "data-is-kept",
        "bucket",
        BUCKET,
        {"forceDestroy": True},
        "forceDestroy is true: a deletion empties the bucket first",
    ),
    Case(
        "data-is-kept",
        "configured",
        [resource(CLAIM, RWO_CLAIM, protect=False, retain_on_delete=False)],
        [],
        {"protect": False},
    ),
    one(
        "data-is-kept",
        "claims of a StatefulSet",
        "kubernetes:apps/v1:StatefulSet",
        {"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Delete"}}},
        "persistentVolumeClaimRetentionPolicy.whenDeleted is Delete: the claims of its pods go with it; it must be Retain",
        "persistentVolumeClaimRetentionPolicy.whenScaled is Delete: the claims of its pods go with a pod; it must be "
        "Retain",
    ),
    one("data-is-kept", "claims of a StatefulSet without a policy", "kubernetes:apps/v1:StatefulSet", {"spec": {}}),
    one("data-is-kept", "patch of a class without a policy", f"{STORAGE_CLASS}Patch", {"metadata": {"name": "fast"}}),
    one(
        "data-is-kept",
        "patch of a volume",
        f"{VOLUME}Patch",
        {"spec": {"persistentVolumeReclaimPolicy": "Delete"}},
        "persistentVolumeReclaimPolicy is Delete: the data goes with the claim; it must be Retain",
    ),
]
