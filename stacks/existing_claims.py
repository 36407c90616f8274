"""Claims that every platform can have: exports of existing NFS servers, and disks of existing StorageClasses."""

from pulumi import Input, Output, ResourceOptions

from components.contract import AccessMode, Claim, StorageMap
from components.file.nfs import NfsDriver, NfsStorage, NfsStorageArgs, nfs_claim
from components.file.preparation import NfsPreparation, NfsPreparationArgs
from components.pod.preparation import role_folders
from components.volumes.existing_class import ExistingClassClaim, ExistingClassClaimArgs, existing_class_claim
from stacks.claims import NfsClaim, StorageClassClaim
from stacks.names import claim_name
from stacks.settings import Settings
from stacks.store_components import backup_folders

ExistingClaim = NfsClaim | StorageClassClaim


def planned(settings: Settings, name: str, chosen: ExistingClaim) -> Claim:
    """The claim as plain values, before anything is made: the guard reads it."""
    component = claim_name(name)
    if isinstance(chosen, NfsClaim):
        return nfs_claim(component, nfs_args(settings, chosen, settings.namespace))
    return existing_class_claim(component, class_args(settings, chosen, settings.namespace))


def make(
    settings: Settings, name: str, chosen: ExistingClaim, namespace: Output[str], opts: ResourceOptions
) -> NfsStorage | ExistingClassClaim:
    """The claim of the stack file with this name."""
    component = claim_name(name)
    if isinstance(chosen, NfsClaim):
        return NfsStorage(component, nfs_args(settings, chosen, namespace), opts)
    return ExistingClassClaim(component, class_args(settings, chosen, namespace), opts)


def prepare(
    settings: Settings, namespace: Output[str], storage: StorageMap, opts: ResourceOptions
) -> list[NfsPreparation]:
    """For each export whose root belongs to root: the Job that makes the role folders on it."""
    return [
        NfsPreparation(
            f"{claim_name(name)}-folders",
            NfsPreparationArgs(
                export={**nfs_args(settings, chosen, namespace), "claim_name": claim_name(name)},
                folders=[*role_folders(storage, claim_name(name)), *backup_folders(settings, name)],
                image=settings.image,
                uid=settings.uid,
                gid=settings.gid,
            ),
            opts,
        )
        for name, chosen in settings.storage.claims.items()
        if isinstance(chosen, NfsClaim) and chosen.root_owner == "root"
    ]


def nfs_args(settings: Settings, chosen: NfsClaim, namespace: Input[str]) -> NfsStorageArgs:
    """Arguments of an NFS claim."""
    return NfsStorageArgs(
        namespace=namespace,
        server=chosen.server,
        path=chosen.path,
        size=chosen.size,
        driver=NfsDriver(chosen.driver),
        mount_options=chosen.mount_options,
        allow_nolock=chosen.allow_nolock,
        encrypted_by=chosen.encrypted_by,
        protect=settings.protect,
    )


def class_args(settings: Settings, chosen: StorageClassClaim, namespace: Input[str]) -> ExistingClassClaimArgs:
    """Arguments of a claim on an existing class."""
    return ExistingClassClaimArgs(
        namespace=namespace,
        storage_class=chosen.storage_class,
        size=chosen.size,
        access_mode=AccessMode(chosen.access_mode),
        encrypted_by=chosen.encrypted_by,
        protect=settings.protect,
    )
