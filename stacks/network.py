"""Tells which addresses of a stack file its own network policy closes, with the key that opens each."""

from collections.abc import Iterator, Mapping

from components.kotaemon.addresses import closed
from components.kotaemon.application import application
from components.kotaemon.args import KotaemonArgs
from components.kotaemon.network import servers

KEYS: Mapping[str, str] = {
    "cluster_imposes.proxy.http_proxy": "proxy.httpProxy",
    "cluster_imposes.proxy.https_proxy": "proxy.httpsProxy",
    "auth_proxy.issuer_url": "authProxy.issuerUrl",
    "stores.vector_store": "stores.vectorStore.url",
    "stores.document_store": "stores.documentStore.url",
}
"""Argument of Kotaemon -> key of the stack file, where they have different names."""


def warnings(name: str, args: KotaemonArgs) -> Iterator[str]:
    """One line for each address that the pods cannot reach: key, address, why, and what opens it."""
    app = application(name, args)
    for address, reason in closed(app, servers(app)):
        key = KEYS.get(address.key, address.key)
        said = reason.format(
            endpoints="kotaemon:modelEndpoints", endpoint=f"kotaemon:{key.removesuffix('.url')}.endpoint"
        )
        more = ""
        if address.key == "stores.database.driver":
            more = ", or use driver: image, or name an index that is open in kotaemon:env.PIP_INDEX_URL"
        yield f"kotaemon:{key}: the pods cannot reach {address.url}: {said}{more}"
