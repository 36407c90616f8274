"""Two stacks in one cluster, and two in one account, do not meet: every name that has to be unique there differs."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from plan import collect, stack_file
from plan.recorder import Run
from tests.unit.plan.plans import STACKS

CLUSTER_WIDE = ("Namespace", "PersistentVolume", "StorageClass", "VolumeAttributesClass", "VolumeSnapshotClass")
ACCOUNT_WIDE = (
    "name",
    "aliasName",
    "accessGroupName",
    "vaultName",
    "nasBackupPlanName",
    "diskName",
    "autoSnapshotPolicyName",
    "instanceName",
    "roleName",
)
"""Inputs by which a cloud's resource has a name in the account. `identifier` of RDS is the user's own."""


@cache
def run(example: str, stack: str, namespace: str, folder: Path) -> Run:
    """The example as a stack of another name."""
    document: dict[str, Any] = yaml.safe_load((stack_file.ROOT / f"Pulumi.{example}.yaml").read_text())
    document["config"]["kotaemon:namespace"] = namespace
    claims = document["config"]["kotaemon:storage"]["claims"]
    for claim in claims.values():
        if claim["kind"] in ("ebs", "essd"):
            claim |= {"attributesClass": True, "snapshotClass": True} | (
                {"types": ["cloud_auto"]} if claim["kind"] == "essd" else {}
            )
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document))
    return collect.preview(stack_file.read(stack, folder))


def cluster_names(found: Run) -> set[tuple[str, str]]:
    return {
        (r.inputs["kind"], str(r.inputs["metadata"]["name"]))
        for r in found.registrations
        if r.is_object and r.inputs["kind"] in CLUSTER_WIDE
    }


def account_names(found: Run) -> Iterator[tuple[str, str]]:
    for r in found.registrations:
        if r.custom and r.type.startswith(("aws:", "alicloud:")):
            yield from ((r.type, str(r.inputs[key])) for key in ACCOUNT_WIDE if key in r.inputs)


@pytest.mark.parametrize("example", STACKS)
def test_two_stacks_in_one_cluster(example: str, tmp_path: Path) -> None:
    one, other = run(example, "one", "team-one", tmp_path), run(example, "other", "team-other", tmp_path)
    assert cluster_names(one), "nothing was compared"
    assert not cluster_names(one) & cluster_names(other)


@pytest.mark.parametrize("example", [name for name in STACKS if name.startswith(("aws", "alicloud"))])
def test_two_stacks_in_one_account(example: str, tmp_path: Path) -> None:
    """Also with one namespace, in two clusters."""
    one, other = run(example, "one", "kotaemon", tmp_path), run(example, "other", "kotaemon", tmp_path)
    assert list(account_names(one)), "nothing was compared"
    assert not set(account_names(one)) & set(account_names(other))
