"""The archiver on odd folders: names, modes and links that people really leave, and folders that it may not read."""

import json
import os
import socket
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.components.object.runtime.test_archive import OLD, Claims, claims, during, hashes, manifest

__all__ = ["claims"]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user, which only root may")


def old(path: Path) -> None:
    os.utime(path, (OLD, OLD), follow_symlinks=False)


def failed(done: Any) -> list[dict[str, Any]]:
    assert "Traceback" not in done.stderr, done.stderr
    return [line for line in map(json.loads, done.stdout.splitlines()) if "failed" in line and "why" in line]


def test_a_report_with_a_folder_that_cannot_be_read_stays_whole_and_is_said(claims: Claims) -> None:
    """A young file may be in it, so nobody knows that the report is finished."""
    claims.write({"run-1/a.json": b"1", "run-1/closed/b.json": b"2", "run-2/c.json": b"3"}, "eval")
    (claims.hot / "eval/run-1/closed").chmod(0)
    done = claims.archive()
    assert done.returncode == 1, (done.stdout, done.stderr)
    [said] = failed(done)
    assert said["failed"] == "run-1"
    assert "closed" in said["why"]
    assert "Permission denied" in said["why"]
    assert manifest(claims.cold / "eval") == hashes({"run-2/c.json": b"3"}), "the others go on"
    (claims.hot / "eval/run-1/closed").chmod(0o755)
    assert manifest(claims.hot / "eval") == hashes({"run-1/a.json": b"1", "run-1/closed/b.json": b"2"})


def test_a_folder_of_a_pod_that_cannot_be_read_costs_only_its_own(claims: Claims) -> None:
    claims.write({f"pod-{pod}/app-0000000{n}.log": b"1" for pod in "abc" for n in (1, 2)}, "logs")
    (claims.hot / "logs/pod-b").chmod(0)
    done = claims.archive()
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert [one["failed"] for one in failed(done)] == ["pod-b"]
    assert len(manifest(claims.cold)) == 2
    (claims.hot / "logs/pod-b").chmod(0o755)


@needs_root
def test_the_root_of_the_reports_that_cannot_be_read_is_said(claims: Claims) -> None:
    claims.write({"run-1/a.json": b"1"}, "eval")
    claims.write({"pod-a/app-00000001.log": b"1", "pod-a/app-00000002.log": b"1"}, "logs")
    os.chown(claims.hot / "eval", 0, 0)
    (claims.hot / "eval").chmod(0o700)
    done = claims.archive()
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert [one["failed"] for one in failed(done)] == ["."]
    assert len(manifest(claims.cold)) == 1, "the logs are another folder"


def test_a_copy_of_a_read_only_report_that_was_killed_is_made_again(claims: Claims) -> None:
    claims.write({"run-1/a.json": b"data" * 100}, "eval")
    (claims.hot / "eval/run-1/a.json").chmod(0o444)
    patch = """
real = a._write
def write(target, data):
    real(target, data[:9]); os.kill(os.getpid(), signal.SIGKILL)
a._write = write
"""
    assert during(claims, patch).returncode == -9
    assert len(manifest(claims.cold)) == 1
    claims.report()
    assert manifest(claims.cold) == hashes({"eval/run-1/a.json": b"data" * 100})
    assert stat.S_IMODE((claims.cold / "eval/run-1/a.json").stat().st_mode) == 0o444


NAMES = (
    b"line\nbreak.json",
    b"not-utf8-\xff\xfe.json",
    b"tab\t and 'quotes\" and $(id).json",
    b"-rf",
    b"n" * 250 + b".json",
    "ü".encode() * 120 + b".json",
    b" ",
    b"no.ext.",
)


@pytest.mark.parametrize("renames", [True, False])
def test_every_name_of_a_file_comes_over_as_it_is(claims: Claims, renames: bool) -> None:
    folder = claims.hot / "eval/run\n1"
    folder.mkdir(parents=True)
    for name in NAMES:
        path = os.fsencode(folder) + b"/" + name
        with open(path, "wb") as file:
            file.write(name)
        os.utime(path, (OLD, OLD))
    claims.pod.owned()
    claims.report(renames=renames)
    found = os.listdir(os.fsencode(claims.cold / "eval/run\n1"))
    assert sorted(found) == sorted(NAMES)


def test_a_long_name_that_is_there_already_gets_another(claims: Claims) -> None:
    name = "n" * 250 + ".json"
    for content in (b"first", b"second"):
        claims.write({name: content}, "eval")
        claims.report()
    assert sorted(manifest(claims.cold).values()) == sorted(hashes({"1": b"first", "2": b"second"}).values())


def test_pipes_sockets_and_hard_links(claims: Claims) -> None:
    claims.write({"run-1/a.json": b"1" * 50}, "eval")
    folder = claims.hot / "eval/run-1"
    os.link(folder / "a.json", folder / "b.json")
    os.mkfifo(folder / "pipe")
    old(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "socket"))
    old(folder / "socket")
    claims.pod.owned()
    claims.report()
    assert manifest(claims.cold) == hashes({"eval/run-1/a.json": b"1" * 50, "eval/run-1/b.json": b"1" * 50})
    assert sorted(os.listdir(folder)) == ["pipe", "socket"]


def test_times_of_the_future_stay(claims: Claims) -> None:
    claims.write({"run-1/a.json": b"1"}, "eval", time.time() + 10 * 365 * 86400)
    claims.write({"pod-a/app-00000001.log": b"1", "pod-a/app-00000002.log": b"2"}, "logs", time.time() + 86400)
    assert claims.report()["bytes"] == 0
    assert len(manifest(claims.hot)) == 3


def test_a_file_in_the_way_of_a_folder_is_said_and_nothing_else_waits(claims: Claims) -> None:
    claims.write({"run-1/a.json": b"1", "run-2/b.json": b"2"}, "eval")
    (claims.cold / "eval").mkdir()
    (claims.cold / "eval/run-1").write_bytes(b"a file")
    claims.pod.owned()
    done = claims.archive()
    assert done.returncode == 1
    assert [one["failed"] for one in failed(done)] == ["run-1/a.json"]
    assert manifest(claims.cold) == hashes({"eval/run-1": b"a file", "eval/run-2/b.json": b"2"})


def test_a_link_in_the_cold_tier_is_not_written_through(claims: Claims) -> None:
    claims.write({"x.json": b"new"}, "eval")
    outside = claims.hot / "indexes"
    outside.mkdir()
    (outside / "victim").write_bytes(b"mine")
    (claims.cold / "eval").mkdir()
    for name in ("x.json", ".archiving-x.json"):
        (claims.cold / "eval" / name).symlink_to(outside / "victim")
    claims.pod.owned()
    claims.archive()
    assert (outside / "victim").read_bytes() == b"mine"


def test_a_report_that_somebody_removes_meanwhile_is_no_mistake(claims: Claims) -> None:
    claims.write({"run-1/a.json": b"1", "run-1/b.json": b"1", "run-2/c.json": b"2"}, "eval")
    patch = """
import ks_archive_due as d, shutil
real = d._old
def gone(path, before):
    if path.name == 'a.json':
        shutil.rmtree(hot / 'run-1', ignore_errors=True)
    return real(path, before)
d._old = gone
"""
    done = during(claims, patch)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert manifest(claims.cold) == hashes({"eval/run-2/c.json": b"2"})


def test_a_cold_tier_that_goes_away_is_a_failure_and_not_a_file_that_is_gone(claims: Claims) -> None:
    claims.write({"x.json": b"data"}, "eval")
    patch = """
real = a.os.makedirs
def gone(*given, **more):
    raise FileNotFoundError(2, "No such file or directory", "cold")
a.os.makedirs = gone
"""
    done = during(claims, patch)
    assert done.returncode == 1, done.stdout
    assert manifest(claims.hot / "eval") == hashes({"x.json": b"data"})


def test_the_name_of_a_copy_is_on_the_disk_before_the_file_goes(claims: Claims) -> None:
    """After a loss of power a renamed file has its name only when its folder was written out."""
    claims.write({"run-1/x.json": b"data"}, "eval")
    patch = """
calls = []
names = {}
fsync, unlink, rename, opened = os.fsync, os.unlink, os.rename, os.open
def spy_open(path, *given, **more):
    handle = opened(path, *given, **more); names[handle] = str(path); return handle
def spy_fsync(handle):
    calls.append("fsync " + names.get(handle, "?")); fsync(handle)
def spy_unlink(path, **more):
    calls.append("unlink " + str(path)); unlink(path, **more)
def spy_rename(one, other, **more):
    calls.append("rename " + str(other)); rename(one, other, **more)
os.open, os.fsync, os.unlink, os.rename = spy_open, spy_fsync, spy_unlink, spy_rename
import atexit; atexit.register(lambda: print("\\n".join(calls), file=sys.stderr))
"""
    done = during(claims, patch)
    assert done.returncode == 0, done.stderr
    calls = done.stderr.splitlines()
    renamed = calls.index(f"rename {claims.cold}/eval/run-1/x.json")
    gone = calls.index(f"unlink {claims.hot}/eval/run-1/x.json")
    assert f"fsync {claims.cold}/eval/run-1" in calls[renamed:gone]
    assert f"fsync {claims.cold}/eval" in calls[:gone], "a folder that was made has a name, too"
