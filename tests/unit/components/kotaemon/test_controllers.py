"""The table of controllers: what is written for each, and what makes a browser stay with its pod."""

import string

import pytest

from components.kotaemon.args import Exposure, ExposureKind
from components.kotaemon.controllers import PLACEHOLDERS, WAYS, Controller, by_class
from components.kotaemon.exposure import clients, ingress_annotations, service_annotations

WANTED = {
    Controller.AWS_ALB: {
        "alb.ingress.kubernetes.io/target-type": "ip",
        "alb.ingress.kubernetes.io/target-group-attributes": "stickiness.enabled=true,stickiness.type=lb_cookie,"
        "stickiness.lb_cookie.duration_seconds=86400",
        "alb.ingress.kubernetes.io/load-balancer-attributes": "idle_timeout.timeout_seconds=3600",
        "alb.ingress.kubernetes.io/healthcheck-path": "/login",
    },
    Controller.ALIBABA_ALB: {
        "alb.ingress.kubernetes.io/sticky-session": "true",
        "alb.ingress.kubernetes.io/sticky-session-type": "Insert",
        "alb.ingress.kubernetes.io/cookie-timeout": "86400",
        "alb.ingress.kubernetes.io/healthcheck-enabled": "true",
        "alb.ingress.kubernetes.io/healthcheck-path": "/login",
        "alb.ingress.kubernetes.io/healthcheck-method": "GET",
    },
    Controller.F5_NGINX: {
        "nginx.org/lb-method": "ip_hash",
        "nginx.org/client-max-body-size": "300m",
        "nginx.org/proxy-read-timeout": "3600s",
        "nginx.org/proxy-send-timeout": "3600s",
        "nginx.org/proxy-buffering": "False",
    },
    Controller.HAPROXY: {
        "haproxy.org/timeout-server": "3600s",
        "haproxy.org/check-http": "/login",
    },
    Controller.CONTOUR: {"projectcontour.io/response-timeout": "3600s"},
    Controller.OPENSHIFT: {
        "haproxy.router.openshift.io/timeout": "3600s",
        "router.openshift.io/cookie_name": "kotaemon-pod",
    },
    Controller.ACK_NGINX: {
        "nginx.ingress.kubernetes.io/affinity": "cookie",
        "nginx.ingress.kubernetes.io/affinity-mode": "persistent",
        "nginx.ingress.kubernetes.io/session-cookie-name": "kotaemon-pod",
        "nginx.ingress.kubernetes.io/session-cookie-max-age": "86400",
        "nginx.ingress.kubernetes.io/proxy-read-timeout": "3600",
        "nginx.ingress.kubernetes.io/proxy-send-timeout": "3600",
        "nginx.ingress.kubernetes.io/proxy-body-size": "300m",
        "nginx.ingress.kubernetes.io/proxy-buffering": "off",
        "nginx.ingress.kubernetes.io/proxy-request-buffering": "off",
        # ACK's own ConfigMap switches it off.
        "nginx.ingress.kubernetes.io/ssl-redirect": "true",
    },
    Controller.AZURE_GATEWAY: {
        "appgw.ingress.kubernetes.io/cookie-based-affinity": "true",
        "appgw.ingress.kubernetes.io/request-timeout": "3600",
        "appgw.ingress.kubernetes.io/health-probe-path": "/login",
    },
    Controller.APISIX: {
        "k8s.apisix.apache.org/upstream-read-timeout": "3600s",
        "k8s.apisix.apache.org/upstream-send-timeout": "3600s",
    },
    Controller.CILIUM_INGRESS: {},
    Controller.GKE: {},
    Controller.KONG: {},
    Controller.TRAEFIK: {},
    Controller.OTHER: {},
}
"""Annotations of an Ingress as the documentation of each controller spells them, with 300 MiB and /login."""


def way_in(controller: Controller, **more: object) -> Exposure:
    given = {"kind": ExposureKind.INGRESS, "hostname": "rag.example.net", "class_name": "x", "max_upload_mib": 300}
    return Exposure(**{**given, "controller": controller, **more})


@pytest.mark.parametrize("controller", list(WANTED))
def test_each_controller_is_told_in_its_own_words(controller: Controller) -> None:
    made = ingress_annotations(way_in(controller), login=False, path="/login")
    assert made.pop("pulumi.com/skipAwait") == "true"
    assert made == WANTED[controller]


def test_traefik_reads_the_service() -> None:
    prefix = "traefik.ingress.kubernetes.io/service.sticky.cookie"
    made = service_annotations(way_in(Controller.TRAEFIK), "/app_id")
    assert made == {prefix: "true", f"{prefix}.name": "kotaemon-pod", f"{prefix}.httponly": "true"}
    assert service_annotations(way_in(Controller.CONTOUR), "/app_id") == {}


def test_haproxy_reads_its_cookie_on_the_service_alone() -> None:
    """On an Ingress it is ignored (documentation/annotations.md of version 3.2)."""
    made = service_annotations(way_in(Controller.HAPROXY), "/app_id")
    assert made == {"haproxy.org/cookie-persistence": "kotaemon-pod"}
    assert "haproxy.org/cookie-persistence" not in ingress_annotations(
        way_in(Controller.HAPROXY), login=False, path="/"
    )


def test_a_login_needs_larger_headers_where_they_are_limited() -> None:
    made = ingress_annotations(way_in(Controller.F5_NGINX), login=True, path="/ping")
    assert made["nginx.org/proxy-buffer-size"] == "16k"


@pytest.mark.parametrize("controller", list(Controller))
def test_every_row_has_a_source_and_known_placeholders(controller: Controller) -> None:
    way = WAYS[controller]
    assert way.source.startswith("https://")
    texts = [*way.ingress.values(), *way.service.values(), *way.login.values()]
    used = {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}
    assert used <= set(PLACEHOLDERS)
    assert not (way.outside and way.namespace), "what is outside has no namespace"
    assert not (way.entity and (way.outside or way.namespace)), "what Cilium names itself has neither"


def test_affinity_counts_only_where_something_makes_it() -> None:
    assert not WAYS[Controller.CONTOUR].sticky
    assert not WAYS[Controller.OTHER].sticky
    for controller in (
        Controller.KONG,
        Controller.GKE,
        Controller.ISTIO,
        Controller.NGINX_GATEWAY,
        Controller.CILIUM,
        Controller.APISIX,
        Controller.APISIX_GATEWAY,
    ):
        assert not WAYS[controller].sticky, "its stickiness is an object that the user makes"
        assert any("stickyBy" in note for note in WAYS[controller].notes)
    for controller in (Controller.AWS_ALB, Controller.F5_NGINX, Controller.TRAEFIK, Controller.OPENSHIFT):
        assert WAYS[controller].sticky


@pytest.mark.parametrize(
    ("name", "controller"),
    [
        ("nginx", Controller.INGRESS_NGINX),
        ("traefik", Controller.TRAEFIK),
        ("alb", Controller.AWS_ALB),
        ("openshift-default", Controller.OPENSHIFT),
        ("kong", Controller.KONG),
        ("azure-application-gateway", Controller.AZURE_GATEWAY),
        ("apisix", Controller.APISIX),
        ("cilium", Controller.CILIUM_INGRESS),
        ("gce", Controller.GKE),
        ("skipper", Controller.OTHER),
        (None, Controller.OTHER),
    ],
)
def test_a_class_usually_means_one_controller(name: str | None, controller: Controller) -> None:
    assert by_class(name) == controller


def test_no_class_means_two_controllers() -> None:
    names = [name for way in WAYS.values() for name in way.classes]
    assert len(names) == len(set(names))


def test_several_namespaces_and_networks_may_come_in() -> None:
    exposure = way_in(
        Controller.OTHER, controller_namespaces=["edge", "edge-internal"], controller_networks=["10.3.0.0/20"]
    )
    assert clients(exposure, 7860) == [
        {"namespace": "edge", "port": 7860},
        {"namespace": "edge-internal", "port": 7860},
        {"cidr": "10.3.0.0/20", "port": 7860},
    ]


def test_annotations_of_ones_own_reach_the_service_and_are_stronger() -> None:
    own = {"cloud.google.com/backend-config": '{"default": "k"}', "haproxy.org/cookie-persistence": "mine"}
    assert service_annotations(way_in(Controller.HAPROXY, service_annotations=own), "/") == own
