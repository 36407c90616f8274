"""The key `alarms` of a cloud's section: what is made for each kind, what is refused, and nothing without it."""

import json
from pathlib import Path
from typing import Any

import pytest

from plan import collect
from plan.recorder import Registration
from stacks import kinds, platforms
from stacks.kinds.base import Kind
from stacks.settings.load import SettingsError
from tests.unit.stacks.test_memory import changed

TOPIC = "arn:aws:sns:eu-central-1:111122223333:on-call"
AWS = {"aws.alarms": {"topic": TOPIC}}
ALICLOUD = {"alicloud.alarms": {"contactGroups": ["on-call"]}}
TYPES = ("aws:cloudwatch/metricAlarm:MetricAlarm", "alicloud:cms/alarm:Alarm")


def made(folder: Path, example: str, change: dict[str, Any]) -> dict[str, Registration]:
    registered = collect.preview(changed(folder, example, change)).registrations
    return {r.name: r for r in registered if r.type in TYPES}


def said(folder: Path, example: str, change: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as told:
        changed(folder, example, change)
    return list(told.value.errors)


def test_without_the_key_no_example_has_an_alarm(tmp_path: Path) -> None:
    for example in ("aws-scaled", "aws-single", "alicloud-scaled", "alicloud-single"):
        assert made(tmp_path, example, {}) == {}


def test_openzfs_lustre_and_the_database_are_watched(tmp_path: Path) -> None:
    found = made(tmp_path, "aws-scaled", AWS)
    assert set(found) == {
        *(f"alarms-claim-shared-{what}" for what in ("full", "throughput-credits", "iops-credits")),
        "alarms-claim-weights-full",
        *(f"alarms-database-{what}" for what in ("full", "throughput-credits", "iops-credits")),
    }
    assert all(one.inputs["alarmActions"] == [TOPIC] for one in found.values())
    assert all(
        one.inputs["tags"] == {"app": "kotaemon", "stack": "aws-scaled", "team": "search"} for one in found.values()
    )
    assert not any(one.protect or one.retain_on_delete for one in found.values()), "they hold no data"
    assert found["alarms-claim-weights-full"].inputs["threshold"] == 240 * 2**30, "a fifth of 1200Gi is left"
    database = found["alarms-database-full"].inputs
    assert database["dimensions"] == {"DBInstanceIdentifier": "kotaemon"}, "not the resource id, which the engine knows"


def test_a_plan_says_what_the_alarms_cost(tmp_path: Path) -> None:
    """One line, by the metrics that are read: four of OpenZFS, one of Lustre, three of RDS."""
    lines = [
        line for line in collect.make(changed(tmp_path, "aws-scaled", AWS)).cost.lines if line.resource == "alarms"
    ]
    assert [line.quantity for line in lines] == [8]
    free = collect.make(changed(tmp_path, "alicloud-scaled", ALICLOUD)).cost.free
    assert any("Alarm" in str(one) for one in free)


def test_the_percentages_of_the_stack_file_are_taken(tmp_path: Path) -> None:
    change = {"aws.alarms": {"topic": TOPIC, "fullPercent": 90, "creditPercent": 30}}
    found = made(tmp_path, "aws-scaled", change)
    assert found["alarms-claim-shared-full"].inputs["threshold"] == 90
    assert found["alarms-claim-shared-iops-credits"].inputs["threshold"] == 30


def test_efs_is_watched_and_a_disk_of_ebs_is_not(tmp_path: Path) -> None:
    found = made(tmp_path, "aws-single", AWS)
    assert set(found) == {"alarms-claim-files-full", "alarms-claim-files-io-limit"}
    dimensions = found["alarms-claim-files-full"].inputs["dimensions"]
    assert set(dimensions) == {"FileSystemId", "StorageClass"}


def test_an_existing_file_system_is_watched_as_well(tmp_path: Path) -> None:
    existing = {"storage.claims.files.existing": {"files": "fs-0a1b2c3d4e5f60718"}}
    found = set(made(tmp_path, "aws-single", {**AWS, **existing}))
    assert found == {"alarms-claim-files-full", "alarms-claim-files-io-limit"}


def test_nas_and_the_database_of_alibaba_cloud_are_watched(tmp_path: Path) -> None:
    found = made(tmp_path, "alicloud-scaled", ALICLOUD)
    watched = {name: json.loads(one.inputs["metricDimensions"]) for name, one in found.items() if "database" in name}
    assert set(watched) == {"alarms-database-full"}
    assert {one.inputs["metric"] for one in found.values()} == {"AlignedSize", "local_fs_size_usage"}
    assert all(one.inputs["name"].startswith("kotaemon-alicloud-scaled-") for one in found.values())
    assert all(one.inputs["contactGroups"] == ["on-call"] for one in found.values())
    assert not any(one.protect or one.retain_on_delete for one in found.values()), "they hold no data"


def test_extreme_nas_has_no_alarm(tmp_path: Path) -> None:
    names = {
        name for name, one in made(tmp_path, "alicloud-scaled", ALICLOUD).items() if one.inputs["project"] == "acs_nas"
    }
    [name] = names
    claim = name.removeprefix("alarms-claim-").removesuffix("-full")
    extreme = {f"storage.claims.{claim}": {"kind": "nas", "fileSystem": "extreme", "size": "100Gi"}}
    assert set(made(tmp_path, "alicloud-scaled", {**ALICLOUD, **extreme})) == {"alarms-database-full"}


@pytest.mark.parametrize(
    ("alarms", "says"),
    [
        ({"topic": "on-call"}, "alarms.topic: 'on-call' must be the ARN of an SNS topic, for example arn:aws:sns:"),
        (
            {"topic": TOPIC.replace("eu-central-1", "eu-west-1")},
            "alarms in eu-central-1 can only tell topics of eu-central-1",
        ),
        ({"topic": TOPIC.replace("arn:aws:", "arn:aws-us-gov:")}, "is an ARN of partition aws-us-gov"),
        ({}, "topic: missing"),
        ({"topic": TOPIC, "fullPercent": 99}, "fullPercent"),
        ({"topic": TOPIC, "creditPercent": 0}, "creditPercent"),
        ({"topic": TOPIC, "email": "a@b.c"}, "email"),
    ],
)
def test_a_mistake_of_aws_is_said_with_its_key(tmp_path: Path, alarms: dict[str, Any], says: str) -> None:
    [line] = said(tmp_path, "aws-scaled", {"aws.alarms": alarms})
    assert line.startswith("kotaemon:aws")
    assert says in line


@pytest.mark.parametrize(
    ("alarms", "says"),
    [
        ({"contactGroups": []}, "names none; give at least one contact group"),
        ({"contactGroups": ["a", "a"]}, "names a group twice"),
        ({"contactGroups": ["a"], "fullPercent": 10}, "fullPercent"),
        ({"contactGroups": ["a"], "creditPercent": 10}, "creditPercent"),
    ],
)
def test_a_mistake_of_alibaba_cloud_is_said_with_its_key(tmp_path: Path, alarms: dict[str, Any], says: str) -> None:
    [line] = said(tmp_path, "alicloud-scaled", {"alicloud.alarms": alarms})
    assert line.startswith("kotaemon:alicloud.alarms")
    assert says in line


def test_alarms_without_anything_to_watch_are_refused(tmp_path: Path) -> None:
    disk = {"storage": {"claims": {"disk": {"kind": "essd", "size": "40Gi"}}}}
    [line] = said(tmp_path, "alicloud-single", {**ALICLOUD, **disk})
    assert line.startswith("kotaemon:alicloud.alarms: nothing to watch")


def test_what_the_kubelet_does_not_measure_is_watched_by_the_cloud_or_told(tmp_path: Path) -> None:
    """A kind in a cloud's account whose fill is measured elsewhere has an alarm, or a reason to have none."""
    none = {"s3-files", "mountpoint-s3", "ossfs", "juicefs", "folders"}
    of_clouds = [name for name in platforms.NAMES if platforms.platform(name).alarms is not None]
    assert of_clouds == ["aws", "alicloud"]
    for name in kinds.NAMES:
        kind = kinds.kind(name)
        watches = type(kind).watched is not Kind.watched
        if kind.in_account and kind.fill_elsewhere and name not in none:
            assert watches, name
        if watches:
            assert kind.fill_elsewhere, f"{name}: the kubelet measures it"
