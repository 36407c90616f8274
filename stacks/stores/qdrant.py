"""Store kind `qdrant`: a Qdrant server that exists already."""

from typing import Literal

from components.state.stores import VectorStoreKind
from stacks.stores.vector_servers import KeyedVectorServer, VectorServer


class QdrantServer(KeyedVectorServer):
    """Qdrant that exists already: a cluster of its chart or operator, or the managed service."""

    kind: Literal["qdrant"]


class QdrantStore(VectorServer):
    """Qdrant that exists already."""

    settings = QdrantServer
    client = VectorStoreKind.QDRANT


STORE = QdrantStore()
