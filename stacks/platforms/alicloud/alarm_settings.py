"""Alarms of CloudMonitor: the key `alarms` in the section `kotaemon:alicloud`."""

from pydantic import Field, field_validator

from components.alicloud import refused_contact_groups
from stacks.settings.alarms import AlarmSettings


class AlicloudAlarmSettings(AlarmSettings):
    """Alarms of CloudMonitor for general-purpose NAS and the database: how full they are."""

    contact_groups: list[str] = Field(
        description="Names of the contact groups that are told, made in the console of CloudMonitor before."
    )

    @field_validator("contact_groups")
    @classmethod
    def _groups(cls, value: list[str]) -> list[str]:
        if reason := refused_contact_groups(value):
            raise ValueError(reason)
        return value
