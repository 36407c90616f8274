"""Platform `aws`: an existing EKS cluster, with a key, storage and stores made by the stack."""

from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, InvokeOptions, Output, ResourceOptions

from components.contract import Profile
from components.encryption.aws import AwsKey, AwsKeyArgs, existing_key
from components.state.rds import RdsDatabase, RdsDatabaseArgs
from components.state.stores import DatabaseStore, PostgresDriver, Stores
from stacks import application, aws_drivers, aws_place, aws_storage, existing_claims, safety, store_components
from stacks.aws_place import Place
from stacks.aws_settings import AwsSettings, RdsSettings
from stacks.claims import NfsClaim, StorageClassClaim
from stacks.names import claim_name
from stacks.settings import Settings


def deploy(settings: Settings) -> dict[str, Any]:
    """Everything of the stack; its outputs. Raises RefusedByGuard before the first resource."""
    section = aws_storage.section(settings)
    existing = {n: c for n, c in settings.storage.claims.items() if isinstance(c, NfsClaim | StorageClassClaim)}
    own = {n: c for n, c in settings.storage.claims.items() if isinstance(c, aws_storage.AwsClaim)}
    before = aws_place.planned(section)
    claims = {n: existing_claims.planned(settings, n, c) for n, c in existing.items()}
    claims |= {n: aws_storage.planned(settings, n, c, before) for n, c in own.items()}
    storage = application.storage_map(settings, claims)
    report = safety.check(settings, storage, store_components.document_store(settings))

    account = aws.Provider("aws", region=section.region)
    invoke = InvokeOptions(provider=account)
    place = aws_place.find(section, invoke)
    cluster = aws_place.kubernetes_provider(settings, section, invoke)
    kubernetes, cloud = ResourceOptions(provider=cluster), ResourceOptions(provider=account)
    roles = aws_drivers.roles(settings, place, cloud)
    key = _key(settings, place, roles, cloud, invoke)
    addons = aws_drivers.install(settings, roles, key, cloud)
    namespace = application.application_namespace(settings, kubernetes).namespace
    both = ResourceOptions(providers=[cluster, account], depends_on=addons)
    made = {n: aws_storage.make(settings, n, c, namespace, place, key, both) for n, c in own.items()}
    after: list[pulumi.Resource] = [*made.values()]
    after += [existing_claims.make(settings, n, c, namespace, kubernetes) for n, c in existing.items()]
    after += existing_claims.prepare(settings, namespace, storage, kubernetes)
    prepared = (aws_storage.prepare(settings, n, c, storage, kubernetes) for n, c in made.items())
    after += [job for job in prepared if job is not None]
    stores: Stores | None = None
    if settings.profile == Profile.SCALED:
        database = _database(settings, section, namespace, place, key, both)
        where = store_components.Place(settings, namespace, claims, kubernetes)
        stores, resources = store_components.make(where, database=database)
        after += resources
    return application.deploy(settings, namespace, storage, kubernetes, after=after, report=report, stores=stores)


def _key(
    settings: Settings, place: Place, roles: aws_drivers.Roles, opts: ResourceOptions, invoke: InvokeOptions
) -> Input[str]:
    """ARN of the key: the given one, once it was found usable, or one that the stack makes."""
    section = aws_storage.section(settings)
    if section.key_arn is not None:
        return existing_key(section.key_arn, section.region, invoke)
    args = AwsKeyArgs(
        account=place.account,
        region=section.region,
        alias=aws_storage.key_alias(),
        volume_roles=aws_drivers.volume_roles(settings, roles),
        instance_roles=aws_drivers.instance_roles(settings, place),
        services=aws_storage.key_services(settings),
        tags=aws_storage.tags(section),
        protect=settings.protect,
    )
    return AwsKey("key", args, opts).arn


def _database(
    settings: Settings,
    section: AwsSettings,
    namespace: Output[str],
    place: Place,
    key: Input[str],
    opts: ResourceOptions,
) -> DatabaseStore | None:
    """PostgreSQL made here, where the section asks for it; else it is in `kotaemon:stores`."""
    if section.database is None:
        return None
    args = _database_args(settings, section, section.database, namespace, place, key)
    return RdsDatabase(claim_name("database"), args, opts).store


def _database_args(
    settings: Settings, section: AwsSettings, chosen: RdsSettings, namespace: Output[str], place: Place, key: Input[str]
) -> RdsDatabaseArgs:
    return RdsDatabaseArgs(
        namespace=namespace,
        key_arn=key,
        identifier=chosen.identifier,
        vpc_id=place.vpc,
        subnets=place.subnets,
        client_security_groups=place.groups,
        client_network=chosen.network,
        version=chosen.version,
        instance_class=chosen.instance_class,
        size=chosen.size,
        max_size=chosen.max_size,
        multi_az=chosen.multi_az,
        backup_days=chosen.backup_days,
        driver=PostgresDriver(chosen.driver),
        tags=aws_storage.tags(section),
        protect=settings.protect,
    )
