"""Backup and drill with a repository in a bucket of a real server of S3, with the rights that docs/backups.md asks for
and the policy of the bucket that the stack makes.

The long form of test_backup.py, whose repository is a folder and whose restic is Debian's: here it is the release whose
image the pods use. The build of both takes some minutes of processor time, once.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.object.s3 import bucket_policy
from components.protection.args import BackupRepository, BackupsArgs
from components.protection.pods import variables
from tests.programs import build
from tests.programs.protection import Place, finished, place, rot
from tests.programs.s3_server import POD, REGION, S3Server, server
from tests.unit.tools import needed

pytestmark = pytest.mark.long
BUCKET, PREFIX = "acme-kotaemon", "backups/restic"
KNOWN = ("NothingWithoutTls", "NobodyDeletesAVersion")
"""Statements of the policy whose conditions versitygw knows; the others are about KMS, which it has not."""
DOCS = Path(__file__).parents[2] / "docs" / "backups.md"


def policy() -> dict[str, Any]:
    """That of the bucket that a stack makes, and in it the rights that the documentation asks for the pods."""
    (said,) = re.findall(r"Who writes needs ([^;]*);\s+([^;]*) below `backups/`", DOCS.read_text())
    whole, below = ([action.strip("`") for action in re.findall(r"`s3:\w+`", part)] for part in said)
    arn = f"arn:aws:s3:::{BUCKET}"
    allowed = {"Effect": "Allow", "Principal": {"AWS": [POD]}}
    made = bucket_policy(BUCKET, "arn:aws:kms:us-east-1:111122223333:key/1", REGION)
    known = [statement for statement in made["Statement"] if statement["Sid"] in KNOWN]
    assert len(known) == len(KNOWN)
    rights = [
        {**allowed, "Action": whole, "Resource": arn},
        # A role that may too much: the bucket's policy holds it back.
        {**allowed, "Action": [*below, "s3:DeleteObjectVersion"], "Resource": f"{arn}/backups/*"},
    ]
    return {**made, "Statement": [*known, *rights]}


@pytest.fixture(scope="module")
def running() -> Iterator[S3Server]:
    with server() as made:
        made.bucket(BUCKET, policy())
        yield made


@pytest.fixture
def house(running: S3Server, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A stack whose repository is a folder of its own in the bucket; its variables are those that the pods get."""
    prefix = f"{PREFIX}/{request.node.name}"
    repository = BackupRepository(url=f"s3:{running.url}/{BUCKET}/{prefix}", region=REGION)
    rendered = variables("kotaemon", BackupsArgs(namespace="kotaemon", roles={}, repository=repository))
    with place() as made:
        shutil.copy(build.restic(), made.program_of_restic)
        made.env |= running.env(POD)
        made.env |= {name: str(rendered[name]) for name in ("RESTIC_REPOSITORY", "AWS_DEFAULT_REGION")}
        yield made


def objects(running: S3Server, request: pytest.FixtureRequest) -> list[Path]:
    """The files behind the objects of a test's repository."""
    root = running.buckets / BUCKET / PREFIX / request.node.name
    return [path for path in root.rglob("*") if path.is_file()]


def test_every_turn_acknowledged_before_is_in_the_bucket_while_others_follow(house: Place) -> None:
    with house.writing() as said:
        before = set(said.read_text().split())
        house.backup()
        after = set(said.read_text().split())
    assert len(before) > 3
    assert after > before, "nobody wrote while the backup ran"
    done = house.drill()
    assert done.returncode == 0, done.stderr
    found = re.search(r"conversations (\d+)", done.stdout)
    assert found, done.stdout
    assert int(found[1]) >= len(before)


def test_killed_at_every_call_of_restic_the_next_run_is_whole(house: Place) -> None:
    assert house.killed_at_each_call(20) >= 5, "snapshots, init, backup, tag and forget at least"
    assert all(one.get("tags") == ["whole"] for one in house.snapshots())
    assert house.drill().returncode == 0


def test_the_retention_removes_what_it_no_longer_keeps(house: Place) -> None:
    for day in (1, 2, 3):
        at = f"2026-01-{day:02d} 02:00:00"
        house.restic("init") if day == 1 else None
        house.restic("backup", "--host", "kotaemon", "--tag", "whole", "--time", at, str(house.data))
    house.backup(KS_KEEP_DAILY="2", KS_KEEP_WEEKLY="0", KS_KEEP_MONTHLY="0")
    kept = sorted(one["time"][:10] for one in house.snapshots())
    assert len(kept) == 2
    assert kept[0] == "2026-01-03"
    assert house.drill().returncode == 0


def test_bytes_that_rot_in_the_bucket_turn_the_drill_red(
    house: Place, running: S3Server, request: pytest.FixtureRequest
) -> None:
    house.backup()
    pack = max((path for path in objects(running, request) if "/data/" in str(path)), key=lambda p: p.stat().st_size)
    rot(pack)
    done = house.drill()
    assert done.returncode == 1
    assert "the drill is bad" in done.stderr
    assert "restic check" in done.stderr


def test_without_the_password_or_the_keys_of_the_bucket_the_drill_is_red(house: Place) -> None:
    house.backup()
    (house.root / "password").write_text("another")
    house.owned()
    assert "the password does not open" in house.drill().stderr
    (house.root / "password").write_text("correct horse")
    house.owned()
    done = house.drill(AWS_SECRET_ACCESS_KEY="of somebody else")
    assert done.returncode == 1
    assert "the drill is bad" in done.stderr
    assert house.run("ks_protect_backup.py", AWS_SECRET_ACCESS_KEY="of somebody else").returncode == 75
    assert house.drill().returncode == 0, "nothing was made anew"


def test_an_object_of_the_repository_that_is_missing_turns_the_drill_red(
    house: Place, running: S3Server, request: pytest.FixtureRequest
) -> None:
    house.backup()
    (key,) = (path for path in objects(running, request) if path.parent.name == "keys")
    key.unlink()
    done = house.drill()
    assert done.returncode == 1
    assert "the drill is bad" in done.stderr


def test_what_the_pods_key_deletes_can_be_taken_back(
    house: Place, running: S3Server, request: pytest.FixtureRequest
) -> None:
    """Somebody with the pod's credentials deletes all; whoever owns the bucket takes the versions (rclone)."""
    needed("rclone", "rclone")
    house.backup()
    remote = f"s3:{BUCKET}/{PREFIX}/{request.node.name}"

    def rclone(who: str, *words: str) -> str:
        done = finished(house.program(["rclone", *words], **running.rclone(who)))
        assert done.returncode == 0, done.stderr
        return done.stdout

    rclone(POD, "delete", remote)
    assert rclone(POD, "ls", remote) == ""
    assert house.drill().returncode == 1
    key = f"/{BUCKET}/{PREFIX}/{request.node.name}/config"
    listed = running.ask("GET", f"/{BUCKET}", "versions=")
    version = re.search(rf"<Key>{re.escape(key.removeprefix(f'/{BUCKET}/'))}</Key>.*?<VersionId>(\w+)<", listed)
    assert version, listed
    with pytest.raises(AssertionError, match="AccessDenied"):
        running.ask("DELETE", key, f"versionId={version[1]}", who=POD)
    back = house.root / "taken-back"
    rclone("owner", "--s3-versions", "copy", remote, str(back))
    for path in [path for path in back.rglob("*") if path.is_file()]:
        path.rename(path.with_name(re.sub(r"-v\d{4}-\d\d-\d\d-\d{6}-\d{3}", "", path.name)))
    house.owned()
    done = house.drill(RESTIC_REPOSITORY=str(back))
    assert done.returncode == 0, done.stderr


def test_the_pods_key_writes_nowhere_but_among_the_backups(running: S3Server) -> None:
    for path in ("files/report.json", "backups-of-others/x"):
        with pytest.raises(AssertionError, match="AccessDenied"):
            running.ask("PUT", f"/{BUCKET}/{path}", body="x", who=POD)
    running.ask("PUT", f"/{BUCKET}/backups/x", body="x", who=POD)
