"""A move with real rsync and rclone on real folders, while somebody writes, killed at its steps."""

import os
import shutil
from collections.abc import Callable

import pytest

from components.contract import AccessMode, Medium
from deploy.move.choice import Choice
from deploy.move.cluster import KEPT_UNTIL, MANAGER, JobFailed
from deploy.move.command import copied
from plan.exits import UserError
from stacks.moving.pods import Side, Work
from stacks.moving.state import Step
from tests.unit.deploy.move.house import SELECTOR, state
from tests.unit.deploy.move.moves import Move, claim, made, run_again, taken_back

__all__ = ["made"]
MODES = {Medium.BLOCK: AccessMode.RWOP}


def test_every_acknowledged_write_is_on_the_new_claim(made: Callable[..., Move]) -> None:
    move = made()
    assert move.run_to_the_end().step == Step.DONE
    move.house.writer.stop()
    assert move.house.ran == ["measure", "sync", "compare"]
    assert move.whole(move.new)
    assert (move.new / "a/b/file").stat().st_mode & 0o777 == 0o640
    assert (move.new / "no files").is_dir()
    assert not (move.new / ".writer.lock").exists()
    assert any(line.startswith("the application runs on new/uploads: ") for line in move.said)
    assert any("both sides are the same" in line for line in move.said)


def test_what_goes_after_the_first_copy_is_gone_on_the_new_claim(made: Callable[..., Move]) -> None:
    move = made()
    mover = move.mover()
    found = mover.sync(mover.measure(mover.begin()))
    assert (move.new / "a/b/file").exists()
    shutil.move(move.old / "a", move.old / "moved")
    (move.old / "big").unlink()
    assert copied(mover, found).step == Step.COPIED
    assert not (move.new / "a").exists()
    assert not (move.new / "big").exists()
    assert (move.new / "moved/b/file").read_text() == "text"


def test_a_spoiled_copy_with_the_right_size_and_time_is_found_and_mended(made: Callable[..., Move]) -> None:
    move = made()
    mover = move.mover()
    found = mover.sync(mover.measure(mover.begin()))
    spoiled, was = move.new / "big", (move.new / "big").stat()
    spoiled.write_bytes(b"\0" * was.st_size)
    os.utime(spoiled, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert copied(mover, found).step == Step.COPIED
    assert move.house.ran == ["measure", "sync", "compare", "compare-all"]
    assert spoiled.read_bytes() == (move.old / "big").read_bytes()


def test_the_old_claim_stays_and_says_until_when(made: Callable[..., Move]) -> None:
    move = made()
    move.run()
    assert move.whole(move.old)
    assert KEPT_UNTIL in move.house.objects["PersistentVolumeClaim", "old"]["metadata"]["annotations"]


def test_the_engine_can_set_the_number_of_pods_afterwards(made: Callable[..., Move]) -> None:
    move = made()
    move.run()
    assert move.house.live["spec"]["replicas"] == 0
    assert MANAGER not in str(move.house.live["metadata"].get("managedFields"))


def test_killed_at_a_call_and_run_again(made: Callable[..., Move]) -> None:
    """At each of them: tests/drills/test_move.py."""
    run_again(made, 12)


def test_killed_at_a_call_and_taken_back(made: Callable[..., Move]) -> None:
    taken_back(made, 12)


def test_a_copy_that_is_killed_again_and_again_goes_on(made: Callable[..., Move]) -> None:
    move = made()
    (move.old / "huge").write_bytes(b"\1" * (96 << 20))
    move.house.kill_copies = 3
    assert move.run_to_the_end().step == Step.DONE
    move.house.writer.stop()
    assert move.house.kill_copies == 0
    assert move.whole(move.new)


def test_a_copy_that_fails_does_not_leave_people_without_the_application(made: Callable[..., Move]) -> None:
    move = made()
    found = move.run(yes=False)
    move.house.kill_copies = 99
    (move.old / "huge").write_bytes(b"\1" * (96 << 20))
    with pytest.raises(JobFailed):
        copied(move.mover(), found.at(Step.SYNCED))
    assert move.house.live["spec"]["replicas"] == 1
    assert state(move.house)["step"] == "synced"
    move.house.kill_copies = 0
    assert move.run_to_the_end().step == Step.DONE


def test_too_little_room_is_found_before_anything_is_stopped(made: Callable[..., Move]) -> None:
    move = made()
    with (move.old / "sparse").open("wb") as file:
        file.truncate(8 << 40)
    with pytest.raises(UserError, match=r"new has .* GiB free, and 8192.* GiB more .* nothing was stopped"):
        move.run()
    assert move.house.live["spec"]["replicas"] == 1
    assert list(move.new.parent.iterdir()) == []
    (move.old / "sparse").unlink()
    assert move.run().step == Step.COPIED, "it is measured again"


def test_what_is_on_the_new_claim_already_is_not_written_over(made: Callable[..., Move]) -> None:
    move = made()
    move.new.mkdir()
    (move.new / "mine").write_text("x")
    with pytest.raises(UserError, match="new/uploads holds 1 files and folders that are not of this move"):
        move.run()
    assert move.house.live["spec"]["replicas"] == 1
    assert [path.name for path in move.new.iterdir()] == ["mine"]


def test_who_else_writes_is_named_before_the_stop(made: Callable[..., Move]) -> None:
    move = made()
    spec = move.house.live["spec"]["template"]["spec"]
    job = {"spec": {"template": {"spec": spec}}}
    move.house._put({"kind": "CronJob", "metadata": {"name": "eval"}, "spec": {"jobTemplate": job}})
    with pytest.raises(UserError, match="CronJob eval may write to old meanwhile; nothing was stopped"):
        move.run()
    assert move.house.live["spec"]["replicas"] == 1
    move.house.objects["CronJob", "eval"]["spec"]["suspend"] = True
    assert move.run().step == Step.COPIED


def test_an_application_that_was_started_meanwhile_is_copied_again(made: Callable[..., Move]) -> None:
    move = made()
    move.run()
    before = move.house.writer.acknowledged
    move.house.start()
    while move.house.writer.acknowledged < before + 5:
        pass
    move.house.live["spec"]["replicas"] = 0
    move.house._changed(move.house.live)
    assert move.run_to_the_end().step == Step.DONE
    move.house.writer.stop()
    assert move.house.ran == ["measure", "sync", "compare", "compare"], move.said
    assert move.whole(move.new)


def test_a_disk_that_one_pod_has_is_measured_in_its_pod(made: Callable[..., Move]) -> None:
    move = made(old=claim("old", Medium.BLOCK, AccessMode.RWOP))
    assert move.run_to_the_end().step == Step.DONE
    move.house.writer.stop()
    assert move.house.ran == ["measure", "compare"]
    assert move.whole(move.new)


def test_disks_in_two_zones_are_refused_before_the_stop(made: Callable[..., Move]) -> None:
    move = made(*(claim(name, Medium.BLOCK, AccessMode.RWOP) for name in ("old", "new")))
    move.house.add_node("node-b", "b")
    for name, zone in (("old", "a"), ("new", "b")):
        move.house.bind(name, zone)
    with pytest.raises(UserError, match="no node can mount both old and new"):
        move.run()
    assert move.house.live["spec"]["replicas"] == 1
    move.house.bind("new", "a")
    assert move.run().step == Step.COPIED


def test_a_new_disk_is_measured_on_the_applications_node(made: Callable[..., Move]) -> None:
    """A claim that waits for its first pod gets its disk there: in another zone nobody could mount both."""
    move = made(*(claim(name, Medium.BLOCK, AccessMode.RWOP) for name in ("old", "new")))
    move.run(yes=False)
    (job,) = (one for (kind, _), one in move.house.objects.items() if kind == "Job")
    near = job["spec"]["template"]["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert near == [{"labelSelector": {"matchLabels": SELECTOR}, "topologyKey": "kubernetes.io/hostname"}]


def test_a_role_that_is_only_read_stops_nobody(made: Callable[..., Move]) -> None:
    move = made(read_only=True)
    move.house.writer.stop()
    assert move.run().step == Step.COPIED
    assert move.house.live["spec"]["replicas"] == 1
    assert move.whole(move.new)


@pytest.mark.parametrize("new", [Medium.BLOCK, Medium.FILE, Medium.OBJECT])
@pytest.mark.parametrize("old", [Medium.BLOCK, Medium.FILE, Medium.OBJECT])
def test_every_pair_of_media_is_moved(made: Callable[..., Move], old: Medium, new: Medium) -> None:
    """The pairs that a refusal names (guard/moves.py): disk, files and bucket, each to each. A disk is for one pod."""
    move = made(*(claim(name, at, MODES.get(at, AccessMode.RWX)) for name, at in (("old", old), ("new", new))))
    if Medium.OBJECT in (old, new):
        shutil.rmtree(move.old / "no files")
    if old == Medium.OBJECT:
        (move.old / "a/b/file").chmod(0o660)  # what a mount of a bucket says of every file; rclone does not copy it
    assert move.run_to_the_end().step == Step.DONE
    move.house.writer.stop()
    assert move.house.ran == ["measure", *([] if old == Medium.BLOCK else ["sync"]), "compare"]
    assert move.whole(move.new)


def test_links_cannot_go_to_a_bucket(made: Callable[..., Move]) -> None:
    move = made(new=claim("new", Medium.OBJECT))
    (move.old / "link").symlink_to("big")
    with pytest.raises(UserError, match="is a symbolic link, and a bucket has none"):
        move.run()
    assert move.house.live["spec"]["replicas"] == 1


def test_after_the_switch_there_is_no_way_back(made: Callable[..., Move]) -> None:
    move = made()
    assert move.run().step == Step.COPIED
    move.house.live["spec"]["replicas"] = 1
    move.house.switch("new", "uploads")
    mover = move.mover()
    known = mover.cluster.state("uploads")
    assert known is not None
    with pytest.raises(UserError, match="the application is on new/uploads already"):
        mover.back(known)


def test_a_second_move_waits_for_the_first(made: Callable[..., Move]) -> None:
    move = made()
    move.run()
    other = Move.__new__(Move)
    other.__dict__ |= move.__dict__
    work = move.choice.work
    changed = Work(work.namespace, work.image, 1001, 1001, {}, work.old, Side(claim("third"), "uploads"))
    other.choice = Choice("uploads", changed, False, {}, "old words", "third words")
    with pytest.raises(UserError, match="from old/uploads to new/uploads is under way"):
        other.run()
