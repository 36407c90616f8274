"""The arguments of the components of protection, made from the stack file; stacks/backup_checks.py judges them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pulumi import Input, Output

from components.contract import AccessMode, Bucket, BucketDialect, Claim, Medium, Role, RoleMount, StorageMap
from components.object.rules import BACKUPS as OF_BACKUPS
from components.state.stores import VectorStoreKind
from stacks import bucket, kinds
from stacks.effects import Effects, in_place
from stacks.manifests import manifest
from stacks.names import NAMESPACE, claim_name
from stacks.settings.backup import RepositorySettings
from stacks.settings.pod_rules import imposed
from stacks.settings.settings import Settings
from stacks.stores.servers import CLIENTS, endpoint

if TYPE_CHECKING:
    from components.protection.args import BackupRepository, BackupsArgs, VolumeSnapshotsArgs
    from guard.namespace import PodsOf

BACKUPS, SNAPSHOTS = f"{NAMESPACE}-backup", f"{NAMESPACE}-snapshots"
"""Components of protection, and names of their CronJobs."""
PREFIX = f"{OF_BACKUPS}restic"
"""Where the repository is in the bucket of the stack."""
DRILL = f"{BACKUPS}-drill"
"""CronJob of the restore drill, and the ConfigMap with its result."""


NAME = "backup"
"""Key of the section."""
_JOBS = "components/protection: CronJobs, which hold no data"
EFFECTS: Effects = {
    "to": in_place(_JOBS, "new backups go to the new place; those at the old one stay there, under the same password"),
    "roles": in_place(_JOBS, "the next backup has these roles; earlier ones stay as they are"),
    "schedule": in_place(_JOBS),
    "keep": in_place(_JOBS, "the next run removes what is no longer kept"),
    **dict.fromkeys(("drill", "scratch", "restic_image", "postgres_image"), in_place(_JOBS)),
    "snapshots": in_place(_JOBS, "without it the snapshots that are there stay, and nothing removes them"),
}
"""Rows of the section `kotaemon:backup`."""


class Ours(NamedTuple):
    """The bucket of the stack."""

    known: Bucket
    name: Input[str]
    """Its name, once it is there."""


def snapshot_claims(settings: Settings, claims: Mapping[str, Claim]) -> list[str]:
    """Names of the claims of which VolumeSnapshots are made: every disk that a driver made, the sessions' first."""
    if settings.backup is None or settings.backup.snapshots is None:
        return []
    first = settings.storage.found_claim(Role.SESSIONS, settings.profile)
    kind_of = {name: kinds.kind(claim.kind) for name, claim in settings.storage.claims.items()}
    disks = [name for name, kind in kind_of.items() if kind.snapshots and claims[name]["medium"] == Medium.BLOCK]
    return [claims[name]["name"] for name in sorted(disks, key=lambda name: (name != first, name))]


def roles(settings: Settings, storage: StorageMap) -> dict[str, RoleMount]:
    """Role -> where a backup reads it: its claim, or for a disk the copy of its newest snapshot, where there are any.

    A disk that only one pod may mount, and of which there is no copy, is left out; so is object storage.
    """
    chosen = settings.backup
    if chosen is None or chosen.to is None:
        return {}
    copied = chosen.snapshots is not None and chosen.snapshots.copy_class is not None
    found: dict[str, RoleMount] = {}
    for role in chosen.roles:
        mount = storage.get(role.value)
        if mount is not None and (read := _readable(mount, settings, copied=copied)) is not None:
            found[role.value] = read
    return found


def _readable(mount: RoleMount, settings: Settings, *, copied: bool) -> RoleMount | None:
    from components.protection.names import copy_of

    claim = mount["claim"]
    kind = next((k for name, k in _kinds(settings).items() if claim_name(name) == claim["name"]), None)
    if claim["medium"] == Medium.OBJECT:
        return None
    if claim["medium"] == Medium.BLOCK and copied and kind is not None and kind.snapshots:
        return RoleMount(claim=copy_of(claim), sub_path=mount["sub_path"], read_only=True)
    return None if claim["access_mode"] == AccessMode.RWOP else mount


def _kinds(settings: Settings) -> dict[str, Any]:
    return {name: kinds.kind(claim.kind) for name, claim in settings.storage.claims.items()}


def backups(
    settings: Settings,
    namespace: Input[str],
    storage: StorageMap,
    claims: Mapping[str, Claim],
    stores: Mapping[str, Any],
    name: Input[str] | None = None,
) -> "BackupsArgs | None":
    """The arguments of `Backups`. None: the stack file asks for none, or nothing can be read.

    `name`: of the stack's bucket, once it is there; None: as the stack file says it.
    """
    chosen, read = settings.backup, roles(settings, storage)
    if chosen is None or chosen.to is None or not (read or stores):
        return None
    from components.protection.args import BackupKeep, BackupsArgs, DatabaseSource, RestoreDrill, VectorSource

    known = bucket.planned(settings)
    copies = _copies(read, storage)
    ours = Ours(known, name if name is not None else known["name"]) if known is not None else None
    args = BackupsArgs(
        namespace=namespace,
        roles=read,
        repository=_repository(chosen.to, claims, ours),
        schedule=chosen.schedule,
        keep=BackupKeep(daily=chosen.keep.daily, weekly=chosen.keep.weekly, monthly=chosen.keep.monthly),
        drill=RestoreDrill(schedule=chosen.drill.schedule, read=chosen.drill.read),
        restore_to={role: storage[role] for role in read},
        still=Role.SESSIONS.value in copies,
        scratch_size=chosen.scratch.size,
        image=settings.image,
        uid=settings.uid,
        gid=settings.gid,
        cluster_imposes=imposed(settings, "backup"),
        protect=settings.protect,
    )
    if chosen.scratch.storage_class is not None:
        args["scratch_class"] = chosen.scratch.storage_class
    if chosen.restic_image is not None:
        args["restic_image"] = chosen.restic_image
    if any(m["claim"]["access_mode"] == AccessMode.RWO for role, m in read.items() if role not in copies):
        args["neighbour"] = CLIENTS
    if "database" in stores:
        args["database"] = DatabaseSource(url=stores["database"]["url"], endpoint=stores["database"]["endpoint"])
        if "ca_config_map" in stores["database"]:
            args["database"]["ca_config_map"] = stores["database"]["ca_config_map"]
        if chosen.postgres_image is not None:
            args["database"]["image"] = chosen.postgres_image
    vectors = stores.get("vectors")
    if vectors is not None and vectors["kind"] == VectorStoreKind.QDRANT:
        args["vectors"] = VectorSource(url=vectors["url"], api_key=vectors["api_key"], endpoint=vectors["endpoint"])
    return args


def _copies(read: StorageMap, storage: StorageMap) -> set[str]:
    """Roles that are read from the copy of a snapshot."""
    return {role for role, mount in read.items() if mount["claim"]["name"] != storage[role]["claim"]["name"]}


def _repository(to: RepositorySettings, claims: Mapping[str, Claim], ours: Ours | None) -> "BackupRepository":
    from components.protection.args import BackupRepository

    made = BackupRepository()
    if to.bucket and ours is not None:
        made["url"] = Output.concat(*_address(ours)) if isinstance(ours.name, Output) else "".join(_address(ours))
        made["region"] = ours.known["region"]
        if not ours.known["path_style"] and ours.known["dialect"] == BucketDialect.OSS:
            made["host_style"] = True
        if ours.known["credentials_secret"]:
            made["credentials"] = ours.known["credentials_secret"]
    if to.url is not None:
        made["url"] = to.url
    if to.claim is not None:
        made["claim"], made["folder"] = claims[to.claim], to.folder
    if to.secret_name is not None:
        made["credentials"] = to.secret_name
    if to.account_annotations:
        made["account_annotations"] = to.account_annotations
    if to.endpoint is not None:
        made["servers"] = [endpoint(to.endpoint)]
    return made


def _address(ours: Ours) -> tuple[str, Any, str]:
    return f"s3:{ours.known['endpoint']}/", ours.name, f"/{PREFIX}"


def snapshots(settings: Settings, namespace: Input[str], claims: Mapping[str, Claim]) -> "VolumeSnapshotsArgs | None":
    """The arguments of `VolumeSnapshots`. None: the stack file asks for none."""
    chosen = settings.backup.snapshots if settings.backup is not None else None
    if chosen is None:
        return None
    from components.protection.args import VolumeSnapshotsArgs

    args = VolumeSnapshotsArgs(
        namespace=namespace,
        claims=snapshot_claims(settings, claims),
        snapshot_class=chosen.snapshot_class,
        schedule=chosen.schedule,
        keep=chosen.keep,
        image=settings.image,
        uid=settings.uid,
        gid=settings.gid,
        cluster_imposes=imposed(settings, "backup"),
    )
    if chosen.copy_class is not None:
        args["copy_class"] = chosen.copy_class
    return args


def pods(
    settings: Settings, storage: StorageMap, claims: Mapping[str, Claim], stores: Mapping[str, Any]
) -> "list[PodsOf]":
    """The pods of protection, for what the namespace admits."""
    if settings.backup is None:
        return []
    from components.protection import backups as files
    from components.protection import snapshots as disks
    from guard.namespace import PodsOf

    args, taken = backups(settings, settings.namespace, storage, claims, stores), snapshots(settings, "", claims)
    found: list[PodsOf] = []
    if args is not None:
        names = ("backup", "the restore drill of backup", "a restore of backup")
        found += [PodsOf(words, manifest(spec)) for words, spec in zip(names, files.pods(BACKUPS, args), strict=True)]
    if taken is not None:
        found += [PodsOf("backup.snapshots", manifest(spec)) for spec in disks.pods(SNAPSHOTS, taken)]
    return found


def folders(settings: Settings, claim: str) -> list[str]:
    """The folder of the repository on a claim of the stack file. A Job makes it where only root may write there."""
    chosen = settings.backup
    return [chosen.to.folder] if chosen is not None and chosen.to is not None and chosen.to.claim == claim else []


def schedules(settings: Settings) -> list[str]:
    """CronJobs whose last good run must not be too old, without the drill."""
    chosen = settings.backup
    if chosen is None:
        return []
    return [*([BACKUPS] if chosen.to is not None else []), *([SNAPSHOTS] if chosen.snapshots is not None else [])]


def drills(settings: Settings) -> list[str]:
    """CronJobs of restore drills."""
    return [DRILL] if settings.backup is not None and settings.backup.to is not None else []


def output(settings: Settings, last: Output[dict[str, str]] | None) -> Any:
    """The stack's output `backup`, described in stacks/outputs.py. `last`: the record of the last drill."""
    names = {"schedules": schedules(settings), "record": "", "secret": "", "drill": {}}
    if last is None:
        return names
    place = f"{settings.namespace}/{DRILL}"
    return {**names, "record": place, "secret": f"{settings.namespace}/{BACKUPS}", "drill": last}
