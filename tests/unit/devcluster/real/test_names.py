"""The cluster's name server: which names it knows, and its messages."""

import socket
import struct
from typing import Any

import pytest

from devcluster.real import names
from devcluster.real.names import Names


class Lookup:
    """A cluster with a Service, a headless one and one without pods."""

    def service(self, namespace: str, name: str) -> dict[str, Any] | None:
        addresses = {"web": "10.96.0.7", "db": "None", "empty": "None"}
        found = addresses.get(name) if namespace == "kotaemon" else None
        return {"spec": {"clusterIP": found}} if found else None

    def endpoints(self, namespace: str, service: str) -> list[tuple[str, str, int]]:
        return [("db-0", "10.244.1.2", 1), ("db-1", "10.244.2.3", 1)] if service == "db" else []


@pytest.fixture
def server() -> Names:
    """A name server of that cluster."""
    made: Any = Names
    return made(Lookup())


def query(name: str, kind: int = 1) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return b"\x12\x34" + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("web.kotaemon.svc.cluster.local", ["10.96.0.7"]),
        ("WEB.kotaemon.svc.cluster.local.", ["10.96.0.7"]),
        ("db.kotaemon.svc.cluster.local", ["10.244.1.2", "10.244.2.3"]),
        ("db-1.db.kotaemon.svc.cluster.local", ["10.244.2.3"]),
        ("db-7.db.kotaemon.svc.cluster.local", None),
        ("empty.kotaemon.svc.cluster.local", None),
        ("web.other.svc.cluster.local", None),
        ("web.svc.cluster.local", None),
        ("web.kotaemon.cluster.local", None),
    ],
)
def test_names_of_the_cluster(server: Names, name: str, found: list[str] | None) -> None:
    assert server.resolve(name) == found


def test_other_names_are_the_machines(server: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("192.0.2.1", 0))] * 2)
    assert server.resolve("example.org") == ["192.0.2.1"]


def test_a_question_is_read() -> None:
    assert names.question(query("a.example.org", 28)) == ("a.example.org", 28)


def test_an_answer_repeats_the_question_and_lists_the_addresses() -> None:
    asked = query("a.b")
    said = names.answer(asked, ["10.0.0.1", "10.0.0.2"], 1)
    assert said[:2] == asked[:2]
    flags, questions, answers, *_ = struct.unpack_from("!HHHHH", said, 2)
    assert (flags & 0x8000, flags & 0xF, questions, answers) == (0x8000, 0, 1, 2)
    assert said[12 : len(asked)] == asked[12:]
    assert said.endswith(socket.inet_aton("10.0.0.2"))


def test_a_name_that_is_not_there_is_told_from_one_without_such_an_address() -> None:
    missing = names.answer(query("a.b"), None, 1)
    six = names.answer(query("a.b", 28), ["10.0.0.1"], 28)
    assert [struct.unpack_from("!H", said, 2)[0] & 0xF for said in (missing, six)] == [3, 0]
    assert struct.unpack_from("!H", six, 6)[0] == 0


def test_options_after_the_question_are_left_out_of_the_answer() -> None:
    asked = query("a.b")
    with_option = asked + b"\0\0\x29\x10\0\0\0\0\0\0\0"
    assert names.answer(with_option, [], 1)[12:] == asked[12:]
