"""The actions of docs/permissions/aws.yaml are operations that botocore knows."""

from pathlib import Path

import botocore.session
import yaml

SERVICES = {
    "elasticfilesystem": "efs",
    "servicequotas": "service-quotas",
    "tag": "resourcegroupstaggingapi",
}
"""First part of an action -> name of the service in botocore, where they differ."""
NO_OPERATION = {"iam:PassRole", "cloudformation:GetResource", "backup-storage:MountCapsule"}
"""Actions that IAM asks for beside an operation of another name: of Cloud Control the second, and of AWS Backup, which
needs it for CreateBackupVault, the third."""
OPERATIONS = {
    "s3:ListBucket": "HeadBucket",
    "s3:GetAccelerateConfiguration": "GetBucketAccelerateConfiguration",
    "s3:GetBucketCORS": "GetBucketCors",
    "s3:GetBucketObjectLockConfiguration": "GetObjectLockConfiguration",
    "s3:GetReplicationConfiguration": "GetBucketReplication",
    "s3:PutReplicationConfiguration": "PutBucketReplication",
    "s3:GetBucketPublicAccessBlock": "GetPublicAccessBlock",
    "s3:PutBucketPublicAccessBlock": "PutPublicAccessBlock",
    "s3:GetEncryptionConfiguration": "GetBucketEncryption",
    "s3:PutEncryptionConfiguration": "PutBucketEncryption",
    "s3:GetLifecycleConfiguration": "GetBucketLifecycleConfiguration",
    "s3:PutLifecycleConfiguration": "PutBucketLifecycleConfiguration",
}
"""Action -> operation, where S3 gives them two names (Service Authorization Reference, S3)."""


def test_every_action_is_an_operation() -> None:
    found = yaml.safe_load((Path(__file__).parents[3] / "docs/permissions/aws.yaml").read_text())
    actions = {action for each in found["types"].values() for action in each} | set(found["lookups"])
    session = botocore.session.get_session()
    known: dict[str, set[str]] = {}
    for service in {action.partition(":")[0] for action in actions - NO_OPERATION}:
        model = session.get_service_model(SERVICES.get(service, service))
        known[service] = set(model.operation_names)
    unknown = {
        a for a in actions - NO_OPERATION if OPERATIONS.get(a, a.partition(":")[2]) not in known[a.partition(":")[0]]
    }
    assert unknown == set()
