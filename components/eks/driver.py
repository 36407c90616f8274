"""CSI drivers of an EKS cluster: the role they run with, the add-on, and the right to use a key of your own."""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import eks, iam
from typing_extensions import NotRequired

from ..aws import partition, tags_refused
from ..refusal import because, refuse


class Driver(str, Enum):
    """CSI drivers. The values are the names of their EKS add-ons."""

    EBS = "aws-ebs-csi-driver"
    EFS = "aws-efs-csi-driver"
    FSX = "aws-fsx-csi-driver"
    """Its static volumes need no role: only the part on the nodes works on them."""
    S3 = "aws-mountpoint-s3-csi-driver"
    """Its role gets the right to each mounted prefix from the component that mounts it."""


class Permission(str, Enum):
    """How a driver's pods get their role."""

    POD_IDENTITY = "pod-identity"
    """EKS Pod Identity: nothing to set up in IAM for each cluster. Needs the add-on eks-pod-identity-agent."""
    IRSA = "irsa"
    """Roles for service accounts, through the cluster's OIDC provider in IAM."""


SERVICE_ACCOUNTS = {
    Driver.EBS: ("ebs-csi-controller-sa",),
    Driver.EFS: ("efs-csi-controller-sa", "efs-csi-node-sa"),
    Driver.FSX: ("fsx-csi-controller-sa",),
    Driver.S3: ("s3-csi-driver-sa",),
}
"""Service accounts in kube-system (aws-ebs-csi-driver docs/install.md, and that page of the other two drivers)."""
ADDON_ACCOUNTS = {**SERVICE_ACCOUNTS, Driver.EFS: ("efs-csi-controller-sa",)}
"""Service accounts that the add-on itself can associate with a role of Pod Identity: of EFS not that of the nodes
(kubernetes-sigs/aws-efs-csi-driver#1759). Those need no role here: whoever comes by the access point with TLS may
mount, and the option `iam`, by which they would use one, is not set (aws-efs-csi-driver docs/parameters.md)."""
POLICIES = {
    # V2 works on what carries the tag ebs.csi.aws.com/cluster only; the first version is being retired
    # (aws-ebs-csi-driver#2918). Neither knows KMS: see key_statements. Unlike the first it is not under service-role/
    # (AWS managed policy reference); many a guide says so, and its role cannot be made.
    Driver.EBS: "AmazonEBSCSIDriverPolicyV2",
    Driver.EFS: "service-role/AmazonEFSCSIDriverPolicy",
    Driver.FSX: "AmazonFSxFullAccess",
}
"""AWS managed policies of the drivers (aws-ebs-csi-driver docs/install.md, and that page of the other two). The driver
of S3 has none here: AmazonS3FullAccess is for every bucket of the account."""


class DriverRoleArgs(TypedDict):
    """Arguments of DriverRole."""

    driver: Driver
    account: Input[str]
    """Account of the cluster, 12 digits."""
    region: str
    """Region of the cluster."""
    cluster: Input[str]
    """Name of the cluster."""
    permission: NotRequired[Permission]
    """How the driver's pods get their role; default pod-identity."""
    oidc_issuer: NotRequired[Input[str]]
    """irsa: the cluster's issuer, with or without https://; required there."""
    permissions_boundary: NotRequired[Input[str]]
    """ARN of the IAM policy that is the role's permissions boundary; default none. It has to allow what the driver's
    managed policy and its right to the key allow: a boundary allows nothing by itself, and takes away the rest."""
    tags: NotRequired[Mapping[str, str]]
    """Added to the role."""
    protect: NotRequired[bool]
    """Refuse to delete the role; default true. It is kept on deletion in any case, as its add-on is."""


def pod_identity_trust(account: str, region: str, cluster: str) -> dict[str, Any]:
    """Pods of this cluster only: without the condition every cluster of the account could take the role."""
    arn = f"arn:{partition(region)}:eks:{region}:{account}:cluster/{cluster}"
    return _trust(
        {"Service": "pods.eks.amazonaws.com"},
        ["sts:AssumeRole", "sts:TagSession"],
        {"StringEquals": {"aws:SourceAccount": account}, "ArnEquals": {"aws:SourceArn": arn}},
    )


def irsa_trust(account: str, region: str, issuer: str, service_accounts: tuple[str, ...]) -> dict[str, Any]:
    """These service accounts of the cluster behind the issuer, and no others."""
    host = issuer.removeprefix("https://")
    subjects = [f"system:serviceaccount:kube-system:{account_name}" for account_name in service_accounts]
    return _trust(
        {"Federated": f"arn:{partition(region)}:iam::{account}:oidc-provider/{host}"},
        ["sts:AssumeRoleWithWebIdentity"],
        {"StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": subjects}},
    )


def _trust(principal: dict[str, Any], actions: list[str], condition: dict[str, Any]) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": actions, "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [statement]}


def key_statements(key_arn: Any) -> dict[str, Any]:
    """What the EBS driver needs on a key of your own (aws-ebs-csi-driver docs/install.md)."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "UseTheKey",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"],
                "Resource": key_arn,
            },
            {
                "Sid": "GrantTheKeyToAwsServices",
                "Effect": "Allow",
                "Action": "kms:CreateGrant",
                "Resource": key_arn,
                "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
        ],
    }


def _permission(args: DriverRoleArgs) -> Permission:
    return Permission(args.get("permission", Permission.POD_IDENTITY))


def check_role(name: str, args: DriverRoleArgs) -> list[str]:
    """Mistakes in the arguments of DriverRole(name, args); none: it can be made."""
    found = because("tags", tags_refused(args.get("tags", {})))
    if _permission(args) == Permission.IRSA and "oidc_issuer" not in args:
        found.append("oidc_issuer: missing; permission irsa needs it")
    return found


class DriverRole(pulumi.ComponentResource):
    """The role of a driver. It is made before the key: a key's policy may name existing roles only."""

    arn: Output[str]
    role_name: Output[str]

    def __init__(self, name: str, args: DriverRoleArgs, opts: ResourceOptions | None = None) -> None:
        refuse("DriverRole", name, check_role(name, args))
        super().__init__("kotaemon:index:DriverRole", name, None, opts)
        driver, region = Driver(args["driver"]), args["region"]
        if "oidc_issuer" in args and _permission(args) == Permission.IRSA:
            trust = Output.all(args["account"], args["oidc_issuer"]).apply(
                lambda given: json.dumps(irsa_trust(given[0], region, given[1], SERVICE_ACCOUNTS[driver]))
            )
        else:
            trust = Output.all(args["account"], args["cluster"]).apply(
                lambda given: json.dumps(pod_identity_trust(given[0], region, given[1]))
            )
        # Kept as the add-on is (DriverAddon): without its role the driver that stays can make and attach no disk.
        kept = ResourceOptions(parent=self, protect=args.get("protect", True), retain_on_delete=True)
        role = iam.Role(
            f"{name}-role",
            description=f"{driver.value} of an EKS cluster",
            assume_role_policy=trust,
            permissions_boundary=args.get("permissions_boundary"),
            tags=args.get("tags"),
            opts=kept,
        )
        self.arn, self.role_name = role.arn, role.name
        if driver in POLICIES:
            attachment = iam.RolePolicyAttachment(
                f"{name}-policy",
                role=role.name,
                policy_arn=f"arn:{partition(region)}:iam::aws:policy/{POLICIES[driver]}",
                opts=kept,
            )
            # Whoever uses the name waits for the policy, too.
            self.role_name = Output.all(role.name, attachment.id).apply(lambda made: made[0])
        self.register_outputs({"arn": self.arn, "roleName": self.role_name})


class DriverAddonArgs(TypedDict):
    """Arguments of DriverAddon."""

    driver: Driver
    cluster: Input[str]
    """Name of the cluster."""
    role_arn: NotRequired[Input[str]]
    """Role of the driver's pods; default none: static volumes of EFS and FSx need none."""
    permission: NotRequired[Permission]
    """How the driver's pods get their role; default pod-identity."""
    version: NotRequired[str]
    """Version of the add-on; default: the one EKS has for the cluster's version."""
    role_name: NotRequired[Input[str]]
    """Name of that role, to let it use `key_arn`."""
    key_arn: NotRequired[Input[str]]
    """EBS: full ARN of the KMS key that the role may use; needs role_name."""
    tags: NotRequired[Mapping[str, str]]
    """Added to the add-on."""
    protect: NotRequired[bool]
    """Refuse to delete the add-on; default true. It is kept on deletion in any case: it unmounts the volumes."""


def addon(args: DriverAddonArgs) -> "eks.AddonArgs":
    """The add-on. A driver that was installed in another way is left alone: the creation fails then."""
    driver, role_arn = Driver(args["driver"]), args.get("role_arn")
    pod_identity = Permission(args.get("permission", Permission.POD_IDENTITY)) == Permission.POD_IDENTITY
    associations: list[eks.AddonPodIdentityAssociationArgs] = []
    if role_arn is not None and pod_identity:
        associations = [
            eks.AddonPodIdentityAssociationArgs(service_account=service_account, role_arn=role_arn)
            for service_account in ADDON_ACCOUNTS[driver]
        ]
    return eks.AddonArgs(
        cluster_name=args["cluster"],
        addon_name=driver.value,
        addon_version=args.get("version"),
        pod_identity_associations=associations or None,
        service_account_role_arn=None if pod_identity else role_arn,
        resolve_conflicts_on_create="NONE",
        resolve_conflicts_on_update="PRESERVE",
        # Without its driver no volume can be unmounted: it stays when the stack goes.
        preserve=True,
        tags=args.get("tags"),
    )


def check_addon(name: str, args: DriverAddonArgs) -> list[str]:
    """Mistakes in the arguments of DriverAddon(name, args); none: it can be made."""
    found = because("tags", tags_refused(args.get("tags", {})))
    if "key_arn" in args and "role_name" not in args:
        found.append("role_name: missing; key_arn needs the role that may use the key")
    return found


class DriverAddon(pulumi.ComponentResource):
    """A driver as an EKS add-on. Give it `depends_on`: the role, and the agent of Pod Identity."""

    def __init__(self, name: str, args: DriverAddonArgs, opts: ResourceOptions | None = None) -> None:
        refuse("DriverAddon", name, check_addon(name, args))
        super().__init__("kotaemon:index:DriverAddon", name, None, opts)
        protect, after = args.get("protect", True), list[pulumi.Resource]()
        if "key_arn" in args and "role_name" in args:
            # For a key whose policy leaves it to IAM; the policy of the stack's own key names the role itself.
            policy = Output.json_dumps(key_statements(args["key_arn"]))
            kept = ResourceOptions(parent=self, protect=protect, retain_on_delete=True)
            after.append(iam.RolePolicy(f"{name}-key", role=args["role_name"], policy=policy, opts=kept))
        eks.Addon(
            f"{name}-addon",
            args=addon(args),
            opts=ResourceOptions(parent=self, depends_on=after, protect=protect, retain_on_delete=True),
        )
        self.register_outputs({})


class PodIdentityAgentArgs(TypedDict):
    """Arguments of PodIdentityAgent."""

    cluster: Input[str]
    """Name of the cluster."""
    tags: NotRequired[Mapping[str, str]]
    """Added to the add-on."""
    protect: NotRequired[bool]
    """Refuse to delete the add-on; default true. It is kept on deletion in any case: other pods may need it."""


def check_agent(name: str, args: PodIdentityAgentArgs) -> list[str]:
    """Mistakes in the arguments of PodIdentityAgent(name, args); none: it can be made."""
    return because("tags", tags_refused(args.get("tags", {})))


class PodIdentityAgent(pulumi.ComponentResource):
    """The add-on through which pods get the roles of EKS Pod Identity. Auto Mode has it built in."""

    def __init__(self, name: str, args: PodIdentityAgentArgs, opts: ResourceOptions | None = None) -> None:
        refuse("PodIdentityAgent", name, check_agent(name, args))
        super().__init__("kotaemon:index:PodIdentityAgent", name, None, opts)
        eks.Addon(
            f"{name}-addon",
            cluster_name=args["cluster"],
            addon_name="eks-pod-identity-agent",
            resolve_conflicts_on_create="NONE",
            resolve_conflicts_on_update="PRESERVE",
            preserve=True,  # other pods of the cluster may have come to need it
            tags=args.get("tags"),
            opts=ResourceOptions(parent=self, protect=args.get("protect", True), retain_on_delete=True),
        )
        self.register_outputs({})
