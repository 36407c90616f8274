"""Alarms of Alibaba Cloud's CloudMonitor for file systems and databases: how full they are."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_alicloud import cms
from typing_extensions import NotRequired

from ..alicloud import refused_contact_groups, refused_tags
from ..quantity import gib, refused_size
from ..refusal import because, reasons, refuse
from .alarms import FULL_PERCENT, CloudMonitorStorage, percent_refused


class Metric(NamedTuple):
    """One metric of CloudMonitor."""

    namespace: str
    name: str
    dimension: str
    """Name of the dimension that holds the id. `userId`, which the tables have as well, is the account's own."""
    statistic: str
    """CloudMonitor refuses any other than that of the metric (API PutResourceMetricRule, since 15 August 2024)."""


METRICS: Mapping[CloudMonitorStorage, Metric] = {
    CloudMonitorStorage.NAS: Metric("acs_nas", "AlignedSize", "fileSystemId", "Value"),
    CloudMonitorStorage.APSARADB: Metric("acs_rds_dashboard", "local_fs_size_usage", "instanceId", "Average"),
}
"""What is read, every five minutes; a period is a multiple of 60 seconds.

`AlignedSize`, in bytes: NAS, "Overview of NAS monitoring" (stored 2024). Namespace, dimension and the statistic
`Value`, which every metric of NAS has: CloudMonitor, "Appendix 1: Metrics", NAS (AlibabaCloudDocs/cms, 13 October
2020), which is older than this metric. `local_fs_size_usage`, in percent, of instances with cloud disks: the same
appendix, ApsaraDB RDS for PostgreSQL (13 October 2020); `DiskUsage` there is of other engines. Both were read on 30
November 2026.
"""
SECONDS, TIMES = 300, 3
"""Length of a period, and how many of them in a row have to be over the threshold."""
SILENT_SECONDS = 86400
"""How long nobody is told again; the default and the most of CloudMonitor. Storage fills over days."""


class CloudMonitorWatched(TypedDict):
    """One file system or database that an alarm watches."""

    storage: CloudMonitorStorage
    """What it is."""
    id: Input[str]
    """Id of the file system or of the instance."""
    size: str
    """Size in Gi or Ti of which a percentage counts as full. General-purpose NAS grows without end: there it is the
    size that was planned. ApsaraDB tells a percentage, and this one is not read."""


class CloudMonitorAlarmsArgs(TypedDict):
    """Arguments of CloudMonitorAlarms."""

    cloud_name: str
    """Prefix of the alarms' names in the account, so that two stacks have different ones."""
    contact_groups: Sequence[str]
    """Names of contact groups, made in the console of CloudMonitor before, which are told."""
    watched: Mapping[str, CloudMonitorWatched]
    """A name of your own -> what is watched. The names become part of the alarms' names."""
    full_percent: NotRequired[int]
    """Percent of its size from which storage counts as full, 50 to 95; default 80."""
    tags: NotRequired[Mapping[str, str]]
    """Added to every alarm."""


def check(name: str, args: CloudMonitorAlarmsArgs) -> list[str]:
    """Mistakes in the arguments of CloudMonitorAlarms(name, args); none: they can be made."""
    sizes = (refused_size(one["size"]) for one in args["watched"].values())
    return [
        *because("contact_groups", refused_contact_groups(args["contact_groups"])),
        *because("watched", "" if args["watched"] else "nothing to watch; name storage, or make no alarms"),
        *because("watched", *reasons(*sizes)),
        *because("full_percent", percent_refused(full_percent(args), FULL_PERCENT)),
        *because("tags", refused_tags(args.get("tags", {}))),
    ]


def full_percent(args: CloudMonitorAlarmsArgs) -> int:
    """Percent from which storage counts as full, with the default filled in."""
    given = args.get("full_percent")
    return FULL_PERCENT.default if given is None else int(given)


def alarm(name: str, watched: CloudMonitorWatched, args: CloudMonitorAlarmsArgs) -> cms.AlarmArgs:
    """The alarm of one storage.

    It is of the level Warn: at the threshold there is time left. Without data it stays as it is (NoDataPolicy
    KEEP_LAST_STATE, the default of PutResourceMetricRule, for which the resource has no argument): a gap in the numbers
    calls nobody.
    """
    storage, percent = CloudMonitorStorage(watched["storage"]), full_percent(args)
    metric = METRICS[storage]
    in_percent = storage is CloudMonitorStorage.APSARADB
    return cms.AlarmArgs(
        name=f"{args['cloud_name']}-{name}-full",
        project=metric.namespace,
        metric=metric.name,
        metric_dimensions=Output.json_dumps([{metric.dimension: watched["id"]}]),
        period=SECONDS,
        silence_time=SILENT_SECONDS,
        escalations_warn=cms.AlarmEscalationsWarnArgs(
            comparison_operator=">",
            statistics=metric.statistic,
            threshold=str(percent if in_percent else gib(watched["size"], "size") * 2**30 * percent // 100),
            times=TIMES,
        ),
        contact_groups=list(args["contact_groups"]),
        tags=args.get("tags"),
    )


class CloudMonitorAlarms(pulumi.ComponentResource):
    """Alarms for file systems and databases, which tell contact groups.

    They hold no data: nothing of them is protected, and they go with the stack.
    """

    def __init__(self, name: str, args: CloudMonitorAlarmsArgs, opts: ResourceOptions | None = None) -> None:
        refuse("CloudMonitorAlarms", name, check(name, args))
        super().__init__("kotaemon:index:CloudMonitorAlarms", name, None, opts)
        for key, watched in args["watched"].items():
            cms.Alarm(f"{name}-{key}-full", args=alarm(key, watched, args), opts=ResourceOptions(parent=self))
        self.register_outputs({})
