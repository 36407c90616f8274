"""What each implementation of the Gateway API reads of an HTTPRoute. Pure data.

The rows are part of the table in components/kotaemon/controllers.py.
"""

from collections.abc import Mapping

from .way_in import Controller, WayIn

APISIX_STICKY = (
    "APISIX's stickiness is a BackendTrafficPolicy of the Service (loadbalancer: type chash, hashOn vars, key "
    "remote_addr, by the client's address); make one for several pods, and say it in stickyBy"
)
"""True of its Ingress and of its routes (internal/adc/translator/policies.go)."""

GATEWAYS: Mapping[Controller, WayIn] = {
    Controller.ISTIO: WayIn(
        source="https://docs.mirantis.com/containers/v3.0/dockeree-products/mke/deploy-apps-with-kubernetes/cluster-ingress/sticky.html",
        read="2026-11-29, an excerpt of the page",
        gateway=True,
        notes=(
            "Istio's stickiness is a DestinationRule of the Service (loadBalancer.consistentHash.httpCookie); make one "
            "for several pods, and say it in stickyBy",
        ),
    ),
    Controller.NGINX_GATEWAY: WayIn(
        source="https://docs.nginx.com/nginx-gateway-fabric/traffic-management/session-persistence",
        read="2026-11-29, with its code at e55bfe3 of August 2026 (internal/controller/state/graph/route_common.go)",
        gateway=True,
        notes=(
            "NGINX Gateway Fabric reads sessionPersistence with NGINX Plus alone; else make an UpstreamSettingsPolicy "
            "with loadBalancingMethod ip_hash for the Service, and say it in stickyBy",
            "it reads no time-outs of a route, and limits bodies to those of a ClientSettingsPolicy: make one, and a "
            "ProxySettingsPolicy, for large uploads",
        ),
    ),
    Controller.ENVOY_GATEWAY: WayIn(
        gateway=True,
        source="https://gateway.envoyproxy.io/docs/tasks/traffic/session-persistence/",
        read="2026-11-29, an excerpt of the page of version 1.10",
        sticky="the route's sessionPersistence",
        namespace="envoy-gateway-system",
    ),
    Controller.KGATEWAY: WayIn(
        # Its proxies run in the namespace of the Gateway. Answers end after timeouts.backendRequest of the route.
        gateway=True,
        source="https://kgateway.dev/docs/envoy/latest/traffic-management/session-affinity/session-persistence/",
        read="2026-11-30, its text in kgateway-dev/kgateway.dev at 43e1a8e, with builtin.go of kgateway 2 (lifetime of "
        "cookies, time-outs of routes)",
        sticky="the route's sessionPersistence",
    ),
    Controller.CILIUM: WayIn(
        gateway=True,
        source="https://github.com/cilium/cilium/blob/main/Documentation/network/servicemesh/gateway-api/session-persistence.rst",
        read="2026-11-30, at 669f18e (of main: no release had it), with cilium/cilium#48029 and ingress-reference.rst",
        entity="ingress",
        session_cookie=True,
        notes=(
            "Cilium reads sessionPersistence since cilium/cilium#48029, which came after 1.20, and only over HTTPS; an "
            "older one ignores it. With several pods and a Cilium that has it, say so in stickyBy",
            "Cilium's gateway has an identity of its own, which no NetworkPolicy names: the stack makes a "
            "CiliumNetworkPolicy for it",
        ),
    ),
    Controller.APISIX_GATEWAY: WayIn(
        gateway=True,
        source="https://github.com/apache/apisix-ingress-controller/blob/master/docs/en/latest/concepts/gateway-api.md",
        read="2026-11-30, at d510f66 of August 2026",
        namespace="ingress-apisix",
        notes=(
            APISIX_STICKY,
            "APISIX reads neither sessionPersistence nor timeouts of a route: raise `timeout` (read and send, 60 s by "
            "default) in the same BackendTrafficPolicy for long answers",
        ),
    ),
}
"""One row for each gateway."""
