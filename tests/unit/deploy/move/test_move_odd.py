"""Moves of odd folders: names, modes, links and holes with the real tools, and what is refused before anybody waits."""

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from components.contract import AccessMode, Medium
from components.pod.names import IMAGE
from plan.exits import UserError
from stacks.moving import copy_folders, in_place
from stacks.moving.pods import FROM, TO, Side, Work, copy_command
from stacks.moving.state import Step
from tests.unit import pod_user
from tests.unit.deploy.move.house import translated
from tests.unit.deploy.move.moves import Move, claim, made, needs_programs

__all__ = ["made"]
NAMES = (
    b"line\nbreak",
    b"not-utf8-\xff\xfe.pdf",
    b"'q\" $(id) *?[a]",
    b"-rf",
    b"n" * 255,
    "ü 江".encode(),
    b".part-x",
    b" ",
)


def fill(folder: Path) -> None:
    for name in NAMES:
        with open(os.fsencode(folder) + b"/" + name, "wb") as file:
            file.write(name * 2)


def names(folder: Path) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for name in NAMES:
        with open(os.fsencode(folder) + b"/" + name, "rb") as file:
            found[name] = file.read()
    return found


@pytest.mark.parametrize("new", [Medium.FILE, Medium.OBJECT])
def test_every_name_is_moved(made: Callable[..., Move], new: Medium) -> None:
    move = made(new=claim("new", new))
    fill(move.old)
    assert move.run_to_the_end().step == Step.DONE
    assert names(move.new) == {name: name * 2 for name in NAMES}


def test_links_hard_links_and_holes(made: Callable[..., Move]) -> None:
    move = made()
    (move.old / "link").symlink_to("a/b/file")
    (move.old / "dangling").symlink_to("/nowhere")
    (move.old / "around").symlink_to("..")
    os.link(move.old / "a/b/file", move.old / "hard")
    with (move.old / "sparse").open("wb") as file:
        file.seek(64 << 20)
        file.write(b"end")
    assert move.run_to_the_end().step == Step.DONE
    assert os.readlink(move.new / "link") == "a/b/file"
    assert os.readlink(move.new / "dangling") == "/nowhere"
    assert (move.new / "hard").read_text() == "text"
    assert (move.new / "sparse").stat().st_size == (64 << 20) + 3
    assert (move.new / "sparse").stat().st_blocks * 512 < 8 << 20


def never_stopped(move: Move, said: str) -> None:
    with pytest.raises(UserError, match=said):
        move.run()
    assert move.house.live["spec"]["replicas"] == 1
    assert "compare" not in move.house.ran
    assert not [event for event in move.said if "is stopped" in event]


@pytest.mark.parametrize("mode", [AccessMode.RWX, AccessMode.RWOP])
@pytest.mark.parametrize("what", ["pipe", "socket"])
def test_what_is_no_file_is_named_before_anybody_waits(
    made: Callable[..., Move], what: str, mode: AccessMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    medium = Medium.BLOCK if mode == AccessMode.RWOP else Medium.FILE
    move = made(old=claim("old", medium, mode))
    if what == "pipe":
        os.mkfifo(move.old / "a/odd one")
    else:
        monkeypatch.chdir(move.old / "a")  # the path of a socket is short
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("odd one")
    never_stopped(move, "a/odd one is no file, folder or link")


def test_links_to_a_bucket_are_refused_before_a_disk_is_stopped(made: Callable[..., Move]) -> None:
    move = made(old=claim("old", Medium.BLOCK, AccessMode.RWOP), new=claim("new", Medium.OBJECT))
    (move.old / "link").symlink_to("a")
    never_stopped(move, "link is a symbolic link, and a bucket has none")


@pytest.fixture
def three_files_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file system says that it has room for three files."""
    text = Path(in_place.__file__).read_text().replace("found.f_favail if", "3 if")
    real = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda self, *a, **k: text if self.name == "in_place.py" else real(self, *a, **k)
    )


@pytest.mark.usefixtures("three_files_free")
def test_too_few_files_free_is_found_before_anything_is_stopped(made: Callable[..., Move]) -> None:
    never_stopped(made(new=claim("new", Medium.BLOCK, AccessMode.RWO)), "has 3 files free, and [0-9]+ more")


@pytest.mark.usefixtures("three_files_free")
def test_a_bucket_has_room_for_any_number_of_files(made: Callable[..., Move]) -> None:
    move = made(new=claim("new", Medium.OBJECT))
    assert move.run(yes=False).step == Step.MEASURED


class Folders:
    """Two folders of the pods' user, and the commands of a Job on them."""

    def __init__(self, root: Path) -> None:
        self.root, self.old, self.new = root, root / "old", root / "new"
        for folder in (self.old / "uploads", self.new):
            folder.mkdir(parents=True)
        scripts = root / "scripts"
        pod_user.write({n: (Path(copy_folders.__file__).parent / n).read_text() for n in SCRIPTS}, scripts)
        self.scripts = scripts

    def owned(self) -> None:
        if os.geteuid() == 0:
            subprocess.run(["chown", "-hR", f"{pod_user.UID}:{pod_user.UID}", str(self.root)], check=True)

    def script(self, *words: str) -> "subprocess.CompletedProcess[str]":
        env = {"PATH": os.environ["PATH"], "KS_RESULT": str(self.root / "result"), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [pod_user.python(), str(self.scripts / "in_pod.py"), *words]
        return subprocess.run(command, env=env, capture_output=True, text=True, **pod_user.as_pod())

    def copy(self) -> "subprocess.CompletedProcess[str]":
        work = Work("kotaemon", IMAGE, 1001, 1001, {}, Side(claim("old"), "uploads"), Side(claim("new"), "uploads"))
        command = [translated(word, {FROM: self.old, TO: self.new}) for word in copy_command(work)]
        return subprocess.run(command, capture_output=True, text=True, **pod_user.as_pod())

    @property
    def sides(self) -> list[str]:
        return [str(self.old / "uploads"), str(self.new / "uploads")]


SCRIPTS = ("copy_folders.py", "in_place.py", "in_pod.py")


@pytest.fixture
def folders() -> Iterator[Folders]:
    needs_programs()
    with pod_user.folder("move") as root:
        yield Folders(root)


def test_modes_of_files_and_folders_as_the_pods_user(folders: Folders) -> None:
    closed = folders.old / "uploads/read-only"
    (closed / "inner").mkdir(parents=True)
    (closed / "inner/file").write_text("text")
    (closed / "inner/file").chmod(0o400)
    folders.owned()
    for folder in (closed / "inner", closed):
        folder.chmod(0o555)
    assert folders.script("begin", "id", *folders.sides).returncode == 0
    done = folders.copy()
    assert done.returncode == 0, done.stderr
    compared = folders.script("compare", "id", *folders.sides)
    assert compared.returncode == 0, compared.stderr
    assert (folders.new / "uploads/read-only").stat().st_mode & 0o777 == 0o555
    for root in (folders.old, folders.new):
        (root / "uploads/read-only").chmod(0o755)
        (root / "uploads/read-only/inner").chmod(0o755)


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_cannot_be_read_is_named_when_it_is_measured(folders: Folders, kind: str) -> None:
    odd = folders.old / "uploads/closed"
    odd.mkdir() if kind == "folder" else odd.write_text("mine")
    folders.owned()
    odd.chmod(0)
    done = folders.script("measure", folders.sides[0], "-")
    assert done.returncode == 0, done.stderr
    assert "uploads/closed cannot be read by uid" in json.loads(done.stdout)["odd"]
    done = folders.script("begin", "id", *folders.sides)
    assert done.returncode == copy_folders.NEEDS_PEOPLE, done.stdout + done.stderr
    assert "uploads/closed cannot be read" in done.stderr
    assert list(folders.new.iterdir()) == [], "nothing was written"


def run(*paths: Path) -> int:
    return copy_folders.main([str(path) for path in paths])


def test_by_hand_a_file_is_copied_whatever_it_is_called(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    fill(old)
    (old / "x").write_text("x itself")
    (old / ".part-folder").mkdir()
    (old / ".part-folder" / "inner").write_text("inner")
    assert run(old, new) == 0
    assert names(new) == {name: name * 2 for name in NAMES}
    assert (new / "x").read_text() == "x itself"
    assert (new / ".part-folder/inner").read_text() == "inner"


def test_by_hand_what_an_earlier_copy_has_left_in_the_source_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old: Any = tmp_path / "old"
    old.mkdir()
    (old / f"{copy_folders.PART}x").write_text("half")
    assert run(old, tmp_path / "new") == copy_folders.NEEDS_PEOPLE
    assert "left by a copy that was killed" in capsys.readouterr().err
