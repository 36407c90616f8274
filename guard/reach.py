"""Answers "may A open port P to B" from rendered NetworkPolicies, and says in words who may talk to whom. Pure.

https://kubernetes.io/docs/concepts/services-networking/network-policies: a pod that no policy of a direction selects
may do everything in it; else the policies that select it add up. A connection needs both ends. A Service's address has
been replaced by that of a pod before. Traffic of the node itself (probes, mounts) is never asked about. Ports by name
are not looked up, and count as closed.
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Manifest = Mapping[str, Any]
NAME_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Peer:
    """One end of a connection: a pod, or an address outside of the cluster's pods."""

    namespace: str = ""
    """Namespace of the pod. Empty: it is no pod."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    ip: str = ""
    """Address of what is no pod, for example a node, a Service of the node, or a host of the world."""
    namespace_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Labels of its namespace, beside the one with the name."""


@dataclass(frozen=True)
class Talk:
    """One line of who may talk to whom."""

    pods: str
    """The policy's pods: namespace and labels."""
    direction: Literal["in", "out"]
    peer: str
    ports: str


def allows(policies: Sequence[Manifest], source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
    """Whether `source` may open `port` to `target`."""
    out = _direction(policies, source, target, "egress", port, protocol)
    into = _direction(policies, target, source, "ingress", port, protocol)
    return out and into


def _direction(policies: Sequence[Manifest], pod: Peer, other: Peer, direction: str, port: int, protocol: str) -> bool:
    if not pod.namespace:
        return True
    selecting = [policy for policy in policies if _selects(policy, pod) and direction in _types(policy)]
    if not selecting:
        return True
    return any(
        _port_open(rule, port, protocol) and _peer_open(policy, rule, "to" if direction == "egress" else "from", other)
        for policy in selecting
        for rule in policy["spec"].get(direction) or ()
    )


def _types(policy: Manifest) -> list[str]:
    spec = policy["spec"]
    default = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    return [str(kind).lower() for kind in spec.get("policyTypes") or default]


def _selects(policy: Manifest, pod: Peer) -> bool:
    here = (policy["metadata"].get("namespace") or "default") == pod.namespace
    return here and _matches(policy["spec"].get("podSelector") or {}, pod.labels)


def _matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_expression(found, labels) for found in selector.get("matchExpressions") or ())


def _expression(found: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(found["key"]), found.get("values") or ()
    match found["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case other:
            raise ValueError(f"a label selector has no operator {other!r}")


def _port_open(rule: Mapping[str, Any], port: int, protocol: str) -> bool:
    ports = rule.get("ports") or ()
    return not ports or any(
        found.get("protocol", "TCP") == protocol
        and ("port" not in found or _in_range(found["port"], port, found.get("endPort")))
        for found in ports
    )


def _in_range(first: Any, port: int, last: Any) -> bool:
    return not isinstance(first, str) and first <= port <= (last or first)


def _peer_open(policy: Manifest, rule: Mapping[str, Any], key: str, other: Peer) -> bool:
    peers = rule.get(key) or ()
    return not peers or any(_is(policy, peer, other) for peer in peers)


def _is(policy: Manifest, peer: Mapping[str, Any], other: Peer) -> bool:
    if "ipBlock" in peer:
        # Pods have addresses that a policy's author cannot know; network plug-ins differ in whether they match.
        return not other.namespace and bool(other.ip) and _in_block(peer["ipBlock"], other.ip)
    if not other.namespace:
        return False
    if "namespaceSelector" in peer:
        labels = {**other.namespace_labels, NAME_LABEL: other.namespace}
        if not _matches(peer["namespaceSelector"] or {}, labels):
            return False
    elif (policy["metadata"].get("namespace") or "default") != other.namespace:
        return False
    return _matches(peer.get("podSelector") or {}, other.labels)


def _in_block(block: Mapping[str, Any], address: str) -> bool:
    ip = ipaddress.ip_address(address)
    excepted = any(ip in ipaddress.ip_network(network, strict=False) for network in block.get("except") or ())
    return ip in ipaddress.ip_network(block["cidr"], strict=False) and not excepted


def talks(policies: Sequence[Manifest]) -> Iterator[Talk]:
    """Who may talk to whom, line by line, in the order of the policies."""
    for policy in policies:
        spec = policy["spec"]
        namespace = policy["metadata"].get("namespace") or "default"
        pods = f"{namespace}/{_selected(spec.get('podSelector') or {}) or 'every pod'}"
        sides: tuple[tuple[str, str, Literal["in", "out"]], ...] = (("ingress", "from", "in"), ("egress", "to", "out"))
        for direction, key, word in sides:
            if direction not in _types(policy):
                yield Talk(pods, word, "everybody", "every port")
                continue
            rules = spec.get(direction) or ()
            if not rules:
                yield Talk(pods, word, "nobody", "")
            for rule in rules:
                peers = [_words(peer) for peer in rule.get(key) or ()] or ["everybody"]
                yield Talk(pods, word, "; ".join(peers), _ports(rule))


def cilium_talks(policies: Sequence[Manifest]) -> Iterator[Talk]:
    """Who may come in by CiliumNetworkPolicies that name entities, which only Cilium knows: it adds them up with the
    NetworkPolicies. Policies of another shape are passed over."""
    for policy in policies:
        spec = policy["spec"]
        namespace = policy["metadata"].get("namespace") or "default"
        pods = f"{namespace}/{_selected(spec.get('endpointSelector') or {}) or 'every pod'}"
        for rule in spec.get("ingress") or ():
            ports = [port for found in rule.get("toPorts") or () for port in found.get("ports") or ()]
            for entity in rule.get("fromEntities") or ():
                yield Talk(pods, "in", f"Cilium's entity {entity}", _ports({"ports": ports}))


def _selected(selector: Mapping[str, Any]) -> str:
    """The pods of a selector in words: the value of the usual label for a name, or every label."""
    labels = dict(selector.get("matchLabels") or {})
    name = labels.pop("app.kubernetes.io/name", "")
    instance = labels.pop("app.kubernetes.io/instance", "")
    own = [instance if not name or instance == name else f"{instance} ({name})"] if instance else [name] if name else []
    return ", ".join(own + [f"{key}={value}" for key, value in labels.items()])


def _words(peer: Mapping[str, Any]) -> str:
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        return block["cidr"] + (f" without {', '.join(block['except'])}" if block.get("except") else "")
    pods = _selected(peer.get("podSelector") or {})
    if "namespaceSelector" not in peer:
        return pods or "every pod of the namespace"
    labels = (peer["namespaceSelector"] or {}).get("matchLabels") or {}
    where = labels.get(NAME_LABEL) or ", ".join(f"{key}={value}" for key, value in labels.items()) or "every namespace"
    return f"{where}/{pods or 'every pod'}"


def _ports(rule: Mapping[str, Any]) -> str:
    found = [_port(port) for port in rule.get("ports") or ()]
    return ", ".join(found) or "every port"


def _port(said: Mapping[str, Any]) -> str:
    protocol, port = said.get("protocol", "TCP"), said.get("port")
    number = int(port) if isinstance(port, float) else port  # the SDK hands numbers over as floats
    return protocol if number is None else f"{protocol} {number}"
