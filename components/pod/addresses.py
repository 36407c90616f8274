"""Addresses in settings, as a NetworkPolicy sees them: a Service of the cluster, an IP address, or a name outside.

A NetworkPolicy knows no names. It is applied after the address of a Service was replaced by that of a pod
(https://kubernetes.io/docs/concepts/services-networking/network-policies), so a Service is opened by namespace and
port.
"""

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from .args import Endpoint

PORTS = {"http": 80, "https": 443, "postgresql": 5432, "postgres": 5432, "redis": 6379, "socks5": 1080}
"""Scheme of a URL -> its port when the URL names none. Other schemes are no address of the network, unless they do."""
NEVER = tuple(map(ipaddress.ip_network, ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32")))
"""Link-local addresses and AWS's IPv6 metadata: whoever reaches them holds the node's cloud credentials."""


class Place(NamedTuple):
    """Where a URL leads to."""

    host: str
    port: int

    @property
    def ip(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The host as an address. None: it is a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def loopback(self) -> bool:
        """Whether it is the pod itself, which no policy concerns."""
        return self.host in ("localhost", "0.0.0.0") or bool(self.ip and self.ip.is_loopback)  # noqa: S104

    @property
    def forbidden(self) -> bool:
        """Whether it gives the credentials of the node, and is never opened."""
        found = self.ip
        return found is not None and any(found in network for network in NEVER)

    @property
    def service(self) -> tuple[str, str] | None:
        """Name and namespace of the Service that it names; the namespace is empty for that of the pod itself.

        A name of two parts may be a Service or a host of the world, and counts as the latter.
        """
        if self.ip is not None or self.loopback:
            return None
        name, *rest = self.host.split(".")
        if not rest:
            return name, ""
        return (name, rest[0]) if len(rest) >= 2 and rest[1] == "svc" else None


def place(url: str) -> Place | None:
    """Where a URL leads to. None: the text is no URL with a host, or nothing says its port."""
    try:
        found = urlsplit(url.strip())
        host, port = found.hostname, found.port or PORTS.get(found.scheme)
    except ValueError:
        return None
    return Place(host, port) if host and port else None


def opening(where: Place) -> Endpoint | None:
    """The rule that opens exactly this place. None: no rule can, or none may."""
    if where.loopback or where.forbidden:
        return None
    if (ip := where.ip) is not None:
        return Endpoint(cidr=f"{ip}/{ip.max_prefixlen}", port=where.port)
    if (service := where.service) is None:
        return None
    namespace = service[1]
    return Endpoint(namespace=namespace, port=where.port) if namespace else Endpoint(pod_labels={}, port=where.port)


def reaches(endpoint: Endpoint, where: Place) -> bool:
    """Whether a rule may let the pods reach the place: for a name outside, any network with its port may."""
    if int(endpoint["port"]) != where.port:
        return False
    network = endpoint.get("cidr")
    if where.service is not None:
        return network is None and endpoint.get("namespace", "") == where.service[1]
    if network is None:
        return False
    return where.ip is None or not isinstance(network, str) or where.ip in ipaddress.ip_network(network, strict=False)


def open_to(where: Place, servers: Iterable[Endpoint], *, https: bool) -> bool:
    """Whether the pods may reach the place. `https`: they may open TCP 443 anywhere but the addresses in NEVER."""
    if where.loopback:
        return True
    outside = where.service is None and not where.forbidden
    return (https and where.port == 443 and outside) or any(reaches(endpoint, where) for endpoint in servers)
