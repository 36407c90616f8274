"""Who may use the way out of the cluster's network, and where it leads; what is published."""

from pathlib import Path

import pytest

from devcluster.errors import DevclusterError
from devcluster.real import relay


@pytest.mark.parametrize(("address", "node"), [("10.200.0.11", True), ("10.244.1.7", False), ("127.0.0.1", False)])
def test_pods_may_not_go_out(address: str, node: bool) -> None:
    assert relay.is_node(address) is node


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "169.254.169.254", "fe80::1"])
def test_what_listens_for_this_machine_alone_is_out_of_reach(address: str) -> None:
    assert not relay.may_be_reached(address)


@pytest.mark.parametrize("address", ["192.0.2.1", "10.1.2.3", "2001:db8::1"])
def test_registries_elsewhere_are_reached(address: str) -> None:
    assert relay.may_be_reached(address)


def test_a_service_is_published_once(tmp_path: Path) -> None:
    relay.publish(tmp_path, {"namespace": "a", "service": "web", "port": 0})
    relay.publish(tmp_path, {"namespace": "b", "service": "web", "port": 1})
    relay.publish(tmp_path, {"namespace": "a", "service": "web", "port": 2})
    assert [(one["namespace"], one["port"]) for one in relay.read(tmp_path)] == [("b", 1), ("a", 2)]


def test_without_a_relay_nothing_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "_PUBLISH_SECONDS", 0.1)
    with pytest.raises(DevclusterError, match=r"^no relay listens: "):
        relay.publish_and_wait(tmp_path, {"namespace": "a", "service": "web", "port": 0})
