"""Platform `private`: an existing cluster, existing NFS servers and StorageClasses."""

from typing import Any

import pulumi

from components.block.existing import ExistingClassClaim, ExistingClassClaimArgs
from components.contract import AccessMode, StorageMap
from components.file.nfs import NfsDriver, NfsStorage, NfsStorageArgs
from components.file.preparation import NfsPreparation, NfsPreparationArgs, role_folders
from stacks import application
from stacks.claims import NfsClaim, StorageClassClaim
from stacks.settings import Settings


def deploy(settings: Settings) -> dict[str, Any]:
    """Everything of the stack; its outputs."""
    opts = pulumi.ResourceOptions(provider=application.kubernetes_provider(settings))
    namespace = application.application_namespace(settings, opts).namespace
    made = {name: claim(settings, name, namespace, opts) for name in settings.storage.claims}
    storage = application.storage_map(settings, {name: component.claim for name, component in made.items()})
    prepared = [
        preparation(settings, name, chosen, namespace, storage, opts)
        for name, chosen in settings.storage.claims.items()
        if isinstance(chosen, NfsClaim) and chosen.root_owner == "root"
    ]
    return application.deploy(settings, namespace, storage, opts, after=[*made.values(), *prepared])


def claim(
    settings: Settings, name: str, namespace: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> NfsStorage | ExistingClassClaim:
    """One claim of the stack file."""
    match settings.storage.claims[name]:
        case NfsClaim() as nfs:
            return NfsStorage(application.claim_name(name), export(settings, nfs, namespace), opts)
        case StorageClassClaim() as existing:
            return ExistingClassClaim(
                application.claim_name(name),
                ExistingClassClaimArgs(
                    namespace=namespace,
                    storage_class=existing.storage_class,
                    size=existing.size,
                    access_mode=AccessMode(existing.access_mode),
                    encrypted_by=existing.encrypted_by,
                    protect=settings.protect,
                ),
                opts,
            )


def export(settings: Settings, nfs: NfsClaim, namespace: pulumi.Output[str]) -> NfsStorageArgs:
    """Arguments of an NFS claim."""
    return NfsStorageArgs(
        namespace=namespace,
        server=nfs.server,
        path=nfs.path,
        size=nfs.size,
        driver=NfsDriver(nfs.driver),
        mount_options=nfs.mount_options,
        allow_nolock=nfs.allow_nolock,
        encrypted_by=nfs.encrypted_by,
        protect=settings.protect,
    )


def preparation(
    settings: Settings,
    name: str,
    nfs: NfsClaim,
    namespace: pulumi.Output[str],
    storage: StorageMap,
    opts: pulumi.ResourceOptions,
) -> NfsPreparation:
    """The Job that makes the role folders on an export whose root belongs to root."""
    component = application.claim_name(name)
    args = NfsPreparationArgs(
        export={**export(settings, nfs, namespace), "claim_name": component},
        folders=role_folders(storage, component),
        image=settings.image,
        uid=settings.uid,
        gid=settings.gid,
    )
    return NfsPreparation(f"{component}-folders", args, opts)
