"""The section `kotaemon:alicloud` of a stack file, and the names and tags that follow from it."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import pulumi
from pydantic import Field, field_validator, model_validator

from components.alicloud import (
    DEFAULT_KEY_ROTATION_DAYS,
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
from stacks.platforms.alicloud.fields import Region, Zone
from stacks.settings.existing import Existing, Id
from stacks.settings.fields import Strict, accept, matching
from stacks.stores.apsaradb import ApsaraSettings

VpcId = Annotated[str, matching(r"vpc-[a-z0-9]+", "must be the id of a VPC, for example vpc-bp1example")]
VSwitchId = Annotated[str, matching(r"vsw-[a-z0-9]+", "must be the id of a vSwitch, for example vsw-bp1example")]
ClusterId = Annotated[str, matching(r"c[0-9a-f]{32}", "must be the id of an ACK cluster: c and 32 hexadecimal digits")]
GroupId = Annotated[str, matching(r"rg-[a-z0-9]+", "must be the id of a resource group, for example rg-acfmexample")]
StackName = Annotated[
    str, matching(r"[^/\s]+/[^/\s]+/[^/\s]+", "must be the full name of a stack: organization/project/stack")
]


class KeySettings(Strict):
    """The KMS key that the stack makes when none is given."""

    alias: str | None = Field(
        None, description="Alias of the key, with the prefix alias/; default: alias/<project>-<stack>."
    )
    rotation_days: int = Field(
        DEFAULT_KEY_ROTATION_DAYS,
        description="Days between rotations of the key, 7 to 365; values other than 365 only in a KMS instance.",
    )
    deletion_window_days: int = Field(30, description="Days in which a deletion of the key can be cancelled, 7 to 366.")
    instance_id: str | None = Field(
        None, description="Id of the KMS instance that holds the key; default: the shared service."
    )

    @model_validator(mode="after")
    def _possible(self) -> "KeySettings":
        alias = refused_alias(self.alias) if self.alias is not None else ""
        days = refused_rotation(self.rotation_days, in_instance=self.instance_id is not None)
        window = refused_window(self.deletion_window_days)
        accept(f"alias: {self.alias!r} {alias}" if alias else "")
        accept(f"rotationDays: {days}" if days else "")
        accept(f"deletionWindowDays: {window}" if window else "")
        return self


class AlicloudSettings(Existing):
    """The ACK cluster, its network, and the key that encrypts its storage."""

    region: Region = Field(description="Region of the cluster and of its storage.")
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
    cluster_stack: StackName | None = Field(
        None, description="Full name of the stack that made the cluster, to read its output `kubeconfig`."
    )
    key_id: str | None = Field(
        None, description="Id of an existing KMS key that encrypts; default: the stack makes one."
    )
    key: KeySettings = Field(
        default_factory=lambda: KeySettings.model_validate({}),
        description="The KMS key that the stack makes when keyId is not given.",
    )
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
        if self.cluster_id is not None and self.cluster_stack is not None:
            raise ValueError("clusterId and clusterStack both name the cluster; leave one out")
        if self.database is not None:
            for line in zone_mistakes(self, "database.zones", self.database.zones or []):
                raise ValueError(line)
            if self.database.zones is None and len(self.vswitches) < 2:
                raise ValueError("database: primary and standby need two zones, and vswitches has one")
        return self

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
    return alicloud.key.alias or f"alias/{cloud_name()}"


def encrypted_by(alicloud: AlicloudSettings) -> str:
    """The key that encrypts, in words for the storage table."""
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
