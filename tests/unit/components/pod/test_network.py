"""The NetworkPolicy of a pod, from the addresses that it declares."""

from typing import Any

from components.pod.args import Endpoint
from components.pod.network import network_policy, no_network
from tests.unit.components.kotaemon.samples import manifest

LABELS = {"app": "one"}
OTHER, THIRD = {"app": "two"}, {"app": "three"}


def policy(**given: Any) -> Any:
    return manifest(network_policy(LABELS, **{"clients": [], "servers": [], **given}))


def test_what_is_not_declared_is_denied() -> None:
    assert policy() == {
        "podSelector": {"matchLabels": LABELS},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [],
        "egress": [],
    }


def test_clients_of_the_same_ports_share_a_rule() -> None:
    clients = [
        Endpoint(pod_labels=OTHER, port=1),
        Endpoint(namespace="far", pod_labels=THIRD, port=1),
        Endpoint(pod_labels=LABELS, port=1),
        Endpoint(namespace="far", pod_labels=THIRD, port=2),
        Endpoint(pod_labels=LABELS, port=2),
    ]
    far = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "far"}}}
    assert policy(clients=clients)["ingress"] == [
        {"from": [{"podSelector": {"matchLabels": OTHER}}], "ports": [{"port": 1, "protocol": "TCP"}]},
        {
            "from": [{**far, "podSelector": {"matchLabels": THIRD}}, {"podSelector": {"matchLabels": LABELS}}],
            "ports": [{"port": 1, "protocol": "TCP"}, {"port": 2, "protocol": "TCP"}],
        },
    ]


def test_names_first_then_servers_then_the_world() -> None:
    dns, openshift, server, https = policy(servers=[Endpoint(cidr="10.0.0.5/32", port=5432)], dns=True, https=True)[
        "egress"
    ]
    assert "to" not in dns, "the name servers are pods here, a process of the node there"
    assert [(port["port"], port["protocol"]) for port in dns["ports"]] == [(53, "UDP"), (53, "TCP")]
    assert {port["port"] for port in openshift["ports"]} == {5353}
    assert server == {"to": [{"ipBlock": {"cidr": "10.0.0.5/32"}}], "ports": [{"port": 5432, "protocol": "TCP"}]}
    assert https["to"][0]["ipBlock"]["except"] == ["169.254.0.0/16"]


def test_who_may_connect_to_everybody_has_no_rule_for_it() -> None:
    made = policy(servers=None)
    assert made["policyTypes"] == ["Ingress"]
    assert "egress" not in made


def test_no_network_is_for_every_pod_of_the_namespace() -> None:
    assert manifest(no_network()) == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
