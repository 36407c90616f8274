"""The port is kept where it can be."""

import socket
from pathlib import Path

from components.contract import Platform
from devcluster import state


def test_before_the_first_start_nothing_is_known(tmp_path: Path) -> None:
    assert state.load(tmp_path) is None
    assert state.platform_of(tmp_path) is None


def test_what_is_saved_is_known(tmp_path: Path) -> None:
    state.save(tmp_path, {"platform": "aws", "port": 1234})
    assert state.load(tmp_path) == {"platform": "aws", "port": 1234}
    assert state.platform_of(tmp_path) is Platform.AWS


def test_a_free_port_is_kept() -> None:
    port = state.choose_port(None)
    assert state.choose_port(port) == port


def test_a_taken_port_is_replaced() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert state.choose_port(taken) != taken
