"""Alarms of CloudWatch: each reads a metric that its page has, in its unit, and holds nothing back when a stack goes."""

from collections.abc import Callable
from typing import Any

import pytest

from components.monitoring.alarms import CloudWatchStorage
from components.monitoring.cloudwatch import CloudWatchAlarms, CloudWatchAlarmsArgs, check
from components.monitoring.cloudwatch_metrics import READ

TOPIC = "arn:aws:sns:eu-central-1:111122223333:on-call"
GIB = 2**30
IDS = {"efs": "fs-1", "openzfs": "fs-2", "lustre": "fs-3", "rds": "kotaemon"}
PAGES = {
    # metric -> (namespace, dimensions without the id, statistics that its page calls valid, seconds between two values)
    # EFS user guide, efs-metrics
    "StorageBytes": ("AWS/EFS", {"FileSystemId", "StorageClass"}, {"Minimum", "Maximum", "Average"}, 900),
    "PercentIOLimit": ("AWS/EFS", {"FileSystemId"}, {"Minimum", "Maximum", "Average"}, 60),
    # OpenZFS user guide, fsx-openzfs-metrics
    "UsedStorageCapacity": ("AWS/FSx", {"FileSystemId"}, {"Average", "Minimum"}, 60),
    "StorageCapacity": ("AWS/FSx", {"FileSystemId"}, {"Average", "Minimum"}, 60),
    "FileServerDiskThroughputBalance": ("AWS/FSx", {"FileSystemId"}, {"Average", "Minimum"}, 300),
    "FileServerDiskIopsBalance": ("AWS/FSx", {"FileSystemId"}, {"Average", "Minimum"}, 300),
    # Lustre user guide, performance: only Sum is that of the whole file system
    "FreeDataStorageCapacity": ("AWS/FSx", {"FileSystemId"}, {"Sum"}, 60),
    # RDS user guide, rds-metrics: Sum is not applicable to the balances
    "FreeStorageSpace": ("AWS/RDS", {"DBInstanceIdentifier"}, {"Average", "Minimum", "Maximum"}, 60),
    "EBSByteBalance%": ("AWS/RDS", {"DBInstanceIdentifier"}, {"Average", "Minimum", "Maximum"}, 300),
    "EBSIOBalance%": ("AWS/RDS", {"DBInstanceIdentifier"}, {"Average", "Minimum", "Maximum"}, 300),
}


def arguments(*kinds: str, **changes: Any) -> CloudWatchAlarmsArgs:
    watched = {kind: {"storage": CloudWatchStorage(kind), "id": IDS[kind], "size": "100Gi"} for kind in kinds}
    values: Any = {"region": "eu-central-1", "topic": TOPIC, "watched": watched}
    return CloudWatchAlarmsArgs(**{**values, **changes})


def made(run: Callable[..., Any], *kinds: str, **changes: Any) -> dict[str, dict[str, Any]]:
    """Name of each alarm -> its inputs."""
    done = run(lambda: CloudWatchAlarms("alarms", arguments(*kinds, **changes)) and None)
    return {one.name: one.inputs for one in done.of("aws:cloudwatch/metricAlarm:MetricAlarm")}


def metrics(alarm: dict[str, Any]) -> list[tuple[str, str, dict[str, str], str, int]]:
    """Every metric that an alarm reads: name, namespace, dimensions, statistic, seconds."""
    found = [one["metric"] for one in alarm.get("metricQueries", []) if "metric" in one] or [alarm]
    return [
        (m["metricName"], m["namespace"], m["dimensions"], m.get("statistic") or m["stat"], int(m["period"]))
        for m in found
    ]


def test_each_alarm_reads_what_a_page_of_aws_has(pulumi_run: Callable[..., Any]) -> None:
    seen = set[str]()
    for name, alarm in made(pulumi_run, *IDS).items():
        kind = name.split("-")[1]
        for metric, namespace, dimensions, statistic, seconds in metrics(alarm):
            of, keys, valid, apart = PAGES[metric]
            assert (namespace, set(dimensions)) == (of, keys)
            assert IDS[kind] in dimensions.values()
            assert statistic in valid, f"{metric}: {statistic} is not valid"
            assert seconds >= apart, f"{metric}: a period without a value would look like missing data"
            seen.add(metric)
    assert seen == set(PAGES), "a metric that nothing reads"


@pytest.mark.parametrize("kind", IDS)
def test_the_estimate_knows_how_many_metrics_are_read(pulumi_run: Callable[..., Any], kind: str) -> None:
    assert sum(len(metrics(alarm)) for alarm in made(pulumi_run, kind).values()) == READ[CloudWatchStorage(kind)]


def test_every_kind_tells_when_it_is_full(pulumi_run: Callable[..., Any]) -> None:
    found = made(pulumi_run, *IDS, full_percent=90)
    told = {name: (one["comparisonOperator"], one["threshold"]) for name, one in found.items() if name.endswith("full")}
    assert told == {
        "alarms-efs-full": ("GreaterThanThreshold", 90 * GIB),
        "alarms-openzfs-full": ("GreaterThanThreshold", 90),
        "alarms-lustre-full": ("LessThanThreshold", 10 * GIB),
        "alarms-rds-full": ("LessThanThreshold", 10 * GIB),
    }
    assert {found[name]["treatMissingData"] for name in told} == {"missing"}
    assert all("is over 90 % of 100Gi" in found[name]["alarmDescription"] for name in told)


def test_openzfs_is_measured_by_its_own_size(pulumi_run: Callable[..., Any]) -> None:
    queries = made(pulumi_run, "openzfs")["alarms-openzfs-full"]["metricQueries"]
    assert [one["metric"]["metricName"] for one in queries[:2]] == ["UsedStorageCapacity", "StorageCapacity"]
    assert queries[2]["expression"] == "100*used/total"
    assert [one.get("returnData", False) for one in queries] == [False, False, True]


def test_free_bytes_of_lustre_are_added_up_over_one_minute_only(pulumi_run: Callable[..., Any]) -> None:
    alarm = made(pulumi_run, "lustre")["alarms-lustre-full"]
    assert (alarm["statistic"], alarm["period"]) == ("Sum", 60), "each disk tells its free bytes once a minute"


def test_burst_credits_of_what_does_not_burst_are_no_alarm(pulumi_run: Callable[..., Any]) -> None:
    found = made(pulumi_run, *IDS, credit_percent=35)
    credit = {name: one for name, one in found.items() if name.endswith("credits")}
    assert {name.split("-")[1] for name in credit} == {"openzfs", "rds"}
    assert {(one["comparisonOperator"], one["threshold"]) for one in credit.values()} == {("LessThanThreshold", 35)}
    assert {one["treatMissingData"] for one in credit.values()} == {"notBreaching"}
    assert all("less than 35 % of its burst credits" in one["alarmDescription"] for one in credit.values())


def test_the_topic_is_told_when_an_alarm_begins_and_when_it_ends(pulumi_run: Callable[..., Any]) -> None:
    for alarm in made(pulumi_run, *IDS, tags={"team": "search"}).values():
        assert (alarm["alarmActions"], alarm["okActions"], alarm["tags"]) == ([TOPIC], [TOPIC], {"team": "search"})


def test_alarms_go_with_the_stack(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: CloudWatchAlarms("alarms", arguments("efs")) and None)
    alarms = run.of("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert alarms
    assert not any(one.protect or one.retain_on_delete for one in alarms)
    assert all(one.parent.endswith("::alarms") for one in alarms)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"topic": "on-call"}, "topic: 'on-call' must be the ARN of an SNS topic"),
        ({"topic": TOPIC.replace("central", "west")}, "is a topic of region eu-west-1"),
        ({"topic": TOPIC.replace("arn:aws:", "arn:aws-cn:")}, "is an ARN of partition aws-cn"),
        ({"watched": {}}, "watched: nothing to watch"),
        ({"watched": {"a": {"storage": CloudWatchStorage.EFS, "id": "fs-1", "size": "100GB"}}}, "watched: '100GB'"),
        ({"full_percent": 49}, "full_percent: 49 is not allowed; it is 50 to 95"),
        ({"full_percent": 0}, "full_percent: 0 is not allowed"),
        ({"credit_percent": 91}, "credit_percent: 91 is not allowed; it is 1 to 90"),
        ({"tags": {"aws:a": "b"}}, "tags: tag 'aws:a'"),
    ],
)
def test_a_wrong_argument_is_found_before_anything_is_made(changes: dict[str, Any], says: str) -> None:
    assert check("alarms", arguments("efs")) == []
    [found] = check("alarms", arguments("efs", **changes))
    assert says in found
