"""The key `existing`: which ids fit where, and what the program asks the engine for."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from plan import collect, stack_file
from plan.stack_file import ROOT
from stacks import existing
from stacks.settings.load import SettingsError
from tests.unit.plan.kept import merge


def read(folder: Path, example: str, config: dict[str, Any]) -> stack_file.StackFile:
    document = yaml.safe_load((ROOT / f"Pulumi.{example}.yaml").read_text())
    merge(document["config"], config)
    (folder / f"Pulumi.{example}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return stack_file.read(example, folder)


def claim(name: str, said: Any, **more: Any) -> dict[str, Any]:
    return {"kotaemon:storage": {"claims": {name: {"existing": said, **more}}}}


@pytest.mark.parametrize(
    ("example", "config", "name", "id_"),
    [
        ("aws-single", claim("files", "fs-0a1b2c3d4e5f60718"), "kotaemon-files-files", "fs-0a1b2c3d4e5f60718"),
        ("aws-single", claim("disk", "kotaemon/kotaemon-disk"), "kotaemon-disk-claim", "kotaemon/kotaemon-disk"),
        ("aws-single", claim("disk", "vol-0a1b2c3d", zone="eu-central-1a"), "kotaemon-disk-disk", "vol-0a1b2c3d"),
        ("aws-scaled", claim("weights", "fs-0a1b2c3d"), "kotaemon-weights-files", "fs-0a1b2c3d"),
        (
            "aws-scaled",
            {"kotaemon:aws": {"database": {"existing": "kotaemon"}}},
            "kotaemon-database-instance",
            "kotaemon",
        ),
        ("alicloud-single", claim("files", "31a8e4"), "kotaemon-files-file-system", "31a8e4"),
        ("alicloud-single", claim("disk", "d-bp1example", kind="ecs-disk"), "kotaemon-disk-disk", "d-bp1example"),
        (
            "alicloud-scaled",
            {"kotaemon:alicloud": {"database": {"existing": "pgm-bp1example"}}},
            "kotaemon-database-instance",
            "pgm-bp1example",
        ),
        ("alicloud-scaled", {"kotaemon:alicloud": {"existing": "key-hzz62f1c"}}, "key-key", "key-hzz62f1c"),
        ("private-scaled", claim("files", "rag.kotaemon-files"), "kotaemon-files-volume", "rag.kotaemon-files"),
        (
            "private-scaled",
            {"kotaemon:stores": {"vectorStore": {"existing": "rag/kotaemon-vectors-disk"}}},
            "kotaemon-vectors-disk-claim",
            "rag/kotaemon-vectors-disk",
        ),
        ("dev", {"kotaemon:existing": {"admin": "rag/kotaemon-admin"}}, "kotaemon-admin", "rag/kotaemon-admin"),
    ],
)
def test_a_plain_id_is_that_of_what_holds_the_data(
    example: str, config: dict[str, Any], name: str, id_: str, tmp_path: Path
) -> None:
    file = read(tmp_path, example, config)
    assert existing.wanted(file.settings) == {name: id_}
    assert any(r.name == name for r in collect.preview(file).registrations), "the program makes it"


@pytest.mark.parametrize(
    ("example", "config", "said"),
    [
        (
            "aws-single",
            claim("files", "vol-0a1b2c3d"),
            "claims.files: existing.files: 'vol-0a1b2c3d' is not an id of this",
        ),
        (
            "aws-single",
            claim("files", {"disk": "vol-0a1b2c3d"}),
            "claims.files: existing.disk: unknown part; allowed: files",
        ),
        ("aws-single", claim("disk", {"disk": "vol-0a1b2c3d"}), "claims.disk: existing.disk: unknown part"),
        (
            "aws-single",
            {"kotaemon:aws": {"existing": "alias/mine"}},
            "aws: existing.key-key: 'alias/mine' is not an id",
        ),
        (
            "aws-scaled",
            {"kotaemon:aws": {"database": {"existing": {"url": "url"}}}},
            "existing.url: 'url' is not an id",
        ),
        (
            "aws-scaled",
            {"kotaemon:stores": {"vectorStore": {"existing": "qdrant"}}},
            "existing: 'qdrant' is not allowed, because nothing is made here",
        ),
        ("dev", {"kotaemon:existing": {"files": "fs-0a1b2c3d"}}, "existing.files: unknown part; allowed: namespace"),
        ("dev", {"kotaemon:adopt": ["Namespace kotaemon"]}, "kotaemon:adopt: is not a key any more; write existing:"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(example: str, config: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as told:
        read(tmp_path, example, config)
    assert said in str(told.value)
    assert len(told.value.errors) == 1


def test_the_lines_are_told_for_what_they_are_until_only_the_url_is_left(tmp_path: Path) -> None:
    database = {"existing": {"instance": "kotaemon", "url": "kotaemon/kotaemon-database-url"}}
    said = collect.preview(read(tmp_path, "aws-scaled", {"kotaemon:aws": {"database": database}})).warnings
    assert [line for line in said if line.startswith("kotaemon:aws.database.existing: what is named there")]
    database = {"existing": {"url": "kotaemon/kotaemon-database-url"}}
    said = collect.preview(read(tmp_path, "aws-scaled", {"kotaemon:aws": {"database": database}})).warnings
    assert not [line for line in said if "existing" in line]


def test_a_kept_url_is_not_written(tmp_path: Path) -> None:
    """Only the Secret has the password: the instance that was taken up does not tell it."""
    database = {"existing": {"url": "kotaemon/kotaemon-database-url"}}
    run = collect.preview(read(tmp_path, "aws-scaled", {"kotaemon:aws": {"database": database}}))
    secret = run.one("kubernetes:core/v1:Secret", "kotaemon-database-url")
    assert "data" not in secret.inputs
    assert secret.ignore_changes == ("data",), "or it is emptied"
