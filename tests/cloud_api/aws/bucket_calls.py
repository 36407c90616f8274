"""The calls for a bucket and what guards it, from terraform-provider-aws: internal/service/s3."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.cloud_api.aws.call import Call, Inputs, tags, used


def _bucket(left: Inputs, _: str) -> Iterator[Call]:
    name = left.pop("bucket")
    yield Call("s3", "CreateBucket", {"Bucket": name})
    if tagged := tags(left):
        yield Call("s3", "PutBucketTagging", {"Bucket": name, "Tagging": {"TagSet": tagged}})


def _versioning(left: Inputs, _: str) -> Iterator[Call]:
    status = left.pop("versioningConfiguration")["status"]
    yield _put("Versioning", left, VersioningConfiguration={"Status": status})


def _private(left: Inputs, _: str) -> Iterator[Call]:
    names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    asked = {name[0].upper() + name[1:]: left.pop(name) for name in names}
    yield Call("s3", "PutPublicAccessBlock", {"Bucket": left.pop("bucket"), "PublicAccessBlockConfiguration": asked})


def _ownership(left: Inputs, _: str) -> Iterator[Call]:
    rule = {"ObjectOwnership": left.pop("rule")["objectOwnership"]}
    yield _put("OwnershipControls", left, OwnershipControls={"Rules": [rule]})


def _encryption(left: Inputs, _: str) -> Iterator[Call]:
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"],
                "KMSMasterKeyID": rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"],
            },
            "BucketKeyEnabled": rule["bucketKeyEnabled"],
        }
        for rule in left.pop("rules")
    ]
    yield _put("Encryption", left, ServerSideEncryptionConfiguration={"Rules": rules})


def _policy(left: Inputs, _: str) -> Iterator[Call]:
    yield _put("Policy", left, Policy=left.pop("policy"))


def _lifecycle(left: Inputs, _: str) -> Iterator[Call]:
    rules = [_rule(dict(rule)) for rule in left.pop("rules")]
    yield _put("LifecycleConfiguration", left, LifecycleConfiguration={"Rules": rules})


def _replication(left: Inputs, _: str) -> Iterator[Call]:
    rules = [_copied(dict(rule)) for rule in left.pop("rules")]
    yield _put("Replication", left, ReplicationConfiguration={"Role": left.pop("role"), "Rules": rules})


def _copied(left: Inputs) -> dict[str, Any]:
    to, chosen = dict(left.pop("destination")), left.pop("sourceSelectionCriteria")
    encrypted = {"ReplicaKmsKeyID": to.pop("encryptionConfiguration")["replicaKmsKeyId"]}
    destination: dict[str, Any] = {"Bucket": to.pop("bucket"), "EncryptionConfiguration": encrypted}
    if owner := to.pop("accessControlTranslation", None):
        destination |= {"Account": to.pop("account"), "AccessControlTranslation": {"Owner": owner["owner"]}}
    rule = {
        "ID": left.pop("id"),
        "Status": left.pop("status"),
        "Priority": int(left.pop("priority")),
        "Filter": {"Prefix": left.pop("filter")["prefix"]},
        "DeleteMarkerReplication": {"Status": left.pop("deleteMarkerReplication")["status"]},
        "SourceSelectionCriteria": {
            "SseKmsEncryptedObjects": {"Status": chosen["sseKmsEncryptedObjects"]["status"]},
        },
        "Destination": destination,
    }
    with used("rule of a replication", left), used("its destination", to):
        return rule


def _rule(left: Inputs) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "ID": left.pop("id"),
        "Status": left.pop("status"),
        "Filter": {"Prefix": left.pop("filter")["prefix"]},
    }
    if ended := left.pop("noncurrentVersionExpiration", None):
        rule["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(ended["noncurrentDays"])}
    if ended := left.pop("expiration", None):
        rule["Expiration"] = {"ExpiredObjectDeleteMarker": ended["expiredObjectDeleteMarker"]}
    if ended := left.pop("abortIncompleteMultipartUpload", None):
        rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": int(ended["daysAfterInitiation"])}
    if moved := left.pop("transitions", None):
        rule["Transitions"] = [{"Days": int(one["days"]), "StorageClass": one["storageClass"]} for one in moved]
    with used("lifecycle rule", left):
        return rule


def _put(what: str, left: Inputs, **parameters: Any) -> Call:
    return Call("s3", f"PutBucket{what}", {"Bucket": left.pop("bucket"), **parameters})


BUILDERS: dict[str, Callable[[Inputs, str], Iterator[Call]]] = {
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketVersioning:BucketVersioning": _versioning,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _private,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _ownership,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _encryption,
    "aws:s3/bucketPolicy:BucketPolicy": _policy,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _lifecycle,
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": _replication,
}
