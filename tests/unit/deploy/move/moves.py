"""A move that the tests can run: its house, its claims, and a mover that begins with nothing in its head."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from components.contract import AccessMode, Claim, Locks, Medium
from components.pod.names import IMAGE
from deploy.move.choice import Choice
from deploy.move.cluster import MANAGER, Cluster
from deploy.move.command import copied
from deploy.move.steps import Mover
from stacks.moving.pods import Side, Work
from stacks.moving.state import State, Step
from tests.unit.deploy.move.house import Died, House
from tests.unit.tools import needed


def needs_programs() -> None:
    """Skip where a program is missing that the Jobs of a move run; under CI that is a failure."""
    for program in ("rsync", "rclone"):
        needed(program, program)


def claim(name: str, medium: Medium = Medium.FILE, mode: AccessMode = AccessMode.RWX) -> Claim:
    return Claim(
        name=name,
        access_mode=mode,
        medium=medium,
        backend="nfs4",
        size_gib=1,
        zones=[],
        encrypted_by="nobody",
        locks=Locks.SHARED,
        fs_group=False,
    )


class Move:
    """A move of the role uploads from the claim `old` to `new`."""

    def __init__(self, root: Path, old: Claim, new: Claim, read_only: bool = False) -> None:
        self.house = House(root, "uploads", (old["name"], "uploads"))
        self.old, self.new = (
            self.house.add_claim(old["name"]) / "uploads",
            self.house.add_claim(new["name"]) / "uploads",
        )
        for name, text in (("a/b/file", "text"), ("empty/.keep", ""), (".writer.lock", "pod-a")):
            path = self.old / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (self.old / "a/b/file").chmod(0o640)
        (self.old / "no files").mkdir()
        (self.old / "big").write_bytes(bytes(range(256)) * 8192)
        self.said: list[str] = []
        work = Work("kotaemon", IMAGE, 1001, 1001, {}, Side(old, "uploads"), Side(new, "uploads"))
        self.choice = Choice("uploads", work, read_only, {"uploads": {"claim": "new"}}, "old words", "new words")

    def mover(self) -> Mover:
        """A mover that starts, as a process does, with nothing in its head."""
        cluster = Cluster(self.house, "kotaemon", self.said.append, self.house.execute, pause=0.0)
        return Mover(self.choice, cluster, self.said.append)

    def run(self, yes: bool = True) -> State:
        mover = self.mover()
        found = mover.begin()
        if found.step in (Step.NEW, Step.MEASURED):
            found = mover.measure(found)
        return copied(mover, found) if yes else found

    def run_to_the_end(self) -> State:
        assert self.run().step == Step.COPIED
        self.house.live["spec"]["replicas"] = 1
        self.house.switch(self.choice.work.new.claim["name"], "uploads")
        return self.run()

    def whole(self, folder: Path) -> bool:
        return not self.house.writer.whole(folder) and (folder / "a/b/file").read_text() == "text"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., Move]]:
    needs_programs()
    moves: list[Move] = []

    def make(old: Claim | None = None, new: Claim | None = None, **more: bool) -> Move:
        found = Move(tmp_path / str(len(moves)), old or claim("old"), new or claim("new"), **more)
        found.house.start()
        while found.house.writer.acknowledged < 5:
            pass
        moves.append(found)
        return found

    yield make
    for move in moves:
        move.house.writer.stop()


def run_again(made: Callable[..., Move], step: int) -> None:
    """Kill a mover at each `step`th of its calls, and run it again."""
    move = made()
    move.run_to_the_end()
    last = move.house.calls
    assert last > 30
    for number in range(1, last + 1, step):
        move = made()
        move.house.die_at = number
        with pytest.raises(Died):
            move.run_to_the_end()
        switched = move.house.role_folder == move.new
        assert (move.run() if switched else move.run_to_the_end()).step == Step.DONE, number
        move.house.writer.stop()
        assert move.whole(move.new), number


def taken_back(made: Callable[..., Move], step: int) -> None:
    """The same, taken back, and moved once more."""
    move = made()
    move.run()
    last = move.house.calls
    for number in range(3, last + 1, step):
        move = made()
        move.house.die_at = number
        with pytest.raises(Died):
            move.run()
        mover = move.mover()
        known = mover.cluster.state("uploads")
        if known is not None:
            assert mover.back(known).step == Step.BACK
        assert move.house.live["spec"]["replicas"] == 1, number
        assert MANAGER not in str(move.house.live["metadata"].get("managedFields"))
        assert not [name for kind, name in move.house.objects if kind == "Job"]
        before = move.house.writer.acknowledged
        assert move.run_to_the_end().step == Step.DONE, number
        move.house.writer.stop()
        assert move.house.writer.acknowledged >= before
        assert move.whole(move.new), number
