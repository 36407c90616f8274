"""A move to a bucket that is really mounted and back, while somebody writes, with copies that are killed: the commands of
the Jobs as they are, rclone for the copy and the comparison by SHA-256 through the mount."""

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from components.contract import Medium
from stacks.moving.state import Step
from tests.programs.mounted import Bucket, mounted, possible
from tests.unit.deploy.move.moves import Move, claim, needs_programs

pytestmark = pytest.mark.long


@pytest.fixture
def bucket(tmp_path: Path, request: pytest.FixtureRequest) -> Generator[Bucket]:
    """A bucket at the folder of the claim that the test names."""
    possible()
    needs_programs()
    at = tmp_path / "claims" / request.param
    at.mkdir(parents=True)
    with mounted(at) as made:
        yield made


@pytest.mark.parametrize("bucket", ["new"], indirect=True)
def test_to_a_bucket_while_somebody_writes_with_killed_copies(bucket: Bucket, tmp_path: Path) -> None:
    move = Move(tmp_path, claim("old"), claim("new", Medium.OBJECT))
    shutil.rmtree(move.old / "no files")
    move.house.writer.pause = 0.2
    move.house.start()
    move.house.kill_copies = 2
    assert move.run().step == Step.COPIED
    move.house.writer.stop()
    assert move.house.writer.acknowledged > 0
    assert move.whole(move.new)
    assert (bucket.objects / "uploads/a/b/file").read_text() == "text", "the objects are the files"
    assert (bucket.objects / "uploads/big").read_bytes() == (move.old / "big").read_bytes()


@pytest.mark.parametrize("bucket", ["old"], indirect=True)
def test_from_a_bucket_to_a_disk(bucket: Bucket, tmp_path: Path) -> None:
    move = Move(tmp_path, claim("old", Medium.OBJECT), claim("new", Medium.BLOCK))
    shutil.rmtree(move.old / "no files")
    move.house.writer.pause = 0.2
    move.house.start()
    move.house.kill_copies = 1
    assert move.run_to_the_end().step == Step.DONE
    move.house.writer.stop()
    assert move.whole(move.new)
