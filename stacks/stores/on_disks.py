"""What stores share that this program runs in the cluster: their disk, their nightly copy, their pods' resources."""

from collections.abc import Iterator, Mapping

from pulumi import ResourceOptions

from components.contract import AccessMode, Claim, Medium, Profile, Role
from components.quantity import gib
from components.state.backup import BackupArgs
from components.state.bundled import StoreResources
from components.volumes.existing_class import ExistingClassClaim, ExistingClassClaimArgs, existing_class_claim
from estimate.products.own_class import OwnClass
from stacks.kinds.base import Buys
from stacks.names import claim_name
from stacks.settings.settings import Settings
from stacks.settings.stores import Bundled, FileBackup, OnDisks
from stacks.stores.base import StoreContext


def disk_name(store: str) -> str:
    """Name of a bundled store's own disk, among the claims of the stack file."""
    return f"{store}-disk"


def backup_folder(store: str) -> str:
    """Folder of a store's copies on the file claim. One level: the kubelet has to pass through every other."""
    return f"backup-{store}"


def backup_claim(backup: FileBackup, claims: Mapping[str, Medium]) -> str | None:
    """Name of the claim that a copy goes to; None: there is none."""
    return backup.claim or next((name for name, medium in claims.items() if medium == Medium.FILE), None)


def backup_folders(settings: Settings, claim: str) -> list[str]:
    """Folders for copies on a claim of the stack file: where its root belongs to root, a Job makes them."""
    stores = settings.stores.bundled if settings.stores else {}
    backed_up = {name: store.backup for name, store in stores.items() if store.backup is not None}
    media = settings.storage.media
    return [backup_folder(name) for name, backup in backed_up.items() if backup_claim(backup, media) == claim]


def mistakes(name: str, chosen: Bundled, settings: Settings) -> Iterator[str]:
    """What of a bundled store does not fit the claims of the stack file."""
    media = settings.storage.media
    if disk_name(name) in media:
        yield f": its own disk is called {disk_name(name)}; give that claim of storage.claims another name"
    if chosen.backup is None:
        return
    claim = backup_claim(chosen.backup, media)
    if claim is None:
        yield ".backup: there is no file claim to copy to; add one to storage.claims, or set backup: null"
    elif claim not in media:
        yield f".backup.claim is {claim!r}; the claims are: {', '.join(media)}"
    elif media[claim] != Medium.FILE:
        yield f".backup.claim is {claim!r}, a disk; only a file claim can be reached from every node"
    else:
        yield from _folder_in_use(name, claim, settings)


def _folder_in_use(name: str, claim: str, settings: Settings) -> Iterator[str]:
    storage = settings.storage
    for role in Role:
        folder = storage.sub_path_of(role).split("/")[0]
        if storage.claim_of(role, Profile.SCALED) == claim and folder == backup_folder(name):
            yield f".backup: its folder {backup_folder(name)} on {claim} is in use by the role {role.value}"


def warnings(chosen: OnDisks) -> Iterator[str]:
    """What people should know of disks that nobody is known to encrypt, and of stores that nothing copies."""
    if chosen.encrypted_by == "nobody known":
        yield f".encryptedBy: nobody is known to encrypt the disks of class {chosen.storage_class}"
    if isinstance(chosen, Bundled) and chosen.backup is None:
        yield ".backup: there is none, so nothing copies this store"


def disk_args(at: StoreContext[Bundled]) -> ExistingClassClaimArgs:
    """Arguments of the store's disk."""
    chosen = at.chosen
    return ExistingClassClaimArgs(
        namespace=at.namespace,
        storage_class=chosen.storage_class,
        size=chosen.size,
        access_mode=AccessMode(chosen.access_mode),
        encrypted_by=chosen.encrypted_by,
        protect=at.settings.protect,
    )


def planned_disk(at: StoreContext[Bundled]) -> Claim:
    """The store's disk as plain values. Raises pulumi.RunError for what cannot be made."""
    return existing_class_claim(claim_name(disk_name(at.name)), disk_args(at))


def make_disk(at: StoreContext[Bundled]) -> ExistingClassClaim:
    """The store's disk, made."""
    return ExistingClassClaim(claim_name(disk_name(at.name)), disk_args(at), at.kubernetes)


def disk_bought(at: StoreContext[Bundled]) -> list[Buys]:
    """A disk whose price only the owner of the class knows."""
    product = OwnClass(gib(at.chosen.size, "size"), at.chosen.storage_class)
    return [Buys(f"{claim_name(disk_name(at.name))}-claim", product)]


def backup_args(at: StoreContext[Bundled], chosen: FileBackup) -> BackupArgs:
    """Where the nightly copy goes."""
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
    """Requests and limits of one pod, as the component takes them."""
    return StoreResources(
        cpu_request=chosen.cpu_request, memory_request=chosen.memory_request, memory_limit=chosen.memory_limit
    )


def after(at: StoreContext[Bundled], disk: ExistingClassClaim) -> ResourceOptions:
    """Made in the cluster, after the disk."""
    return ResourceOptions(provider=at.kubernetes.provider, depends_on=[disk])
