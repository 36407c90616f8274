"""The kinds of store that a stack file can name: one file and one line here for each (docs/ARCHITECTURE.md)."""

from importlib import import_module
from typing import Any

from stacks.stores.base import Store

KEYS = {"database": "database", "vectors": "vectorStore", "documents": "documentStore"}
"""Place of a store -> its key in the section `kotaemon:stores`."""
FIELDS = {"database": "database", "vectors": "vector_store", "documents": "document_store"}
"""Place of a store -> its field in the settings."""
FILES = {
    "database": {"external": "external", "bundled": "postgres_bundled", "cloudnative-pg": "cloudnative_pg"},
    "vectors": {"qdrant": "qdrant", "qdrant-bundled": "qdrant_bundled", "milvus": "milvus"},
    "documents": {"lancedb": "lancedb", "elasticsearch": "elasticsearch"},
}
"""Place of a store -> each kind that can be there -> its file. Kinds are in the order of the documentation and of
messages."""
NAMES = {place: tuple(files) for place, files in FILES.items()}


def store(place: str, name: str) -> Store[Any]:
    """The kind of store with this name. Its file is imported by this call, so that a stack loads only its own kinds."""
    return import_module(f"stacks.stores.{FILES[place][name]}").STORE
