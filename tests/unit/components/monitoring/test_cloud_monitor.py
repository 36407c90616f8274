"""Alarms of CloudMonitor: each reads a metric that Alibaba Cloud's table has, and holds nothing back when a stack goes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from components.monitoring.alarms import CloudMonitorStorage
from components.monitoring.cloud_monitor import CloudMonitorAlarms, CloudMonitorAlarmsArgs, check

WATCHED = {
    "files": {"storage": CloudMonitorStorage.NAS, "id": "31a8e4", "size": "100Gi"},
    "database": {"storage": CloudMonitorStorage.APSARADB, "id": "pgm-1", "size": "50Gi"},
}


def arguments(**changes: Any) -> CloudMonitorAlarmsArgs:
    values: Any = {"cloud_name": "shop-prod", "contact_groups": ["on-call"], "watched": WATCHED}
    return CloudMonitorAlarmsArgs(**{**values, **changes})


def made(run: Callable[..., Any], **changes: Any) -> dict[str, Any]:
    """Name of each alarm -> its registration."""
    done = run(lambda: CloudMonitorAlarms("alarms", arguments(**changes)) and None)
    return {one.name: one for one in done.of("alicloud:cms/alarm:Alarm")}


def test_each_alarm_reads_a_metric_of_the_table(pulumi_run: Callable[..., Any]) -> None:
    found = {name: one.inputs for name, one in made(pulumi_run, full_percent=90).items()}
    # CloudMonitor, Appendix 1: Metrics, NAS; NAS, Overview of NAS monitoring: bytes
    nas = found["alarms-files-full"]
    assert (nas["project"], nas["metric"]) == ("acs_nas", "AlignedSize")
    assert json.loads(nas["metricDimensions"]) == [{"fileSystemId": "31a8e4"}]
    assert nas["escalationsWarn"] == {
        "comparisonOperator": ">",
        "statistics": "Value",
        "threshold": str(90 * 2**30),
        "times": 3,
    }
    # the same appendix, ApsaraDB RDS for PostgreSQL: instances with disks, percent
    database = found["alarms-database-full"]
    assert (database["project"], database["metric"]) == ("acs_rds_dashboard", "local_fs_size_usage")
    assert json.loads(database["metricDimensions"]) == [{"instanceId": "pgm-1"}]
    assert (database["escalationsWarn"]["statistics"], database["escalationsWarn"]["threshold"]) == ("Average", "90")
    assert all(one["period"] % 60 == 0 for one in found.values()), "a period is a multiple of 60 seconds"
    assert all(300 <= one["silenceTime"] <= 86400 for one in found.values())


def test_the_contact_groups_are_told_and_names_have_the_stack_in_them(pulumi_run: Callable[..., Any]) -> None:
    found = made(pulumi_run, contact_groups=["on-call", "storage"], tags={"team": "search"})
    assert {one.inputs["name"] for one in found.values()} == {"shop-prod-files-full", "shop-prod-database-full"}
    for one in found.values():
        assert (one.inputs["contactGroups"], one.inputs["tags"]) == (["on-call", "storage"], {"team": "search"})


def test_alarms_go_with_the_stack(pulumi_run: Callable[..., Any]) -> None:
    found = made(pulumi_run).values()
    assert found
    assert not any(one.protect or one.retain_on_delete for one in found)
    assert all(one.parent.endswith("::alarms") for one in found)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"contact_groups": []}, "contact_groups: names none"),
        ({"contact_groups": ["a,b"]}, "contact_groups: holds 'a,b'"),
        ({"contact_groups": [" "]}, "contact_groups: holds ' '"),
        ({"contact_groups": ["a", "a"]}, "contact_groups: names a group twice"),
        ({"watched": {}}, "watched: nothing to watch"),
        ({"watched": {"a": {"storage": CloudMonitorStorage.NAS, "id": "1", "size": "100"}}}, "watched: '100'"),
        ({"full_percent": 96}, "full_percent: 96 is not allowed; it is 50 to 95"),
        ({"tags": {"acs:a": "b"}}, "tags: tag 'acs:a'"),
    ],
)
def test_a_wrong_argument_is_found_before_anything_is_made(changes: dict[str, Any], says: str) -> None:
    assert check("alarms", arguments()) == []
    [found] = check("alarms", arguments(**changes))
    assert says in found
