"""What stores in the cluster share: their disk, their regular copy, and the resources of their pods."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi import ResourceOptions

from components.contract import AccessMode, Claim, Medium
from components.quantity import gib
from components.state.backup import BackupArgs
from components.state.bundled import StoreResources
from components.volumes.existing_class import ExistingClassClaim, ExistingClassClaimArgs, existing_class_claim
from estimate.products.own_class import OwnClass
from guard.namespace import PodsOf, Volume
from stacks.classes import OnClass
from stacks.effects import CLAIM_GROWS, CLAIM_SPEC, KIND_ROW, Effects, grows, in_place, names, pods, refused, words
from stacks.kinds.base import Buys
from stacks.manifests import manifest
from stacks.names import claim_name
from stacks.settings.settings import Settings
from stacks.settings.storage import roles_of
from stacks.settings.stores import Bundled, FileBackup, OnDisks
from stacks.stores import KEYS
from stacks.stores.base import ServerOnClass, StoreContext


def postgres_on(volume: OnClass) -> ServerOnClass:
    """PostgreSQL on a class: it wants a file system that syncs for certain, which a network file system need not."""
    source = "https://www.postgresql.org/docs/current/creating-cluster.html#CREATING-CLUSTER-FILESYSTEM"
    return ServerOnClass("PostgreSQL", volume, source)


def qdrant_on(volume: OnClass) -> ServerOnClass:
    """Qdrant on a class: it requires block-level access and does not work on NFS or object storage."""
    return ServerOnClass("Qdrant", volume, "https://qdrant.tech/documentation/installation/index.md")


DISKS: Effects = {
    "kind": KIND_ROW,
    "storage_class": names(CLAIM_SPEC),
    "size": grows(CLAIM_GROWS),
    "encrypted_by": words(),
    **dict.fromkeys(("cpu_request", "memory_request", "memory_limit"), pods()),
}
"""Rows of the keys that all stores on disks of a class share."""
BUNDLED: Effects = {
    **DISKS,
    "access_mode": refused(CLAIM_SPEC),
    "backup": in_place("components/state/backup_job.py: a CronJob", "copies that are there stay"),
}
"""Rows of the keys that all bundled stores share."""


def disk_name(store: str) -> str:
    """Name of a bundled store's own disk, among the claims of the stack file."""
    return f"{store}-disk"


def backup_folder(store: str) -> str:
    """Folder of a store's copies on the file claim.

    It has one level, because the kubelet needs access to every folder above.
    """
    return f"backup-{store}"


def backup_claim(backup: FileBackup, claims: Mapping[str, Medium]) -> str | None:
    """Name of the claim to which copies are written: the given one, else the only file claim.

    None: there is none, or there are several.
    """
    files = [name for name, medium in claims.items() if medium == Medium.FILE]
    return backup.claim or (files[0] if len(files) == 1 else None)


def backup_folders(settings: Settings, claim: str) -> list[str]:
    """Folders for copies on a claim of the stack file. A Job makes them where only root may write to the claim."""
    stores = settings.stores.bundled if settings.stores else {}
    backed_up = {name: store.backup for name, store in stores.items() if store.backup is not None}
    media = settings.storage.media
    return [backup_folder(name) for name, backup in backed_up.items() if backup_claim(backup, media) == claim]


def mistakes(name: str, chosen: Bundled, settings: Settings) -> Iterator[str]:
    """Mistakes between a bundled store and the claims of the stack file."""
    media = settings.storage.media
    if disk_name(name) in media:
        yield f": its disk is called {disk_name(name)}, and so is a claim; rename that claim in storage.claims"
    if chosen.backup is None:
        return
    claim = backup_claim(chosen.backup, media)
    if claim is None:
        yield _no_claim(media)
    elif claim not in media:
        yield f".backup.claim is {claim!r}, but the claims are: {', '.join(media)}"
    elif media[claim] != Medium.FILE:
        yield (
            f".backup.claim is {claim!r}, which is a disk, but only a file claim can be mounted on every node; "
            f"give a file claim"
        )
    else:
        yield from _folder_in_use(name, claim, settings)


def _no_claim(media: Mapping[str, Medium]) -> str:
    files = sorted(name for name, medium in media.items() if medium == Medium.FILE)
    if files:
        return (
            f".backup.claim: missing, because {', '.join(files)} could be meant; "
            f"write `backup: {{claim: {files[0]}}}`, or another file claim"
        )
    return ".backup: needs a file claim to copy to, and there is none; add one to storage.claims, or set backup: null"


def _folder_in_use(name: str, claim: str, settings: Settings) -> Iterator[str]:
    storage = settings.storage
    for role in roles_of(settings.profile):
        folder = storage.sub_path_of(role).split("/")[0]
        if storage.found_claim(role, settings.profile) == claim and folder == backup_folder(name):
            yield (
                f".backup: its folder {backup_folder(name)} on {claim} is the folder of the role {role.value}; "
                f"give the role another subPath"
            )


def warnings(chosen: OnDisks) -> Iterator[str]:
    """Warnings about disks that nothing is known to encrypt, and about stores that nothing copies."""
    if chosen.encrypted_by == "nobody known":
        yield f".encryptedBy: nothing is known to encrypt the disks of class {chosen.storage_class}"
    if isinstance(chosen, Bundled) and chosen.backup is None:
        yield ".backup: null, so nothing copies this store"


def disk_args(at: StoreContext[Bundled]) -> ExistingClassClaimArgs:
    """The arguments of the component for the store's disk."""
    chosen = at.chosen
    mode = AccessMode(chosen.access_mode)
    facts = at.classes.facts(chosen.storage_class, mode)
    return ExistingClassClaimArgs(
        namespace=at.namespace,
        storage_class=chosen.storage_class,
        size=chosen.size,
        access_mode=mode,
        backend=facts.backend,
        encrypted_by=chosen.encrypted_by,
        protect=at.settings.protect,
    )


def planned_disk(at: StoreContext[Bundled]) -> Claim:
    """The claim of the store's disk as plain values. Raises pulumi.RunError for a disk that cannot be made."""
    return existing_class_claim(claim_name(disk_name(at.name)), disk_args(at))


def make_disk(at: StoreContext[Bundled]) -> ExistingClassClaim:
    """Register the store's disk."""
    return ExistingClassClaim(claim_name(disk_name(at.name)), disk_args(at), at.kubernetes)


def key(place: str) -> str:
    """Key of a store in the stack file, without the namespace of the project."""
    return f"stores.{KEYS[place]}"


def store_pods(at: StoreContext[Bundled], specs: Sequence[Any]) -> list[PodsOf]:
    """The pods of a bundled store. `specs`: of the server, then of its copy."""
    names = (key(at.name), f"the copy of {key(at.name)}")
    return [PodsOf(words, manifest(spec)) for words, spec in zip(names, specs, strict=False)]


def disk_volume(at: StoreContext[Bundled]) -> Volume:
    """The claim of the store's disk."""
    disk = planned_disk(at)
    return Volume(disk["name"], disk["size_gib"], at.chosen.storage_class)


def disk_bought(at: StoreContext[Bundled]) -> list[Buys]:
    """The product that the store's disk is: its price is known only to the owner of the StorageClass."""
    product = OwnClass(gib(at.chosen.size, "size"), at.chosen.storage_class)
    return [Buys(f"{claim_name(disk_name(at.name))}-claim", product)]


def backup_args(at: StoreContext[Bundled], chosen: FileBackup) -> BackupArgs:
    """The arguments of the component for the regular copy."""
    settings = at.settings
    return BackupArgs(
        claim=at.claims[backup_claim(chosen, settings.storage.media) or ""],
        folder=backup_folder(at.name),
        schedule=chosen.schedule,
        keep=chosen.keep,
        uid=settings.uid,
        gid=settings.gid,
    )


def resources(chosen: OnDisks) -> StoreResources:
    """Requests and limits of each pod, as the argument `resources` of the component."""
    return StoreResources(
        cpu_request=chosen.cpu_request, memory_request=chosen.memory_request, memory_limit=chosen.memory_limit
    )


def after(at: StoreContext[Bundled], disk: ExistingClassClaim) -> ResourceOptions:
    """Options with the Kubernetes provider, and with a dependency on the disk."""
    return ResourceOptions(provider=at.kubernetes.provider, depends_on=[disk])
