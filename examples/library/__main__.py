"""Kotaemon on EKS with an EBS disk and shared files on Amazon EFS, in another team's program.

The cluster, its CSI drivers for EBS and EFS, and the key exist already. The default providers reach them.
"""

import pulumi
from kotaemon_storage import (
    ApplicationNamespace,
    Claim,
    EbsStorage,
    EbsStorageArgs,
    EfsStorage,
    EfsStorageArgs,
    Kotaemon,
    KotaemonArgs,
    Role,
    RoleMount,
    StorageMap,
)

config = pulumi.Config()
region, key_arn = config.require("region"), config.require("keyArn")
subnets: dict[str, str] = config.require_object("subnets")

space = ApplicationNamespace("kotaemon", {})
# SQLite, Chroma and LanceDB need a disk. Models and uploads may be shared.
disk = EbsStorage("disk", EbsStorageArgs(namespace=space.namespace, key_arn=key_arn, zones=list(subnets), size="50Gi"))
files = EfsStorage(
    "files",
    EfsStorageArgs(
        namespace=space.namespace,
        key_arn=key_arn,
        region=region,
        vpc_id=config.require("vpcId"),
        subnets=subnets,
        client_security_groups={"nodes": config.require("nodeSecurityGroup")},
    ),
)


def mount(role: Role, claim: Claim) -> RoleMount:
    """A role in a folder of the claim that has the role's name."""
    return RoleMount(claim=claim, sub_path=role.value, read_only=False)


claims = {Role.INDEXES: disk.claim, Role.SESSIONS: disk.claim}
storage: StorageMap = {role.value: mount(role, claims.get(role, files.claim)) for role in Role}
app = Kotaemon(
    "documents",
    KotaemonArgs(namespace=space.namespace, storage=storage),
    pulumi.ResourceOptions(depends_on=[disk, files]),
)

pulumi.export("url", app.url)
pulumi.export("files", files.file_system_id)
