"""The way in from outside: an Ingress, or a Gateway API HTTPRoute."""

from typing import Any

from pulumi_kubernetes.networking.v1 import (
    HTTPIngressPathArgs,
    HTTPIngressRuleValueArgs,
    IngressBackendArgs,
    IngressRuleArgs,
    IngressServiceBackendArgs,
    IngressSpecArgs,
    IngressTLSArgs,
    ServiceBackendPortArgs,
)

from ..pod.args import Endpoint
from .args import Exposure
from .controllers import WAYS, Controller, by_class, filled
from .names import PORT

COOKIE = "kotaemon-pod"
COOKIE_SECONDS = 24 * 60 * 60
ANSWER_SECONDS = 3600
"""Answers are event streams that stay open, and indexing a large document takes long."""


def controller_of(exposure: Exposure) -> Controller:
    """Who serves the Ingress or the route."""
    if "controller" in exposure:
        return Controller(exposure["controller"])
    name = exposure.get("class_name")
    return by_class(name) if isinstance(name, str) else Controller.OTHER


def ingress_annotations(exposure: Exposure, *, login: bool, path: str) -> dict[str, str]:
    """What the application needs of the controller; the user's own annotations are added and win. `path`: of the
    health check."""
    way = WAYS[controller_of(exposure)]
    needed = {**way.ingress, **(way.login if login else {})}
    # Not every cluster's ingress gets an address, and Pulumi would wait ten minutes for one.
    annotations = {"pulumi.com/skipAwait": "true", **filled(needed, _values(exposure, path))}
    return annotations | dict(exposure.get("annotations", {}))


def service_annotations(exposure: Exposure, path: str) -> dict[str, str]:
    """What a controller reads from the Service; the user's own annotations are added and win."""
    made = filled(WAYS[controller_of(exposure)].service, _values(exposure, path))
    return made | dict(exposure.get("service_annotations", {}))


def _values(exposure: Exposure, path: str) -> dict[str, str]:
    return {
        "cookie": COOKIE,
        "day": str(COOKIE_SECONDS),
        "seconds": str(ANSWER_SECONDS),
        "mib": str(int(exposure.get("max_upload_mib", 1000))),
        "path": path,
    }


def clients(exposure: Exposure, port: int) -> list[Endpoint]:
    """Who may connect to the application: the controller's namespaces and networks."""
    own = [exposure["controller_namespace"]] if "controller_namespace" in exposure else []
    spaces = [*own, *exposure.get("controller_namespaces", [])]
    networks = exposure.get("controller_networks", [])
    return [
        *(Endpoint(namespace=space, port=port) for space in spaces),
        *(Endpoint(cidr=network, port=port) for network in networks),
    ]


def by_entity(exposure: Exposure) -> str:
    """The entity of Cilium's policies from which requests come; empty for any other controller."""
    return WAYS[controller_of(exposure)].entity


def ingress_spec(exposure: Exposure, service: str) -> IngressSpecArgs:
    """`spec` of the Ingress: all paths of one host lead to the Service."""
    backend = IngressBackendArgs(
        service=IngressServiceBackendArgs(name=service, port=ServiceBackendPortArgs(number=PORT))
    )
    path = HTTPIngressPathArgs(path="/", path_type="Prefix", backend=backend)
    tls = None
    if "tls_secret" in exposure:
        tls = [IngressTLSArgs(hosts=[exposure["hostname"]], secret_name=exposure["tls_secret"])]
    return IngressSpecArgs(
        ingress_class_name=exposure.get("class_name"),
        rules=[IngressRuleArgs(host=exposure["hostname"], http=HTTPIngressRuleValueArgs(paths=[path]))],
        tls=tls,
    )


def route_spec(exposure: Exposure, service: str, *, sticky: bool) -> dict[str, Any]:
    """The HTTPRoute. `sticky` needs the experimental channel of the Gateway API (GEP-1619) and a gateway that has it.

    The route sets no body size: gateways have no common setting for it.
    """
    rule: dict[str, Any] = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [{"name": service, "port": PORT}],
        "timeouts": {"request": f"{ANSWER_SECONDS}s", "backendRequest": f"{ANSWER_SECONDS}s"},
    }
    if sticky:
        rule["sessionPersistence"] = {"type": "Cookie", "sessionName": COOKIE, **_life(exposure)}
    gateway = {"name": exposure.get("gateway_name"), "namespace": exposure.get("gateway_namespace")}
    return {"parentRefs": [gateway], "hostnames": [exposure["hostname"]], "rules": [rule]}


def _life(exposure: Exposure) -> dict[str, Any]:
    """How long the cookie of a route lives, where the gateway lets a route say it: else it ends with the browser."""
    if WAYS[controller_of(exposure)].session_cookie:
        return {"cookieConfig": {"lifetimeType": "Session"}}
    return {"absoluteTimeout": f"{COOKIE_SECONDS // 3600}h", "cookieConfig": {"lifetimeType": "Permanent"}}


def cilium_spec(exposure: Exposure, labels: dict[str, str], port: int) -> dict[str, Any] | None:
    """`spec` of the CiliumNetworkPolicy that lets Cilium's own proxy in; None for any other controller.

    It adds to the NetworkPolicy: Cilium takes both kinds together
    (https://github.com/cilium/cilium/blob/main/Documentation/network/servicemesh/ingress-reference.rst).
    """
    entity = by_entity(exposure)
    if not entity:
        return None
    ports = [{"ports": [{"port": str(port), "protocol": "TCP"}]}]
    return {"endpointSelector": {"matchLabels": labels}, "ingress": [{"fromEntities": [entity], "toPorts": ports}]}
