"""No kind and no store is without a backup: what protects each, by the program's own word, and by docs/backups.md."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.contract import Medium
from plan.recorder import run_program
from plan.stack_file import ROOT, StackFile, read
from stacks import backup, backup_checks, kinds, platforms, stores
from stacks.planned import Planned
from stacks.planned import planned as plan_of
from stacks.program import settings_of_this_run
from tests.engine.effects.expected import written
from tests.engine.effects.fields import STACKS
from tests.unit.plan.test_two_of_a_kind import TWO, with_claims

PAGE = (ROOT / "docs" / "backups.md").read_text()
TO = {"to": {"url": "s3:https://s3.example.com/backups/kotaemon", "secretName": "bucket"}}
SNAPSHOTS = {"snapshots": {"snapshotClass": "kept", "copyClass": "gone", "encryptedOnly": False}}
OWN, SNAPSHOT, REPOSITORY, BUCKET = "own", "snapshots", "repository", "bucket"
KINDS: dict[str, set[str]] = {
    **{kind: {REPOSITORY} for kind in ("nfs", "nfs-server", "nfs-ha", "existing-claim", "csi-volume")},
    **{kind: {OWN, REPOSITORY} for kind in ("efs", "openzfs", "lustre", "nas", "nfs-on-disk")},
    **{kind: {SNAPSHOT, REPOSITORY} for kind in ("ebs", "essd", "storage-class")},
    "ecs-disk": {OWN, SNAPSHOT, REPOSITORY},
    **{kind: {BUCKET} for kind in ("mountpoint-s3", "ossfs", "s3-files")},
    # Its chunks are no files and its names are in a database: neither is the stack's, so every run warns.
    "juicefs": set(),
}
"""Kind -> what can protect its claims."""
ROWS = {
    OWN: "| comes with the storage |",
    SNAPSHOT: "| VolumeSnapshots on a schedule |",
    REPOSITORY: "| file-level backup in a repository of restic |",
    BUCKET: "| what the bucket keeps by itself |",
}


@cache
def planned(kind: str, folder: Path, *, saved: bool) -> Planned:
    """A stack with one claim of the kind, under roles that may stand on it. `saved`: with a section `backup`."""
    example, said = TWO[kind]
    claim = yaml.safe_load(yaml.safe_dump({"kind": kind, **said}).replace("{}", "one").replace("<>", "1"))
    file = with_claims(folder, example, one=claim)
    disk = file.settings.storage.claims["one"].medium == Medium.BLOCK
    path = folder / f"Pulumi.{example}.yaml"
    document = yaml.safe_load(path.read_text())
    for role in ("indexes", "sessions") if disk else ("eval",):
        document["config"]["kotaemon:storage"]["roles"][role] = {"claim": "one"}
    if saved:
        document["config"]["kotaemon:backup"] = {**TO, **(SNAPSHOTS if disk else {})}
    path.write_text(yaml.safe_dump(document))
    return seen(read(example, folder))


def seen(file: StackFile) -> Planned:
    """The stack as it is planned; nothing of it is registered."""
    stack: list[Planned] = []
    run_program(
        lambda: stack.append(plan_of(settings_of_this_run())),
        stack=file.name,
        preview=True,
        config=file.config,
        secret_keys=file.secret_keys,
    )
    return stack[0]


def findings(stack: Planned) -> bool:
    """Whether the guard says that no backup is known of the claim."""
    claim = stack.claims["one"]["name"]
    return any(v.rule == "no-backup" and v.claim in ("one", claim) for v in stack.report.verdicts)


def ways(stack: Planned) -> set[str]:
    """What protects the claim `one`, by the program's own word."""
    chosen = stack.settings.storage.claims["one"]
    words = backup_checks.protections(stack.settings, stack.contexts, stack.claims, stack.storage, {})
    said = words[stack.claims["one"]["name"]]
    kind = kinds.kind(chosen.kind)
    found = {OWN} if kind.own_backup(chosen) and kind.own_backup(chosen) in said else set[str]()
    found |= {SNAPSHOT} if "VolumeSnapshots on a schedule" in said else set()
    found |= {REPOSITORY} if "backups in the repository" in said else set()
    return found | ({BUCKET} if [line for line in said if "versions in the bucket" in line] else set())


def test_every_kind_has_a_line() -> None:
    assert KINDS.keys() == set(kinds.NAMES)


@pytest.mark.parametrize("kind", KINDS)
def test_what_can_protect_a_claim_of_each_kind(kind: str, tmp_path: Path) -> None:
    stack = planned(kind, tmp_path, saved=True)
    assert ways(stack) == KINDS[kind]
    assert findings(stack) == (not KINDS[kind]), "a claim of which no backup is known is a finding"


def test_of_a_bucket_of_somebody_else_no_versions_are_known(tmp_path: Path) -> None:
    example, said = TWO["mountpoint-s3"]
    with_claims(tmp_path, example, one={"kind": "mountpoint-s3", **said, "prefix": "one/"})
    path = tmp_path / f"Pulumi.{example}.yaml"
    document = yaml.safe_load(path.read_text())
    document["config"]["kotaemon:bucket"] = {"name": "acme-theirs", "exists": True}
    document["config"]["kotaemon:storage"]["roles"]["eval"] = {"claim": "one"}
    path.write_text(yaml.safe_dump(document))
    stack = seen(read(example, tmp_path))
    assert ways(stack) == set()
    assert findings(stack)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not KINDS[kind] & {OWN, BUCKET}])
def test_without_the_section_it_is_a_finding(kind: str, tmp_path: Path) -> None:
    stack = planned(kind, tmp_path, saved=False)
    assert ways(stack) == set()
    assert findings(stack)


@pytest.mark.parametrize("way", ROWS)
def test_the_page_has_each_kind_in_its_rows(way: str) -> None:
    [row] = [line for line in PAGE.splitlines() if line.startswith(ROWS[way])]
    named = set(re.findall(r"`([a-z0-9-]+)`", row.split("|")[2])) & KINDS.keys()
    wanted = {kind for kind, found in KINDS.items() if way in found}
    if way == BUCKET:
        wanted.add("juicefs")  # with what its row says of its metadata
    if way == SNAPSHOT:  # those two are what their owner says; here they are files
        assert "`csi-volume` and `existing-claim`, where they are disks of a CSI driver" in row
        wanted |= {"csi-volume", "existing-claim"}
    if way == REPOSITORY:  # disks are there in words: "other disks through a copy of their newest snapshot"
        assert "other disks through a copy of their newest snapshot" in row
        assert "every kind that a second pod can mount" in row
        assert named <= wanted
        return
    assert named == wanted


def stores_of(stack: Planned) -> dict[str, str]:
    """Place of each store -> its kind, or the platform's own."""
    return {place: str(getattr(one.at.chosen, "kind", stack.platform.about)) for place, one in stack.stores.items()}


@cache
def scaled(name: str, folder: Path) -> Planned:
    values: dict[str, Any] = {"backup": TO}
    file = written(name, folder, values)
    return seen(file)


def handed(stack: Planned) -> dict[str, Any]:
    return {name: one.store.planned(one.at) for name, one in stack.stores.items()}


@pytest.mark.parametrize("name", [name for name in STACKS if STACKS[name].settings.get("profile") == "scaled"])
def test_every_store_is_in_the_backup_or_named_as_missing(name: str, tmp_path: Path) -> None:
    stack = scaled(name, tmp_path)
    told = handed(stack)
    args = backup.backups(stack.settings, "kotaemon", stack.storage, stack.claims, told)
    assert args is not None, name
    assert "database" in args, "whatever PostgreSQL it is, its dump is in the repository"
    said = "\n".join(backup_checks.warnings(stack.settings, stack.storage, told))
    vectors = told["vectors"]["kind"].value
    assert ("vectors" in args) == (vectors == "qdrant")
    assert ("vectors" in args) or f"the vectors in {vectors} are not in it" in said
    documents = told.get("documents")
    if documents is not None and documents["kind"].value != "lancedb":
        assert f"the texts in {documents['kind'].value} are not in it" in said


def test_every_store_was_asked(tmp_path: Path) -> None:
    """The stacks above have each kind of store; what they cannot have is named here, with its own backup."""
    found = {
        (place, kind)
        for name in STACKS
        if STACKS[name].settings.get("profile") == "scaled"
        for place, kind in stores_of(scaled(name, tmp_path)).items()
    }
    every = {(place, kind) for place, names in stores.NAMES.items() for kind in names}
    missing = every - found
    assert missing <= {("database", "cloudnative-pg"), ("documents", "lancedb")}, missing
    own = {platforms.platform(name).about for name in platforms.NAMES if platforms.platform(name).own_store}
    assert {("database", about) for about in own} <= found, "RDS and ApsaraDB"
    for word in ("`rds`", "ApsaraDB", "`cloudnative-pg` with `archive`", "PostgreSQL of every kind", "Qdrant"):
        assert word in PAGE, word
