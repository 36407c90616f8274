"""The CSI drivers of the cluster: existing ones that are adopted, or add-ons that the stack installs with IAM roles."""

from dataclasses import dataclass

import pulumi
from pulumi import Input, Output, ResourceOptions

from components.aws import partition
from components.eks.driver import (
    Driver,
    DriverAddon,
    DriverAddonArgs,
    DriverRole,
    DriverRoleArgs,
    Permission,
    PodIdentityAgent,
    PodIdentityAgentArgs,
)
from stacks.platforms.aws.place import Place
from stacks.platforms.aws.settings import AwsSettings, boundary, tags


@dataclass(frozen=True)
class Roles:
    """IAM roles of the drivers that the stack installs. They are made before the key, whose policy names them."""

    ebs: DriverRole | None
    efs: DriverRole | None
    s3: DriverRole | None = None


def roles(section: AwsSettings, place: Place, opts: ResourceOptions, *, protect: bool) -> Roles:
    """Make the IAM roles of the drivers that the stack installs."""
    drivers = section.drivers
    return Roles(
        ebs=_role(section, Driver.EBS, place, opts, protect) if drivers.ebs.mode == "install" else None,
        efs=_role(section, Driver.EFS, place, opts, protect) if drivers.efs.mode == "install" else None,
        s3=_role(section, Driver.S3, place, opts, protect) if drivers.s3.mode == "install" else None,
    )


def volume_roles(section: AwsSettings, made: Roles, *, uses_disks: bool) -> list[Input[str]]:
    """IAM roles that make and attach disks under the key.

    `uses_disks`: whether the driver makes the disk of any claim.
    """
    given = section.drivers.ebs.role
    if made.ebs is not None:
        return [made.ebs.arn]
    return [given] if given is not None and uses_disks else []


def instance_roles(section: AwsSettings, place: Place) -> list[Input[str]]:
    """IAM roles that start nodes with disks under the key; on Auto Mode this role also attaches volumes."""
    found: list[Input[str]] = []
    if section.auto_mode and place.cluster_role is not None:
        found.append(place.cluster_role)
    if section.key_for_nodes and not section.auto_mode:
        service = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
        found.append(Output.concat(f"arn:{partition(section.region)}:iam::", place.account, f":role/{service}"))
    return found


def install(
    chosen: AwsSettings, made: Roles, key: Input[str], opts: ResourceOptions, *, protect: bool
) -> list[pulumi.Resource]:
    """Make the add-ons of the drivers that the stack installs. Claims are made after them and deleted before them."""
    if chosen.cluster is None:
        return []
    before: list[pulumi.Resource] = []
    if chosen.drivers.install_agent:
        agent = PodIdentityAgentArgs(cluster=chosen.cluster, tags=tags(chosen), protect=protect)
        before.append(PodIdentityAgent("pod-identity", agent, opts))
    addons = list(before)
    if made.ebs is not None:
        args = _args(chosen, Driver.EBS, chosen.drivers.ebs.version, made.ebs, protect)
        args["key_arn"] = key
        addons.append(_addon(args, [*before, made.ebs], opts))
    if made.efs is not None:
        args = _args(chosen, Driver.EFS, chosen.drivers.efs.version, made.efs, protect)
        addons.append(_addon(args, [*before, made.efs], opts))
    if made.s3 is not None:
        args = _args(chosen, Driver.S3, chosen.drivers.s3.version, made.s3, protect)
        addons.append(_addon(args, [*before, made.s3], opts))
    if chosen.drivers.fsx.mode == "install":
        addons.append(_addon(_args(chosen, Driver.FSX, chosen.drivers.fsx.version, None, protect), before, opts))
    return addons


def _addon(args: DriverAddonArgs, after: list[pulumi.Resource], opts: ResourceOptions) -> DriverAddon:
    return DriverAddon(f"{args['driver'].value}-addon", args, ResourceOptions(provider=opts.provider, depends_on=after))


def _role(chosen: AwsSettings, driver: Driver, place: Place, opts: ResourceOptions, protect: bool) -> DriverRole:
    args = DriverRoleArgs(
        driver=driver,
        account=place.account,
        region=chosen.region,
        cluster=chosen.cluster or "",
        permission=Permission(chosen.drivers.permission),
        oidc_issuer=place.oidc_issuer,
        **boundary(chosen),
        tags=tags(chosen),
        protect=protect,
    )
    return DriverRole(driver.value, args, opts)


def _args(
    chosen: AwsSettings, driver: Driver, version: str | None, role: DriverRole | None, protect: bool
) -> DriverAddonArgs:
    args = DriverAddonArgs(
        driver=driver,
        cluster=chosen.cluster or "",
        permission=Permission(chosen.drivers.permission),
        tags=tags(chosen),
        protect=protect,
    )
    if version is not None:
        args["version"] = version
    if role is not None:
        args["role_arn"], args["role_name"] = role.arn, role.role_name
    return args
