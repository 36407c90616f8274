"""The stack files of docs/cold-tier.md are planned as they stand, and the page says of each mount what the guard reads."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from guard.object_mounts import (
    GEESEFS,
    JUICEFS,
    MOUNTPOINT,
    OBJECT_MOUNTS,
    OSSFS,
    S3_FILES,
    Nodes,
    object_mount,
    refused_nodes,
)
from plan import collect, stack_file
from plan.stack_file import ROOT
from stacks.settings.load import SettingsError
from tests.unit.plan.kept import merge

PAGE = (ROOT / "docs" / "cold-tier.md").read_text()
FOUND: list[tuple[str, str]] = re.findall(r"<!-- (\S+) -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
BLOCKS = [(example, block) for example, block in FOUND if example != "objects"]
OBJECTS = [block for example, block in FOUND if example == "objects"]
"""Objects that people make themselves; the API server looks at them (tests/cluster/test_cold_tier.py)."""


def read(folder: Path, example: str, config: dict[str, Any]) -> stack_file.StackFile:
    document = yaml.safe_load((ROOT / f"Pulumi.{example}.yaml").read_text())
    merge(document["config"], config)
    (folder / f"Pulumi.{example}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return stack_file.read(example, folder)


def test_every_block_is_planned() -> None:
    assert len(FOUND) == PAGE.count("```yaml") == 11
    assert len(OBJECTS) == 1


@pytest.mark.parametrize(("example", "block"), BLOCKS, ids=[str(number) for number in range(len(BLOCKS))])
def test_the_blocks_are_plans(example: str, block: str, tmp_path: Path) -> None:
    plan = collect.make(read(tmp_path, example, yaml.safe_load(block)))
    if "kotaemon:storage" in block:
        own = "s3-files" if "existing-claim" in block else "kotaemon-cold"
        assert plan.storage["eval"].claim == own


@pytest.mark.parametrize(
    ("mount", "row"), [(MOUNTPOINT, "mountpoint-s3"), (OSSFS, "ossfs"), (JUICEFS, "juicefs"), (S3_FILES, "s3-files")]
)
def test_the_table_says_what_the_guard_reads(mount: Any, row: str) -> None:
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| `{row}` |")]
    _, _, _, _, renames, appends, locks, _, _ = (cell.strip() for cell in line.split("|"))
    assert (renames != "no") == mount.renames
    assert (appends != "no") == mount.appends == mount.changes_in_place
    assert (locks != "none") == mount.locks


def test_every_driver_is_known_once() -> None:
    drivers = [driver for mount in OBJECT_MOUNTS for driver in mount.drivers]
    assert len(drivers) == len(set(drivers))
    assert [object_mount(driver) for driver in drivers] == list(OBJECT_MOUNTS)
    assert object_mount("nfs.csi.k8s.io") is None
    assert all(mount.source.startswith("https://") for mount in OBJECT_MOUNTS)


def test_nodes() -> None:
    assert refused_nodes(GEESEFS, ()) == refused_nodes(MOUNTPOINT, (Nodes.BOTTLEROCKET,)) == ""
    assert "GeeseFS cannot run on nodes of Bottlerocket" in refused_nodes(GEESEFS, (Nodes.BOTTLEROCKET,))


@pytest.mark.parametrize(
    "nodes",
    [{"bottlerocket": True}, {"autoMode": True, "clusterRole": "arn:aws:iam::111122223333:role/c", "drivers": {}}],
)
def test_geesefs_is_refused_where_its_unit_cannot_run(nodes: dict[str, Any], tmp_path: Path) -> None:
    [block] = [yaml.safe_load(text) for _, text in BLOCKS if "ru.yandex.s3.csi" in text]
    assert collect.make(read(tmp_path, "aws-single", block))
    document = yaml.safe_load((ROOT / "Pulumi.aws-single.yaml").read_text())
    section = {**document["config"]["kotaemon:aws"], **nodes}
    document["config"]["kotaemon:aws"] = section
    merge(document["config"], block)
    (tmp_path / "Pulumi.aws-single.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    with pytest.raises(SettingsError, match=r"claims\.cold\.driver: GeeseFS cannot run on nodes of"):
        stack_file.read("aws-single", tmp_path)
