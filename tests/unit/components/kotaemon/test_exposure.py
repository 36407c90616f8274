"""Ingress and HTTPRoute."""

import re

from components.kotaemon.args import Exposure, ExposureKind
from components.kotaemon.controllers import Controller
from components.kotaemon.exposure import cilium_spec, ingress_annotations, ingress_spec, route_spec
from tests.unit.components.kotaemon.samples import manifest

INGRESS = Exposure(
    kind=ExposureKind.INGRESS, hostname="k.example.com", controller_namespace="ingress-nginx", class_name="nginx"
)
ROUTE = Exposure(
    kind=ExposureKind.HTTPROUTE,
    hostname="k.example.com",
    controller_namespace="gateways",
    gateway_name="public",
    gateway_namespace="gateways",
)


def test_annotations() -> None:
    nginx = "nginx.ingress.kubernetes.io/"
    assert ingress_annotations(INGRESS, login=False, path="/app_id") == {
        "pulumi.com/skipAwait": "true",
        nginx + "affinity": "cookie",
        nginx + "affinity-mode": "persistent",
        nginx + "session-cookie-name": "kotaemon-pod",
        nginx + "session-cookie-max-age": "86400",
        nginx + "proxy-read-timeout": "3600",
        nginx + "proxy-send-timeout": "3600",
        nginx + "proxy-body-size": "1000m",
        nginx + "proxy-buffering": "off",
        nginx + "proxy-request-buffering": "off",
    }


def test_own_annotations_are_added_and_win() -> None:
    own = {"cert-manager.io/cluster-issuer": "le", "nginx.ingress.kubernetes.io/proxy-read-timeout": "60"}
    made = ingress_annotations({**INGRESS, "annotations": own, "max_upload_mib": 20}, login=False, path="/app_id")
    assert made["cert-manager.io/cluster-issuer"] == "le"
    assert made["nginx.ingress.kubernetes.io/proxy-read-timeout"] == "60"
    assert made["nginx.ingress.kubernetes.io/proxy-body-size"] == "20m"


def test_a_login_needs_room_for_its_cookies() -> None:
    size = "nginx.ingress.kubernetes.io/proxy-buffer-size"
    assert ingress_annotations(INGRESS, login=True, path="/app_id")[size] == "16k"
    assert size not in ingress_annotations(INGRESS, login=False, path="/app_id")


def test_ingress() -> None:
    assert manifest(ingress_spec({**INGRESS, "tls_secret": "cert"}, "kotaemon")) == {
        "ingressClassName": "nginx",
        "rules": [
            {
                "host": "k.example.com",
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "kotaemon", "port": {"number": 7860}}},
                        }
                    ]
                },
            }
        ],
        "tls": [{"hosts": ["k.example.com"], "secretName": "cert"}],
    }


def test_no_certificate_no_tls() -> None:
    made = manifest(ingress_spec({**INGRESS, "class_name": "internal"}, "kotaemon"))
    assert "tls" not in made
    assert made["ingressClassName"] == "internal"


def test_route() -> None:
    assert route_spec(ROUTE, "kotaemon", sticky=True) == {
        "parentRefs": [{"name": "public", "namespace": "gateways"}],
        "hostnames": ["k.example.com"],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "backendRefs": [{"name": "kotaemon", "port": 7860}],
                "timeouts": {"request": "3600s", "backendRequest": "3600s"},
                "sessionPersistence": {
                    "type": "Cookie",
                    "sessionName": "kotaemon-pod",
                    "absoluteTimeout": "24h",
                    "cookieConfig": {"lifetimeType": "Permanent"},
                },
            }
        ],
    }


def test_one_pod_needs_no_experimental_field() -> None:
    (rule,) = route_spec(ROUTE, "kotaemon", sticky=False)["rules"]
    assert "sessionPersistence" not in rule


def test_durations_are_what_the_gateway_api_takes() -> None:
    (rule,) = route_spec(ROUTE, "kotaemon", sticky=True)["rules"]
    for duration in (*rule["timeouts"].values(), rule["sessionPersistence"]["absoluteTimeout"]):
        assert re.fullmatch(r"([0-9]{1,5}(h|m|s|ms)){1,4}", duration)


def test_a_gateway_that_refuses_a_lifetime_gets_none() -> None:
    """Cilium sets Accepted to False for Permanent and for absoluteTimeout (its session-persistence.rst)."""
    route: Exposure = {**ROUTE, "controller": Controller.CILIUM}
    (rule,) = route_spec(route, "kotaemon", sticky=True)["rules"]
    assert rule["sessionPersistence"] == {
        "type": "Cookie",
        "sessionName": "kotaemon-pod",
        "cookieConfig": {"lifetimeType": "Session"},
    }


def test_cilium_comes_in_by_its_entity_and_nobody_else_does() -> None:
    labels = {"app.kubernetes.io/instance": "k"}
    assert cilium_spec({**INGRESS, "class_name": "cilium"}, labels, 4180) == {
        "endpointSelector": {"matchLabels": labels},
        "ingress": [
            {"fromEntities": ["ingress"], "toPorts": [{"ports": [{"port": "4180", "protocol": "TCP"}]}]},
        ],
    }
    assert cilium_spec(INGRESS, labels, 4180) is None
