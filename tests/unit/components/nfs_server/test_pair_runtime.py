"""What runs on the hosts of a pair: DRBD's words, signed questions, the witness's memory, DRBD's own question."""

import threading
from pathlib import Path
from typing import Any

import pytest

from tests.unit.components.nfs_server.runtime import disk, rules, warden, witness, words

KEY = b"a secret of the pair"
PROC = """version: 8.4.11 (api:1/proto:86-101)

100: cs:{cs} ro:{ro} ds:{one} C r-----
    ns:2653 nr:2048 dw:70237 dr:18931 al:17 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
101: cs:{cs} ro:{ro} ds:{two} C r-----
    ns:341 nr:168 dw:8790 dr:17651 al:14 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
"""
BOTH = "UpToDate/UpToDate"


def proc(cs: str = "Connected", ro: str = "Secondary/Primary", one: str = BOTH, two: str = BOTH) -> Any:
    return disk.of_8(PROC.format(cs=cs, ro=ro, one=one, two=two))


def test_drbd_8_as_a_guest_said_it() -> None:
    assert proc() == disk.Disk("Secondary", "Primary", "UpToDate", True, None)
    gone = proc("WFConnection", "Primary/Unknown", "UpToDate/Outdated")
    assert gone == disk.Disk("Primary", "Unknown", "UpToDate", False, None)
    # a split brain is nobody there
    assert proc("StandAlone", "Secondary/Unknown").peer == "Unknown"


def test_the_worse_volume_counts() -> None:
    found = proc("SyncTarget", one="UpToDate/UpToDate", two="Inconsistent/UpToDate")
    assert (found.disk, found.paired) == ("Inconsistent", False)


def test_volumes_of_others_do_not_count() -> None:
    assert disk.of_8(PROC.replace("100:", "0:").format(cs="Connected", ro="Primary/Secondary", one=BOTH, two=BOTH)) == (
        disk.GONE
    )
    assert disk.of_8("version: 8.4.11\n") == disk.GONE


def nine(quorum: bool = True, state: str = "Connected") -> str:
    # the form is drbd-utils 9.22's (drbdsetup status --json); no kernel with DRBD 9 was there to ask
    peers = '[{"volume":0,"peer-disk-state":"UpToDate"},{"volume":1,"peer-disk-state":"UpToDate"}]'
    devices = ",".join(
        f'{{"volume":{n},"minor":10{n},"disk-state":"UpToDate","quorum":{str(quorum).lower()}}}' for n in (0, 1)
    )
    return (
        f'[{{"name":"kotaemon","role":"Primary","devices":[{devices}],"connections":['
        f'{{"name":"nfs-q","connection-state":"Connected","peer-role":"Secondary","peer_devices":[]}},'
        f'{{"name":"nfs-b","connection-state":"{state}","peer-role":"Secondary","peer_devices":{peers}}}]}}]'
    )


def test_drbd_9_says_its_quorum() -> None:
    assert disk.of_9(nine(), "nfs-b") == disk.Disk("Primary", "Secondary", "UpToDate", True, True)
    assert disk.of_9(nine(False, "Connecting"), "nfs-b") == disk.Disk("Primary", "Unknown", "UpToDate", False, False)
    assert disk.of_9("[]", "nfs-b") == disk.GONE


def test_only_who_has_the_secret_is_understood() -> None:
    line = words.signed(KEY, ["nfs-a", "boot", "7", "alone", "nonce"])
    assert words.read_asked(KEY, line) == words.Asked("nfs-a", "boot", 7, "alone", "nonce")
    assert words.read_asked(b"another", line) is None
    assert words.read_asked(KEY, line.replace(b"alone", b"paired")) is None
    assert words.read_asked(KEY, words.signed(KEY, ["nfs-a", "boot", "7", "steal", "nonce"])) is None
    assert words.read_asked(KEY, b"\n") is None
    assert words.read_asked(KEY, b"\xff\xfe x\n") is None


def asked(node: str, number: int, mark: str, boot: str = "boot-1") -> Any:
    return words.Asked(node, boot, number, mark, "nonce")


def test_the_witness_keeps_what_it_must_not_forget(tmp_path: Path) -> None:
    kept = tmp_path / "witness"
    first = witness.Witness(("a", "b"), kept)
    assert first.answer(asked("a", 1, "alone")) == "mine"
    assert first.answer(asked("b", 1, "ask")) == "refused"
    assert kept.read_text() == "a\nb\n"
    after = witness.Witness(("a", "b"), kept)
    assert after.answer(asked("b", 2, "ask")) == "refused"
    assert after.answer(asked("a", 2, "free")) == "mine"
    # its lease is over, and still b's disk is the outdated one
    assert after.answer(asked("b", 3, "ask")) == "refused"
    assert after.answer(asked("a", 3, "paired")) == "mine"
    assert after.answer(asked("a", 4, "free")) == "mine"
    assert after.answer(asked("b", 4, "ask")) == "mine"


def test_the_witness_refuses_an_old_question(tmp_path: Path) -> None:
    said = witness.Witness(("a", "b"), tmp_path / "witness")
    assert said.answer(asked("a", 5, "alone")) == "mine"
    assert said.answer(asked("a", 4, "paired")) == ""  # an old look that came late would let b serve
    assert said.answer(asked("a", 1, "alone", boot="boot-2")) == "mine"
    assert said.answer(asked("a", 9, "paired")) == ""  # of the start before
    assert said.answer(asked("c", 1, "alone")) == ""


def test_a_question_over_the_network(tmp_path: Path) -> None:
    served = witness.server("127.0.0.1", 0, KEY, witness.Witness(("a", "b"), tmp_path / "witness"))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    port = served.server_address[1]
    try:
        assert words.ask("127.0.0.1", port, KEY, "a", "alone", words.number()) == "mine"
        assert words.ask("127.0.0.1", port, KEY, "b", "ask", words.number()) == "refused"
        assert words.ask("127.0.0.1", port, b"another", "b", "ask", words.number()) == "silent"
    finally:
        served.shutdown()
        served.server_close()
    assert words.ask("127.0.0.1", port, KEY, "a", "alone", words.number()) == "silent"


class Node(warden.Node):
    """A node whose DRBD and witness say what the test wants."""

    def __init__(self, found: Any, answers: list[str]) -> None:
        self.found, self.answers = found, answers

    def disk(self) -> Any:
        return self.found

    def ask(self, disk: Any, mark: str, asked: int) -> str:
        return self.answers.pop(0)


class Restarted(Exception):
    """In place of a machine that restarts."""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def restart(reason: str) -> None:
        raise Restarted(reason)

    monkeypatch.setattr(warden, "RUN", tmp_path)
    monkeypatch.setattr(warden, "restart_node", restart)
    monkeypatch.setattr(warden.time, "sleep", lambda _seconds: None)
    return tmp_path


ALONE = disk.Disk("Primary", "Unknown", "UpToDate", False, None)
SECOND = ALONE._replace(role="Secondary")


@pytest.mark.usefixtures("run")
def test_drbd_goes_on_when_the_witness_knows() -> None:
    assert warden.fence_peer(Node(ALONE, ["mine"])) == 4
    assert warden.fence_peer(Node(SECOND, ["mine"])) == 4
    assert warden.fence_peer(Node(SECOND, ["refused"])) == 1
    assert warden.fence_peer(Node(SECOND, ["silent"])) == 1


@pytest.mark.usefixtures("run")
def test_a_primary_that_may_not_go_on_restarts() -> None:
    with pytest.raises(Restarted, match="the witness is refused"):
        warden.fence_peer(Node(ALONE, ["refused"]))
    with pytest.raises(Restarted, match="the witness is silent"):
        warden.fence_peer(Node(ALONE, ["silent"]))


def test_a_primary_with_a_lease_asks_again(run: Path) -> None:
    (run / "lease").write_text(f"{warden.time.monotonic() + 60} 0")
    assert warden.fence_peer(Node(ALONE, ["silent", "silent", "mine"])) == 4
    (run / "lease").write_text("0 1")
    assert warden.fence_peer(Node(ALONE, ["silent"])) == 4  # the witness knew before it fell silent


def test_the_lease_is_counted_from_the_question(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = warden.Node.__new__(warden.Node)
    node.name, node._witness, node._port, node._key = "a", "x", 1, KEY
    now = [100.0]
    monkeypatch.setattr(warden.time, "monotonic", lambda: now[0])

    def slow(*_given: object) -> str:
        now[0] += 3
        return "mine"

    monkeypatch.setattr(warden, "ask", slow)
    assert warden.Node.ask(node, ALONE, "alone", 1) == "mine"
    assert node.lease() == (100.0 + rules.LEASE - rules.MARGIN, True)


def test_before_the_witness_hears_paired_the_node_forgets_alone(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = warden.Node.__new__(warden.Node)
    node.name, node._witness, node._port, node._key = "a", "x", 1, KEY
    (run / "lease").write_text("0 1")
    monkeypatch.setattr(warden, "ask", lambda *_given: "silent")
    warden.Node.ask(node, ALONE._replace(paired=True), "paired", 1)
    assert node.lease()[1] is False


def test_drbd_9s_quorum_is_the_answer() -> None:
    node = warden.Node.__new__(warden.Node)
    assert warden.Node.ask(node, ALONE._replace(quorum=True), "ask", 1) == "mine"
    assert warden.Node.ask(node, ALONE._replace(quorum=False), "alone", 1) == "refused"
