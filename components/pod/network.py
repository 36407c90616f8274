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

from .addresses import NEVER
from .args import Endpoint

METADATA_V4 = [str(network) for network in NEVER if network.version == 4]
METADATA_V6 = [str(network) for network in NEVER if network.version == 6]
OPENSHIFT_DNS = "openshift-dns"
OPENSHIFT_DNS_PORT = 5353
"""Port of OpenShift's DNS pods; its Service has 53, which is replaced before a policy is applied
(https://docs.redhat.com/en/documentation/openshift_container_platform/4.19/html/networking_operators/dns-operator)."""
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
        *(_dns() if dns else []),
        *(_egress(endpoint) for endpoint in servers),
        *([_https()] if https else []),
    ]
    return NetworkPolicySpecArgs(
        pod_selector=selector, policy_types=["Ingress", "Egress"], ingress=_ingress(clients), egress=egress
    )


def at_port(client: Endpoint, port: int) -> Endpoint:
    """A client that may connect to a port of the pods, whatever port it was given with."""
    at = client.copy()
    at["port"] = port
    return at


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


def _dns() -> list[NetworkPolicyEgressRuleArgs]:
    """The rules that let pods ask the cluster's name servers, wherever those are.

    Port 53 of everybody, because the servers are pods of kube-system in one cluster, a process of the node behind a
    Service's address in another (EKS Auto Mode) and a link-local address in a third (NodeLocal DNSCache), and a rule by
    pods or networks would match only some of them. A resolver forwards what it is asked in any case.
    """
    pods = NetworkPolicyPeerArgs(namespace_selector=_namespace(OPENSHIFT_DNS))
    both = [*_ports(OPENSHIFT_DNS_PORT, "UDP"), *_ports(OPENSHIFT_DNS_PORT)]
    return [
        NetworkPolicyEgressRuleArgs(ports=[*_ports(53, "UDP"), *_ports(53)]),
        NetworkPolicyEgressRuleArgs(to=[pods], ports=both),
    ]


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
