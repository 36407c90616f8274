"""Platform `alicloud`: an existing ACK cluster, with a key, storage and a database made by the stack."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pulumi
from pulumi import Input, InvokeOptions, ResourceOptions
from pulumi_kubernetes import Provider

from estimate.offers import Offer, Part, Wanted
from stacks.offered import CLUSTER
from stacks.platforms import kube_provider
from stacks.platforms.alicloud.settings import AlicloudSettings, key_alias, tags
from stacks.platforms.base import Ground, OwnDatabase, PlatformStack
from stacks.settings.settings import Settings
from stacks.stores.apsaradb import STORE as APSARADB

if TYPE_CHECKING:
    from components.encryption.alicloud import AlicloudKeyArgs

CREDENTIAL_MINUTES = 120
"""How long the cluster's temporary kubeconfig is good: the first roll-out may take 40 minutes."""


class Alicloud(PlatformStack):
    """An ACK cluster that exists."""

    section = AlicloudSettings
    about = "region, network, key, database"

    def zones(self, settings: Settings) -> list[str]:
        """Those of the vSwitches."""
        return settings.section(AlicloudSettings).zones

    def region(self, settings: Settings) -> str:
        """The section's."""
        return settings.section(AlicloudSettings).region

    def planned(self, settings: Settings) -> None:
        """The stack file says all of it."""

    def ground(self, settings: Settings) -> Ground:
        """Account and cluster, the key, and what the account must have before storage is made."""
        import pulumi_alicloud

        section = settings.section(AlicloudSettings)
        account = pulumi_alicloud.Provider("alicloud", region=section.region)
        cluster = kubernetes_provider(settings, section, InvokeOptions(provider=account))
        cloud = ResourceOptions(provider=account)
        key = _key(settings, section, cloud)
        both = ResourceOptions(providers=[cluster, account], depends_on=_needed_by_storage(section, cloud))
        return Ground(ResourceOptions(provider=cluster), both, None, key)

    def mistakes(self, settings: Settings) -> Iterator[str]:
        """What the database and the add-ons need."""
        section = settings.section(AlicloudSettings)
        if section.database is not None and not settings.scaled:
            yield "database: only the profile scaled keeps its state there; leave it out"
        if section.addons and section.cluster_id is None:
            yield "addons: they are found through clusterId, which is missing"

    def check(self, settings: Settings) -> list[str]:
        """What the key's component would refuse."""
        from components.encryption.alicloud import check

        section = settings.section(AlicloudSettings)
        return [] if section.key_id is not None else check("key", _key_args(settings, section))

    def database(self, settings: Settings) -> OwnDatabase | None:
        """ApsaraDB, where the section asks for it."""
        chosen = settings.section(AlicloudSettings).database
        return None if chosen is None else OwnDatabase(chosen, APSARADB)

    def advised_zone(self, region: str, letter: str) -> str:
        """Region and letter."""
        return f"{region}-{letter}"

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """An example of the section, and the database."""
        yield Offer(
            Part.PLACE,
            settings=CLUSTER,
            section={
                "region": wanted.region,
                "vpcId": "vpc-bp1exampleexample",
                "vswitches": {zone: f"vsw-bp1example{zone[-1]}" for zone in wanted.zones},
                "clusterCidrs": ["10.0.0.0/16"],
            },
        )
        yield from APSARADB.offers(wanted)


def kubernetes_provider(settings: Settings, section: AlicloudSettings, invoke: InvokeOptions) -> Provider:
    """The cluster: by kubeconfig, else from the outputs of another stack, else by its id."""
    import pulumi_alicloud

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
    from components.encryption.alicloud import AlicloudKey

    if section.key_id is not None:
        return section.key_id
    return AlicloudKey("key", _key_args(settings, section), opts).key_id


def _key_args(settings: Settings, section: AlicloudSettings) -> "AlicloudKeyArgs":
    from components.encryption.alicloud import AlicloudKeyArgs

    args = AlicloudKeyArgs(
        alias=key_alias(section),
        rotation_days=section.key.rotation_days,
        deletion_window_days=section.key.deletion_window_days,
        tags=tags(section),
        protect=settings.protect,
    )
    if section.key.instance_id is not None:
        args["instance_id"] = section.key.instance_id
    return args


def _needed_by_storage(section: AlicloudSettings, opts: ResourceOptions) -> list[pulumi.Resource]:
    """What the account and the cluster must have before storage is made."""
    from components.ack.addons import AckAddons, AckAddonsArgs
    from components.encryption.alicloud import ServiceRole, ServiceRoles, ServiceRolesArgs

    needed: list[pulumi.Resource] = []
    if section.service_roles:
        roles = [ServiceRole(role) for role in section.service_roles]
        needed.append(ServiceRoles("service-roles", ServiceRolesArgs(roles=roles), opts))
    if section.addons and section.cluster_id is not None:
        needed.append(AckAddons("addons", AckAddonsArgs(cluster_id=section.cluster_id, addons=section.addons), opts))
    return needed


PLATFORM = Alicloud()
