"""What is said of an ingress controller or gateway: the names of those that are known, and the columns of their table.

Gradio keeps a session in the memory of one pod, streams its answers, and takes uploads of up to 1000 MB
(docs/facts/kotaemon.md 3). Every controller says that in annotations of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Controller(str, Enum):
    """Who serves an Ingress or an HTTPRoute."""

    INGRESS_NGINX = "ingress-nginx"
    """kubernetes/ingress-nginx; retired, without fixes since March 2026."""
    ACK_NGINX = "ack-nginx"
    """The build of ingress-nginx that Alibaba Cloud ships with ACK."""
    F5_NGINX = "f5-nginx"
    """F5 NGINX Ingress Controller (nginx/kubernetes-ingress), which reads none of ingress-nginx's annotations."""
    AWS_ALB = "aws-alb"
    """AWS Load Balancer Controller."""
    ALIBABA_ALB = "alibaba-alb"
    """ALB Ingress Controller of ACK."""
    TRAEFIK = "traefik"
    """Traefik Proxy."""
    HAPROXY = "haproxy"
    """HAProxy Kubernetes Ingress Controller (haproxytech/kubernetes-ingress)."""
    CONTOUR = "contour"
    """Contour; its Ingress has no stickiness."""
    OPENSHIFT = "openshift"
    """OpenShift's router, which makes a Route of an Ingress."""
    KONG = "kong"
    """Kong Ingress Controller, whose stickiness is an object of its own."""
    AZURE_GATEWAY = "azure-application-gateway"
    """Application Gateway Ingress Controller of Azure (AGIC)."""
    GKE = "gke"
    """Ingress of Google Kubernetes Engine; its stickiness and time-outs are an object of its own."""
    ISTIO = "istio"
    """Istio's gateway, for kind httproute; its stickiness is a DestinationRule."""
    NGINX_GATEWAY = "nginx-gateway-fabric"
    """NGINX Gateway Fabric, for kind httproute."""
    ENVOY_GATEWAY = "envoy-gateway"
    """Envoy Gateway, for kind httproute."""
    KGATEWAY = "kgateway"
    """kgateway, for kind httproute."""
    CILIUM = "cilium"
    """Cilium's Gateway API, for kind httproute."""
    CILIUM_INGRESS = "cilium-ingress"
    """Cilium's Ingress, which reads no annotation for stickiness."""
    APISIX = "apisix"
    """APISIX Ingress Controller, whose stickiness is an object of its own."""
    APISIX_GATEWAY = "apisix-gateway"
    """The same controller, for kind httproute."""
    OTHER = "other"
    """Any other: its annotations are the user's own."""


@dataclass(frozen=True)
class WayIn:
    """What one controller reads, and what it cannot do. Values of annotations may hold the names in PLACEHOLDERS."""

    source: str
    """URL of the documentation of the annotations."""
    read: str = ""
    """Day on which it was opened, and which version of it. Empty: the row was not held against it anew."""
    ingress: Mapping[str, str] = field(default_factory=dict[str, str])
    """Annotations of the Ingress."""
    service: Mapping[str, str] = field(default_factory=dict[str, str])
    """Annotations of the Service."""
    login: Mapping[str, str] = field(default_factory=dict[str, str])
    """Annotations of the Ingress when a login is in front: its cookies hold tokens, and 4k are a 502 after it."""
    sticky: str = ""
    """What sends a browser always to the same pod. Empty: nothing does."""
    gateway: bool = False
    """Whether it serves kind httproute; else it serves an Ingress."""
    outside: bool = False
    """Whether requests come from addresses outside of the cluster's pods, which no namespace names."""
    entity: str = ""
    """Entity of Cilium's own policies from which requests come. No NetworkPolicy names it, so a CiliumNetworkPolicy
    lets it in. Empty: a NetworkPolicy can."""
    session_cookie: bool = False
    """Whether `sessionPersistence` of a route may not say how long its cookie lives: such a route is refused."""
    namespace: str = ""
    """Namespace in which its own installation puts it. Empty: there is no usual one."""
    classes: tuple[str, ...] = ()
    """Names of IngressClasses that mean it, unless the stack file says otherwise."""
    notes: tuple[str, ...] = ()
    """What has to be known or set elsewhere, told on every run."""


PLACEHOLDERS = ("cookie", "day", "seconds", "mib", "path")
"""Name of the cookie; its life and the longest answer in seconds; body size in MiB; path of the health check."""
