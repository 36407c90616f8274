"""What a stack file says about the stores of the profile scaled, and the keys that several kinds of store share.

Each kind of store adds its own keys, in its file in stacks/stores/.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, model_validator

from stacks.settings.fields import Cidr, Cpu, DnsLabel, Memory, ObjectName, Size, Strict, matching

Schedule = Annotated[str, matching(r"\S+( \S+){4}", "must be a cron line of five fields, for example 15 2 * * *")]
ServerUrl = Annotated[
    str, matching(r"https?://[^\s/@]+\S*", "must be a URL, for example https://qdrant.example.com:6333")
]
Driver = Literal["install", "image"]
DRIVER_HELP = "install: an init container brings psycopg2; image: it has it."


class StoreSettings(Strict):
    """A store. `kind` says which."""

    kind: Any = Field(description="Kind of the store.")
    """Its name; each kind narrows it to a literal of its own."""


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


class FromSecret(StoreSettings):
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


class FileBackup(Strict):
    """The nightly copy of a bundled store onto a file claim."""

    claim: DnsLabel | None = Field(None, description="Name of a file claim; none: the first.")
    schedule: Schedule = Field("15 2 * * *", description="Cron line, in UTC.")
    keep: int = Field(14, ge=1, le=1000, description="Copies that stay.")


def _file_backup() -> FileBackup:
    return FileBackup.model_validate({})


class OnDisks(StoreSettings):
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


class Stores(Strict):
    """State of the profile scaled, outside the application's pods. A platform's section may bring the database.

    The fields get their real types from stacks/settings/model.py: unions of the kinds in stacks/stores/.
    """

    database: StoreSettings | None = Field(None, description="Users, conversations, settings: PostgreSQL.")
    vector_store: StoreSettings | None = Field(None, description="Vectors of the documents.")
    document_store: StoreSettings | None = Field(None, description="Texts of the documents; none: lancedb.")

    @property
    def bundled(self) -> dict[str, Bundled]:
        """The stores that this program runs itself, by their name."""
        found = {"database": self.database, "vectors": self.vector_store}
        return {name: store for name, store in found.items() if isinstance(store, Bundled)}
