"""Store kind `milvus`: an existing Milvus server."""

from typing import Literal

from components.state.stores import VectorStoreKind
from stacks.stores.vector_servers import KeyedVectorServer, VectorServer


class MilvusServer(KeyedVectorServer):
    """An existing Milvus server."""

    kind: Literal["milvus"]


class MilvusStore(VectorServer):
    """Kind milvus: an existing Milvus server."""

    settings = MilvusServer
    client = VectorStoreKind.MILVUS


STORE = MilvusStore()
