"""The rule that resources which hold data are deleted neither with their stack nor by mistake."""

from collections.abc import Iterator
from typing import Any

from policy.resource import UNKNOWN, Resource, at, missing, yes
from policy.rule import Config, Level, Rule, each
from policy.workload import STATEFUL_SET, is_patch, object_type

HOLDERS = (
    "aws:kms/key:Key",
    "aws:ebs/volume:Volume",
    "aws:efs/fileSystem:FileSystem",
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
    "aws:fsx/lustreFileSystem:LustreFileSystem",
    "aws:fsx/ontapFileSystem:OntapFileSystem",
    "aws:rds/instance:Instance",
    "aws:rds/cluster:Cluster",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketV2:BucketV2",
    "aws:backup/vault:Vault",
    "alicloud:kms/key:Key",
    "alicloud:ecs/disk:Disk",
    "alicloud:ecs/ecsDisk:EcsDisk",
    "alicloud:nas/fileSystem:FileSystem",
    "alicloud:rds/instance:Instance",
    "alicloud:oss/bucket:Bucket",
    "alicloud:hbr/vault:Vault",
)
"""Type tokens of the resources whose deletion deletes data. A key is one: without it all data under it is lost."""
_MUST_NOT = {
    "aws:rds/instance:Instance": ("skipFinalSnapshot", True, "the last state is lost with the instance"),
    "aws:rds/cluster:Cluster": ("skipFinalSnapshot", True, "the last state is lost with the cluster"),
    "aws:s3/bucket:Bucket": ("forceDestroy", True, "a deletion empties the bucket first"),
    "aws:s3/bucketV2:BucketV2": ("forceDestroy", True, "a deletion empties the bucket first"),
    "aws:backup/vault:Vault": ("forceDestroy", True, "a deletion empties the vault first"),
    "alicloud:oss/bucket:Bucket": ("forceDestroy", True, "a deletion empties the bucket first"),
    "alicloud:kms/key:Key": ("deletionProtection", "Disabled", "anybody with the right can delete the key"),
}
_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
_VOLUME = "kubernetes:core/v1:PersistentVolume"
_CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


def _data_is_kept(resource: Resource, config: Config) -> Iterator[str]:
    inputs = resource.inputs
    kind = object_type(resource)
    left_alone = is_patch(resource) and inputs.get("reclaimPolicy") is None
    if kind == _CLASS and not left_alone and inputs.get("reclaimPolicy") not in ("Retain", UNKNOWN):
        said = inputs.get("reclaimPolicy", "missing, which means Delete")
        yield f"reclaimPolicy is {said}: the disk goes with its claim; it must be Retain"
    if kind == _VOLUME and inputs.get("spec") != UNKNOWN:
        policy = at(inputs, "spec", "persistentVolumeReclaimPolicy")
        if policy not in ("Retain", UNKNOWN, None):  # Retain is the default of a volume that was not provisioned
            yield f"persistentVolumeReclaimPolicy is {policy}: the data goes with the claim; it must be Retain"
    if kind == STATEFUL_SET:
        for when, word in (("whenDeleted", "it"), ("whenScaled", "a pod")):
            if at(inputs, "spec", "persistentVolumeClaimRetentionPolicy", when) == "Delete":
                key = f"persistentVolumeClaimRetentionPolicy.{when}"
                yield f"{key} is Delete: the claims of its pods go with {word}; it must be Retain"
    if resource.type in _MUST_NOT:
        key, wrong, why = _MUST_NOT[resource.type]
        if inputs.get(key) == wrong:
            yield f"{key} is {str(wrong).lower() if wrong is True else wrong}: {why}"
    if (resource.type in HOLDERS or _makes_a_volume(resource)) and config.get("protect", True):
        if not resource.protect:
            yield "is not protected: set the option protect"
        if resource.retain_on_delete is False:
            yield "is deleted with its stack: set the option retainOnDelete"


def _makes_a_volume(resource: Resource) -> bool:
    """Whether a claim gets a new volume from a StorageClass. A claim on a static volume only names that volume."""
    spec: Any = resource.inputs.get("spec")
    return resource.type == _CLAIM and spec != UNKNOWN and missing(at(spec, "volumeName"))


def protected_database(resource: Resource, config: Config) -> Iterator[str]:
    """Find databases without deletion protection: with it the cloud itself refuses to delete them."""
    if resource.type in ("aws:rds/instance:Instance", "aws:rds/cluster:Cluster", "alicloud:rds/instance:Instance"):
        given = resource.inputs.get("deletionProtection")
        if config.get("protect", True) and not yes(given):
            yield "deletionProtection is not true: anybody with the right can delete it in the console"


def _both(resource: Resource, config: Config) -> Iterator[str]:
    yield from _data_is_kept(resource, config)
    yield from protected_database(resource, config)


DATA_IS_KEPT = Rule(
    name="data-is-kept",
    level=Level.MANDATORY,
    summary="Resources that hold data are protected, retained, and never deleted with their claim.",
    blind="Claims that the controller of a StatefulSet or an operator makes cannot be protected here: for those it "
    "looks at their retention policy only. Backups. Against `kubectl delete`: a Kyverno rule of your own.",
    source="https://www.pulumi.com/docs/iac/concepts/options/protect/",
    check=each(_both),
    settings={
        "protect": {
            "type": "boolean",
            "description": "Whether the option protect and deletion protection are required; default: true. Set it "
            "to false for test stacks.",
        }
    },
)
