"""Alarms of CloudMonitor: the key `alarms` in the section `kotaemon:alicloud`."""

from pydantic import Field, field_validator

from components.alicloud import refused_contact_groups
from components.monitoring.alarms import FULL_PERCENT
from stacks.settings.fields import Strict


class AlicloudAlarmSettings(Strict):
    """Alarms of CloudMonitor for general-purpose NAS and the database: how full they are."""

    contact_groups: list[str] = Field(
        description="Names of the contact groups that are told, made in the console of CloudMonitor before."
    )
    full_percent: int = Field(
        FULL_PERCENT.default,
        ge=FULL_PERCENT.least,
        le=FULL_PERCENT.most,
        description="Percent of `size` from which storage counts as full; 80 leaves time to make it larger.",
    )

    @field_validator("contact_groups")
    @classmethod
    def _groups(cls, value: list[str]) -> list[str]:
        if reason := refused_contact_groups(value):
            raise ValueError(reason)
        return value
