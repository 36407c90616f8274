"""Alarms of CloudWatch for a stack: the arguments of their component, made from the stack file."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pulumi import Input, ResourceOptions

from components.monitoring.alarms import CloudWatchStorage
from components.monitoring.cloudwatch_metrics import READ
from estimate.products.aws_alarm import AwsAlarm
from stacks.alarms import NAME
from stacks.kinds.base import Buys, Watched
from stacks.platforms.aws.settings import AwsSettings, tags
from stacks.platforms.base import Alarms
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.monitoring.cloudwatch import CloudWatchAlarmsArgs


class AwsAlarms(Alarms):
    """CloudWatch, which tells an SNS topic."""

    def wanted(self, settings: Settings) -> bool:
        """Where the section has `alarms`."""
        return settings.section(AwsSettings).alarms is not None

    def products(self, watched: Mapping[str, Watched]) -> list[Buys]:
        """All alarms together: each is billed by the metrics that it reads."""
        return [Buys(NAME, AwsAlarm(sum(READ[CloudWatchStorage(one.storage)] for one in watched.values())))]

    def check(self, settings: Settings, watched: Mapping[str, Watched]) -> list[str]:
        """What the component would refuse."""
        from components.monitoring.cloudwatch import check

        return check(NAME, _args(settings, watched, {}))

    def make(
        self, settings: Settings, watched: Mapping[str, Watched], ids: Mapping[str, Input[str]], opts: ResourceOptions
    ) -> None:
        """Register the alarms."""
        from components.monitoring.cloudwatch import CloudWatchAlarms

        CloudWatchAlarms(NAME, _args(settings, watched, ids), opts)


def _args(settings: Settings, watched: Mapping[str, Watched], ids: Mapping[str, Input[str]]) -> "CloudWatchAlarmsArgs":
    from components.monitoring.cloudwatch import CloudWatchAlarmsArgs, CloudWatchWatched

    section = settings.section(AwsSettings)
    if section.alarms is None:
        raise ValueError("asked for alarms that the stack file does not want")
    return CloudWatchAlarmsArgs(
        region=section.region,
        topic=section.alarms.topic,
        watched={
            name: CloudWatchWatched(storage=CloudWatchStorage(what.storage), id=ids.get(name, ""), size=what.size)
            for name, what in watched.items()
        },
        full_percent=section.alarms.full_percent,
        credit_percent=section.alarms.credit_percent,
        tags=tags(section),
    )


ALARMS = AwsAlarms()
