"""The Service, and who may talk to whom."""

from pulumi import Input
from pulumi_kubernetes.core.v1 import ClientIPConfigArgs, ServicePortArgs, ServiceSpecArgs, SessionAffinityConfigArgs
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking.v1 import (
    IPBlockArgs,
    NetworkPolicyEgressRuleArgs,
    NetworkPolicyIngressRuleArgs,
    NetworkPolicyPeerArgs,
    NetworkPolicyPortArgs,
    NetworkPolicySpecArgs,
)

from components.kotaemon.application import Application
from components.kotaemon.args import Endpoint, Stores
from components.kotaemon.names import PORT, labels

STICKY_SECONDS = 3 * 60 * 60
METADATA_V4 = ["169.254.0.0/16"]
METADATA_V6 = ["fe80::/10", "fd00:ec2::/32"]
"""Link-local addresses and AWS's IPv6 metadata: whoever reaches them holds the node's cloud credentials."""
NODE_LOCAL_DNS = "169.254.20.10/32"
NAMESPACE_NAME = "kubernetes.io/metadata.name"


def service_spec(app: Application) -> ServiceSpecArgs:
    """The Service. Gradio's sessions are in one pod's memory: another pod answers 404 (facts/kotaemon.md 3)."""
    return ServiceSpecArgs(
        selector=labels(app.name),
        ports=[ServicePortArgs(name="http", port=PORT, target_port=app.entrance)],
        session_affinity="ClientIP",
        session_affinity_config=SessionAffinityConfigArgs(client_ip=ClientIPConfigArgs(timeout_seconds=STICKY_SECONDS)),
    )


def network_policy(app: Application) -> NetworkPolicySpecArgs:
    """Deny by default; in from the ingress controller only, out to DNS, the stores and the models.

    NFS needs no rule: the node mounts it, not the pod.
    """
    models = [egress(endpoint) for endpoint in app.model_endpoints] if app.model_endpoints is not None else [_https()]
    login = app.auth_proxy["issuer_endpoint"] if app.auth_proxy and "issuer_endpoint" in app.auth_proxy else None
    return NetworkPolicySpecArgs(
        pod_selector=LabelSelectorArgs(match_labels=labels(app.name)),
        policy_types=["Ingress", "Egress"],
        ingress=[_from(app.exposure["controller_namespace"], app.entrance)] if app.exposure else [],
        egress=[
            dns(),
            *(egress(endpoint) for endpoint in store_endpoints(app.stores)),
            *([egress(login)] if login else []),
            *models,
        ],
    )


def store_endpoints(stores: Stores | None) -> list[Endpoint]:
    """Where the stores are."""
    if stores is None:
        return []
    document_store = stores.get("document_store")
    documents = [document_store["endpoint"]] if document_store and "endpoint" in document_store else []
    return [stores["database"]["endpoint"], stores["vector_store"]["endpoint"], *documents]


def egress(endpoint: Endpoint) -> NetworkPolicyEgressRuleArgs:
    """Out to one endpoint."""
    if "cidr" in endpoint:
        peer = NetworkPolicyPeerArgs(ip_block=IPBlockArgs(cidr=endpoint["cidr"]))
    else:
        pods = LabelSelectorArgs(match_labels=endpoint["pod_labels"]) if "pod_labels" in endpoint else None
        peer = NetworkPolicyPeerArgs(
            namespace_selector=_namespace(endpoint["namespace"]) if "namespace" in endpoint else None, pod_selector=pods
        )
    return NetworkPolicyEgressRuleArgs(to=[peer], ports=_ports(int(endpoint["port"])))


def _from(namespace: Input[str], port: int) -> NetworkPolicyIngressRuleArgs:
    peer = NetworkPolicyPeerArgs(namespace_selector=_namespace(namespace))
    return NetworkPolicyIngressRuleArgs(from_=[peer], ports=_ports(port))


def dns() -> NetworkPolicyEgressRuleArgs:
    """Out to the cluster's name servers."""
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
