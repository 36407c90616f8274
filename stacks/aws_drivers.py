"""The CSI drivers of the cluster: adopted, or installed with a role of their own."""

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
from stacks.aws_claims import EbsClaim
from stacks.aws_place import Place
from stacks.aws_settings import AwsSettings
from stacks.aws_storage import section, tags
from stacks.settings import Settings


@dataclass(frozen=True)
class Roles:
    """Roles of the drivers that the stack installs. They come before the key, whose policy names them."""

    ebs: DriverRole | None
    efs: DriverRole | None


def roles(settings: Settings, place: Place, opts: ResourceOptions) -> Roles:
    """Make the roles."""
    drivers = section(settings).drivers
    return Roles(
        ebs=_role(settings, Driver.EBS, place, opts) if drivers.ebs.mode == "install" else None,
        efs=_role(settings, Driver.EFS, place, opts) if drivers.efs.mode == "install" else None,
    )


def volume_roles(settings: Settings, made: Roles) -> list[Input[str]]:
    """Who makes and attaches disks with the key."""
    given = section(settings).drivers.ebs.role
    if made.ebs is not None:
        return [made.ebs.arn]
    return [given] if given is not None and uses_ebs(settings) else []


def instance_roles(settings: Settings, place: Place) -> list[Input[str]]:
    """Who starts nodes, or on Auto Mode also attaches volumes, with disks under the key."""
    section_ = section(settings)
    found: list[Input[str]] = []
    if section_.auto_mode and place.cluster_role is not None:
        found.append(place.cluster_role)
    if section_.key_for_nodes and not section_.auto_mode:
        service = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
        found.append(Output.concat(f"arn:{partition(section_.region)}:iam::", place.account, f":role/{service}"))
    return found


def uses_ebs(settings: Settings) -> bool:
    """Whether any claim is a disk of EBS."""
    return any(isinstance(claim, EbsClaim) for claim in settings.storage.claims.values())


def install(settings: Settings, made: Roles, key: Input[str], opts: ResourceOptions) -> list[pulumi.Resource]:
    """Make the add-ons of the drivers that are to be installed. Claims come after them, and go before them."""
    chosen = section(settings)
    if chosen.cluster is None:
        return []
    before: list[pulumi.Resource] = []
    if chosen.drivers.install_agent:
        agent = PodIdentityAgentArgs(cluster=chosen.cluster, tags=tags(chosen))
        before.append(PodIdentityAgent("pod-identity", agent, opts))
    addons = list(before)
    if made.ebs is not None:
        args = _args(chosen, Driver.EBS, chosen.drivers.ebs.version, made.ebs)
        args["key_arn"] = key
        addons.append(_addon(args, [*before, made.ebs], opts))
    if made.efs is not None:
        args = _args(chosen, Driver.EFS, chosen.drivers.efs.version, made.efs)
        addons.append(_addon(args, [*before, made.efs], opts))
    if chosen.drivers.fsx.mode == "install":
        addons.append(_addon(_args(chosen, Driver.FSX, chosen.drivers.fsx.version, None), before, opts))
    return addons


def _addon(args: DriverAddonArgs, after: list[pulumi.Resource], opts: ResourceOptions) -> DriverAddon:
    return DriverAddon(f"{args['driver'].value}-addon", args, ResourceOptions(provider=opts.provider, depends_on=after))


def _role(settings: Settings, driver: Driver, place: Place, opts: ResourceOptions) -> DriverRole:
    chosen = section(settings)
    args = DriverRoleArgs(
        driver=driver,
        account=place.account,
        region=chosen.region,
        cluster=chosen.cluster or "",
        permission=Permission(chosen.drivers.permission),
        oidc_issuer=place.oidc_issuer,
        tags=tags(chosen),
    )
    return DriverRole(driver.value, args, opts)


def _args(chosen: AwsSettings, driver: Driver, version: str | None, role: DriverRole | None) -> DriverAddonArgs:
    args = DriverAddonArgs(
        driver=driver,
        cluster=chosen.cluster or "",
        permission=Permission(chosen.drivers.permission),
        tags=tags(chosen),
    )
    if version is not None:
        args["version"] = version
    if role is not None:
        args["role_arn"], args["role_name"] = role.arn, role.role_name
    return args
