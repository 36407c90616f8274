"""The Service and the NetworkPolicy."""

from typing import Any

from components.kotaemon.application import Application
from components.kotaemon.network import network_policy, service_spec
from tests.unit.components.kotaemon.samples import elasticsearch, manifest, scaled, single

EXPOSURE = {
    "kind": "ingress",
    "hostname": "k.example.com",
    "controller_namespace": "ingress-nginx",
    "class_name": "nginx",
}


def policy(app: Application) -> Any:
    return manifest(network_policy(app))


def test_service_is_sticky_for_three_hours() -> None:
    assert manifest(service_spec(single())) == {
        "selector": {"app.kubernetes.io/name": "kotaemon", "app.kubernetes.io/instance": "kotaemon"},
        "ports": [{"name": "http", "port": 7860, "targetPort": 7860}],
        "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}},
    }


def test_nobody_comes_in_without_an_exposure() -> None:
    made = policy(single())
    assert made["policyTypes"] == ["Ingress", "Egress"]
    assert made["ingress"] == []


def test_only_the_ingress_controller_comes_in() -> None:
    assert policy(single(exposure=EXPOSURE))["ingress"] == [
        {
            "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}],
            "ports": [{"port": 7860, "protocol": "TCP"}],
        }
    ]


def test_prometheus_comes_in_to_the_numbers_alone() -> None:
    made = policy(single(exposure=EXPOSURE, monitors=[{"namespace": "monitoring", "port": 0}]))["ingress"]
    assert [rule["ports"][0]["port"] for rule in made] == [7860, 9464]
    assert made[1]["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]


def test_out_to_names_and_to_https_but_not_to_the_nodes_credentials() -> None:
    dns, _, https = policy(single())["egress"]
    assert dns == {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    assert https == {
        "to": [
            {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}},
            {"ipBlock": {"cidr": "::/0", "except": ["fe80::/10", "fd00:ec2::/32"]}},
        ],
        "ports": [{"port": 443, "protocol": "TCP"}],
    }


def test_declared_model_endpoints_close_the_rest() -> None:
    endpoints = [{"cidr": "203.0.113.7/32", "port": 8443}, {"namespace": "ollama", "port": 11434}]
    assert policy(single(model_endpoints=endpoints))["egress"][2:] == [
        {"to": [{"ipBlock": {"cidr": "203.0.113.7/32"}}], "ports": [{"port": 8443, "protocol": "TCP"}]},
        {
            "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ollama"}}}],
            "ports": [{"port": 11434, "protocol": "TCP"}],
        },
    ]


def test_no_model_endpoints_is_not_the_default() -> None:
    assert len(policy(single(model_endpoints=[]))["egress"]) == 2, "DNS alone"


def test_out_to_the_stores() -> None:
    assert policy(scaled(stores=elasticsearch(), model_endpoints=[]))["egress"][2:] == [
        {"to": [{"ipBlock": {"cidr": "10.0.0.5/32"}}], "ports": [{"port": 5432, "protocol": "TCP"}]},
        {"to": [{"podSelector": {"matchLabels": {"app": "qdrant"}}}], "ports": [{"port": 6333, "protocol": "TCP"}]},
        {
            "to": [
                {
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "elastic"}},
                    "podSelector": {"matchLabels": {"app": "es"}},
                }
            ],
            "ports": [{"port": 9200, "protocol": "TCP"}],
        },
    ]
