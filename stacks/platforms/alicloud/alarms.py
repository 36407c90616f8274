"""Alarms of CloudMonitor for a stack: the arguments of their component, made from the stack file."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pulumi import Input, ResourceOptions

from components.monitoring.alarms import CloudMonitorStorage
from stacks.alarms import NAME
from stacks.kinds.base import Watched
from stacks.platforms.alicloud.settings import AlicloudSettings, cloud_name, tags
from stacks.platforms.base import Alarms
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.monitoring.cloud_monitor import CloudMonitorAlarmsArgs


class AlicloudAlarms(Alarms):
    """CloudMonitor, which tells contact groups."""

    def wanted(self, settings: Settings) -> bool:
        """Where the section has `alarms`."""
        return settings.section(AlicloudSettings).alarms is not None

    def check(self, settings: Settings, watched: Mapping[str, Watched]) -> list[str]:
        """What the component would refuse."""
        from components.monitoring.cloud_monitor import check

        return check(NAME, _args(settings, watched, {}))

    def make(
        self, settings: Settings, watched: Mapping[str, Watched], ids: Mapping[str, Input[str]], opts: ResourceOptions
    ) -> None:
        """Register the alarms."""
        from components.monitoring.cloud_monitor import CloudMonitorAlarms

        CloudMonitorAlarms(NAME, _args(settings, watched, ids), opts)


def _args(
    settings: Settings, watched: Mapping[str, Watched], ids: Mapping[str, Input[str]]
) -> "CloudMonitorAlarmsArgs":
    from components.monitoring.cloud_monitor import CloudMonitorAlarmsArgs, CloudMonitorWatched

    section = settings.section(AlicloudSettings)
    if section.alarms is None:
        raise ValueError("asked for alarms that the stack file does not want")
    return CloudMonitorAlarmsArgs(
        cloud_name=cloud_name(),
        contact_groups=section.alarms.contact_groups,
        watched={
            name: CloudMonitorWatched(storage=CloudMonitorStorage(what.storage), id=ids.get(name, ""), size=what.size)
            for name, what in watched.items()
        },
        full_percent=section.alarms.full_percent,
        tags=tags(section),
    )


ALARMS = AlicloudAlarms()
