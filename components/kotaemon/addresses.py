"""Every address that the application's pod is told to connect to, held against its NetworkPolicy."""

from collections.abc import Iterator
from typing import NamedTuple

from ..pod.addresses import Place, open_to, opening, place
from ..pod.args import Endpoint
from ..state.stores import Stores
from .application import Application

PACKAGE_INDEX = "https://pypi.org/simple"
"""Where pip takes the PostgreSQL driver from, unless PIP_INDEX_URL names another place."""
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
DIRECT = ("NO_PROXY", "no_proxy")


class Address(NamedTuple):
    """An address that an argument of Kotaemon names."""

    key: str
    """The argument, for example env.KH_OLLAMA_URL."""
    url: str
    place: Place
    listed: bool
    """Whether the argument has an `endpoint` beside the address, which then says what is opened."""


class Closed(NamedTuple):
    """An address that the NetworkPolicy keeps the pod from."""

    address: Address
    reason: str
    """Why it is closed, and what opens it; `{endpoints}` and `{endpoint}` stand for the keys that do."""


def addresses(app: Application) -> Iterator[Address]:
    """The addresses in env, in the proxy, of the login, of the package index and of the stores. Outputs are unknown."""
    said: dict[str, object] = {f"env.{name}": value for name, value in app.env.items()}
    proxy = app.cluster_imposes.get("proxy", {})
    said |= {f"cluster_imposes.proxy.{key}": proxy.get(key) for key in ("http_proxy", "https_proxy")}
    if app.auth_proxy is not None:
        said["auth_proxy.issuer_url"] = app.auth_proxy["issuer_url"]
    if app.installs_driver and "PIP_INDEX_URL" not in app.env and "PIP_NO_INDEX" not in app.env:
        said["stores.database.driver"] = PACKAGE_INDEX
    for key, url in said.items():
        yield from _address(key, url, listed=False)
    for key, url in _store_urls(app.stores):
        yield from _address(key, url, listed=True)


def _address(key: str, url: object, *, listed: bool) -> Iterator[Address]:
    if isinstance(url, str) and "://" in url and (found := place(url)) is not None:
        yield Address(key, url, found, listed)


def _store_urls(stores: Stores | None) -> Iterator[tuple[str, object]]:
    if stores is None:
        return
    yield "stores.vector_store", stores["vector_store"]["url"]
    documents = stores.get("document_store")
    if documents is not None:
        yield "stores.document_store", documents.get("url")


def meant(app: Application, declared: list[Endpoint]) -> list[Endpoint]:
    """The rules for the addresses that are named without an endpoint, and that `declared` does not open.

    Services of the cluster and IP addresses: whoever names one means the pods to reach it.
    """
    rules: list[Endpoint] = []
    for address in addresses(app):
        rule = None if address.listed else opening(address.place)
        known = open_to(address.place, [*declared, *rules], https=app.model_endpoints is None)
        if rule is not None and not known:
            rules.append(rule)
    return rules


def closed(app: Application, servers: list[Endpoint]) -> Iterator[Closed]:
    """The addresses that the pods cannot reach. `servers`: all endpoints that the policy opens."""
    for address in addresses(app):
        where = address.place
        if address.listed:
            if reason := _beside(app, address):
                yield Closed(address, reason)
        elif where.loopback:
            yield Closed(
                address,
                "it is the pod itself, where nothing but the application listens; name the Service (http://<name>."
                "<namespace>.svc:<port>) or the address of the machine that serves it",
            )
        elif where.forbidden:
            yield Closed(address, "it gives the credentials of the node, and is never opened; remove it")
        elif open_to(where, servers, https=app.model_endpoints is None):
            continue
        elif where.service is None and where.ip is None and not _is_proxy(address) and _proxied(app, address):
            continue  # the proxy connects to it
        else:
            yield Closed(address, _outside(where))


def _proxied(app: Application, address: Address) -> bool:
    """Whether the proxy for the scheme of an address connects to it: there is one, and no exception names the host."""
    proxy, scheme = app.cluster_imposes.get("proxy", {}), address.url.partition("://")[0].lower()
    names = (f"{scheme.upper()}_PROXY", f"{scheme}_proxy", "ALL_PROXY", "all_proxy")
    if not (proxy.get(f"{scheme}_proxy") or any(app.env.get(name) for name in names)):
        return False
    said = [str(app.env.get(name) or "") for name in DIRECT]
    direct = [*map(str, proxy.get("no_proxy", [])), *(one.strip() for text in said for one in text.split(","))]
    host = f".{address.place.host}"
    return not any(one == "*" or (one and host.endswith(f".{one.lstrip('.')}")) for one in direct)


def _is_proxy(address: Address) -> bool:
    return address.key.startswith("cluster_imposes.proxy") or address.key.removeprefix("env.") in PROXIES


def _outside(where: Place) -> str:
    hint = "" if where.host.count(".") != 1 else f", or its long name {where.host}.svc if it is a Service"
    return (
        f"no rule of the network policy opens port {where.port} of {where.host}, and a policy knows no names; add "
        f"{{endpoints}}: {{{{cidr: <network of {where.host}>, port: {where.port}}}}}{hint}"
    )


def _beside(app: Application, address: Address) -> str:
    """Why the endpoint beside a store's address does not fit it; empty: it does, as far as it can be known."""
    part = "vector_store" if address.key.endswith("vector_store") else "document_store"
    stores: dict[str, object] = dict(app.stores or {})
    store = stores.get(part)
    endpoint = store.get("endpoint") if isinstance(store, dict) else None
    where = address.place
    if endpoint is None:
        return ""
    network = endpoint.get("cidr")
    if where.service is not None:
        namespace = where.service[1]
        if network is not None:
            return (
                f"{where.host} is a Service, whose pods no network of yours names; give {{endpoint}}: namespace "
                f"{namespace or 'of the application'} in place of cidr {network}"
            )
        if namespace and endpoint.get("namespace", namespace) != namespace:
            return f"{where.host} is in namespace {namespace}, and {{endpoint}} opens {endpoint.get('namespace')}"
        return ""  # a Service may have another port than its pods
    if network is None or not isinstance(network, str):
        return ""
    if int(endpoint["port"]) != where.port:
        return f"it has port {where.port}, and {{endpoint}} opens port {int(endpoint['port'])}"
    if where.ip is not None and not open_to(where, [endpoint], https=False):
        return f"{where.host} is not in {network}, which {{endpoint}} opens"
    return ""
