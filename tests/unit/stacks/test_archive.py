"""The section `kotaemon:archive`: what the CronJob is told, and which folders are refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from plan import collect
from stacks import archive
from stacks.settings.load import SettingsError
from tests.unit.stacks.kinds.test_mounted import AWS, OSS
from tests.unit.stacks.test_memory import changed

REPORTS = {"archive": {"reports": {"claim": "files", "folder": "reports"}}}


def told(example: str, change: dict[str, Any], folder: Path) -> dict[str, Any]:
    run = collect.preview(changed(folder, example, change))
    spec = run.one("kubernetes:batch/v1:CronJob", "kotaemon-archive-job").inputs["spec"]
    env = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["env"]
    return json.loads({v["name"]: v["value"] for v in env}["KS_ARCHIVE"])


def test_from_efs_to_a_bucket_that_cannot_rename(tmp_path: Path) -> None:
    region = {
        "aws.region": "us-east-1",
        "aws.subnets": {f"us-east-1{zone}": f"subnet-0a1b2c3d4e5f6071{zone}" for zone in "ab"},
        "aws.keyArn": None,
        "storage.claims.disk.zone": None,
    }
    found = told("aws-single", {**AWS, **REPORTS, **region}, tmp_path)
    assert found["renames"] is False
    # EFS 0.30 and S3 0.023 USD for a GiB and month in us-east-1 (estimate/prices/aws.yaml).
    assert (found["saved_per_gib"], found["currency"]) == ("0.277", "USD")
    assert [move["to"] for move in found["moves"]] == ["/cold/eval", "/cold/logs/archive"]


def test_a_price_that_is_not_known_saves_nothing_that_is_known(tmp_path: Path) -> None:
    assert "saved_per_gib" not in told("aws-single", {**AWS, **REPORTS}, tmp_path)


def test_ossfs_renames_and_has_no_known_price(tmp_path: Path) -> None:
    found = told("alicloud-single", {**OSS, "archive": {}}, tmp_path)
    assert found["renames"] is True
    assert "saved_per_gib" not in found
    assert [move["what"] for move in found["moves"]] == ["logs"]


def test_where_it_is_afterwards_is_an_output(tmp_path: Path) -> None:
    plan = collect.make(changed(tmp_path, "aws-single", {**AWS, **REPORTS}))
    assert plan.outputs["archive"] == {"claim": "kotaemon-cold", "reports": "eval", "logs": "logs/archive"}


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"logs": False}, "kotaemon:archive: nothing to move; give reports, or logs: true"),
        ({"reports": {"claim": "none"}}, "kotaemon:archive.reports.claim: 'none' is no claim"),
        ({"reports": {"claim": "files", "folder": "logs/pods"}}, "holds the role logs (files/logs)"),
        ({"reports": {"claim": "files", "folder": "models"}}, "holds the role models (files/models)"),
        ({"reports": {"claim": "files", "folder": "models/latest"}}, "holds the role models"),
        ({"reports": {"claim": "disk", "folder": "indexes"}}, "holds the role indexes"),
        ({"reports": {"claim": "files", "folder": "../x"}}, "must be a relative folder"),
        ({"afterDays": 0}, "afterDays"),
        ({"schedule": "every night"}, "must be a cron line of five fields"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_bad_input(section: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        changed(tmp_path, "aws-single", {**AWS, "archive": section})
    assert message in "\n".join(refused.value.errors)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"archive": {}}, "logs: it is on the claim kotaemon-files, where the role eval is as well"),
        (
            {**AWS, "archive": {}, "storage.roles.eval": {"claim": "cold", "readOnly": True}},
            "cold: the role is mounted",
        ),
        ({**AWS, "archive": {"reports": {"claim": "disk", "folder": "r"}}}, "what it moves has to be on a file claim"),
    ],
)
def test_what_the_component_refuses_is_said_before_anything_is_made(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(Exception, match="nothing was created") as refused:
        collect.make(changed(tmp_path, "aws-single", change))
    assert message in str(refused.value)
    assert "kotaemon:archive: " in str(refused.value)


def test_the_name_of_the_cron_job() -> None:
    assert archive.NAME == "kotaemon-archive"
