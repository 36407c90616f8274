"""Odd content, odd folders and full disks under the export of sessions and their import."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.sessions.test_sessions import Pod, database, pod, server
from tests.unit.components.kotaemon.runtime.stand_in import eventually

__all__ = ["database", "pod", "server"]
HALF = '{"format": "kotaemon.dev/sessions/1", "user": {"id": "u1"'


def said_at_the_end(pod: Pod) -> str:
    process = pod.export()
    pod.passed()
    return pod.end(process)


def failures(pod: Pod) -> bool:
    return 'failures_total{pod="pod-a"} 0' not in (pod.scratch / "metrics/sessions.prom").read_text()


@pytest.mark.parametrize(
    "text",
    [
        "half of an emoji \ud83d",
        "line\nbreak\r\x1b[31m and \u2028",
        "\u0000",
        "a" * 300_000,
        "<script>alert(1)</script>",
        "שלום \u202e 江",
    ],
    ids=["surrogate", "control", "nul", "long", "html", "right-to-left"],
)
def test_every_text_comes_out_and_back(pod: Pod, text: str) -> None:
    pod.talk("c1", "u1", turns={"messages": [[text, text]]})
    pod.talk("c2", "u2")
    was = pod.everything()
    pod.exported()
    assert not failures(pod)
    assert sorted(path.name for path in pod.folder.iterdir()) == ["u1.json", "u2.json"]
    assert pod.read("u1")["conversations"][0]["data_source"]["messages"] == [[text, text]]
    pod.execute("DELETE FROM conversation")
    pod.put_back("--all")
    assert pod.everything() == was


def test_what_a_killed_exporter_has_left_is_no_export(pod: Pod) -> None:
    pod.talk("c1", "u1")
    pod.exported()
    (pod.folder / ".part-u1.json").write_text(HALF)
    (pod.folder / ".part-u2.json").write_text("")
    pod.execute("UPDATE conversation SET name = 'later'")
    pod.exported()
    assert not failures(pod)
    assert pod.read("u1")["conversations"][0]["name"] == "later"
    assert "1 there already" in pod.put_back("--all")


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"format": "mine"}', '"text"', HALF, "\ud800"])
def test_files_of_somebody_else_are_left_and_said_and_stop_nobody(pod: Pod, text: str) -> None:
    pod.talk("c1", "u1")
    pod.exported()
    other = pod.folder / "notes.json"
    other.write_bytes(text.encode("utf-8", "surrogatepass"))
    pod.talk("c2", "u2")
    said = said_at_the_end(pod)
    assert not failures(pod), said
    assert (pod.folder / "u2.json").exists()
    assert other.read_bytes() == text.encode("utf-8", "surrogatepass")
    assert "notes.json" in said


def test_a_damaged_file_of_a_user_is_moved_aside_and_written_anew(pod: Pod) -> None:
    pod.talk("c1", "u1")
    pod.talk("c2", "u2")
    pod.exported()
    (pod.folder / "u1.json").write_text(HALF)
    said = said_at_the_end(pod)
    assert "u1.json" in said
    assert pod.read("u1")["conversations"][0]["id"] == "c1"
    (aside,) = pod.folder.glob("u1.json.unreadable-*")
    assert aside.read_text() == HALF


def test_one_file_that_cannot_be_written_keeps_nobody_else_waiting(pod: Pod) -> None:
    """A folder is in the way of the first one; the others are written, and the lag says that one is missing."""
    (pod.folder / "u1.json").mkdir(parents=True)
    (pod.folder / "u1.json" / "inner").write_text("mine")
    pod.talk("c1", "u1")
    pod.talk("c2", "u2")
    process = pod.export()
    eventually(lambda: (pod.folder / "u2.json").exists(), "the other user's file", lambda: "")
    said = pod.end(process)
    assert "u1.json" in said
    assert failures(pod)
    assert (pod.folder / "u1.json" / "inner").read_text() == "mine"
    (pod.folder / "u1.json" / "inner").unlink()
    (pod.folder / "u1.json").rmdir()
    pod.exported()
    assert pod.read("u1")["conversations"][0]["id"] == "c1"


def test_a_file_that_failed_is_tried_again_though_nothing_changed_since(pod: Pod) -> None:
    (pod.folder / "u1.json").mkdir(parents=True)
    pod.talk("c1", "u1")
    process = pod.export()
    pod.passed()
    (pod.folder / "u1.json").rmdir()
    eventually(lambda: (pod.folder / "u1.json").is_file(), "the file in a later pass", lambda: "")
    pod.end(process)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system, which only root may")
def test_a_full_disk_leaves_the_file_before_and_goes_on_when_there_is_room(pod: Pod) -> None:
    pod.folder.mkdir(parents=True)
    with small(pod.folder, "64k"):
        pod.talk("c1", "u1")
        process = pod.export()
        eventually(lambda: (pod.folder / "u1.json").exists(), "the first file", lambda: "")
        before = (pod.folder / "u1.json").read_text()
        pod.talk("c2", "u1", turns={"messages": [["q", "x" * 100_000]]})
        eventually(lambda: failures(pod), "a pass that fails", lambda: "")
        assert (pod.folder / "u1.json").read_text() == before
        subprocess.run(["mount", "-o", "remount,size=1m", str(pod.folder)], check=True)
        eventually(lambda: len(pod.read("u1")["conversations"]) == 2, "the file with both", lambda: "")
        said = pod.end(process)
    assert "No space left" in said


@contextmanager
def small(folder: Path, size: str) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_one_user_comes_back_though_the_file_of_another_is_damaged(pod: Pod) -> None:
    pod.talk("c1", "u1")
    pod.talk("c2", "u2")
    pod.exported()
    pod.execute("DELETE FROM conversation")
    (pod.folder / "u2.json").write_text(HALF)
    said = pod.put_back("--user", "Anna")
    assert "1 added" in said
    assert "u2.json" in said
    assert "u2.json cannot be read" in pod.put_back("--all", code=78)
    assert "nothing was changed" in pod.put_back("--user", "u2", code=78)


FORMAT = '"format": "kotaemon.dev/sessions/1"'


@pytest.mark.parametrize(
    "text",
    [
        f"{{{FORMAT}}}",
        f'{{{FORMAT}, "user": "u1", "conversations": []}}',
        f'{{{FORMAT}, "user": {{"username": "x"}}, "conversations": []}}',
        f'{{{FORMAT}, "user": {{"id": "x"}}, "conversations": 1}}',
        f'{{{FORMAT}, "user": {{"id": "x"}}, "conversations": [1]}}',
        f'{{{FORMAT}, "user": {{"id": "x"}}, "conversations": [{{"name": "without an id"}}]}}',
    ],
)
def test_an_export_without_what_it_must_have_is_refused_in_words(pod: Pod, text: str) -> None:
    pod.folder.mkdir(parents=True)
    (pod.folder / "x.json").write_text(text)
    said = pod.put_back("--all", code=78)
    assert "x.json" in said
    assert "nothing was changed" in said
    assert pod.everything() == []


def test_a_link_in_the_folder_is_replaced_and_not_written_through(pod: Pod) -> None:
    pod.folder.mkdir(parents=True)
    victim = pod.folder.parent / "victim"
    victim.write_text("mine")
    (pod.folder / "u1.json").symlink_to(victim)
    pod.talk("c1", "u1")
    said_at_the_end(pod)
    assert victim.read_text() == "mine"
    assert pod.read("u1")["conversations"][0]["id"] == "c1"
    assert not (pod.folder / "u1.json").is_symlink()


def test_from_sqlite_to_postgresql_and_back(tmp_path: Path, database: str) -> None:
    files, rows = Pod(tmp_path / "files"), Pod(tmp_path / "rows", database)
    files.user("u1", "Anna")
    files.talk("c1", "u1", "Flüsse 江河")
    files.talk("c2", "u1")
    files.exported()
    rows.folder = files.folder
    assert "2 added" in rows.put_back("--all")
    assert [row[:3] for row in rows.everything()] == [row[:3] for row in files.everything()]
    rows.execute("UPDATE conversation SET name = 'there' WHERE id = 'c2'")
    rows.exported()
    files.execute("DELETE FROM conversation")
    assert "2 added" in files.put_back("--all")
    assert [row[1] for row in files.everything()] == ["Flüsse 江河", "there"]


def test_a_clock_that_goes_back_stops_no_export(pod: Pod, tmp_path: Path) -> None:
    pod.talk("c1", "u1")
    pod.exported()
    past = time.time() - 10 * 365 * 86400
    os.utime(pod.folder / "u1.json", (past, past))
    pod.execute("UPDATE conversation SET date_updated = '2001-01-01 00:00:00', name = 'earlier'")
    pod.exported()
    assert pod.read("u1")["conversations"][0]["name"] == "earlier"
    assert json.loads((pod.folder / "u1.json").read_text())["user"]["id"] == "u1"
