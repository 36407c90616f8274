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

from .args import Exposure
from .names import PORT

COOKIE = "kotaemon-pod"
COOKIE_SECONDS = 24 * 60 * 60
ANSWER_SECONDS = 3600
"""Answers are event streams that stay open, and indexing a large document takes long."""


def ingress_annotations(exposure: Exposure, *, login: bool) -> dict[str, str]:
    """What the application needs of ingress-nginx; the user's own annotations are added and win.

    Gradio keeps a session in one pod, streams its answers, and takes uploads of up to 1000 MB
    (docs/facts/kotaemon.md 3).
    """
    nginx = {
        "affinity": "cookie",
        "affinity-mode": "persistent",
        "session-cookie-name": COOKIE,
        "session-cookie-max-age": str(COOKIE_SECONDS),
        "proxy-read-timeout": str(ANSWER_SECONDS),
        "proxy-send-timeout": str(ANSWER_SECONDS),
        "proxy-body-size": f"{int(exposure.get('max_upload_mib', 1000))}m",
        "proxy-buffering": "off",
        "proxy-request-buffering": "off",
    }
    if login:
        nginx["proxy-buffer-size"] = "16k"  # the proxy's cookies hold tokens; 4k is a 502 after the login
    # Not every cluster's ingress gets an address, and Pulumi would wait ten minutes for one.
    annotations = {"pulumi.com/skipAwait": "true"}
    annotations |= {f"nginx.ingress.kubernetes.io/{key}": value for key, value in nginx.items()}
    return annotations | dict(exposure.get("annotations", {}))


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
        ingress_class_name=exposure.get("class_name", "nginx"),
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
        rule["sessionPersistence"] = {
            "type": "Cookie",
            "sessionName": COOKIE,
            "absoluteTimeout": f"{COOKIE_SECONDS // 3600}h",
            "cookieConfig": {"lifetimeType": "Permanent"},
        }
    gateway = {"name": exposure.get("gateway_name"), "namespace": exposure.get("gateway_namespace")}
    return {"parentRefs": [gateway], "hostnames": [exposure["hostname"]], "rules": [rule]}
