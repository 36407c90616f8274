"""The stores of the `scaled` profile as the application takes them: where each is, and what opens it."""

from enum import Enum
from typing import TypedDict

from pulumi import Input
from typing_extensions import NotRequired

from ..pod.args import Endpoint, SecretKey


class VectorStoreKind(str, Enum):
    """Vector servers that the application has a client for (facts/kotaemon.md 3). A Chroma server is not possible."""

    QDRANT = "qdrant"
    MILVUS = "milvus"


class DocumentStoreKind(str, Enum):
    """Where the text of documents is."""

    LANCEDB = "lancedb"
    """Files in the role `indexes`, on a file claim with hard links."""
    ELASTICSEARCH = "elasticsearch"


class PostgresDriver(str, Enum):
    """Where psycopg2 comes from: the official image has none (facts/kotaemon.md 3)."""

    INSTALL = "install"
    """An init container installs the pinned wheel from the package index at every start of a pod."""
    IMAGE = "image"
    """The image has it: for production and for clusters without a way to a package index."""


class DatabaseStore(TypedDict):
    """PostgreSQL: users, conversations, settings."""

    url: SecretKey
    """`postgresql://user:password@host:5432/database`. It holds a password, so it is always in a Secret."""
    endpoint: Endpoint
    """Where the server is, for the NetworkPolicy: the URL is secret."""
    driver: NotRequired[PostgresDriver]
    """Default install."""


class VectorStore(TypedDict):
    """The vector server."""

    kind: VectorStoreKind
    url: Input[str]
    """For example http://qdrant:6333 or http://milvus:19530."""
    api_key: SecretKey
    """Qdrant's API key, Milvus's `user:password`. Required: without it everybody in the network reads every text."""
    endpoint: Endpoint
    """Where the server is, for the NetworkPolicy."""


class DocumentStore(TypedDict):
    """The document store."""

    kind: DocumentStoreKind
    url: NotRequired[Input[str]]
    """For example http://elasticsearch:9200; elasticsearch only."""
    user: NotRequired[str]
    """User name; elasticsearch only; default elastic."""
    password: NotRequired[SecretKey]
    """Password of the user; elasticsearch only."""
    endpoint: NotRequired[Endpoint]
    """Where the server is, for the NetworkPolicy; elasticsearch only."""


class Stores(TypedDict):
    """State of the `scaled` profile, outside the pods. Whoever makes the stores (or knows them) hands these in."""

    database: DatabaseStore
    vector_store: VectorStore
    document_store: NotRequired[DocumentStore]
    """Default: lancedb on the role `indexes`."""
