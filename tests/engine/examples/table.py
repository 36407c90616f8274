"""What the tests of the examples expect of each stack."""

from dataclasses import dataclass
from typing import Any

from components.contract import Platform

PVC = "kubernetes:core/v1:PersistentVolumeClaim"
PV = "kubernetes:core/v1:PersistentVolume"

Update = tuple[str, str]


@dataclass(frozen=True)
class Example:
    """One of the example stacks."""

    name: str
    platform: Platform
    replicas: int
    claims: frozenset[str]
    """Every claim in its namespace."""
    secrets: frozenset[str]
    """Secrets with generated passwords, which cannot be made again."""
    retained: frozenset[str]
    """Types of the cloud's resources that hold data, or that what holds data needs: they are never deleted."""
    grown: dict[str, Any]
    """Configuration with larger sizes."""
    updates: frozenset[Update]
    """Type and name of all that changes in place then. Of a volume that the stack makes the claim stays as it is."""
    sizes: dict[str, str]
    """Claim -> size that its volume has then."""
    moved: dict[str, Any]
    """Configuration that would make something that holds data anew, and empty."""
    models: str
    """Claim and folder of the models, as another repository reads them."""


AWS_SINGLE = Example(
    name="aws-single",
    platform=Platform.AWS,
    replicas=1,
    claims=frozenset({"kotaemon-disk", "kotaemon-files"}),
    secrets=frozenset({"kotaemon-admin"}),
    retained=frozenset(
        {"aws:kms/key:Key", "aws:efs/fileSystem:FileSystem", "aws:efs/accessPoint:AccessPoint"},
    ),
    grown={"storage.claims.disk.size": "80Gi", "storage.claims.files.size": "200Gi"},
    updates=frozenset({(PVC, "kotaemon-disk-claim"), (PV, "kotaemon-files-volume")}),
    sizes={"kotaemon-disk": "80Gi", "kotaemon-files": "200Gi"},
    moved={"storage.claims.files.oneZone": "eu-central-1b"},
    models="kotaemon-files/models",
)
AWS_SCALED = Example(
    name="aws-scaled",
    platform=Platform.AWS,
    replicas=3,
    claims=frozenset({"kotaemon-shared", "kotaemon-weights"}),
    secrets=frozenset({"kotaemon-admin"}),
    retained=frozenset(
        {
            "aws:kms/key:Key",
            "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
            "aws:fsx/lustreFileSystem:LustreFileSystem",
            "aws:rds/instance:Instance",
        }
    ),
    grown={"storage.claims.shared.size": "512Gi", "aws.database.size": "40Gi"},
    updates=frozenset(
        {
            ("aws:fsx/openZfsFileSystem:OpenZfsFileSystem", "kotaemon-shared-files"),
            (PV, "kotaemon-shared-volume"),
            (PV, "kotaemon-shared-folders-volume"),
            ("aws:rds/instance:Instance", "kotaemon-database-instance"),
        }
    ),
    sizes={"kotaemon-shared": "512Gi"},
    moved={"storage.claims.weights.zone": "eu-central-1b"},
    models="kotaemon-weights/models",
)
ALICLOUD_SINGLE = Example(
    name="alicloud-single",
    platform=Platform.ALICLOUD,
    replicas=1,
    claims=frozenset({"kotaemon-disk", "kotaemon-files"}),
    secrets=frozenset({"kotaemon-admin"}),
    retained=frozenset(
        {
            "alicloud:kms/key:Key",
            "alicloud:nas/fileSystem:FileSystem",
            "alicloud:nas/mountTarget:MountTarget",
            "alicloud:hbr/vault:Vault",
        }
    ),
    grown={"storage.claims.disk.size": "60Gi", "storage.claims.files.size": "200Gi"},
    updates=frozenset(
        {(PVC, "kotaemon-disk-claim"), (PV, "kotaemon-files-volume"), (PV, "kotaemon-files-folders-volume")}
    ),
    sizes={"kotaemon-disk": "60Gi", "kotaemon-files": "200Gi"},
    moved={"storage.claims.files.zone": "cn-hangzhou-i"},
    models="kotaemon-files/models",
)
ALICLOUD_SCALED = Example(
    name="alicloud-scaled",
    platform=Platform.ALICLOUD,
    replicas=3,
    claims=frozenset({"kotaemon-files"}),
    secrets=frozenset({"kotaemon-admin"}),
    retained=frozenset(
        {
            "alicloud:kms/key:Key",
            "alicloud:nas/fileSystem:FileSystem",
            "alicloud:nas/mountTarget:MountTarget",
            "alicloud:hbr/vault:Vault",
            "alicloud:rds/instance:Instance",
            "alicloud:rds/rdsAccount:RdsAccount",
            "alicloud:rds/database:Database",
        }
    ),
    grown={"storage.claims.files.size": "800Gi", "alicloud.database.size": "100Gi"},
    updates=frozenset(
        {
            (PV, "kotaemon-files-volume"),
            (PV, "kotaemon-files-folders-volume"),
            ("alicloud:rds/instance:Instance", "kotaemon-database-instance"),
        }
    ),
    sizes={"kotaemon-files": "800Gi"},
    moved={"storage.claims.files.zone": "cn-hangzhou-i"},
    models="kotaemon-files/models",
)
PRIVATE_SCALED = Example(
    name="private-scaled",
    platform=Platform.PRIVATE,
    replicas=3,
    claims=frozenset({"kotaemon-files", "kotaemon-database-disk", "kotaemon-vectors-disk"}),
    secrets=frozenset({"kotaemon-admin", "kotaemon-database", "kotaemon-vectors"}),
    retained=frozenset(),
    grown={
        "storage.claims.files.size": "800Gi",
        "stores.database.size": "30Gi",
        "stores.vectorStore.size": "80Gi",
    },
    updates=frozenset(
        {
            (PV, "kotaemon-files-volume"),
            (PVC, "kotaemon-database-disk-claim"),
            (PVC, "kotaemon-vectors-disk-claim"),
        }
    ),
    sizes={"kotaemon-files": "800Gi", "kotaemon-database-disk": "30Gi", "kotaemon-vectors-disk": "80Gi"},
    moved={"storage.claims.files.server": "other.example.org"},
    models="kotaemon-files/models",
)
EXAMPLES = (AWS_SINGLE, AWS_SCALED, ALICLOUD_SINGLE, ALICLOUD_SCALED, PRIVATE_SCALED)
BRIEF = ("aws-scaled", "alicloud-scaled", "private-scaled")
"""Those of the short form: the kinds that only the others have are changed in tests/engine/effects as well."""
