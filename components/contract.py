"""The words of storage, as plain typed values. This module creates nothing and imports no Pulumi.

Typed dictionaries, not classes: they are the one shape that a component argument may have both in Python and
through a plugin (pulumi/pulumi#18526).
"""

from enum import Enum
from typing import TypedDict


class Platform(str, Enum):
    """Where the cluster and its storage live."""

    PRIVATE = "private"
    AWS = "aws"
    ALICLOUD = "alicloud"


class Profile(str, Enum):
    """How many pods of Kotaemon may run, and where its state is."""

    SINGLE_WRITER = "single-writer"
    """One pod; SQLite, Chroma and LanceDB on one claim."""
    SCALED = "scaled"
    """Several pods; state in PostgreSQL and a vector server, shared files on a file claim."""


class Role(str, Enum):
    """What a part of the data is for: the storage map gives each role its place."""

    MODELS = "models"
    """Weights of models: the cache of Hugging Face."""
    INDEXES = "indexes"
    """Vector store, document store, original files."""
    SESSIONS = "sessions"
    """The SQL database: users, conversations, settings."""
    UPLOADS = "uploads"
    """Gradio's upload folder and generated pages. Citations hold these absolute paths for ever."""
    LOGS = "logs"
    """Copies of the pods' output, one file for each pod."""
    EVAL = "eval"
    """Reports and other cold results of the user's own jobs; the application itself never writes here."""


WRITTEN = (Role.INDEXES, Role.SESSIONS, Role.UPLOADS)
"""Roles that the application cannot run without writing to. Logs go to the standard output as well."""


class Medium(str, Enum):
    """What kind of storage is behind a claim."""

    BLOCK = "block"
    FILE = "file"
    OBJECT = "object"
    NODE = "node"


class AccessMode(str, Enum):
    """Kubernetes access modes. Only ReadWriteOncePod is enforced by Kubernetes; the others are matching labels."""

    RWOP = "ReadWriteOncePod"
    RWO = "ReadWriteOnce"
    RWX = "ReadWriteMany"
    ROX = "ReadOnlyMany"


class Locks(str, Enum):
    """Which advisory locks (flock, fcntl) two pods on two nodes really share through the claim."""

    ONE_NODE = "one-node"
    """A disk: it is mounted on one node at a time."""
    SHARED = "shared"
    """The server arbitrates: NFSv4, or NFSv3 with NLM."""
    NODE_LOCAL = "node-local"
    """nolock, localflock: a lock held on one node is invisible on the others."""
    NONE = "none"
    """No locks at all (object mounts)."""


class Claim(TypedDict):
    """A PersistentVolumeClaim as the rest of the program sees it."""

    name: str
    """Name of the PersistentVolumeClaim in the application's namespace."""
    access_mode: AccessMode
    medium: Medium
    backend: str
    """Name of the storage behind the claim, read by people and by the guard: `nfs4`, `nfs3`, `disk`, `efs` ..."""
    size_gib: int
    """Requested size in GiB. A file claim's size is not a quota."""
    zones: list[str]
    """Zones the claim can be used in; empty: every zone."""
    encrypted_by: str
    """Who encrypts the data at rest, as printed in the storage table."""
    locks: Locks
    fs_group: bool
    """Whether the kubelet may chown the volume's root (fsGroup). In-tree NFS ignores it, a squashing server refuses."""


class RoleMount(TypedDict):
    """Where one role's data lives."""

    claim: Claim
    sub_path: str
    """Folder inside the claim, relative, without `..`."""
    read_only: bool


class BucketDialect(str, Enum):
    """The API that a bucket speaks."""

    S3 = "s3"
    """Amazon S3, or a server that is compatible with it."""
    OSS = "oss"
    """Alibaba Cloud OSS."""


class Bucket(TypedDict):
    """The bucket of a stack as the rest of the program sees it: for mounts, the archiver and backups."""

    name: str
    """Name of the bucket."""
    dialect: BucketDialect
    """API that it speaks."""
    region: str
    """Region of the bucket; of a server of your own whatever it wants in signatures."""
    endpoint: str
    """URL of the API, with https:// and without the name of the bucket. The bucket refuses plain HTTP."""
    path_style: bool
    """Whether the name of the bucket stands in the path (https://host/bucket) and not in the host name."""
    credentials_secret: str
    """Name of a Secret in the application's namespace with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Empty: whoever
    uses the bucket has a role of its own in the account, bound to its service account."""
    encrypted_by: str
    """Who encrypts the data at rest, as printed in the storage table."""
    archived: list[str]
    """Prefixes whose objects the lifecycle moves to a class that answers a read with an error until they are restored.
    Nothing that is mounted, and nothing that a program reads back, may be below one."""


StorageMap = dict[str, RoleMount]
"""All that the application knows of storage: role -> claim + sub-path + read-only flag.

Keys are members of Role. The type says `str` because a plugin's schema knows no other key (pulumi SDK, analyzer.py).
"""
