"""Who may use the way out of the cluster's network, and where it leads."""

import pytest

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
