"""The rules that data at rest is encrypted with a key of your own, not with the provider's default key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from policy.resource import UNKNOWN, Resource, at, items, known, missing, yes
from policy.rule import Config, Finding, Level, Rule, each

_KEYS: dict[str, dict[str, Any]] = {
    "keys": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Keys that may be used, with the wildcards * and ?; default: every key that is not the "
        "provider's own.",
    }
}


@dataclass(frozen=True)
class Encrypted:
    """Which inputs of a storage resource say that it is encrypted, and with which key."""

    key: tuple[str, ...]
    """Path of the input that names the key."""
    switch: tuple[str, ...] = ()
    """Path of the input that switches encryption on. Empty: the key alone switches it on."""
    switch_on: tuple[Any, ...] = (True,)
    inherited_from: str = ""
    """Input which says that the storage is a copy of another one, and takes over its key."""


STORES: dict[str, Encrypted] = {
    "aws:ebs/volume:Volume": Encrypted(("kmsKeyId",), ("encrypted",)),
    "aws:efs/fileSystem:FileSystem": Encrypted(("kmsKeyId",), ("encrypted",)),
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": Encrypted(("kmsKeyId",)),
    "aws:fsx/lustreFileSystem:LustreFileSystem": Encrypted(("kmsKeyId",)),
    "aws:fsx/ontapFileSystem:OntapFileSystem": Encrypted(("kmsKeyId",)),
    "aws:rds/instance:Instance": Encrypted(("kmsKeyId",), ("storageEncrypted",), inherited_from="replicateSourceDb"),
    "aws:rds/cluster:Cluster": Encrypted(("kmsKeyId",), ("storageEncrypted",)),
    "aws:backup/vault:Vault": Encrypted(("kmsKeyArn",)),
    "alicloud:ecs/disk:Disk": Encrypted(("kmsKeyId",), ("encrypted",)),
    "alicloud:ecs/ecsDisk:EcsDisk": Encrypted(("kmsKeyId",), ("encrypted",)),
    "alicloud:nas/fileSystem:FileSystem": Encrypted(("kmsKeyId",), ("encryptType",), (2,)),
    "alicloud:rds/instance:Instance": Encrypted(("encryptionKey",)),
    "alicloud:hbr/vault:Vault": Encrypted(("kmsKeyId",), ("encryptType",), ("KMS",)),
}
"""Type token -> the inputs for its encryption, from the providers' schemas."""
_IN_CLASS = Encrypted(("parameters", "kmsKeyId"), ("parameters", "encrypted"))
CLASSES: dict[str, Encrypted] = {
    "ebs.csi.aws.com": _IN_CLASS,
    "ebs.csi.eks.amazonaws.com": _IN_CLASS,
    "kubernetes.io/aws-ebs": _IN_CLASS,
    "diskplugin.csi.alibabacloud.com": _IN_CLASS,
    "fsx.csi.aws.com": Encrypted(("parameters", "kmsKeyId")),
    "fsx.openzfs.csi.aws.com": Encrypted(("parameters", "KmsKeyId")),
}
"""Provisioner -> the StorageClass parameters for the encryption of its volumes. efs.csi.aws.com is not among them: it
makes folders of a file system, not storage of its own."""
BUCKETS = {
    "aws:s3/bucket:Bucket": "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketV2:BucketV2": (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    ),
    "alicloud:oss/bucket:Bucket": "alicloud:oss/bucketServerSideEncryption:BucketServerSideEncryption",
}
"""Type token of a bucket -> type tokens of the resources that set its encryption."""


def _customer_key(resource: Resource, config: Config) -> Iterator[str]:
    rule = STORES.get(resource.type)
    if resource.type == "kubernetes:storage.k8s.io/v1:StorageClass":
        rule = CLASSES.get(str(resource.inputs.get("provisioner")))
    if rule is None or (rule.inherited_from and not missing(resource.inputs.get(rule.inherited_from))):
        return
    if rule.switch:
        switch = at(resource.inputs, *rule.switch)
        if not (yes(switch) if rule.switch_on == (True,) else switch == UNKNOWN or switch in rule.switch_on):
            yield f"{'.'.join(rule.switch)} is {_text(switch)}; it must be {_text(rule.switch_on[0])}"
    yield from _key(".".join(rule.key), at(resource.inputs, *rule.key), config)


def _key(path: str, key: Any, config: Config) -> Iterator[str]:
    if missing(key):
        yield f"{path} is missing, so the provider takes a key of its own; name your key"
    elif known(key):
        allowed = config.get("keys", [])
        if str(key).removeprefix("arn:").rpartition("alias/")[2].startswith(("aws/", "acs/")):
            yield f"{path} is {key}, a key of the provider that you can neither revoke nor share; name your key"
        elif allowed and not any(fnmatchcase(str(key), pattern) for pattern in allowed):
            yield f"{path} is {key}; the configuration allows {', '.join(allowed)}"


def _bucket_key(resources: Sequence[Resource], config: Config) -> Iterator[Finding]:
    settings = [r for r in resources if r.type in BUCKETS.values()]
    for bucket in resources:
        if bucket.type not in BUCKETS:
            continue
        own = [s for s in settings if s.type == BUCKETS[bucket.type] and _is_about(s, bucket)]
        given = [r for s in own for r in _rules(s.inputs)] + _rules(bucket.inputs)
        if not given:
            yield bucket, "has no encryption with a key of your own: add a server-side encryption with KMS and its key"
        for algorithm, key in given:
            if known(algorithm) and not str(algorithm).lower().endswith(("kms", "kms:dsse")):
                yield bucket, f"is encrypted by {algorithm}, with keys of the provider; it must be KMS with your key"
            else:
                yield from ((bucket, message) for message in _key("kmsMasterKeyId", key, config))


def _is_about(setting: Resource, bucket: Resource) -> bool:
    name = setting.inputs.get("bucket")
    return bucket.urn in setting.depends_on if bucket.urn else known(name) and name == bucket.inputs.get("bucket")


def _rules(inputs: Any) -> list[tuple[Any, Any]]:
    """Algorithm and key of each encryption rule, in the three ways in which the providers write them."""
    inline = at(inputs, "serverSideEncryptionConfiguration", "rule")
    rules = [*items(inputs.get("rules")), *([inline] if inline else [])]
    found = [at(rule, "applyServerSideEncryptionByDefault") for rule in rules]
    found += [rule for rule in (inputs.get("serverSideEncryptionRule"),) if rule]
    if "sseAlgorithm" in inputs:
        found.append(inputs)
    return [(at(rule, "sseAlgorithm"), at(rule, "kmsMasterKeyId")) for rule in found]


def _text(value: Any) -> str:
    return "missing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


CUSTOMER_KEY = Rule(
    name="customer-key",
    level=Level.MANDATORY,
    summary="Disks, file systems, databases and backup vaults are encrypted with a key of your own.",
    blind="Storage that a Helm release or an operator makes, and classes that no resource of the stack makes. What "
    "encrypts a server of your own. For the clouds' resources as a whole: Checkov (CKV_AWS_*, CKV_ALI_*).",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html (customer managed keys)",
    check=each(_customer_key),
    settings=_KEYS,
)
BUCKET_KEY = Rule(
    name="bucket-key",
    level=Level.MANDATORY,
    summary="Buckets are encrypted with KMS and a key of your own.",
    blind="Buckets of other clouds, and a key's own policy. For those: Checkov, or Prowler on the live account.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
    check=_bucket_key,
    whole_stack=True,
    settings=_KEYS,
)
