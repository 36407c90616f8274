"""The section `kotaemon:stores` of a stack file, and the keys that several kinds of store share.

Each kind of store adds its own keys, in its file in stacks/stores/.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, model_validator

from stacks.settings.fields import Cidr, Cpu, DnsLabel, Memory, ObjectName, Size, Strict, matching

Schedule = Annotated[str, matching(r"\S+( \S+){4}", "must be a cron schedule of five fields, for example 15 2 * * *")]
ServerUrl = Annotated[
    str, matching(r"https?://[^\s/@]+\S*", "must be a URL, for example https://qdrant.example.com:6333")
]
Driver = Literal["install", "image"]
DRIVER_HELP = "How pods get psycopg2. install: an init container installs it; image: the application's image has it."


class StoreSettings(Strict):
    """A store of the stack file. Each kind adds its own keys, in its file in stacks/stores/."""

    kind: Any = Field(description="Kind of the store.")
    """Name of the kind. Each kind narrows the type to a literal of its own name."""


class StoreEndpoint(Strict):
    """Where a store is, for the NetworkPolicy: a network, or pods in a namespace of this cluster."""

    cidr: Cidr | None = Field(
        None, description="Network of the server in CIDR notation, for example 203.0.113.7/32; or give namespace."
    )
    namespace: DnsLabel | None = Field(
        None, description="Namespace of the server's pods in this cluster; or give cidr."
    )
    pod_labels: dict[str, str] | None = Field(
        None, description="Labels of the server's pods, with namespace; default: every pod of the namespace."
    )
    port: int = Field(ge=1, le=65535, description="TCP port of the server.")

    @model_validator(mode="after")
    def _one(self) -> "StoreEndpoint":
        if (self.cidr is None) == (self.namespace is None):
            raise ValueError("give either cidr or namespace, not both")
        if self.pod_labels is not None and self.namespace is None:
            raise ValueError("podLabels are allowed only with namespace")
        return self


class FromSecret(StoreSettings):
    """A store whose password, key or URL is in the stack file or in an existing Secret."""

    secret_name: ObjectName | None = Field(
        None, description="Existing Secret in the application's namespace, in place of the value in the stack file."
    )
    secret_key: str | None = Field(None, description="Key in that Secret.")
    endpoint: StoreEndpoint = Field(description="Network place of the server, for the NetworkPolicy.")

    def one_source(self, name: str, given: SecretStr | None, why: str) -> None:
        """Raise ValueError unless either the value or the Secret is given. `why`: what it is needed for."""
        if (given is None) == (self.secret_name is None):
            raise ValueError(f"give either {name}, or secretName and secretKey; {why}")
        if (self.secret_name is None) != (self.secret_key is None):
            raise ValueError("secretName and secretKey must be given together")


class FileBackup(Strict):
    """The regular copy of a bundled store onto a file claim."""

    claim: DnsLabel | None = Field(None, description="Name of the file claim for the copies; default: the only one.")
    schedule: Schedule = Field("15 2 * * *", description="Cron schedule of the copies, in UTC.")
    keep: int = Field(14, ge=1, le=1000, description="Number of copies that are kept.")


def _file_backup() -> FileBackup:
    return FileBackup.model_validate({})


class OnDisks(StoreSettings):
    """A store in this cluster, on disks of an existing StorageClass."""

    storage_class: ObjectName = Field(
        description="StorageClass of the disks; its binding mode should be WaitForFirstConsumer."
    )
    size: Size = Field("20Gi", description="Size of each disk in Gi or Ti; it can only grow.")
    encrypted_by: str = Field(
        "nobody known", description="What encrypts the disks of the class, in words; without it a warning is printed."
    )
    cpu_request: Cpu = Field("250m", description="CPU request of each pod of the store.")
    memory_request: Memory = Field("512Mi", description="Memory request of each pod of the store, in Mi or Gi.")
    memory_limit: Memory = Field("2Gi", description="Memory limit of each pod of the store, in Mi or Gi.")


class Bundled(OnDisks):
    """A store in one pod on one disk, with the official image.

    It is down while its node is lost; see docs/stores.md.
    """

    access_mode: Literal["ReadWriteOncePod", "ReadWriteOnce"] = Field(
        "ReadWriteOncePod",
        description="Access mode of the disk. ReadWriteOncePod keeps a second pod Pending, and needs a CSI driver.",
    )
    backup: FileBackup | None = Field(
        default_factory=_file_backup, description="Regular copy onto a file claim; null: no copy."
    )


class Stores(Strict):
    """State of the profile scaled, outside the application's pods. The section of a platform may have the database.

    The fields get their real types from stacks/settings/model.py: unions of the kinds in stacks/stores/.
    """

    database: StoreSettings | None = Field(None, description="PostgreSQL, for users, conversations and settings.")
    vector_store: StoreSettings | None = Field(None, description="Vector server, for the vectors of the documents.")
    document_store: StoreSettings | None = Field(
        None, description="Store for the texts of the documents; default: kind lancedb, in files of the role indexes."
    )

    @property
    def bundled(self) -> dict[str, Bundled]:
        """The stores that this program runs itself: `database` and `vectors` -> settings."""
        found = {"database": self.database, "vectors": self.vector_store}
        return {name: store for name, store in found.items() if isinstance(store, Bundled)}
