"""What runs on the nodes of a pair on GlusterFS: the lease, the question to the server, and when a node serves."""

import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.components.nfs_server.runtime import answer, gluster, lease

OTHER = """
import sys
sys.path.insert(0, "components/nfs_server/runtime")
from pathlib import Path
from gluster_lease import Lease
other = Lease(Path(sys.argv[1]), "nfs-b")
assert other.ask(100.0) or other.ask(200.0)
print("has it", flush=True)
for line in sys.stdin:
    getattr(other, line.strip())()
    print("done", flush=True)
"""


class Other:
    """The other node: a process of its own, as locks of POSIX are a process's."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OTHER, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.said() == "has it"

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def do(self, what: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        assert self.said() == "done"


@pytest.fixture
def other(tmp_path: Path) -> Generator[Other]:
    made = Other(tmp_path)
    yield made
    made.process.kill()
    made.process.communicate()


def test_nobody_had_it(tmp_path: Path) -> None:
    mine = lease.Lease(tmp_path, "nfs-a")
    assert mine.holder() == ""
    assert mine.ask(0.0)
    assert mine.holder() == "nfs-a"
    assert not mine.from_a_loss
    mine.forget()


def test_a_beat_that_goes_on_is_not_asked_for_and_a_lock_is_not_taken(tmp_path: Path, other: Other) -> None:
    mine = lease.Lease(tmp_path, "nfs-a")
    assert not mine.ask(0.0)
    other.do("beat")
    assert not mine.ask(7.0)  # it is another beat, so it stands still from now on
    assert not mine.ask(11.9)
    assert not mine.ask(12.1)  # it stands still, and the lock is held
    assert mine.holder() == "nfs-b"
    other.do("beat")  # and nothing was taken from its holder


def test_a_lost_holder_is_followed_after_its_beat_stood_still(tmp_path: Path, other: Other) -> None:
    mine = lease.Lease(tmp_path, "nfs-a")
    assert not mine.ask(0.0)
    other.process.kill()
    other.process.wait()
    assert not mine.ask(4.0)
    assert mine.ask(5.5)
    assert mine.from_a_loss
    mine.beat()
    mine.forget()


def test_a_lease_that_was_let_go_is_taken_at_once(tmp_path: Path, other: Other) -> None:
    mine = lease.Lease(tmp_path, "nfs-a")
    assert not mine.ask(0.0)
    other.do("let_go")
    assert mine.ask(0.5)
    assert not mine.from_a_loss
    mine.forget()


def test_a_holder_that_another_followed_has_lost_it(tmp_path: Path) -> None:
    mine = lease.Lease(tmp_path, "nfs-a")
    assert mine.ask(0.0)
    (tmp_path / "lease").write_text("nfs-b 1 1".rjust(99) + "\n")  # as after a cut: the bricks gave the lock away
    with pytest.raises(OSError, match="nfs-b has the lease"):
        mine.beat()
    mine.forget()


def test_a_volume_that_cannot_be_written_is_no_lease(tmp_path: Path) -> None:
    mine = lease.Lease(tmp_path / "gone", "nfs-a")
    with pytest.raises(OSError, match="gone"):
        mine.ask(0.0)


@contextmanager
def server(said: bytes) -> Generator[tuple[int, list[bytes]]]:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            client, _ = listening.accept()
            with client:
                heard.append(client.recv(4096))
                client.sendall(said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], heard
        thread.join(5)


def reply(status: int, accepted: int = 0) -> bytes:
    body = struct.pack(">6I", 1, 1, 0, 0, 0, accepted) + struct.pack(">3I", status, 0, 0)
    return struct.pack(">I", 0x80000000 | len(body)) + body


@pytest.mark.parametrize(
    ("said", "serves"),
    [(reply(0), True), (reply(2), False), (reply(0, accepted=3), False), (b"", False), (b"\x80\0\0\4\0\0\0\1", False)],
    ids=["yes", "no such directory", "program mismatch", "hung up", "too short"],
)
def test_only_a_yes_to_the_directory_counts(said: bytes, serves: bool) -> None:
    with server(said) as (port, heard):
        assert answer.serves("/srv/nfs/kotaemon", port) is serves
    assert b"kotaemon" in heard[0]


def test_a_server_that_is_not_there_is_told_apart_from_a_late_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert answer.serves("/srv", port, 0.1) is False
    with pytest.raises(ConnectionRefusedError):
        answer.serves("/srv", port)


class Held:
    """A lease as a test wants it."""

    from_a_loss = False

    def __init__(self) -> None:
        self.has, self.wanted = False, False

    def may(self) -> bool:
        return self.has

    def held(self) -> bool:
        self.has = self.has and self.wanted  # let go as soon as it is not wanted
        return self.has


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A warden whose server answers as `node.answers` says, and what it did."""
    held = Held()
    did: list[str] = []
    monkeypatch.setattr(gluster, "RUN", tmp_path)
    monkeypatch.setattr(gluster, "exported", lambda: "/srv/nfs/kotaemon")
    monkeypatch.setattr(gluster, "START", 0.5)
    monkeypatch.setattr(gluster, "systemctl", lambda *words: did.append(words[0]) or True)
    made = gluster.Warden(held)
    made.held_by_test, made.did, made.answers = held, did, lambda: True
    monkeypatch.setattr(gluster, "serves", lambda _path: made.answers())
    return made


def address(folder: Path) -> str:
    return (folder / "address").read_text().strip() if (folder / "address").exists() else ""


def refuses() -> bool:
    raise ConnectionRefusedError


def late() -> bool:
    return False


def test_without_the_lease_nothing_is_started(tmp_path: Path, node: Any) -> None:
    node.turn()
    assert node.did == []
    assert address(tmp_path) == ""


def test_with_the_lease_the_server_first_and_then_the_address(tmp_path: Path, node: Any) -> None:
    node.held_by_test.has = True
    seen: list[str] = []
    node.answers = lambda: bool(seen.append(address(tmp_path)) or len(seen) > 2)
    node.turn()
    assert node.did == ["restart"]
    assert seen == ["", "", ""]
    assert address(tmp_path) == "0"


@pytest.mark.parametrize("answers", [refuses, late], ids=["refuses", "late"])
def test_a_server_that_does_not_start_gives_the_lease_back(
    tmp_path: Path, node: Any, answers: Callable[[], bool]
) -> None:
    node.held_by_test.has = True
    node.answers = answers
    node.turn()
    assert address(tmp_path) == "1"
    assert node.did == ["restart", "stop"]
    assert not node.held_by_test.has
    node.turn()
    assert not node.held_by_test.wanted  # the other node may be able to


def test_a_lost_lease_ends_the_server(tmp_path: Path, node: Any) -> None:
    node.held_by_test.has = True
    node.turn()
    node.held_by_test.has = False
    node.turn()
    assert address(tmp_path) == "1"
    assert node.did == ["restart", "stop"]


def test_a_server_that_ended_hands_over_at_once_and_a_late_one_after_a_while(
    tmp_path: Path, node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.held_by_test.has = True
    node.turn()
    node.answers = late
    node.turn()
    assert address(tmp_path) == "0"  # the volume stands still while it waits for a lost host
    monkeypatch.setattr(gluster, "PATIENCE", 0.0)
    node.turn()
    assert address(tmp_path) == "1"


def test_a_planned_switch_gives_the_lease_back(tmp_path: Path, node: Any) -> None:
    node.held_by_test.has = True
    node.turn()
    (tmp_path / "away").touch()
    node.turn()
    assert address(tmp_path) == "1"
    assert not node.held_by_test.has


def test_nobody_serves_longer_than_the_other_node_waits() -> None:
    # a lock goes when its host was silent for ten seconds, and then the beat stands still for so long
    assert gluster.PATIENCE > 10 * 2  # a lost host is noticed after two pings at most
    assert lease.STILL > lease.BEAT * 2
