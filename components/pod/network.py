"""Who talks with whom: the NetworkPolicy of every pod, made from the addresses that the pod declares."""

from collections.abc import Mapping, Sequence

from pulumi import Input
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking.v1 import (
    IPBlockArgs,
    NetworkPolicyEgressRuleArgs,
    NetworkPolicyIngressRuleArgs,
    NetworkPolicyPeerArgs,
    NetworkPolicyPortArgs,
    NetworkPolicySpecArgs,
)

from .args import Endpoint

METADATA_V4 = ["169.254.0.0/16"]
METADATA_V6 = ["fe80::/10", "fd00:ec2::/32"]
"""Link-local addresses and AWS's IPv6 metadata: whoever reaches them holds the node's cloud credentials."""
NODE_LOCAL_DNS = "169.254.20.10/32"
NAMESPACE_NAME = "kubernetes.io/metadata.name"


def network_policy(
    labels: Mapping[str, str],
    *,
    clients: Sequence[Endpoint],
    servers: Sequence[Endpoint] | None,
    dns: bool = False,
    https: bool = False,
) -> NetworkPolicySpecArgs:
    """The policy of the pods with these labels. What is not declared here is denied.

    `clients`: who may connect; the port is the pod's own. `servers`: whom the pods may connect to; None: everybody.
    `dns`: also the cluster's name servers. `https`: also TCP 443 anywhere but the addresses of cloud metadata. NFS
    needs no rule: the node mounts it, not the pod.
    """
    selector = LabelSelectorArgs(match_labels=dict(labels))
    if servers is None:
        return NetworkPolicySpecArgs(pod_selector=selector, policy_types=["Ingress"], ingress=_ingress(clients))
    egress = [
        *([_dns()] if dns else []),
        *(_egress(endpoint) for endpoint in servers),
        *([_https()] if https else []),
    ]
    return NetworkPolicySpecArgs(
        pod_selector=selector, policy_types=["Ingress", "Egress"], ingress=_ingress(clients), egress=egress
    )


def no_network() -> NetworkPolicySpecArgs:
    """The policy of a namespace whose pods talk with nobody."""
    return NetworkPolicySpecArgs(pod_selector=LabelSelectorArgs(), policy_types=["Ingress", "Egress"])


def _ingress(clients: Sequence[Endpoint]) -> list[NetworkPolicyIngressRuleArgs]:
    """One rule for all clients that reach the same ports."""
    ports: list[tuple[Endpoint, list[int]]] = []
    for client in clients:
        peer = client.copy()
        peer["port"] = 0  # a peer is the same whatever it reaches
        known = next((found for other, found in ports if other == peer), None)
        if known is None:
            ports.append((peer, [int(client["port"])]))
        else:
            known.append(int(client["port"]))
    rules: dict[tuple[int, ...], list[NetworkPolicyPeerArgs]] = {}
    for peer, reached in ports:
        rules.setdefault(tuple(reached), []).append(_peer(peer))
    return [
        NetworkPolicyIngressRuleArgs(from_=peers, ports=[port for number in reached for port in _ports(number)])
        for reached, peers in rules.items()
    ]


def _egress(endpoint: Endpoint) -> NetworkPolicyEgressRuleArgs:
    return NetworkPolicyEgressRuleArgs(to=[_peer(endpoint)], ports=_ports(int(endpoint["port"])))


def _peer(endpoint: Endpoint) -> NetworkPolicyPeerArgs:
    if "cidr" in endpoint:
        return NetworkPolicyPeerArgs(ip_block=IPBlockArgs(cidr=endpoint["cidr"]))
    pods = LabelSelectorArgs(match_labels=dict(endpoint["pod_labels"])) if "pod_labels" in endpoint else None
    return NetworkPolicyPeerArgs(
        namespace_selector=_namespace(endpoint["namespace"]) if "namespace" in endpoint else None, pod_selector=pods
    )


def _dns() -> NetworkPolicyEgressRuleArgs:
    """The rule that lets pods ask the cluster's name servers."""
    peers = [
        NetworkPolicyPeerArgs(namespace_selector=_namespace("kube-system")),
        NetworkPolicyPeerArgs(ip_block=IPBlockArgs(cidr=NODE_LOCAL_DNS)),
    ]
    return NetworkPolicyEgressRuleArgs(to=peers, ports=[*_ports(53, "UDP"), *_ports(53)])


def _https() -> NetworkPolicyEgressRuleArgs:
    anywhere = [
        NetworkPolicyPeerArgs(ip_block=IPBlockArgs(cidr="0.0.0.0/0", except_=METADATA_V4)),
        NetworkPolicyPeerArgs(ip_block=IPBlockArgs(cidr="::/0", except_=METADATA_V6)),
    ]
    return NetworkPolicyEgressRuleArgs(to=anywhere, ports=_ports(443))


def _namespace(name: Input[str]) -> LabelSelectorArgs:
    return LabelSelectorArgs(match_labels={NAMESPACE_NAME: name})


def _ports(port: int, protocol: str = "TCP") -> list[NetworkPolicyPortArgs]:
    return [NetworkPolicyPortArgs(port=port, protocol=protocol)]
