"""The section `kotaemon:alicloud` of a stack file, and the names and tags that follow from it."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import pulumi
from pydantic import Field, field_validator, model_validator

from components.alicloud import (
    refused_addon,
    refused_alias,
    refused_cidr,
    refused_key_id,
    refused_rotation,
    refused_tags,
    refused_window,
    refused_zone,
)
from stacks.platforms.alicloud import ids
from stacks.platforms.alicloud.alarm_settings import AlicloudAlarmSettings
from stacks.platforms.alicloud.fields import Region, Zone
from stacks.settings.existing import Existing, Id
from stacks.settings.fields import Strict, Url, accept, matching
from stacks.stores.apsaradb import ApsaraSettings

AccountId = Annotated[str, matching(r"[0-9]{5,20}", "must be the digits of the account id, in quotes")]
VpcId = Annotated[str, matching(r"vpc-[a-z0-9]+", "must be the id of a VPC, for example vpc-bp1example")]
VSwitchId = Annotated[str, matching(r"vsw-[a-z0-9]+", "must be the id of a vSwitch, for example vsw-bp1example")]
ClusterId = Annotated[str, matching(r"c[0-9a-f]{32}", "must be the id of an ACK cluster: c and 32 hexadecimal digits")]
KmsInstanceId = Annotated[
    str, matching(r"kst-[a-z0-9]+", "must be the id of a KMS instance, for example kst-hzz62example")
]
GroupId = Annotated[str, matching(r"rg-[a-z0-9]+", "must be the id of a resource group, for example rg-acfmexample")]
StackName = Annotated[
    str, matching(r"[^/\s]+/[^/\s]+/[^/\s]+", "must be the full name of a stack: organization/project/stack")
]


class KeySettings(Strict):
    """The KMS key that the stack makes when none is given."""

    alias: str | None = Field(
        None, description="Alias of the key, with the prefix alias/; default: alias/<project>-<stack>."
    )
    instance_id: KmsInstanceId | None = Field(None, description="Id of the KMS instance in which the key is made.")
    region_default: bool = Field(
        False,
        description="Whether the key is the one default key that KMS has for the account in the region, in place of "
        "instanceId. Only where nobody has enabled it yet; otherwise give its id as keyId.",
    )
    rotation_days: int | None = Field(
        None,
        description="Days between rotations of the key, 7 to 365; default: it does not rotate by itself. Only "
        "instances of the software type rotate; the default key every 365 days, as an extra bought in the console.",
    )
    deletion_window_days: int = Field(30, description="Days in which a deletion of the key can be cancelled, 7 to 366.")

    @model_validator(mode="after")
    def _possible(self) -> "KeySettings":
        if self.region_default == (self.instance_id is not None):
            raise ValueError(
                "say where the key is made: instanceId: kst-..., a KMS instance of yours, or regionDefault: true, the "
                "one default key of the account in the region"
            )
        alias = refused_alias(self.alias) if self.alias is not None else ""
        window = refused_window(self.deletion_window_days)
        accept(f"alias: {self.alias!r} {alias}" if alias else "")
        if self.rotation_days is not None:
            days = refused_rotation(self.rotation_days, in_instance=self.instance_id is not None)
            accept(f"rotationDays: {days}" if days else "")
        accept(f"deletionWindowDays: {window}" if window else "")
        return self


class AlicloudSettings(Existing):
    """The ACK cluster, its network, and the key that encrypts its storage."""

    region: Region = Field(description="Region of the cluster and of its storage.")
    account: AccountId | None = Field(
        None, description="Id of the account, in quotes; credentials of another one are refused. Default: any account."
    )
    vpc_id: VpcId = Field(description="Id of the VPC of the cluster.")
    vswitches: dict[Zone, VSwitchId] = Field(
        min_length=1, description="Zone -> id of its vSwitch, for each zone that has nodes."
    )
    cluster_cidrs: list[str] = Field(
        min_length=1, description="Private networks of the nodes and pods, which may mount file systems."
    )
    cluster_id: ClusterId | None = Field(
        None,
        description="Id of the ACK cluster, to read its credentials; default: use kotaemon:cluster or clusterStack.",
    )
    api_server: Url | None = Field(
        None,
        description="Address of the API server's private endpoint, for runs inside of the VPC, like "
        "https://192.168.0.251:6443 (console of ACK, basic information); default: the one that clusterId finds, which "
        "is public.",
    )
    cluster_stack: StackName | None = Field(
        None, description="Full name of the stack that made the cluster, to read its output `kubeconfig`."
    )
    oidc_issuer: Url | None = Field(
        None,
        description="Issuer of the cluster's tokens, for RAM roles of service accounts (ACK console: RRSA OIDC, "
        "provider URL); RRSA is switched on for the cluster.",
    )
    service_key: bool = Field(
        False,
        description="Whether each service encrypts with the key that it keeps for the account: free, and nobody can "
        "revoke it. One of serviceKey, keyId and key has to be given.",
    )
    key_id: str | None = Field(
        None, description="Id of an existing KMS key that encrypts; `up` and preview check that it can."
    )
    key: KeySettings | None = Field(None, description="The KMS key that the stack makes, and where.")
    service_roles: list[Literal["disk", "nas", "nas-backup", "vault", "database"]] = Field(
        default_factory=list[Literal["disk", "nas", "nas-backup", "vault", "database"]],
        description="RAM service roles that the account lacks, with which services use the key; the stack makes them.",
    )
    resource_group_id: GroupId | None = Field(
        None, description="Id of the resource group; default: the account's default group."
    )
    tags: dict[str, str] = Field(
        default_factory=dict[str, str], description="Tags that are added to every resource which can have tags."
    )
    database: ApsaraSettings | None = Field(
        None, description="PostgreSQL that the stack makes on ApsaraDB RDS; only in the profile scaled."
    )
    alarms: AlicloudAlarmSettings | None = Field(
        None,
        description="Alarms of CloudMonitor for general-purpose NAS and the database on ApsaraDB RDS "
        "(docs/monitoring.md); default: none are made.",
    )
    addons: dict[str, str | None] = Field(
        default_factory=dict[str, str | None],
        description="ACK add-on -> version to keep it at (null: the installed version). Installed add-ons are adopted.",
    )

    @field_validator("cluster_cidrs")
    @classmethod
    def _private(cls, value: list[str]) -> list[str]:
        for cidr in value:
            if reason := refused_cidr(cidr):
                raise ValueError(f"holds {cidr!r}, which {reason}")
        return value

    @field_validator("key_id")
    @classmethod
    def _id(cls, value: str | None) -> str | None:
        accept(refused_key_id(value) if value is not None else "")
        return value

    @field_validator("addons")
    @classmethod
    def _storage_addons(cls, value: dict[str, str | None]) -> dict[str, str | None]:
        for name in value:
            if reason := refused_addon(name):
                raise ValueError(f"holds {name!r}, which {reason}")
        return value

    @field_validator("tags")
    @classmethod
    def _tags(cls, value: dict[str, str]) -> dict[str, str]:
        accept(refused_tags(value))
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "AlicloudSettings":
        for zone in self.vswitches:
            if reason := refused_zone(zone, self.region):
                raise ValueError(f"vswitches.{zone} {reason}")
        accept(self._one_key())
        if self.api_server is not None and self.cluster_id is None:
            raise ValueError("apiServer is for clusterId, whose credentials it goes with; leave it out")
        if self.cluster_id is not None and self.cluster_stack is not None:
            raise ValueError("clusterId and clusterStack both name the cluster; leave one out")
        if self.database is not None:
            for line in zone_mistakes(self, "database.zones", self.database.zones or []):
                raise ValueError(line)
            if self.database.zones is None and len(self.vswitches) < 2:
                raise ValueError("database: primary and standby need two zones, and vswitches has one")
        return self

    def _one_key(self) -> str:
        """Why it is not clear which key encrypts. Nothing is taken by itself: a key stays with its data for ever."""
        given = [self.service_key, self.key_id is not None, self.key is not None]
        ways = (
            "serviceKey: true (the key that each service keeps for the account, which the policy customer-key refuses "
            "until policy.json lets it), keyId: <id> (a key that exists), "
            "or key: {instanceId: kst-...} (a new key in a KMS instance)"
        )
        if sum(given) != 1:
            if any(given):
                return f"key: given more than once; write one of {ways}"
            return (
                f"key: missing; write one of {ways}. For a key that an earlier release made, "
                "write key: {regionDefault: true, rotationDays: 365}"
            )
        if self.service_key and self.database is not None:
            # terraform-provider-alicloud, db_instance: "encryption_key can only be a Key ID; it cannot be a ServiceKey"
            return "serviceKey: RDS makes an encrypted instance only with the id of a key; give keyId or key"
        return ""

    @property
    def parts(self) -> Mapping[str, Id]:
        """The key, the roles by which services use it, and the add-ons."""
        return {"key-key": ids.KEY, "service-roles-.+": ids.ROLE, "addons-.+": ids.ADDON}

    @property
    def zones(self) -> list[str]:
        """Zones that have nodes, sorted by name: the engine hands mappings over sorted, whatever the file says."""
        return sorted(self.vswitches)


def cloud_name() -> str:
    """Prefix of names in the account, so that two stacks in one account have different names."""
    return f"{pulumi.get_project()}-{pulumi.get_stack()}"


def key_alias(alicloud: AlicloudSettings) -> str:
    """Alias of the stack's key."""
    given = None if alicloud.key is None else alicloud.key.alias
    return given or f"alias/{cloud_name()}"


def encrypted_by(alicloud: AlicloudSettings) -> str:
    """The key that encrypts, in words for the storage table."""
    if alicloud.service_key:
        return "the service's own key"
    return f"KMS {alicloud.key_id or key_alias(alicloud)}"


def tags(alicloud: AlicloudSettings) -> dict[str, str]:
    """Tags for every resource that can have tags: application, stack, and the user's own."""
    return {"app": "kotaemon", "stack": pulumi.get_stack(), **alicloud.tags}


def zone_mistakes(alicloud: AlicloudSettings, key: str, zones: list[str]) -> Iterator[str]:
    """Messages for the zones at `key` that have no vSwitch."""
    for zone in zones:
        if zone not in alicloud.vswitches:
            known = ", ".join(alicloud.vswitches)
            yield f"{key}: {zone!r} has no vSwitch; zones with one: {known}"
