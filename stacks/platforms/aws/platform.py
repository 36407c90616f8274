"""Platform `aws`: an existing EKS cluster, with a key, drivers, storage and a database that the stack makes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import Input, InvokeOptions, ResourceOptions

from components.aws import tag_statement
from estimate.offers import Offer, Part, Wanted
from estimate.product import Product
from estimate.products.aws_key import AwsKey as KeyProduct
from stacks import kinds
from stacks.kinds.base import Buys
from stacks.offered import CLUSTER
from stacks.platforms import own_configuration
from stacks.platforms.aws import own_key
from stacks.platforms.aws.alarms import ALARMS
from stacks.platforms.aws.bucket import BUCKETS
from stacks.platforms.aws.copies import COPIES, account_of
from stacks.platforms.aws.effects import EFFECTS
from stacks.platforms.aws.place import Place
from stacks.platforms.aws.settings import AwsSettings, adopted, key_alias, tags
from stacks.platforms.base import Ground, OwnDatabase, PlatformStack
from stacks.settings.settings import Settings
from stacks.stores.rds import STORE as RDS

if TYPE_CHECKING:
    from components.encryption.aws import AwsKeyArgs
    from stacks.platforms.aws.drivers import Roles


class Aws(PlatformStack):
    """Platform AWS: an existing EKS cluster."""

    section = AwsSettings
    effects = EFFECTS
    buckets = BUCKETS
    copies = COPIES
    alarms = ALARMS
    own_store = RDS
    about = "region, network, key, drivers, stores"

    def zones(self, settings: Settings) -> list[str]:
        """The zones of the subnets in the stack file, or the zones that it lists."""
        return settings.section(AwsSettings).known_zones

    def region(self, settings: Settings) -> str:
        """The region in the section `kotaemon:aws`."""
        return settings.section(AwsSettings).region

    def planned(self, settings: Settings) -> Place:
        """The place with the zones of the stack file, and PLANNED for what is looked up later."""
        return Place.planned(settings.section(AwsSettings))

    def ground(self, settings: Settings) -> Ground:
        """Register the providers, the IAM roles of the drivers, the key whose policy names them, and the add-ons."""
        import pulumi_aws as aws

        from stacks.platforms.aws import addons, drivers, lookup

        section = settings.section(AwsSettings)
        if line := _about_tags(settings):
            pulumi.log.warn(line)
        account = aws.Provider("aws", region=section.region, **provider_arguments(section))
        invoke = InvokeOptions(provider=account)
        place = lookup.find(section, invoke)
        addons.tell(settings, section, place, invoke)
        cluster = lookup.kubernetes_provider(settings, section, invoke)
        cloud = ResourceOptions(provider=account)
        roles = drivers.roles(section, place, cloud, protect=settings.protect)
        key = _key(settings, place, roles, cloud, invoke)
        installed = drivers.install(section, roles, key, cloud, protect=settings.protect)
        both = ResourceOptions(providers=[cluster, account], depends_on=installed)
        if roles.s3 is not None:
            place = replace(place, bucket_role=roles.s3.role_name)
        return Ground(ResourceOptions(provider=cluster), both, place, key)

    def preflight(self, settings: Settings, products: Sequence[Product], ground: Ground) -> None:
        """Ask Service Quotas, where `quotas` is true."""
        if settings.section(AwsSettings).quotas:
            from stacks.platforms.aws import quotas

            quotas.tell(
                products, tags(settings.section(AwsSettings)), InvokeOptions(provider=account_of_ground(ground))
            )

    def mistakes(self, settings: Settings) -> Iterator[str]:
        """Mistakes between the drivers, the key and the database on one side and the claims on the other."""
        section = settings.section(AwsSettings)
        if section.key_arn is None and _driver_unnamed(settings):
            yield (
                "drivers.ebs.role: missing; give the IAM role of the existing driver, for the policy of the stack's key"
            )
        if section.database is not None:
            zones = len(section.known_zones)
            if zones < 2:
                yield f"database: {section.database.short_of_zones(zones)}; give subnets"
            if not settings.scaled:
                yield (
                    "database: only the profile scaled uses a database, and this stack has profile single-writer; "
                    "leave it out"
                )

    def check(self, settings: Settings) -> list[str]:
        """What the provider and the component of the key would refuse."""
        from components.encryption.aws import check
        from stacks.platforms.aws.drivers import Roles

        found = [*provider_mistakes(settings.section(AwsSettings)), *_log_in_mistakes(settings)]
        if settings.section(AwsSettings).key_arn is not None:
            return found
        return found + check("key", _key_args(settings, self.planned(settings), Roles(ebs=None, efs=None)))

    def database(self, settings: Settings) -> OwnDatabase | None:
        """PostgreSQL on RDS, when the section has a database."""
        chosen = settings.section(AwsSettings).database
        return None if chosen is None else OwnDatabase(chosen, RDS)

    def products(self, settings: Settings) -> list[Buys]:
        """The KMS key, when the stack makes one."""
        given = settings.section(AwsSettings).key_arn
        return [] if given is not None else [Buys("key-key", KeyProduct())]

    def advised_zone(self, region: str, letter: str) -> str:
        """Name of a zone: the region and a letter."""
        return f"{region}{letter}"

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """An example of the section, and PostgreSQL on RDS."""
        yield Offer(
            Part.PLACE,
            (KeyProduct(),),
            settings=CLUSTER,
            section={
                "region": wanted.region,
                "account": "111122223333",
                "vpc": "vpc-0a1b2c3d4e5f60718",
                "subnets": {zone: f"subnet-0a1b2c3d4e5f6071{zone[-1]}" for zone in wanted.zones},
                "securityGroups": {"nodes": "sg-0a1b2c3d4e5f60718"},
                "networks": ["10.0.0.0/16"],
            },
        )
        yield from RDS.offers(wanted)


def account_of_ground(ground: Ground) -> pulumi.ProviderResource:
    """The provider of the account."""
    providers: Any = ground.cloud.providers
    return next(
        one for one in (providers.values() if isinstance(providers, dict) else providers) if one.package == "aws"
    )


def provider_mistakes(section: AwsSettings) -> Iterator[str]:
    """Mistakes in Pulumi's own configuration of the provider, `aws:...`, and between it and the section."""
    own = own_configuration.given("aws")
    if not own.values:
        return
    from pulumi_aws import ProviderArgs

    yield from own.mistakes(ProviderArgs, section.region)
    allowed = own.arguments(ProviderArgs).get("allowed_account_ids")
    if section.account is not None and isinstance(allowed, list) and section.account not in allowed:
        yield (
            f"aws:allowedAccountIds: {', '.join(allowed)}, but kotaemon:aws.account is {section.account}; make "
            "them the same"
        )


def _log_in_mistakes(settings: Settings) -> Iterator[str]:
    """Roles of `aws:assumeRoles` that the program `aws` cannot take, which logs in to a cluster that is known by name.

    `aws eks get-token` takes one role, and nothing but its ARN (AWS CLI, eks get-token: --role-arn).
    """
    section, own = settings.section(AwsSettings), own_configuration.given("aws")
    if section.cluster is None or settings.cluster.kubeconfig is not None or section.cluster_stack is not None:
        return
    try:
        roles = json.loads(own.values.get("assumeRoles", "[]"))
    except ValueError:
        return  # what is no list has its message already
    if not isinstance(roles, list):
        return
    way = "give kotaemon:cluster.kubeconfig, or aws:profile with the whole chain"
    if len(roles) > 1:
        yield f"aws:assumeRoles: {len(roles)} roles, and `aws eks get-token` takes one; {way}"
    elif roles and not roles[0].get("roleArn"):
        yield "aws:assumeRoles: roleArn is missing in it"
    elif roles and "externalId" in roles[0]:
        yield f"aws:assumeRoles: externalId, and `aws eks get-token` takes none; {way}"


def provider_arguments(section: AwsSettings) -> dict[str, Any]:
    """Arguments of the provider besides its region: Pulumi's own configuration, and the account that it may work in."""
    from pulumi_aws import ProviderArgs

    only = {} if section.account is None else {"allowed_account_ids": [section.account]}
    return {**own_configuration.given("aws").arguments(ProviderArgs), **only}


def _about_tags(settings: Settings) -> str:
    """What Auto Mode needs for the tags of disks, where it matters to this stack. Empty: it does not."""
    section = settings.section(AwsSettings)
    if not section.auto_mode or "ebs" not in key_users(settings) or not (section.tags or section.auto_mode_tags):
        return ""
    statement = json.dumps(tag_statement(section.region))
    if section.auto_mode_tags:
        return f"kotaemon:aws.autoModeTags: disks are made only while the IAM role of the cluster has {statement}"
    return (
        "kotaemon:aws.tags: disks of EKS Auto Mode get none of them; for that, add this statement to the IAM role of "
        f"the cluster, and write autoModeTags: true: {statement}"
    )


def key_users(settings: Settings) -> set[str]:
    """The AWS services that use the key for some claim."""
    claims = settings.storage.claims.values()
    return {user for claim in claims for user in kinds.kind(claim.kind).key_users(claim)}


def _key(settings: Settings, place: Place, roles: "Roles", opts: ResourceOptions, invoke: InvokeOptions) -> Input[str]:
    """ARN of the KMS key: the given one after a check that it is usable, or that of a key which the stack makes."""
    from components.encryption.aws import AwsKey, KeyService, existing_key

    section = settings.section(AwsSettings)
    if section.key_arn is not None:
        if _driver_unnamed(settings):
            pulumi.log.warn(
                "kotaemon:aws.keyArn: disks use the key through the role of the EBS driver, which drivers.ebs.role "
                "does not name. That role has to be let use the key and make grants: by the policy of the key or, in "
                "the key's own account, by a policy of the role. Name the role: for a key of another account its "
                "statements are printed"
            )
        args = _key_args(settings, place, roles)
        if settings.bucket is not None and settings.bucket.made:
            args["services"] = [*args.get("services", ()), KeyService.S3]
        own_key.tell(section.key_arn, args, invoke)
        return existing_key(section.key_arn, section.region, invoke)
    return AwsKey("key", _key_args(settings, place, roles), opts).arn


def _driver_unnamed(settings: Settings) -> bool:
    """Whether disks use the key through a role of a driver that the stack file does not name."""
    section = settings.section(AwsSettings)
    return "ebs" in key_users(settings) and section.drivers.ebs == adopted() and not section.auto_mode


def _key_args(settings: Settings, place: Place, roles: "Roles") -> "AwsKeyArgs":
    from components.encryption.aws import AwsKeyArgs, KeyService
    from stacks.platforms.aws import drivers

    section = settings.section(AwsSettings)
    used = key_users(settings) | ({KeyService.RDS.value} if section.database is not None else set())
    copy = settings.backup_copy
    if copy is not None:
        used |= {KeyService.BACKUP.value}
    args = AwsKeyArgs(
        account=place.account,
        region=section.region,
        alias=key_alias(),
        volume_roles=drivers.volume_roles(section, roles, uses_disks="ebs" in used),
        instance_roles=drivers.instance_roles(section, place),
        services=[service for service in KeyService if service.value in used],
        tags=tags(section),
        protect=settings.protect,
    )
    if copy is not None and (other := account_of(copy)) is not None:
        args["copies_to"] = [other]
    return args


PLATFORM = Aws()
