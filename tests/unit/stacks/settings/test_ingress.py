"""The way in, as a stack file says it: which controller it is, who may come in, and what is told."""

import json
from typing import Any

import pytest

from components.contract import Platform
from components.kotaemon.controllers import Controller
from guard.reach import Peer, allows
from plan import collect
from plan.recorder import Run
from stacks.safety import RefusedByGuard
from stacks.settings.ingress import Ingress, controller_of
from stacks.settings.load import SettingsError
from tests.unit.stacks.test_network import APP, changed, policies

HOST = {"hostname": "rag.example.net"}


def single(**ingress: Any) -> Run:
    return changed("dev", ingress={**HOST, **ingress})


def told(run: Run) -> str:
    return "\n".join(line for line in run.warnings if line.startswith("kotaemon:ingress"))


@pytest.mark.parametrize(
    ("ingress", "words"),
    [
        ({}, "className is missing, and no controller is a default"),
        ({"className": "skipper"}, "ingress.controllerNamespace: missing"),
        ({"className": "alb", "controllerNamespace": "kube-system"}, "ingress.controllerNetworks: missing"),
        ({"className": "nginx", "path": "/rag"}, "works below no path"),
        ({"className": "nginx", "hostname": "RAG.example.net"}, "write rag.example.net"),
        ({"className": "nginx", "annotations": {"no key": "x"}}, "kotaemon:ingress.annotations: 'no key' is no key"),
        ({"className": "nginx", "serviceAnnotations": {"a/": "x"}}, "kotaemon:ingress.serviceAnnotations: 'a/' is no"),
        ({"className": "nginx", "controllerNamespace": "Edge 1"}, "controllerNamespace: 'Edge 1' must be lower-case"),
        ({"className": "nginx", "controllerNamespace": ["edge", "B"]}, "controllerNamespace.1: 'B' must be lower-case"),
        ({"className": "nginx", "controllerNetworks": ["10.0.0.5"]}, "for example 10.0.0.5/32"),
        (
            {"className": "nginx", "controller": "envoy-gateway"},
            "ingress.controller: 'envoy-gateway' is for kind httproute",
        ),
        ({"kind": "ingress", "className": "nginx", "gateway": "a/b"}, "gateway is for kind httproute"),
        ({"gateway": "a/b", "controller": "traefik"}, "ingress.controller: 'traefik' is for kind ingress"),
    ],
)
def test_a_way_in_that_leads_nowhere_is_refused_in_words(ingress: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        single(**ingress)
    assert words in str(refused.value)
    assert "kotaemon:ingress" in str(refused.value)


@pytest.mark.parametrize(
    ("platform", "name", "controller"),
    [
        (Platform.AWS, "alb", Controller.AWS_ALB),
        (Platform.ALICLOUD, "alb", Controller.ALIBABA_ALB),
        (Platform.ALICLOUD, "nginx", Controller.ACK_NGINX),
        (Platform.PRIVATE, "nginx", Controller.INGRESS_NGINX),
        (Platform.ALICLOUD, "traefik", Controller.TRAEFIK),
    ],
)
def test_one_class_is_another_controller_on_another_platform(
    platform: Platform, name: str, controller: Controller
) -> None:
    assert controller_of(Ingress.model_validate({**HOST, "className": name}), platform) == controller


def test_a_controller_on_the_network_of_the_nodes_comes_in() -> None:
    made = policies(single(className="traefik", controllerNetworks=["10.44.0.0/16"]))
    assert allows(made, Peer(ip="10.44.1.2"), APP, 7860)
    assert not allows(made, Peer(ip="10.45.1.2"), APP, 7860)
    assert not allows(made, Peer("traefik"), APP, 7860)


def test_several_namespaces_come_in_and_the_usual_one_is_a_default() -> None:
    made = policies(single(className="haproxy", controllerNamespace=["edge", "lab"]))
    assert all(allows(made, Peer(space), APP, 7860) for space in ("edge", "lab"))
    assert allows(policies(single(className="haproxy")), Peer("haproxy-controller"), APP, 7860)
    assert allows(policies(single(gateway="infra/public")), Peer("infra"), APP, 7860)


def test_the_proxies_of_kgateway_and_apisix_come_in() -> None:
    own = policies(single(gateway="edge/public", controller="kgateway"))
    assert allows(own, Peer("edge"), APP, 7860), "kgateway runs its proxies beside the Gateway"
    shared = policies(single(gateway="edge/public", controller="apisix-gateway"))
    assert allows(shared, Peer("ingress-apisix"), APP, 7860)
    assert not allows(shared, Peer("edge"), APP, 7860)


def test_annotations_of_the_service_are_the_users_own() -> None:
    run = single(className="gce", controllerNetworks=["35.191.0.0/16"], serviceAnnotations={"a.example.com/b": "c"})
    assert run.one("kubernetes:core/v1:Service").inputs["metadata"]["annotations"]["a.example.com/b"] == "c"
    assert "BackendConfig" in told(run)


@pytest.mark.parametrize("ingress", [{"className": "cilium"}, {"gateway": "edge/public", "controller": "cilium"}])
def test_cilium_comes_in_by_a_policy_of_its_own(ingress: dict[str, str]) -> None:
    """Its requests have the identity `ingress`, which no namespace is (ingress-reference.rst of Cilium)."""
    run = single(**ingress)
    (made,) = [r.inputs for r in run.registrations if r.inputs.get("kind") == "CiliumNetworkPolicy"]
    assert made["spec"]["ingress"][0]["fromEntities"] == ["ingress"]
    labels = made["spec"]["endpointSelector"]["matchLabels"]
    pods = run.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["metadata"]["labels"]
    assert labels.items() <= pods.items()
    assert not allows(policies(run), Peer("edge"), APP, 7860)
    shown = [(talk.direction, talk.peer, talk.ports) for talk in collect.network(run)]
    assert ("in", "Cilium's entity ingress", "TCP 7860") in shown
    assert not [r for r in single(className="traefik").registrations if "cilium" in r.type.lower()]


def test_a_retired_controller_is_told_with_the_way_over() -> None:
    assert "no fixes since March 2026" in told(single(className="nginx"))
    assert "docs/clusters.md" in told(single(className="nginx"))
    assert "retired" not in told(single(className="nginx", controller="f5-nginx"))


def test_an_unknown_controller_is_told_so_and_takes_annotations_of_its_own() -> None:
    run = single(className="skipper", controllerNamespace="skipper", annotations={"konghq.com/protocols": "https"})
    assert "'skipper' is no controller that is known here" in told(run)
    ingress = run.one("kubernetes:networking.k8s.io/v1:Ingress")
    assert ingress.inputs["metadata"]["annotations"] == {
        "pulumi.com/skipAwait": "true",
        "konghq.com/protocols": "https",
    }
    assert ingress.inputs["spec"]["ingressClassName"] == "skipper"


@pytest.mark.parametrize(
    "ingress",
    [
        {"className": "contour"},
        {"className": "skipper", "controllerNamespace": "skipper"},
        {"gateway": "infra/public"},
        {"className": "cilium"},
        {"gateway": "infra/public", "controller": "cilium"},
        {"className": "apisix"},
        {"gateway": "infra/public", "controller": "apisix-gateway"},
    ],
)
def test_several_pods_are_refused_where_nothing_is_sticky(ingress: dict[str, Any]) -> None:
    with pytest.raises(RefusedByGuard, match="no-session-affinity"):
        changed("private-scaled", ingress={**HOST, **ingress})
    said = changed("private-scaled", ingress={**HOST, **ingress, "stickyBy": "BackendTrafficPolicy of the gateway"})
    assert said.warnings is not None


@pytest.mark.parametrize(
    "ingress",
    [
        {"className": "traefik"},
        {"gateway": "infra/public", "controller": "envoy-gateway"},
        {"gateway": "infra/public", "controller": "kgateway"},
        {"className": "alb", "controller": "aws-alb", "controllerNetworks": ["10.2.0.0/16"]},
    ],
)
def test_several_pods_behind_what_is_sticky(ingress: dict[str, Any]) -> None:
    run = changed("private-scaled", ingress={**HOST, **ingress})
    kinds = json.dumps([r.type for r in run.registrations])
    assert ("HTTPRoute" in kinds) == ("gateway" in ingress)
