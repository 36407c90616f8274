"""Platform `alicloud`: an existing ACK cluster, with a key, storage and a database that the stack makes."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pulumi
import yaml
from pulumi import Input, InvokeOptions, Output, ResourceOptions
from pulumi_kubernetes import Provider

from components.alicloud import zone_name
from components.contract import Medium
from estimate.offers import Offer, Part, Wanted
from stacks.offered import CLUSTER
from stacks.platforms import kube_provider, own_configuration
from stacks.platforms.alicloud import addons
from stacks.platforms.alicloud.alarms import ALARMS
from stacks.platforms.alicloud.bucket import BUCKETS
from stacks.platforms.alicloud.copies import COPIES
from stacks.platforms.alicloud.effects import EFFECTS
from stacks.platforms.alicloud.settings import AlicloudSettings, KeySettings, key_alias, tags
from stacks.platforms.base import Ground, OwnDatabase, PlatformStack
from stacks.settings.settings import Settings
from stacks.stores.apsaradb import STORE as APSARADB

if TYPE_CHECKING:
    from components.encryption.alicloud import AlicloudKeyArgs

CREDENTIAL_MINUTES = 120
"""Minutes for which the cluster's temporary kubeconfig is valid: the first roll-out may take 40."""


class Alicloud(PlatformStack):
    """Platform Alibaba Cloud: an existing ACK cluster."""

    section = AlicloudSettings
    effects = EFFECTS
    buckets = BUCKETS
    copies = COPIES
    alarms = ALARMS
    own_store = APSARADB
    about = "region, network, key, database"

    def zones(self, settings: Settings) -> list[str]:
        """The zones that have a vSwitch."""
        return settings.section(AlicloudSettings).zones

    def region(self, settings: Settings) -> str:
        """The region in the section `kotaemon:alicloud`."""
        return settings.section(AlicloudSettings).region

    def planned(self, settings: Settings) -> None:
        """Nothing is looked up: the stack file says everything."""

    def ground(self, settings: Settings) -> Ground:
        """Register the providers, the key, and the service roles and add-ons that storage needs."""
        import pulumi_alicloud

        section = settings.section(AlicloudSettings)
        own = own_configuration.given("alicloud").arguments(pulumi_alicloud.ProviderArgs)
        account = pulumi_alicloud.Provider("alicloud", region=section.region, **own)
        _check_account(section, InvokeOptions(provider=account))
        addons.tell(settings, section, InvokeOptions(provider=account))
        cluster = kubernetes_provider(settings, section, InvokeOptions(provider=account))
        cloud = ResourceOptions(provider=account)
        key = _key(settings, section, cloud, InvokeOptions(provider=account))
        both = ResourceOptions(providers=[cluster, account], depends_on=_needed_by_storage(settings, section, cloud))
        return Ground(ResourceOptions(provider=cluster), both, None, key)

    def mistakes(self, settings: Settings) -> Iterator[str]:
        """Mistakes about the database and the add-ons."""
        section = settings.section(AlicloudSettings)
        if section.database is not None and not settings.scaled:
            yield (
                "database: only the profile scaled uses a database, and this stack has profile single-writer; "
                "leave it out"
            )
        if section.addons and section.cluster_id is None:
            yield "addons: needs clusterId, through which the installed add-ons are found; add clusterId"

    def check(self, settings: Settings) -> list[str]:
        """What the provider and the component of the key would refuse."""
        from components.encryption.alicloud import check

        section = settings.section(AlicloudSettings)
        found = list(_provider_mistakes(section))
        return found if section.key is None else found + check("key", _key_args(settings, section, section.key))

    def database(self, settings: Settings) -> OwnDatabase | None:
        """PostgreSQL on ApsaraDB RDS, when the section has a database."""
        chosen = settings.section(AlicloudSettings).database
        return None if chosen is None else OwnDatabase(chosen, APSARADB)

    def advised_zone(self, region: str, letter: str) -> str:
        """Name of a zone, in the form that the region's zones have."""
        return zone_name(region, letter)

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """An example of the section, and PostgreSQL on ApsaraDB RDS."""
        yield Offer(
            Part.PLACE,
            settings=CLUSTER,
            section={
                "region": wanted.region,
                "vpcId": "vpc-bp1exampleexample",
                "vswitches": {zone: f"vsw-bp1example{zone[-1]}" for zone in wanted.zones},
                "clusterCidrs": ["10.0.0.0/16"],
                "key": {"instanceId": "kst-hzz62example"},
            },
        )
        yield from APSARADB.offers(wanted)


def _provider_mistakes(section: AlicloudSettings) -> Iterator[str]:
    """Mistakes in Pulumi's own configuration of the provider, `alicloud:...`."""
    own = own_configuration.given("alicloud")
    if own.values:
        from pulumi_alicloud import ProviderArgs

        yield from own.mistakes(ProviderArgs, section.region)


def _check_account(section: AlicloudSettings, opts: InvokeOptions) -> None:
    """Refuse credentials of another account, also in a preview: the provider has no list of accounts to keep to."""
    if section.account is None:
        return

    def check(found: Any) -> None:
        if found["accountId"] != section.account:
            raise pulumi.RunError(
                f"kotaemon:alicloud.account: {section.account!r}, but the credentials are of account "
                f"{found['accountId']!r}; use credentials of the account, or leave account out"
            )

    token = "alicloud:index/getCallerIdentity:getCallerIdentity"  # noqa: S105 the name of a function
    pulumi.runtime.invoke_output(token, {}, opts=opts).apply(check)


def kubernetes_provider(settings: Settings, section: AlicloudSettings, invoke: InvokeOptions) -> Provider:
    """The Kubernetes provider: from a kubeconfig file, the outputs of another stack, or the id of the cluster."""
    if settings.cluster.kubeconfig is None and section.cluster_stack is not None:
        return kube_provider.by_stack("kotaemon:alicloud.clusterStack", section.cluster_stack)
    if settings.cluster.kubeconfig is None and section.cluster_id is not None:
        credential = _credential(section.cluster_id, invoke)
        if section.api_server is not None:
            address = section.api_server
            credential = credential.apply(lambda kubeconfig: at_address(kubeconfig, address))
        return kube_provider.by_contents(credential, section.cluster_id)
    return kube_provider.by_file(settings)


def _credential(cluster: str, invoke: InvokeOptions) -> Output[str]:
    """A kubeconfig for the cluster. The SDK's own function is in a module with all of Container Service, whose import
    takes as long as a tenth of a plan."""
    arguments: dict[str, Any] = {"clusterId": cluster, "temporaryDurationMinutes": CREDENTIAL_MINUTES}
    token = "alicloud:cs/getClusterCredential:getClusterCredential"  # noqa: S105 the name of a function
    found: Output[Any] = pulumi.runtime.invoke_output(token, arguments, opts=invoke)
    return found.apply(lambda credential: credential["kubeConfig"])


def at_address(kubeconfig: str, address: str) -> str:
    """A kubeconfig with another address of the API server. The provider's function tells the public endpoint only
    (terraform-provider-alicloud, data_source_alicloud_cs_cluster_credential.go)."""
    found: Any = yaml.safe_load(kubeconfig)
    if not isinstance(found, dict) or "clusters" not in found:
        raise pulumi.RunError("kotaemon:alicloud.apiServer: ACK gave no kubeconfig with clusters; leave apiServer out")
    for one in found["clusters"]:
        one["cluster"]["server"] = address
    return json.dumps(found)


def _key(settings: Settings, section: AlicloudSettings, opts: ResourceOptions, invoke: InvokeOptions) -> Input[str]:
    """Id of the KMS key: the given one after a check that it is usable, that of a key which the stack makes, or nothing
    when each service encrypts with its own."""
    from components.encryption.alicloud import AlicloudKey, existing_key

    if section.key is not None:
        return AlicloudKey("key", _key_args(settings, section, section.key), opts).key_id
    if section.key_id is None:
        return ""
    claims = settings.storage.claims.values()
    disks_only = section.database is None and all(claim.medium == Medium.BLOCK for claim in claims)
    return existing_key(section.key_id, section.region, disks_only=disks_only, opts=invoke)


def _key_args(settings: Settings, section: AlicloudSettings, key: KeySettings) -> "AlicloudKeyArgs":
    from components.encryption.alicloud import AlicloudKeyArgs

    args = AlicloudKeyArgs(
        alias=key_alias(section),
        deletion_window_days=key.deletion_window_days,
        tags=tags(section),
        protect=settings.protect,
    )
    if key.rotation_days is not None:
        args["rotation_days"] = key.rotation_days
    if key.instance_id is not None:
        args["instance_id"] = key.instance_id
    return args


def _needed_by_storage(settings: Settings, section: AlicloudSettings, opts: ResourceOptions) -> list[pulumi.Resource]:
    """Register the service roles and add-ons that storage needs."""
    from components.ack.addons import AckAddons, AckAddonsArgs
    from components.encryption.alicloud import ServiceRole, ServiceRoles, ServiceRolesArgs

    needed: list[pulumi.Resource] = []
    if section.service_roles:
        roles = [ServiceRole(role) for role in section.service_roles]
        needed.append(ServiceRoles("service-roles", ServiceRolesArgs(roles=roles, protect=settings.protect), opts))
    if section.addons and section.cluster_id is not None:
        needed.append(AckAddons("addons", AckAddonsArgs(cluster_id=section.cluster_id, addons=section.addons), opts))
    return needed


PLATFORM = Alicloud()
