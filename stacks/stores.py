"""Where the state of the `scaled` profile is: section `kotaemon:stores` of the stack file. `kind` decides."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from components.contract import Medium
from components.state.cloudnative_pg import CNPG_IMAGE
from components.state.postgres import POSTGRES_IMAGE
from components.state.qdrant import QDRANT_IMAGE
from stacks.fields import (
    SECRET_TEXT,
    Cidr,
    Cpu,
    DnsLabel,
    Memory,
    ObjectName,
    PinnedImage,
    Size,
    Strict,
    matching,
)

GRAPH_SWITCHES = ("USE_MS_GRAPHRAG", "USE_NANO_GRAPHRAG", "USE_LIGHTRAG", "USE_GRAPHRAG")
"""Variables by which people switch local graph indexes on (flowsettings.py:356-359)."""
KEYS = {"database": "database", "vectors": "vectorStore"}
"""Name of a bundled store -> its key in the section."""
DATABASE_URL = "postgresql://<user>:<password>@<host>:5432/<database>"

Schedule = Annotated[str, matching(r"\S+( \S+){4}", "must be a cron line of five fields, for example 15 2 * * *")]
Url = Annotated[str, matching(r"https?://[^\s/@]+\S*", "must be a URL, for example https://qdrant.example.com:6333")]
BucketPath = Annotated[
    str, matching(r"s3://[^/\s]+(/\S*)?", "must be a bucket's URL, for example s3://backups/kotaemon")
]
EndpointUrl = Annotated[str, matching(r"https?://\S+", "must be a URL, for example https://minio.example.com:9000")]
Driver = Literal["install", "image"]


class StoreEndpoint(Strict):
    """Where a store is, for the NetworkPolicy: a network, or pods of a namespace of this cluster."""

    cidr: Cidr | None = Field(None, description="Network, for example 203.0.113.7/32.")
    namespace: DnsLabel | None = Field(None, description="Namespace of this cluster; give this or cidr.")
    pod_labels: dict[str, str] | None = Field(None, description="Only pods with these labels; with namespace.")
    port: int = Field(ge=1, le=65535, description="TCP port.")

    @model_validator(mode="after")
    def _one(self) -> "StoreEndpoint":
        if (self.cidr is None) == (self.namespace is None):
            raise ValueError("give either cidr or namespace")
        if self.pod_labels is not None and self.namespace is None:
            raise ValueError("podLabels go with namespace")
        return self


class FromSecret(Strict):
    """A store whose password, key or URL is in a Secret that somebody else keeps."""

    secret_name: ObjectName | None = Field(None, description="Existing Secret in the application's namespace.")
    secret_key: str | None = Field(None, description="Key in it.")
    endpoint: StoreEndpoint = Field(description="Where the server is, for the NetworkPolicy.")

    def one_source(self, name: str, given: SecretStr | None, why: str) -> None:
        """Raises ValueError unless there is the value or the Secret, and not both."""
        if (given is None) == (self.secret_name is None):
            raise ValueError(f"give either {name}, or secretName and secretKey; {why}")
        if (self.secret_name is None) != (self.secret_key is None):
            raise ValueError("secretName and secretKey go together")


class ExternalDatabase(FromSecret):
    """PostgreSQL that exists already, anywhere."""

    kind: Literal["external"]
    url: SecretStr | None = Field(None, description=f"{DATABASE_URL}; set it with `pulumi config set --secret`.")
    driver: Driver = Field("install", description="install: an init container brings psycopg2; image: it has it.")

    @field_validator("url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and (reason := refused_url(value.get_secret_value())):
            raise ValueError(reason)  # without the URL: it holds a password
        return value

    @model_validator(mode="after")
    def _source(self) -> "ExternalDatabase":
        self.one_source("url", self.url, "the application connects with it")
        return self


def refused_url(url: str) -> str:
    """Why a database URL is not allowed; empty when it is. A value that is still encrypted cannot be looked at."""
    if url == SECRET_TEXT:
        return ""
    if "://" not in url:
        return f"has no scheme; it must be like {DATABASE_URL}"
    if not url.startswith("postgresql://"):
        return f"must start with postgresql://, like {DATABASE_URL}"
    try:
        whole = urlsplit(url).hostname
    except ValueError:
        whole = None
    return "" if whole else f"has no host; it must be like {DATABASE_URL}"


class FileBackup(Strict):
    """The nightly copy of a bundled store onto a file claim."""

    claim: DnsLabel | None = Field(None, description="Name of a file claim; none: the first.")
    schedule: Schedule = Field("15 2 * * *", description="Cron line, in UTC.")
    keep: int = Field(14, ge=1, le=1000, description="Copies that stay.")


def _file_backup() -> FileBackup:
    return FileBackup.model_validate({})


class OnDisks(Strict):
    """A store in this cluster, on disks of an existing StorageClass."""

    storage_class: ObjectName = Field(description="StorageClass of its disks; it should wait for the first consumer.")
    size: Size = Field("20Gi", description="Size of each disk; it can only grow.")
    encrypted_by: str = Field("nobody known", description="Who encrypts the disks; otherwise a warning says so.")
    cpu_request: Cpu = Field("250m", description="CPU request of a pod.")
    memory_request: Memory = Field("512Mi", description="Memory request of a pod.")
    memory_limit: Memory = Field("2Gi", description="Memory limit of a pod.")


class Bundled(OnDisks):
    """A store of the official image: one pod, one disk, one zone. Away while its node is lost; see docs/stores.md."""

    access_mode: Literal["ReadWriteOncePod", "ReadWriteOnce"] = Field(
        "ReadWriteOncePod", description="ReadWriteOncePod keeps a second pod Pending; it needs a CSI driver."
    )
    backup: FileBackup | None = Field(default_factory=_file_backup, description="null: nothing copies it.")


class BundledDatabase(Bundled):
    """PostgreSQL in one pod on one disk."""

    kind: Literal["bundled"]
    image: PinnedImage = Field(
        POSTGRES_IMAGE, description="Official Debian image; a new major version needs a restore."
    )
    driver: Driver = Field("install", description="install: an init container brings psycopg2; image: it has it.")


class ArchiveSettings(Strict):
    """Backups and write-ahead log in a bucket, by the operator's Barman Cloud plugin."""

    destination: BucketPath = Field(description="Bucket and folder, of this database alone.")
    endpoint_url: EndpointUrl | None = Field(None, description="Of an S3-compatible service; none: AWS.")
    credentials_secret: ObjectName | None = Field(
        None, description="Secret with ACCESS_KEY_ID and ACCESS_SECRET_KEY; none: the service account's role."
    )
    schedule: Schedule = Field("15 2 * * *", description="Cron line of the base backups, in UTC.")
    retention_days: int = Field(30, ge=1, description="How far back a restore can go.")


class OperatorDatabase(OnDisks):
    """PostgreSQL by CloudNativePG: instances over zones, failover, archive. The operator is in the cluster already."""

    kind: Literal["cloudnative-pg"]
    instances: int = Field(3, ge=1, le=9, description="Instances; the scheduler spreads them over zones.")
    image: PinnedImage = Field(CNPG_IMAGE, description="Image of the operator's own line.")
    operator_namespace: DnsLabel = Field("cnpg-system", description="Where the operator runs.")
    archive: ArchiveSettings | None = Field(None, description="none: no backup at all.")
    driver: Driver = Field("install", description="install: an init container brings psycopg2; image: it has it.")


class KeyedVectorServer(FromSecret):
    """An existing vector server."""

    url: Url = Field(description="URL, as pods reach it.")
    api_key: SecretStr | None = Field(None, description="Qdrant's key, Milvus's user:password; set it with --secret.")

    @model_validator(mode="after")
    def _source(self) -> "KeyedVectorServer":
        self.one_source("apiKey", self.api_key, "without a key everybody who reaches the server reads every document")
        return self


class QdrantServer(KeyedVectorServer):
    """Qdrant that exists already: a cluster of its chart or operator, or the managed service."""

    kind: Literal["qdrant"]


class MilvusServer(KeyedVectorServer):
    """Milvus that exists already."""

    kind: Literal["milvus"]


class BundledVectors(Bundled):
    """Qdrant in one pod on one disk."""

    kind: Literal["qdrant-bundled"]
    image: PinnedImage = Field(QDRANT_IMAGE, description="The unprivileged image; upgrade one minor version at a time.")


class LanceDocuments(Strict):
    """Texts in LanceDB, in the role `indexes`."""

    kind: Literal["lancedb"]


class ElasticsearchServer(FromSecret):
    """Elasticsearch that exists already, for many users who upload at once."""

    kind: Literal["elasticsearch"]
    url: Url = Field(description="URL, as pods reach it.")
    user: str = Field("elastic", description="User name.")
    password: SecretStr | None = Field(None, description="Password of the user; set it with --secret.")

    @model_validator(mode="after")
    def _source(self) -> "ElasticsearchServer":
        self.one_source("password", self.password, "without one everybody who reaches it reads every document")
        return self


Database = Annotated[ExternalDatabase | BundledDatabase | OperatorDatabase, Field(discriminator="kind")]
Vectors = Annotated[QdrantServer | BundledVectors | MilvusServer, Field(discriminator="kind")]
Documents = Annotated[LanceDocuments | ElasticsearchServer, Field(discriminator="kind")]


class StoreSettings(Strict):
    """State of the profile scaled, outside the application's pods. A platform's section may bring the database."""

    database: Database | None = Field(None, description="Users, conversations, settings: PostgreSQL.")
    vector_store: Vectors | None = Field(None, description="Vectors of the documents.")
    document_store: Documents | None = Field(None, description="Texts of the documents; none: lancedb.")

    @property
    def bundled(self) -> dict[str, Bundled]:
        """The stores that this program runs itself, by their name."""
        found = {"database": self.database, "vectors": self.vector_store}
        return {name: store for name, store in found.items() if isinstance(store, Bundled)}


def disk_name(store: str) -> str:
    """Name of a bundled store's own disk, among the claims of the stack file."""
    return f"{store}-disk"


def backup_folder(store: str) -> str:
    """Folder of a store's copies on the file claim. One level: the kubelet has to pass through every other."""
    return f"backup-{store}"


def mistakes(
    stores: StoreSettings, claims: Mapping[str, Medium], folders: Mapping[tuple[str, str], str]
) -> Iterator[str]:
    """What does not go with the rest of the stack file. `folders`: (claim, sub-path) -> role."""
    for name, store in stores.bundled.items():
        key = KEYS[name]
        if disk_name(name) in claims:
            yield f"{key}: its own disk is called {disk_name(name)}; give that claim of storage.claims another name"
        if store.backup is None:
            continue
        claim = backup_claim(store.backup, claims)
        if claim is None:
            yield f"{key}.backup: there is no file claim to copy to; add one to storage.claims, or set backup: null"
        elif claim not in claims:
            yield f"{key}.backup.claim is {claim!r}; the claims are: {', '.join(claims)}"
        elif claims[claim] != Medium.FILE:
            yield f"{key}.backup.claim is {claim!r}, a disk; only a file claim can be reached from every node"
        else:
            for (other, folder), role in folders.items():
                if other == claim and folder.split("/")[0] == backup_folder(name):
                    yield f"{key}.backup: its folder {backup_folder(name)} on {claim} is in use by the role {role}"


def backup_claim(backup: FileBackup, claims: Mapping[str, Medium]) -> str | None:
    """Name of the claim that a copy goes to; None: there is none."""
    return backup.claim or next((name for name, medium in claims.items() if medium == Medium.FILE), None)
