"""The simulation of NetworkPolicies, against cases of the Kubernetes documentation."""

from typing import Any

import pytest

from guard.reach import Peer, allows, talks

WEB, DB = Peer("shop", {"app": "web"}), Peer("shop", {"app": "db"})


def policy(selector: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "shop"}, "spec": {"podSelector": selector, **spec}}


def label(**labels: str) -> dict[str, Any]:
    return {"matchLabels": labels}


def test_without_a_policy_everything_is_open() -> None:
    assert allows([], WEB, DB, 5432)
    assert allows([policy(label(app="other"), policyTypes=["Ingress", "Egress"])], WEB, DB, 5432)


def test_a_policy_without_rules_closes_its_directions_alone() -> None:
    into = policy(label(app="db"), policyTypes=["Ingress"])
    assert not allows([into], WEB, DB, 5432)
    assert allows([into], DB, WEB, 80)
    assert not allows([policy({}, policyTypes=["Egress"])], DB, WEB, 80)


def test_both_ends_have_to_agree_and_policies_add_up() -> None:
    into = policy(label(app="db"), ingress=[{"from": [{"podSelector": label(app="web")}], "ports": [{"port": 5432}]}])
    closed = policy(label(app="web"), policyTypes=["Egress"])
    out = policy(label(app="web"), policyTypes=["Egress"], egress=[{"to": [{"podSelector": label(app="db")}]}])
    assert allows([into], WEB, DB, 5432)
    assert not allows([into], WEB, DB, 22)
    assert not allows([into, closed], WEB, DB, 5432)
    assert allows([into, closed, out], WEB, DB, 5432)
    assert not allows([into], Peer("shop", {"app": "cron"}), DB, 5432)


@pytest.mark.parametrize(
    ("peer", "source", "open_"),
    [
        ({"namespaceSelector": label(**{"kubernetes.io/metadata.name": "edge"})}, Peer("edge"), True),
        ({"namespaceSelector": label(team="a")}, Peer("edge", namespace_labels={"team": "a"}), True),
        ({"namespaceSelector": {}, "podSelector": label(app="gw")}, Peer("edge", {"app": "gw"}), True),
        ({"namespaceSelector": {}, "podSelector": label(app="gw")}, Peer("edge", {"app": "x"}), False),
        ({"podSelector": {}}, Peer("edge"), False),
        ({"podSelector": {}}, Peer("shop"), True),
        ({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.9.0.0/16"]}}, Peer(ip="10.1.2.3"), True),
        ({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.9.0.0/16"]}}, Peer(ip="10.9.2.3"), False),
        ({"ipBlock": {"cidr": "0.0.0.0/0"}}, Peer("edge", ip="10.1.2.3"), False),
        ({"ipBlock": {"cidr": "0.0.0.0/0"}}, Peer(ip="fd00::1"), False),
    ],
)
def test_each_form_of_a_peer(peer: dict[str, Any], source: Peer, open_: bool) -> None:
    into = policy(label(app="db"), policyTypes=["Ingress"], ingress=[{"from": [peer]}])
    assert allows([into], source, DB, 5432) is open_


@pytest.mark.parametrize(
    ("ports", "asked", "open_"),
    [
        ([{"port": 53, "protocol": "UDP"}], (53, "TCP"), False),
        ([{"port": 53, "protocol": "UDP"}], (53, "UDP"), True),
        ([{"protocol": "TCP"}], (1234, "TCP"), True),
        ([{"port": 80, "endPort": 90}], (85, "TCP"), True),
        ([{"port": 80, "endPort": 90}], (91, "TCP"), False),
        ([], (1, "TCP"), True),
    ],
)
def test_each_form_of_a_port(ports: list[dict[str, Any]], asked: tuple[int, str], open_: bool) -> None:
    into = policy({}, policyTypes=["Ingress"], ingress=[{"ports": ports}])
    assert allows([into], Peer(ip="1.2.3.4"), DB, *asked) is open_


def test_who_may_talk_to_whom_in_words() -> None:
    rule = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}], "ports": [{"port": 443}]}
    made = policy(label(app="web"), policyTypes=["Ingress", "Egress"], egress=[rule, {"ports": [{"port": 53}]}])
    assert [(t.pods, t.direction, t.peer, t.ports) for t in talks([made])] == [
        ("shop/app=web", "in", "nobody", ""),
        ("shop/app=web", "out", "0.0.0.0/0 without 169.254.0.0/16", "TCP 443"),
        ("shop/app=web", "out", "everybody", "TCP 53"),
    ]
