"""Addresses that the application is told of, held against its own network policy."""

from typing import Any

import pytest

from components.kotaemon.addresses import closed
from components.kotaemon.network import network_policy, servers
from components.pod.addresses import Place, opening, place
from guard.reach import Peer, allows
from tests.unit.components.kotaemon.samples import PROXY, manifest, scaled, single

POD = Peer("kotaemon", {"app.kubernetes.io/name": "kotaemon", "app.kubernetes.io/instance": "kotaemon"})
NONE: dict[str, Any] = {"model_endpoints": []}


def may(app: Any, target: Peer, port: int) -> bool:
    """Whether the rendered policy lets the pod open the port."""
    policy = {"metadata": {"namespace": "kotaemon"}, "spec": manifest(network_policy(app))}
    return allows([policy], POD, target, port)


def told(app: Any) -> dict[str, str]:
    return {found.address.key: found.reason for found in closed(app, servers(app))}


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://tei.models.svc:8080/embed", Place("tei.models.svc", 8080)),
        ("https://api.example.com/v1", Place("api.example.com", 443)),
        ("postgresql://u:p@db.example.com/x", Place("db.example.com", 5432)),
        ("http://[fd00::7]:9000", Place("fd00::7", 9000)),
        ("qwen2.5:7b", None),
        ("custom://host/x", None),
        ("http://host:port/", None),
    ],
)
def test_what_a_text_says_of_a_place(url: str, found: Place | None) -> None:
    assert place(url) == found


@pytest.mark.parametrize(
    ("host", "rule"),
    [
        ("vllm.llm.svc.cluster.local", {"namespace": "llm", "port": 8000}),
        ("vllm.llm.svc", {"namespace": "llm", "port": 8000}),
        ("vllm", {"pod_labels": {}, "port": 8000}),
        ("192.168.7.4", {"cidr": "192.168.7.4/32", "port": 8000}),
        ("2001:db8::1", {"cidr": "2001:db8::1/128", "port": 8000}),
        ("gpu.example.com", None),
        ("ollama.ollama", None),
        ("localhost", None),
        ("127.0.0.1", None),
        ("169.254.169.254", None),
        ("fd00:ec2::254", None),
    ],
)
def test_the_rule_that_opens_exactly_one_place(host: str, rule: dict[str, Any] | None) -> None:
    assert opening(Place(host, 8000)) == rule


@pytest.mark.parametrize("given", [{}, NONE])
def test_a_model_server_in_the_cluster_is_open_when_env_names_it(given: dict[str, Any]) -> None:
    app = single(env={"OPENAI_API_BASE": "http://vllm.llm.svc.cluster.local:8000/v1"}, **given)
    assert may(app, Peer("llm", {"app": "vllm"}), 8000)
    assert not may(app, Peer("llm", {"app": "vllm"}), 8001)
    assert not may(app, Peer("other", {"app": "vllm"}), 8000)
    assert told(app) == {}


def test_an_address_of_the_network_is_open_and_its_neighbour_is_not() -> None:
    app = single(env={"LOCAL_URL": "http://10.4.4.4:11434/v1/"})
    assert may(app, Peer(ip="10.4.4.4"), 11434)
    assert not may(app, Peer(ip="10.4.4.5"), 11434)
    assert told(app) == {}


def test_a_proxy_is_open_and_connects_to_the_world() -> None:
    env = {"HTTPS_PROXY": "http://10.1.1.1:3128", "HF_ENDPOINT": "https://hub.example.com:8443"}
    app = single(env=env, **NONE)
    assert may(app, Peer(ip="10.1.1.1"), 3128)
    assert told(app) == {}
    imposed = single(cluster_imposes={"proxy": {"https_proxy": "http://squid.infra.svc:3128"}}, **NONE)
    assert may(imposed, Peer("infra"), 3128)


def test_a_name_outside_with_another_port_is_told() -> None:
    (reason,) = told(single(env={"OPENAI_API_BASE": "http://gpu.example.com:8000/v1"})).values()
    assert "{endpoints}" in reason
    assert "port 8000 of gpu.example.com" in reason
    opened = [{"cidr": "203.0.113.0/24", "port": 8000}]
    assert told(single(env={"OPENAI_API_BASE": "http://gpu.example.com:8000/v1"}, model_endpoints=opened)) == {}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_the_pod_itself_serves_no_models(host: str) -> None:
    (reason,) = told(single(env={"KH_OLLAMA_URL": f"http://{host}:11434/v1/"})).values()
    assert "it is the pod itself" in reason
    reason.format(endpoints="", endpoint="")


def test_a_short_name_is_told_with_its_long_one() -> None:
    (reason,) = told(single(env={"KH_OLLAMA_URL": "http://ollama.ollama:11434"})).values()
    assert "ollama.ollama.svc" in reason


def test_the_credentials_of_the_node_are_never_opened() -> None:
    app = single(env={"X_URL": "http://169.254.169.254/latest"})
    assert list(told(app)) == ["env.X_URL"]
    assert not may(app, Peer(ip="169.254.169.254"), 80)
    assert not may(app, Peer(ip="169.254.169.254"), 443)


def test_names_are_resolved_wherever_the_server_is() -> None:
    for app in (single(), single(**NONE)):
        for server in (Peer("kube-system", {"k8s-app": "kube-dns"}), Peer(ip="169.254.20.10"), Peer(ip="172.20.0.10")):
            assert may(app, server, 53)
        assert may(app, Peer("openshift-dns"), 5353)


def test_the_driver_is_installed_from_an_index_that_is_open() -> None:
    assert told(scaled()) == {}
    assert list(told(scaled(**NONE))) == ["stores.database.driver"]
    mirror = scaled(env={"PIP_INDEX_URL": "http://devpi.tools.svc:3141/root/pypi"}, **NONE)
    assert told(mirror) == {}
    assert may(mirror, Peer("tools"), 3141)


def test_the_issuer_of_the_login_is_reached_or_told() -> None:
    exposure = {
        "kind": "ingress",
        "hostname": "k.example.com",
        "controller_namespace": "ingress-nginx",
        "class_name": "nginx",
    }
    given = {"exposure": exposure, "auth_proxy": PROXY}
    assert told(single(**given)) == {}
    assert list(told(single(**given, **NONE))) == ["auth_proxy.issuer_url"]
    inside = {**PROXY, "issuer_url": "http://keycloak.login.svc:8080/realms/x"}
    assert may(single(exposure=exposure, auth_proxy=inside, **NONE), Peer("login"), 8080)


@pytest.mark.parametrize(
    ("url", "endpoint", "words"),
    [
        ("http://10.5.0.9:6333", {"cidr": "10.5.0.0/24", "port": 6333}, ""),
        ("http://10.6.0.9:6333", {"cidr": "10.5.0.0/24", "port": 6333}, "10.6.0.9 is not in 10.5.0.0/24"),
        ("http://10.5.0.9:6333", {"cidr": "10.5.0.0/24", "port": 443}, "it has port 6333"),
        ("http://q.vec.svc:6333", {"cidr": "10.5.0.0/24", "port": 6333}, "q.vec.svc is a Service"),
        ("http://q.vec.svc:6333", {"namespace": "search", "port": 6333}, "q.vec.svc is in namespace vec"),
        ("http://q.vec.svc:80", {"namespace": "vec", "port": 6333}, ""),
        ("https://q.example.com", {"cidr": "10.5.0.0/24", "port": 443}, ""),
    ],
)
def test_a_store_whose_endpoint_is_another_place_is_told(url: str, endpoint: dict[str, Any], words: str) -> None:
    app = scaled()
    assert app.stores is not None
    vectors = {**app.stores["vector_store"], "url": url, "endpoint": endpoint}
    found = told(scaled(stores={**app.stores, "vector_store": vectors}))
    assert found.get("stores.vector_store", "")[: len(words) or None] == words


@pytest.mark.parametrize(
    ("url", "more", "is_closed"),
    [
        ("http://vllm.lan:8000/v1", {}, True),
        ("https://llm.lan:8443/v1", {}, False),
        ("https://llm.corp.lan:8443/v1", {"NO_PROXY": "localhost, .corp.lan"}, True),
        ("https://llm.corp.lan:8443/v1", {"NO_PROXY": "orp.lan"}, False),
        ("https://llm.lan:8443/v1", {"no_proxy": "*"}, True),
        ("http://vllm.lan:8000/v1", {"HTTP_PROXY": "http://10.9.9.9:3128"}, False),
    ],
)
def test_a_proxy_connects_for_its_own_scheme_and_not_where_an_exception_names_the_host(
    url: str, more: dict[str, str], is_closed: bool
) -> None:
    env = {"KH_OLLAMA_URL": url, "HTTPS_PROXY": "http://10.9.9.9:3128", **more}
    assert ("env.KH_OLLAMA_URL" in told(single(env=env, **NONE))) is is_closed
