"""Alarms of Amazon CloudWatch for file systems and databases: how full they are, and how much burst credit is left."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypedDict

import pulumi
from pulumi import Input, ResourceOptions
from pulumi_aws import cloudwatch
from typing_extensions import NotRequired

from ..aws import tags_refused, topic_refused
from ..quantity import gib, refused_size
from ..refusal import because, reasons, refuse
from .alarms import CREDIT_PERCENT, FULL_PERCENT, CloudWatchStorage, percent_refused
from .cloudwatch_metrics import (
    CREDIT_SECONDS,
    EFS_IO,
    EFS_STORED,
    LUSTRE_FREE,
    OPENZFS_CREDITS,
    OPENZFS_SIZE,
    OPENZFS_USED,
    RDS_CREDITS,
    RDS_FREE,
    Metric,
)

IO_PERCENT = 95
"""Percent of the operations that EFS takes from which it counts as busy; at 100 it takes no more."""
_ABOVE, _BELOW = "GreaterThanThreshold", "LessThanThreshold"
_SHOWN, _QUIET = "missing", "notBreaching"
"""What an alarm does without data (API PutMetricAlarm, TreatMissingData). How full storage is has a number all the
time, so a gap is shown as INSUFFICIENT_DATA, and nobody is called for it. Credits have none where a file system or an
instance does not burst, and none is no alarm."""


class CloudWatchWatched(TypedDict):
    """One file system or database that alarms watch."""

    storage: CloudWatchStorage
    """What it is."""
    id: Input[str]
    """Id of the file system; for RDS the identifier of the instance."""
    size: str
    """Size in Gi or Ti of which a percentage counts as full. EFS grows without end: there it is the size that was
    planned. OpenZFS tells its own size, and this one is only shown."""


class CloudWatchAlarmsArgs(TypedDict):
    """Arguments of CloudWatchAlarms."""

    region: str
    """Region of the storage, and of the alarms."""
    topic: str
    """ARN of the SNS topic that is told when an alarm begins and when it ends; in the region of the storage."""
    watched: Mapping[str, CloudWatchWatched]
    """A name of your own -> what is watched. The names become part of the alarms' names."""
    full_percent: NotRequired[int]
    """Percent of its size from which storage counts as full, 50 to 95; default 80."""
    credit_percent: NotRequired[int]
    """Percent of burst credits below which they count as used up, 1 to 90; default 20."""
    tags: NotRequired[Mapping[str, str]]
    """Added to every alarm."""


class Limits(TypedDict):
    """When an alarm begins, with every default filled in."""

    full: int
    credit: int


Found = Iterator[tuple[str, cloudwatch.MetricAlarmArgs]]
"""Alarms of one storage: what each is about, in a word, and its arguments."""


def check(name: str, args: CloudWatchAlarmsArgs) -> list[str]:
    """Mistakes in the arguments of CloudWatchAlarms(name, args); none: they can be made."""
    chosen = limits(args)
    sizes = (refused_size(one["size"]) for one in args["watched"].values())
    topic = topic_refused(args["topic"], args["region"])
    return [
        *because("topic", f"{args['topic']!r} {topic}" if topic else ""),
        *because("watched", "" if args["watched"] else "nothing to watch; name storage, or make no alarms"),
        *because("watched", *reasons(*sizes)),
        *because("full_percent", percent_refused(chosen["full"], FULL_PERCENT)),
        *because("credit_percent", percent_refused(chosen["credit"], CREDIT_PERCENT)),
        *because("tags", tags_refused(args.get("tags", {}))),
    ]


def limits(args: CloudWatchAlarmsArgs) -> Limits:
    """When an alarm begins, with every default filled in."""
    full, credit = args.get("full_percent"), args.get("credit_percent")
    return Limits(
        full=FULL_PERCENT.default if full is None else int(full),
        credit=CREDIT_PERCENT.default if credit is None else int(credit),
    )


def alarms(watched: CloudWatchWatched, chosen: Limits) -> dict[str, cloudwatch.MetricAlarmArgs]:
    """The alarms of one storage, without who is told: what each is about -> its arguments."""
    return dict(_BUILDERS[CloudWatchStorage(watched["storage"])](watched, chosen))


def _efs(watched: CloudWatchWatched, chosen: Limits) -> Found:
    stored = _bytes(watched, chosen["full"])
    yield "full", _simple(EFS_STORED, watched, stored, _ABOVE, periods=2, missing=_SHOWN)
    yield "io-limit", _simple(EFS_IO, watched, IO_PERCENT, _ABOVE, periods=3, missing=_QUIET)


def _openzfs(watched: CloudWatchWatched, chosen: Limits) -> Found:
    yield "full", _openzfs_full(watched, chosen["full"])
    yield from _credits(OPENZFS_CREDITS, watched, chosen)


def _lustre(watched: CloudWatchWatched, chosen: Limits) -> Found:
    left = _bytes(watched, 100 - chosen["full"])
    yield "full", _simple(LUSTRE_FREE, watched, left, _BELOW, periods=5, missing=_SHOWN)


def _rds(watched: CloudWatchWatched, chosen: Limits) -> Found:
    left = _bytes(watched, 100 - chosen["full"])
    yield "full", _simple(RDS_FREE, watched, left, _BELOW, periods=3, missing=_SHOWN)
    yield from _credits(RDS_CREDITS, watched, chosen)


_BUILDERS: Mapping[CloudWatchStorage, Callable[[CloudWatchWatched, Limits], Found]] = {
    CloudWatchStorage.EFS: _efs,
    CloudWatchStorage.OPENZFS: _openzfs,
    CloudWatchStorage.LUSTRE: _lustre,
    CloudWatchStorage.RDS: _rds,
}


def _bytes(watched: CloudWatchWatched, percent: int) -> int:
    return gib(watched["size"], "size") * 2**30 * percent // 100


def _credits(metrics: Mapping[str, Metric], watched: CloudWatchWatched, chosen: Limits) -> Found:
    for what, metric in metrics.items():
        yield what, _simple(metric, watched, chosen["credit"], _BELOW, periods=3, missing=_QUIET)


def _simple(
    metric: Metric, watched: CloudWatchWatched, threshold: int, comparison: str, *, periods: int, missing: str
) -> cloudwatch.MetricAlarmArgs:
    """An alarm on one metric: `periods` of them in a row are above or below `threshold`, in the metric's own unit."""
    return cloudwatch.MetricAlarmArgs(
        namespace=metric.namespace,
        metric_name=metric.name,
        dimensions=metric.dimensions(watched["id"]),
        statistic=metric.statistic,
        period=metric.seconds,
        evaluation_periods=periods,
        comparison_operator=comparison,
        threshold=threshold,
        treat_missing_data=missing,
    )


def _openzfs_full(watched: CloudWatchWatched, percent: int) -> cloudwatch.MetricAlarmArgs:
    """OpenZFS publishes bytes and no percentage; its own size is a metric too, and stays right when it has grown."""
    return cloudwatch.MetricAlarmArgs(
        metric_queries=[
            _query("used", OPENZFS_USED, watched),
            _query("total", OPENZFS_SIZE, watched),
            cloudwatch.MetricAlarmMetricQueryArgs(
                id="full", expression="100*used/total", label="percent full", return_data=True
            ),
        ],
        evaluation_periods=3,
        comparison_operator=_ABOVE,
        threshold=percent,
        treat_missing_data=_SHOWN,
    )


def _query(id_: str, metric: Metric, watched: CloudWatchWatched) -> cloudwatch.MetricAlarmMetricQueryArgs:
    return cloudwatch.MetricAlarmMetricQueryArgs(
        id=id_,
        metric=cloudwatch.MetricAlarmMetricQueryMetricArgs(
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=metric.dimensions(watched["id"]),
            stat=metric.statistic,
            period=CREDIT_SECONDS,
        ),
    )


_SAYS = {
    "full": "is over {full} % of {size}. Make size larger in the stack file (docs/changes.md), or take files away.",
    "io-limit": f"does over {IO_PERCENT} % of the operations that EFS takes. Move the role with many small files.",
}
_SAYS_OF_CREDITS = "has less than {credit} % of its burst credits: it is as slow as its baseline when they are used up."


def description(name: str, what: str, watched: CloudWatchWatched, chosen: Limits) -> str:
    """What the message of an alarm says: which storage, and what helps."""
    text = _SAYS.get(what, _SAYS_OF_CREDITS).format(size=watched["size"], **chosen)
    return f"Kotaemon: {CloudWatchStorage(watched['storage']).value} {name} {text}"


class CloudWatchAlarms(pulumi.ComponentResource):
    """Alarms for file systems and databases, which tell one SNS topic.

    They hold no data: nothing of them is protected, and they go with the stack.
    """

    def __init__(self, name: str, args: CloudWatchAlarmsArgs, opts: ResourceOptions | None = None) -> None:
        refuse("CloudWatchAlarms", name, check(name, args))
        super().__init__("kotaemon:index:CloudWatchAlarms", name, None, opts)
        chosen = limits(args)
        for key, watched in args["watched"].items():
            for what, alarm in alarms(watched, chosen).items():
                alarm.alarm_description = description(key, what, watched, chosen)
                alarm.alarm_actions = alarm.ok_actions = [args["topic"]]
                alarm.tags = args.get("tags")
                cloudwatch.MetricAlarm(f"{name}-{key}-{what}", args=alarm, opts=ResourceOptions(parent=self))
        self.register_outputs({})
