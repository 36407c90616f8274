"""Sharing from a volume of one writer, with the real NATS and nginx: announced once, pulled without a byte twice."""

import hashlib
import itertools
import json
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs.sharing import MIB, USERS, Certificates, Node, Place, eventually
from tests.unit import pod_user
from tests.unit.components.models.runtime.pods import tree
from tests.unit.tools import needed

SMALL = {"m/config.json": b"{}", "m/empty": b"", "m/a b%c.txt": b"a name that a URL cannot have"}


@pytest.fixture
def place() -> Iterator[Place]:
    needed("nginx", "nginx-light")
    needed("openssl", "openssl")
    with pod_user.folder("sharing") as root:
        found = Place(root, "2m")
        try:
            yield found
        finally:
            found.stop()


def test_the_web_server_hands_out_versions_and_nothing_else(place: Place) -> None:
    place.publish("v1", SMALL)
    (place.shared / ".incoming/v2").mkdir(parents=True)
    (place.shared / ".incoming/v2/secret").write_text("not published")
    (place.shared / "versions/v1/out").symlink_to("/etc/passwd")
    place.web()
    assert place.curl("/versions/v1/m/config.json").stdout.endswith("{}\n")
    for path in ("/", "/.incoming/v2/secret", "/versions/../.incoming/v2/secret", "/versions/v1/out", "/versions/v1/"):
        assert place.curl(path).stdout.split()[0] in ("400", "403", "404"), path
    for method in ("PUT", "POST", "DELETE"):
        assert place.curl("/versions/v1/m/config.json", method).stdout.split()[0] in ("403", "405"), method


def test_a_renewed_certificate_needs_no_restart(place: Place) -> None:
    place.web()
    before = place.curl("/versions/").stdout.split()[1]
    place.renew()
    place.owned()
    assert place.curl("/versions/").stdout.split()[1] not in ("", before)


def test_nobody_gets_in_without_a_password_and_nothing_is_said_without_tls(place: Place) -> None:
    place.nats()
    assert place.ask("print('in')").stdout == "in\n"
    for wrong in ({"KS_NATS_PASSWORD": "guessed"}, {"KS_NATS_USER": "", "KS_NATS_PASSWORD": ""}):
        done = place.ask("print('in')", **wrong)
        assert "Authorization Violation" in done.stderr, done
        assert done.stdout == ""
    with pod_user.folder("other-ca") as other:
        wrong_ca = Certificates(other, "other").ca
        assert "is not the server that" in place.ask("print('in')", KS_NATS_CA=str(wrong_ca)).stderr
    announcer = place.announcer(KS_NATS_PASSWORD="guessed")
    assert announcer.ended() == 78
    assert "Authorization Violation" in announcer.said()
    with socket.create_connection(("127.0.0.1", place.nats_port), 10) as plain:
        greeting = plain.recv(65536)
        assert b'"tls_required":true' in greeting
        plain.sendall(b'CONNECT {"user":"leader","pass":"of-the-leader"}\r\nPING\r\n')
        assert b"PONG" not in plain.recv(65536)


def test_a_server_without_tls_never_hears_the_password(place: Place) -> None:
    place.nats_port = 0
    with socket.create_server(("127.0.0.1", 0)) as server:
        place.nats_port = server.getsockname()[1]
        announcer = place.announcer()
        plain, _ = server.accept()
        with plain:
            plain.sendall(b'INFO {"server_id":"x","headers":true}\r\n')
            plain.settimeout(60)
            assert plain.recv(65536) == b""
    assert announcer.ended() == 78
    assert "offers no TLS" in announcer.said()


def test_each_user_may_do_its_own_work_alone(place: Place) -> None:
    place.nats()
    place.ask("releases.make(1)")
    assert "Permissions Violation" in place.ask("releases.announce('v1', 'x')", "FOLLOWER").stderr
    assert "Permissions Violation" in place.ask("releases.make(1)", "FOLLOWER").stderr
    assert "Permissions Violation" in place.ask("releases.consumer('node-1')").stderr
    for what in ("STREAM.DELETE", "STREAM.PURGE", "STREAM.UPDATE"):
        assert "Permissions Violation" in place.ask(f"releases._ask('{what}.' + releases.name, {{}})").stderr, what
    assert place.announced() == 0


def test_nothing_is_announced_twice_and_a_restart_of_nats_loses_nothing(place: Place) -> None:
    server, node = place.nats(), place.node("a", "127.0.0.1")
    for version in ("v1", "v2.1", "v2"):
        place.publish(version, SMALL)
    leader = place.announcer()
    eventually(lambda: leader.said().count(" is announced") == 3, "announcements", leader.said)
    leader.kill()
    server.kill()
    server = place.nats()
    assert place.announced() == 3
    leader = place.announcer()
    eventually(lambda: leader.said().count(" was announced before") == 3, "second look", leader.said)
    # What the server compares within two minutes is not all: it knows a version for ever.
    code = "print(nats.request(releases.name + '.v2%1', b'{}', {'Nats-Expected-Last-Subject-Sequence': '0'}).data.decode())"
    assert json.loads(place.ask(code).stdout)["error"]["err_code"] == 10071
    assert place.announced() == 3
    # A node that comes late hears of the newest alone, and of it once.
    place.web()
    follower = node.follow()
    eventually(lambda: node.has("v2"), "v2 on the node", follower.said)
    place.publish("v3", SMALL)
    eventually(lambda: "v3 is dealt with" in follower.said(), "v3 on the node", follower.said)
    assert not node.has("v1")
    follower.kill()
    again = node.follow()
    place.publish("v4", SMALL)
    eventually(lambda: "v4 is dealt with" in again.said(), "v4 on the node", again.said)
    assert again.stop() == leader.stop() == 128 + signal.SIGTERM
    told = follower.said()  # and what the second one has said, into the same file
    assert [told.count(f"version {v} is announced") for v in ("v2", "v3", "v4")] == [1, 1, 1]


def test_a_lost_leader_leaves_what_is_there_and_the_next_release_comes_when_it_is_back(place: Place) -> None:
    server, web = place.nats(), place.web()
    node = place.node("a", "127.0.0.1")
    place.publish("v1", SMALL)
    leader, follower = place.announcer(), node.follow()
    eventually(lambda: node.has("v1"), "v1", follower.said)
    for process in (web, leader, server):
        process.kill()
    pod = node.start_pod("v1")
    assert pod.ended() == 0, pod.said()
    assert "a warm start" in pod.said()
    cold = node.start_pod("v2", KS_PULL_SECONDS="1")
    assert cold.ended() == 75
    assert "no answer from the leader" in cold.said()
    place.publish("v2", SMALL)
    place.nats()
    place.web()
    place.announcer()
    eventually(lambda: node.has("v2"), "v2", follower.said)
    assert tree(node.cache / "v2") == SMALL


def test_what_the_leader_spoils_is_refused_by_name(place: Place) -> None:
    place.web()
    node = place.node("a", "127.0.0.1")
    place.publish("v1", {"m/weights": MIB, **SMALL})
    published = place.shared / "versions/v1"
    good = (published / "m/weights").read_bytes()
    for bad, words in (
        (good[:-1] + bytes([good[-1] ^ 1]), "is corrupt"),
        (good[:-1], "the manifest says bytes 0-"),
        (None, "m/weights: is missing"),
    ):
        (published / "m/weights").unlink()
        if bad is not None:
            (published / "m/weights").write_bytes(bad)
        pod = node.start_pod("v1")
        assert pod.ended() == 78, pod.said()
        assert words in pod.said()
        assert not node.has("v1")
    (published / "m/weights").write_bytes(good)
    announced = node.start_pod("v1", KS_MODELS_DIGEST="0" * 64)
    assert announced.ended() == 78
    assert "is not the one that was announced" in announced.said()
    # What an earlier pull has left on the node and is wrong is pulled once more.
    left = node.cache / ".filling/v1/m/weights"
    left.write_bytes(b"\0" * (MIB // 2))
    place.owned()
    pod = node.start_pod("v1")
    assert pod.ended() == 0, pod.said()
    assert tree(node.cache / "v1")["m/weights"] == good


def digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(MIB):
            found.update(data)
    return found.hexdigest()


def hashes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): digest(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def part_of_each(node: Node, large: list[str], least: int) -> bool:
    sizes = node.sizes("v1")
    return all(sizes.get(name, 0) >= least for name in large)


def test_killed_midway_all_end_with_the_same_and_no_byte_comes_twice(place: Place) -> None:
    large = {f"m/weights-{n}": 9 * MIB + n for n in range(3)}
    share(place, large, MIB)


@pytest.mark.long
def test_killed_midway_with_several_gib(place: Place) -> None:
    """The long form: files of many parts of 64 MiB each."""
    place.rate = "40m"
    large = {f"m/weights-{n}": 1000 * MIB + n for n in range(3)}
    share(place, large, 100 * MIB)


def share(place: Place, large: dict[str, int], midway: int) -> None:
    """Two nodes pull; the leader, NATS and one node are killed when `midway` bytes of each large file are there."""
    server, web, leader = place.nats(), place.web(), place.announcer()
    killed, other = place.node("killed", "127.0.0.1"), place.node("other", "localhost")
    dying, follower = killed.follow(), other.follow()
    place.publish("v1", {**large, **SMALL})
    names = list(large)
    eventually(
        lambda: part_of_each(killed, names, midway) and part_of_each(other, names, midway), "half of a pull", dying.said
    )
    # The leader first: what nginx had written when its client died is on the way, and nobody can say who has it.
    for process in (web, dying, leader, server):
        process.kill()
    left = killed.sizes("v1")
    assert all(left[name] < size for name, size in large.items()), left
    before = len(place.requests("v1"))
    place.nats()
    place.web()
    place.announcer()
    again = killed.follow()
    for node, said in ((killed, again.said), (other, follower.said)):
        eventually(lambda node=node: node.has("v1"), "v1", said)
        assert hashes(node.cache / "v1") == hashes(place.shared / "versions/v1")
    assert place.announced() == 1
    eventually(
        lambda: "v1 is dealt with" in follower.said(), "word of the node that lost NATS and leader", follower.said
    )
    # nginx writes a line when a request has ended; those that the kill cut off have none.
    after = place.requests("v1")[before:]
    for name, size in large.items():
        # The killed node asks for what is missing from the first byte that it does not have.
        mine = sorted((r.start, r.sent) for r in after if (r.host, r.path) == (killed.host, name))
        assert mine[0][0] == left[name]
        assert sum(sent for _, sent in mine) == size - left[name]
    # And in all requests of a node that have a line no byte was sent twice.
    for node in (killed, other):
        spans = sorted((r.path, r.start, r.start + r.sent) for r in place.requests("v1") if r.host == node.host)
        assert all(one[0] != two[0] or one[2] <= two[1] for one, two in itertools.pairwise(spans)), spans
        assert sum(end - start for _, start, end in spans) <= sum(large.values()) + sum(map(len, SMALL.values()))


def test_the_rights_in_the_documented_values_are_of_the_stream_that_is_the_default() -> None:
    from components.models.sharing import CREDENTIALS, STREAM

    text = (Path(__file__).parents[2] / "docs/nats-values.yaml").read_text()
    assert set(re.findall(r"<< \$(\w+) >>", text)) == set(CREDENTIALS) == set(USERS)
    assert f"$JS.ACK.{STREAM}.>" in text
