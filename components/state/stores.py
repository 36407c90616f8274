"""The stores of the `scaled` profile as the application takes them: where each is, and what opens it."""

from enum import Enum
from typing import TypedDict

from pulumi import Input
from typing_extensions import NotRequired

from ..pod.args import Endpoint, SecretKey


class VectorStoreKind(str, Enum):
    """Vector servers that the application has a client for; a Chroma server is none (docs/facts/kotaemon.md 3)."""

    QDRANT = "qdrant"
    MILVUS = "milvus"


class DocumentStoreKind(str, Enum):
    """Where the text of documents is."""

    LANCEDB = "lancedb"
    """Files in the role `indexes`, on a file claim with hard links."""
    ELASTICSEARCH = "elasticsearch"


class PostgresDriver(str, Enum):
    """Where psycopg2 comes from: the official image has none (docs/facts/kotaemon.md 3)."""

    INSTALL = "install"
    """An init container installs the pinned wheel from the package index at every start of a pod."""
    IMAGE = "image"
    """The image has it: for production and for clusters without a way to a package index."""


def password_unknown(component: str, name: str, secret: str) -> str:
    """Why the URL of a database cannot be written, and what to do, when the state has lost its password."""
    return (
        f"{component} {name!r}: the password of this database is not in the state, because the database was taken up "
        f"by its id; only the Secret {secret} has it. Nothing was written to the Secret. Put the line `url` back under "
        "`existing` of the database in the stack file (kept_secret=True in a program): the Secret is used as it is"
    )


class DatabaseStore(TypedDict):
    """A PostgreSQL server, which holds users, conversations and settings."""

    url: SecretKey
    """`postgresql://user:password@host:5432/database`. It holds a password, so it is always in a Secret."""
    endpoint: Endpoint
    """Where the server is, for the NetworkPolicy: the URL is secret."""
    driver: NotRequired[PostgresDriver]
    """Where the application's psycopg2 comes from; default install."""
    ca_config_map: NotRequired[Input[str]]
    """Name of a ConfigMap whose key ca.pem has the certificates that sign the server's own. Pods that connect have the
    file /etc/kotaemon-database-ca/ca.pem, for `sslmode=verify-full&sslrootcert=...` in the URL. Default: none."""


class VectorStore(TypedDict):
    """A vector server, which holds the embeddings of documents."""

    kind: VectorStoreKind
    url: Input[str]
    """URL of the server, for example http://qdrant:6333 or http://milvus:19530."""
    api_key: SecretKey
    """Qdrant's API key, Milvus's `user:password`. Required: without it everybody in the network reads every text."""
    endpoint: Endpoint
    """Where the server is, for the NetworkPolicy."""


class DocumentStore(TypedDict):
    """The document store, which holds the texts of documents."""

    kind: DocumentStoreKind
    url: NotRequired[Input[str]]
    """URL of Elasticsearch, for example http://elasticsearch:9200."""
    user: NotRequired[str]
    """User name at Elasticsearch; default elastic."""
    password: NotRequired[SecretKey]
    """Key of a Secret with the password of that user, for Elasticsearch."""
    endpoint: NotRequired[Endpoint]
    """Where the server is, for the NetworkPolicy; elasticsearch only."""


class Stores(TypedDict):
    """State of the `scaled` profile, outside the pods. Whoever makes the stores (or knows them) hands these in."""

    database: DatabaseStore
    vector_store: VectorStore
    document_store: NotRequired[DocumentStore]
    """Default: lancedb on the role `indexes`."""
