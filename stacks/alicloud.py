"""Platform `alicloud`: an existing ACK cluster, with a key, storage and a database made by the stack."""

from typing import Any

import pulumi
import pulumi_alicloud
from pulumi import Input, InvokeOptions, Output, ResourceOptions
from pulumi_kubernetes import Provider

from components.ack.addons import AckAddons, AckAddonsArgs
from components.contract import Profile
from components.encryption.alicloud import AlicloudKey, AlicloudKeyArgs, ServiceRole, ServiceRoles, ServiceRolesArgs
from components.state.apsaradb import ApsaraDatabase, ApsaraDatabaseArgs
from components.state.stores import DatabaseStore, PostgresDriver, Stores
from stacks import alicloud_storage, application, existing_claims, kube_provider, safety, store_components
from stacks.alicloud_settings import AlicloudSettings
from stacks.claims import NfsClaim, StorageClassClaim
from stacks.names import claim_name
from stacks.settings import Settings

CREDENTIAL_MINUTES = 120
"""How long the cluster's temporary kubeconfig is good: the first roll-out may take 40 minutes."""


def deploy(settings: Settings) -> dict[str, Any]:
    """Everything of the stack; its outputs. Raises RefusedByGuard before the first resource."""
    section = alicloud_storage.section(settings)
    existing = {n: c for n, c in settings.storage.claims.items() if isinstance(c, NfsClaim | StorageClassClaim)}
    own = {n: c for n, c in settings.storage.claims.items() if isinstance(c, alicloud_storage.AlicloudClaim)}
    claims = {n: existing_claims.planned(settings, n, c) for n, c in existing.items()}
    claims |= {n: alicloud_storage.planned(settings, n, c) for n, c in own.items()}
    storage = application.storage_map(settings, claims)
    report = safety.check(settings, storage, store_components.document_store(settings))

    account = pulumi_alicloud.Provider("alicloud", region=section.region)
    provider = kubernetes_provider(settings, section, InvokeOptions(provider=account))
    kubernetes, cloud = ResourceOptions(provider=provider), ResourceOptions(provider=account)
    key = _key(settings, section, cloud)
    namespace = application.application_namespace(settings, kubernetes).namespace
    both = ResourceOptions(providers=[provider, account], depends_on=_needed_by_storage(section, cloud))
    made = {n: alicloud_storage.make(settings, n, c, namespace, key, both) for n, c in own.items()}
    after: list[pulumi.Resource] = [*made.values()]
    after += [existing_claims.make(settings, n, c, namespace, kubernetes) for n, c in existing.items()]
    after += existing_claims.prepare(settings, namespace, storage, kubernetes)
    jobs = (alicloud_storage.prepare(settings, n, c, storage, namespace, key, kubernetes) for n, c in made.items())
    after += [job for job in jobs if job is not None]
    stores: Stores | None = None
    if settings.profile == Profile.SCALED:
        database = _database(settings, section, namespace, key, both)
        place = store_components.Place(settings, namespace, claims, kubernetes)
        stores, resources = store_components.make(place, database=database)
        after += resources
    return application.deploy(settings, namespace, storage, kubernetes, after=after, report=report, stores=stores)


def kubernetes_provider(settings: Settings, section: AlicloudSettings, invoke: InvokeOptions) -> Provider:
    """The cluster: by kubeconfig, else from the outputs of another stack, else by its id."""
    if settings.cluster.kubeconfig is None and section.cluster_stack is not None:
        return kube_provider.by_stack("kotaemon:alicloud.clusterStack", section.cluster_stack)
    if settings.cluster.kubeconfig is None and section.cluster_id is not None:
        credential = pulumi_alicloud.cs.get_cluster_credential_output(
            cluster_id=section.cluster_id, temporary_duration_minutes=CREDENTIAL_MINUTES, opts=invoke
        )
        return kube_provider.by_contents(credential.kube_config, section.cluster_id)
    return kube_provider.by_file(settings)


def _key(settings: Settings, section: AlicloudSettings, opts: ResourceOptions) -> Input[str]:
    """Id of the key: the given one, or one that the stack makes."""
    if section.key_id is not None:
        return section.key_id
    args = AlicloudKeyArgs(
        alias=alicloud_storage.key_alias(section),
        rotation_days=section.key.rotation_days,
        deletion_window_days=section.key.deletion_window_days,
        tags=alicloud_storage.tags(section),
        protect=settings.protect,
    )
    if section.key.instance_id is not None:
        args["instance_id"] = section.key.instance_id
    return AlicloudKey("key", args, opts).key_id


def _needed_by_storage(section: AlicloudSettings, opts: ResourceOptions) -> list[pulumi.Resource]:
    """What the account and the cluster must have before storage is made."""
    needed: list[pulumi.Resource] = []
    if section.service_roles:
        roles = [ServiceRole(role) for role in section.service_roles]
        needed.append(ServiceRoles("service-roles", ServiceRolesArgs(roles=roles), opts))
    if section.addons and section.cluster_id is not None:
        needed.append(AckAddons("addons", AckAddonsArgs(cluster_id=section.cluster_id, addons=section.addons), opts))
    return needed


def _database(
    settings: Settings, section: AlicloudSettings, namespace: Output[str], key: Input[str], opts: ResourceOptions
) -> DatabaseStore | None:
    """PostgreSQL made here, where the section asks for it; else it is in `kotaemon:stores`."""
    chosen = section.database
    if chosen is None:
        return None
    zones = chosen.zones or section.zones[:2]
    args = ApsaraDatabaseArgs(
        namespace=namespace,
        cloud_name=alicloud_storage.cloud_name(),
        key_id=key,
        vpc_id=section.vpc_id,
        vswitches={zone: section.vswitches[zone] for zone in zones},
        client_cidrs=section.cluster_cidrs,
        client_network=chosen.network or section.cluster_cidrs[0],
        version=chosen.version,
        instance_type=chosen.instance_type,
        storage_gib=chosen.storage_gib,
        backup_days=chosen.backup_days,
        driver=PostgresDriver(chosen.driver),
        tags=alicloud_storage.tags(section),
        protect=settings.protect,
    )
    if section.resource_group_id is not None:
        args["resource_group_id"] = section.resource_group_id
    return ApsaraDatabase(claim_name("database"), args, opts).store
