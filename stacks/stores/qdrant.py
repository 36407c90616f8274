"""Store kind `qdrant`: an existing Qdrant server."""

from collections.abc import Iterator
from typing import Literal

from components.contract import Platform
from components.state.stores import VectorStoreKind
from estimate.offers import Offer, Part, Wanted
from stacks.stores.vector_servers import KeyedVectorServer, VectorServer


class QdrantServer(KeyedVectorServer):
    """An existing Qdrant server: a cluster from its chart or operator, or the managed service."""

    kind: Literal["qdrant"]


class QdrantStore(VectorServer):
    """Kind qdrant: an existing Qdrant server."""

    settings = QdrantServer
    client = VectorStoreKind.QDRANT

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """An offer of an existing server, on clouds only."""
        if wanted.platform == Platform.PRIVATE:
            return
        server = {"url": "http://qdrant.internal.example.com:6333", "secretName": "qdrant", "secretKey": "api-key"}
        said = {"kind": "qdrant", **server, "endpoint": {"cidr": "10.0.64.0/24", "port": 6333}}
        yield Offer(Part.VECTORS, stores={"vectorStore": said})


STORE = QdrantStore()
