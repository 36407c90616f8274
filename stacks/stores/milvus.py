"""Store kind `milvus`: a Milvus server that exists already."""

from typing import Literal

from components.state.stores import VectorStoreKind
from stacks.stores.vector_servers import KeyedVectorServer, VectorServer


class MilvusServer(KeyedVectorServer):
    """Milvus that exists already."""

    kind: Literal["milvus"]


class MilvusStore(VectorServer):
    """Milvus that exists already."""

    settings = MilvusServer
    client = VectorStoreKind.MILVUS


STORE = MilvusStore()
