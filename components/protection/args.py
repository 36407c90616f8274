"""Arguments of the components that protect data: the file-level backup with its restore drill, and VolumeSnapshots."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from pulumi import Input
from typing_extensions import NotRequired

from ..contract import Claim, RoleMount
from ..pod.args import ClusterImposes, Endpoint, SecretKey


class BackupKeep(TypedDict):
    """How many backups are kept, by day, week and month. The newest one always stays."""

    daily: NotRequired[int]
    """Days of which the last backup is kept, 1 or more; default 14."""
    weekly: NotRequired[int]
    """Weeks of which the last backup is kept; default 8, 0 for none."""
    monthly: NotRequired[int]
    """Months of which the last backup is kept; default 12, 0 for none."""


class BackupRepository(TypedDict):
    """Where the backups are: a repository of restic, which encrypts all of it with a password of its own."""

    url: NotRequired[Input[str]]
    """As restic takes it: s3:https://s3.eu-central-1.amazonaws.com/bucket/folder. Give this or `claim`."""
    claim: NotRequired[Claim]
    """A file claim on other storage than what is backed up; give this or `url`."""
    folder: NotRequired[str]
    """Folder on the claim, one level; default kotaemon-backup."""
    credentials: NotRequired[Input[str]]
    """Name of a Secret in the namespace whose keys are restic's variables, such as AWS_ACCESS_KEY_ID and
    AWS_SECRET_ACCESS_KEY. Default: the pod's own role in the cloud, by `account_annotations`."""
    region: NotRequired[Input[str]]
    """Region of the bucket, for the signature; default: restic asks the server."""
    host_style: NotRequired[bool]
    """Whether the bucket's name is in the host name and not in the path, as OSS wants it. Default: restic decides."""
    account_annotations: NotRequired[Mapping[str, Input[str]]]
    """Annotations of the pods' ServiceAccount, such as eks.amazonaws.com/role-arn. Default: none."""
    servers: NotRequired[Sequence[Endpoint]]
    """Where the server of the URL is, when its port is not 443, for the NetworkPolicy. Default: none."""


class DatabaseSource(TypedDict):
    """The PostgreSQL of the profile scaled, which is dumped first."""

    url: SecretKey
    """`postgresql://user:password@host:5432/database`."""
    endpoint: Endpoint
    """Where the server is, for the NetworkPolicy."""
    ca_config_map: NotRequired[Input[str]]
    """As in DatabaseStore: the certificates that the URL's sslrootcert names; default: none is mounted."""
    image: NotRequired[Input[str]]
    """Official image whose pg_dump is as new as the server or newer; default docker.io/library/postgres:18.6-trixie.
    The drill restores into a server of the same image."""


class VectorSource(TypedDict):
    """The Qdrant of the profile scaled, of which a snapshot of every collection is taken after the database."""

    url: Input[str]
    """URL of the server."""
    api_key: SecretKey
    """Its API key."""
    endpoint: Endpoint
    """Where the server is, for the NetworkPolicy."""
    image: NotRequired[Input[str]]
    """Image in which the drill restores; default docker.io/qdrant/qdrant:v1.18.3-unprivileged."""


class RestoreDrill(TypedDict):
    """When and how the newest backup is restored and looked at."""

    schedule: NotRequired[Input[str]]
    """Cron line in UTC; default 04:30 on Sundays."""
    read: NotRequired[str]
    """Share of the repository's data that is read back before, such as 5% or 1/10; default 5%. The newest backup is
    read whole in any case."""


class BackupsArgs(TypedDict):
    """Arguments of Backups."""

    namespace: Input[str]
    """Namespace of the application."""
    roles: Mapping[str, RoleMount]
    """Role -> where its files are: every role that is backed up, on claims that a second pod can mount."""
    repository: BackupRepository
    """Where the backups are."""
    schedule: NotRequired[Input[str]]
    """Cron line in UTC; default 02:45 every night."""
    keep: NotRequired[BackupKeep]
    """How many backups are kept; default: the defaults of BackupKeep."""
    drill: NotRequired[RestoreDrill]
    """The restore drill; default: the defaults of RestoreDrill."""
    database: NotRequired[DatabaseSource]
    """The database server; default: the database is SQLite in the role `sessions`, or nowhere here."""
    vectors: NotRequired[VectorSource]
    """The vector server; default: the vectors are files of the role `indexes`, or nowhere here."""
    restore_to: NotRequired[Mapping[str, RoleMount]]
    """Role -> where a restore writes it, for roles that are read from a copy; default: `roles`."""
    still: NotRequired[bool]
    """Whether the roles are on copies of one moment, which VolumeSnapshots makes: nothing can be written meanwhile.
    Default false."""
    neighbour: NotRequired[Mapping[str, str]]
    """Labels of the application's pods: the backup runs on their node, where a ReadWriteOnce disk can be mounted
    twice. Default: none of the claims is such a disk."""
    scratch_size: NotRequired[str]
    """Room for the copy of the database while a backup runs, and for all of a backup while a drill does; default
    100Gi."""
    scratch_class: NotRequired[str]
    """StorageClass of the drill's scratch volume, whose volumes are deleted with their claim; default: the node's own
    disk."""
    image: NotRequired[Input[str]]
    """Image with the application's Python and libraries; default: the application's."""
    restic_image: NotRequired[Input[str]]
    """Image that restic's program is copied from; default docker.io/restic/restic:0.18.1."""
    uid: NotRequired[int]
    """User of the pods, who owns the files; default 1001."""
    gid: NotRequired[int]
    """Group of the pods; default 1001."""
    cluster_imposes: NotRequired[ClusterImposes]
    """What the cluster asks of every pod: pull secrets, node labels, tolerations, a proxy. Default: nothing."""
    protect: NotRequired[bool]
    """Refuse to delete the Secret with the generated password; default true. It is kept on deletion in any case."""


class VolumeSnapshotsArgs(TypedDict):
    """Arguments of VolumeSnapshots."""

    namespace: Input[str]
    """Namespace of the claims."""
    claims: Sequence[str]
    """Names of the PersistentVolumeClaims, in the order in which they are taken."""
    snapshot_class: Input[str]
    """Name of the VolumeSnapshotClass, of the driver that made the disks; with the deletion policy Retain."""
    schedule: NotRequired[Input[str]]
    """Cron line in UTC; default 02:00 every night."""
    keep: NotRequired[int]
    """Snapshots of each claim that are kept, 1 or more; default 14."""
    copy_class: NotRequired[Input[str]]
    """StorageClass, with the reclaim policy Delete, in which each new snapshot becomes a claim `<claim>-copy` for
    Backups. Default: no copy."""
    image: NotRequired[Input[str]]
    """Image with Python; default: the application's."""
    uid: NotRequired[int]
    """User of the pod; default 1001."""
    gid: NotRequired[int]
    """Group of the pod; default 1001."""
    cluster_imposes: NotRequired[ClusterImposes]
    """What the cluster asks of every pod. Default: nothing."""
