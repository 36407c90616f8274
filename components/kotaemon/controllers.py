"""What each ingress controller and gateway reads: stickiness, body size, time-outs, health check. Pure data.

The rows of gateways are in components/kotaemon/gateways.py.
"""

from collections.abc import Mapping

from .gateways import APISIX_STICKY, GATEWAYS
from .way_in import PLACEHOLDERS, Controller, WayIn

__all__ = ["PLACEHOLDERS", "WAYS", "Controller", "WayIn", "by_class", "filled"]

_NGINX = "nginx.ingress.kubernetes.io/"
_NGINX_INGRESS = {
    f"{_NGINX}affinity": "cookie",
    f"{_NGINX}affinity-mode": "persistent",
    f"{_NGINX}session-cookie-name": "{cookie}",
    f"{_NGINX}session-cookie-max-age": "{day}",
    f"{_NGINX}proxy-read-timeout": "{seconds}",
    f"{_NGINX}proxy-send-timeout": "{seconds}",
    f"{_NGINX}proxy-body-size": "{mib}m",
    f"{_NGINX}proxy-buffering": "off",
    f"{_NGINX}proxy-request-buffering": "off",
}
_NGINX_LOGIN = {f"{_NGINX}proxy-buffer-size": "16k"}
_NGINX_SOURCE = "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/"
_ALB = "alb.ingress.kubernetes.io/"

WAYS: Mapping[Controller, WayIn] = {
    Controller.INGRESS_NGINX: WayIn(
        source=_NGINX_SOURCE,
        read="2026-11-29, its code at controller-v1.11.5 and at dbb11b9, the last of March 2026",
        ingress=_NGINX_INGRESS,
        login=_NGINX_LOGIN,
        sticky="a cookie",
        namespace="ingress-nginx",
        classes=("nginx",),
        notes=(
            "ingress-nginx is retired and gets no fixes since March 2026 "
            "(https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/); the way over is in docs/clusters.md",
        ),
    ),
    Controller.ACK_NGINX: WayIn(
        # Its code is that of ingress-nginx, with the same version numbers; v1.11.5-aliyun.1 is the last that is named
        # (https://help.aliyun.com/document_detail/160658.html). So each annotation was looked up in that code. Only the
        # ConfigMap differs, by the page in `source`: bodies of 20m, and nobody is sent from HTTP to HTTPS.
        source="https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/nginx-ingress-configuration-guide",
        read="2026-11-29, updated on 6 October 2026, with kubernetes/ingress-nginx at controller-v1.11.5 "
        "(internal/ingress/annotations: sessionaffinity, proxy, rewrite)",
        # It does so only where the Ingress has a certificate.
        ingress={**_NGINX_INGRESS, f"{_NGINX}ssl-redirect": "true"},
        login=_NGINX_LOGIN,
        sticky="a cookie",
        namespace="kube-system",
        notes=(
            "ACK's nginx has the code of ingress-nginx, which gets no fixes since March 2026, and Alibaba Cloud has "
            "ended its maintenance as well (https://www.alibabacloud.com/help/en/document_detail/428450.html); the way "
            "over is in docs/clusters.md",
            "ack-ingress-nginx-v1 of ACK's Marketplace can be in any namespace: give controllerNamespace where it is "
            "not kube-system",
        ),
    ),
    Controller.F5_NGINX: WayIn(
        source="https://docs.nginx.com/nginx-ingress-controller/configuration/ingress-resources/advanced-configuration-with-annotations/",
        read="2026-11-29, its code at 0eb3072 of August 2026 (internal/configs/annotations.go)",
        ingress={
            "nginx.org/lb-method": "ip_hash",
            "nginx.org/client-max-body-size": "{mib}m",
            "nginx.org/proxy-read-timeout": "{seconds}s",
            "nginx.org/proxy-send-timeout": "{seconds}s",
            "nginx.org/proxy-buffering": "False",
        },
        login={"nginx.org/proxy-buffer-size": "16k"},
        sticky="the client's address (ip_hash)",
        namespace="nginx-ingress",
        notes=(
            "browsers behind one address share a pod; for a cookie give the annotation "
            "nginx.com/sticky-cookie-services with NGINX Plus, nginx.org/sticky-cookie-services with a newer one",
        ),
    ),
    Controller.AWS_ALB: WayIn(
        source="https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/",
        read="2026-11-29, at 225f445 of August 2026 (its guide to annotations)",
        ingress={
            f"{_ALB}target-type": "ip",  # instance needs a Service of type NodePort, and ALB's stickiness needs ip
            f"{_ALB}target-group-attributes": "stickiness.enabled=true,stickiness.type=lb_cookie,"
            "stickiness.lb_cookie.duration_seconds={day}",
            f"{_ALB}load-balancer-attributes": "idle_timeout.timeout_seconds={seconds}",
            f"{_ALB}healthcheck-path": "{path}",
        },
        sticky="a cookie of the load balancer",
        outside=True,
        classes=("alb",),
        notes=(
            "the load balancer is internal unless you give the annotation alb.ingress.kubernetes.io/scheme, and takes "
            "its certificate from ACM (certificate-arn, or by host name), not from tlsSecret",
        ),
    ),
    Controller.ALIBABA_ALB: WayIn(
        source="https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/alb-ingress-configuration-dictionary",
        ingress={
            f"{_ALB}sticky-session": "true",
            f"{_ALB}sticky-session-type": "Insert",
            f"{_ALB}cookie-timeout": "{day}",
            f"{_ALB}healthcheck-enabled": "true",
            f"{_ALB}healthcheck-path": "{path}",
            f"{_ALB}healthcheck-method": "GET",
        },
        sticky="a cookie of the load balancer",
        outside=True,
        notes=(
            "the listener's time-outs are in its AlbConfig (idleTimeout, requestTimeout) and have to be raised there",
        ),
    ),
    Controller.TRAEFIK: WayIn(
        source="https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/",
        service={
            "traefik.ingress.kubernetes.io/service.sticky.cookie": "true",
            "traefik.ingress.kubernetes.io/service.sticky.cookie.name": "{cookie}",
            "traefik.ingress.kubernetes.io/service.sticky.cookie.httponly": "true",
        },
        sticky="a cookie",
        namespace="traefik",
        classes=("traefik",),
        notes=(
            "Traefik's entry point ends a request that is read for longer than respondingTimeouts.readTimeout (60 s "
            "since version 3); raise it there for large uploads",
        ),
    ),
    Controller.HAPROXY: WayIn(
        source="https://www.haproxy.com/documentation/kubernetes-ingress/community/configuration-reference/ingress/",
        read="2026-11-29, version 3.2 at fc12067 (documentation/annotations.md)",
        ingress={
            "haproxy.org/timeout-server": "{seconds}s",
            "haproxy.org/check-http": "{path}",
        },
        # Ignored on an Ingress: all that name the same Service share a backend.
        service={"haproxy.org/cookie-persistence": "{cookie}"},
        sticky="a cookie",
        namespace="haproxy-controller",
        classes=("haproxy",),
        notes=(
            "timeout-client (50 s without a byte of the browser) is a setting of the ConfigMap; raise it there "
            "for uploads over slow lines",
            "the time-outs of one Ingress need a controller after 1.10 (haproxytech/kubernetes-ingress#543, #617); set "
            "timeout-server in the ConfigMap of an older one",
        ),
    ),
    Controller.CONTOUR: WayIn(
        source="https://projectcontour.io/docs/main/config/annotations/",
        read="2026-11-29, at 31c4bb3 of August 2026",
        ingress={"projectcontour.io/response-timeout": "{seconds}s"},
        namespace="projectcontour",
        classes=("contour",),
        notes=(
            "an Ingress of Contour has no stickiness, which only its HTTPProxy has",
            "Contour ends a request without a byte for 5 minutes (timeouts.stream-idle-timeout in its ConfigMap)",
        ),
    ),
    Controller.OPENSHIFT: WayIn(
        source="https://docs.redhat.com/en/documentation/openshift_container_platform/4.20/html/ingress_and_load_balancing/nw-configuring-routes",
        read="2026-11-29, with openshift/router at 4b401a8 and route-controller-manager at 1916ceb",
        ingress={
            "haproxy.router.openshift.io/timeout": "{seconds}s",
            "router.openshift.io/cookie_name": "{cookie}",
        },
        sticky="the router's own cookie",
        namespace="openshift-ingress",
        classes=("openshift-default",),
        notes=("a router on the host's network comes from addresses of nodes: give controllerNetworks",),
    ),
    Controller.KONG: WayIn(
        source="https://developer.konghq.com/kubernetes-ingress-controller/sticky-sessions",
        read="2026-11-29, an excerpt of the page: controller 3.5, gateway 3.11",
        namespace="kong",
        classes=("kong",),
        notes=(
            "Kong's stickiness is a KongUpstreamPolicy (algorithm sticky-sessions; controller 3.5, gateway 3.11) that "
            "the Service names: make one, give serviceAnnotations konghq.com/upstream-policy, say it in stickyBy",
            "body size and time-outs are those of Kong's own settings; raise them there",
        ),
    ),
    Controller.AZURE_GATEWAY: WayIn(
        source="https://github.com/Azure/application-gateway-kubernetes-ingress/blob/master/docs/annotations.md",
        read="2026-11-29, at f42103d of March 2026",
        ingress={
            "appgw.ingress.kubernetes.io/cookie-based-affinity": "true",
            "appgw.ingress.kubernetes.io/request-timeout": "{seconds}",
            "appgw.ingress.kubernetes.io/health-probe-path": "{path}",
        },
        sticky="a cookie of the gateway",
        outside=True,
        classes=("azure-application-gateway",),
        notes=("the body size is the Application Gateway's own (WAF policy); raise it there for large uploads",),
    ),
    Controller.GKE: WayIn(
        source="https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration",
        read="2026-11-30, an excerpt of the page (what a BackendConfig sets)",
        outside=True,
        classes=("gce", "gce-internal"),
        notes=(
            "GKE's stickiness, health check and time-outs are a BackendConfig (sessionAffinity, healthCheck, "
            "timeoutSec) that the Service names: make one, give serviceAnnotations cloud.google.com/backend-config, "
            "and say it in stickyBy for several pods",
        ),
    ),
    Controller.APISIX: WayIn(
        source="https://github.com/apache/apisix-ingress-controller/blob/master/docs/en/latest/reference/annotations.md",
        read="2026-11-30, at d510f66 of August 2026, with internal/adc/translator (ingress.go, annotations/upstream)",
        ingress={
            "k8s.apisix.apache.org/upstream-read-timeout": "{seconds}s",
            "k8s.apisix.apache.org/upstream-send-timeout": "{seconds}s",
        },
        namespace="ingress-apisix",
        classes=("apisix",),
        notes=(APISIX_STICKY, "the body size is a setting of APISIX itself; raise it there where it is limited"),
    ),
    Controller.CILIUM_INGRESS: WayIn(
        source="https://github.com/cilium/cilium/blob/main/Documentation/network/servicemesh/ingress.rst",
        read="2026-11-30, at 01096e1, with ingress-reference.rst (the identity ingress)",
        entity="ingress",
        classes=("cilium",),
        notes=(
            "Cilium's Ingress reads no annotation for stickiness, time-outs and body size; for several pods take "
            "gateway: with controller: cilium, and see what that says",
        ),
    ),
    Controller.OTHER: WayIn(source="https://kubernetes.io/docs/concepts/services-networking/ingress-controllers/"),
    **GATEWAYS,
}
"""One row for each controller."""


def by_class(class_name: str | None) -> Controller:
    """The controller that an IngressClass usually means; OTHER for one that is not known."""
    return next((c for c, way in WAYS.items() if class_name in way.classes), Controller.OTHER)


def filled(annotations: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Annotations with the values of PLACEHOLDERS."""
    return {key: text.format(**values) for key, text in annotations.items()}
