"""Whether the section `kotaemon:backup` fits the rest of the stack file, and what protects each claim."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from components.contract import BucketDialect, Claim, Medium, StorageMap
from components.object.rules import archived_refused
from components.state.stores import DocumentStoreKind, VectorStoreKind
from guard.safety import UNKNOWN
from stacks import backup, bucket, kinds
from stacks.kinds.base import Context
from stacks.settings.backup import RepositorySettings
from stacks.settings.settings import Settings


def protections(
    settings: Settings,
    contexts: Mapping[str, Context[Any]],
    claims: Mapping[str, Claim],
    storage: StorageMap,
    unsnapped: Mapping[str, str],
) -> dict[str, list[str]]:
    """Name of each PersistentVolumeClaim -> what backs it up, in words; nothing: no backup is known of it.

    `unsnapped`: claims whose drivers make no VolumeSnapshots.
    """
    found = {claims[name]["name"]: _own(at, settings) for name, at in contexts.items()}
    for name in backup.snapshot_claims(settings, claims):
        if name not in unsnapped:
            found[name].append("VolumeSnapshots on a schedule")
    for role, read in backup.roles(settings, storage).items():
        held = storage[role]["claim"]["name"]
        if read["claim"]["name"] != held and held in unsnapped:
            continue  # it would be read from a copy of a snapshot
        if held in found and (words := "backups in the repository") not in found[held]:
            found[held].append(words)
    return found


def _own(at: Context[Any], settings: Settings) -> list[str]:
    """What comes with the claim: a backup of its own, or versions in the bucket that the stack makes. Whether somebody
    else's bucket keeps any is not known."""
    kind, of_stack = kinds.kind(at.chosen.kind), settings.bucket
    words = kind.own_backup(at.chosen)
    versions = of_stack is not None and of_stack.made and kind.bucket_prefix(at.chosen) is not None
    kept = f"earlier versions in the bucket, kept {of_stack.version_days} days" if of_stack and versions else ""
    return [found for found in (words, kept) if found]


def mistakes(
    settings: Settings, storage: StorageMap, claims: Mapping[str, Claim], stores: Mapping[str, Any]
) -> Iterator[str]:
    """What does not fit the rest of the stack file, and what the components would refuse."""
    chosen = settings.backup
    if chosen is None:
        return
    if chosen.to is not None and chosen.to.claim is not None and chosen.to.claim not in claims:
        yield f"backup.to.claim: is {chosen.to.claim!r}, but the claims are: {', '.join(claims)}"
        return
    if chosen.to is not None and (found := list(_bucket_mistakes(settings, chosen.to))):
        yield from found
        return
    args, taken = (
        backup.backups(settings, settings.namespace, storage, claims, stores),
        backup.snapshots(settings, "", claims),
    )
    if chosen.to is not None and args is None:
        yield "backup.to: no role is on a claim that a backup can read; add backup.snapshots with copyClass"
    if args is not None:
        from components.protection.backups import check

        yield from (f"backup: {line}" for line in check(backup.BACKUPS, args))
    if taken is not None:
        from components.protection.snapshots import check as check_snapshots

        if not taken["claims"]:
            yield "backup.snapshots: no claim is a disk of which VolumeSnapshots can be made; leave it out"
            return
        yield from (f"backup.snapshots: {line}" for line in check_snapshots(backup.SNAPSHOTS, taken))
        yield from _unencrypted(settings, claims, taken["claims"])


def _unencrypted(settings: Settings, claims: Mapping[str, Claim], taken: Any) -> Iterator[str]:
    chosen = settings.backup.snapshots if settings.backup is not None else None
    if chosen is None or not chosen.encrypted_only:
        return
    for name, claim in claims.items():
        if claim["name"] in taken and claim["encrypted_by"] in UNKNOWN:
            yield (
                f"backup.snapshots.encryptedOnly: nobody is known to encrypt the claim {name}, and its snapshots are "
                f"as the disk is; give storage.claims.{name}.encryptedBy, or set encryptedOnly: false"
            )


def _bucket_mistakes(settings: Settings, to: RepositorySettings) -> Iterator[str]:
    found = bucket.planned(settings)
    if to.bucket and found is None:
        yield "backup.to.bucket: the stack has none; add the section bucket"
    if to.bucket and found is not None:
        if reason := archived_refused(backup.PREFIX, found["archived"]):
            yield f"backup.to.bucket: the backups are below {backup.PREFIX}, and {reason}; the drill reads them back"
        port = urlsplit(found["endpoint"]).port
        if port not in (None, 443) and to.endpoint is None:
            yield f"backup.to.endpoint: missing, because the bucket's server is at port {port}"
    in_bucket = to.bucket or (to.url or "").startswith("s3:")
    secret = to.secret_name or (found["credentials_secret"] if to.bucket and found is not None else "")
    if in_bucket and not secret:
        if to.bucket and found is not None and found["dialect"] == BucketDialect.OSS:
            yield "backup.to.secretName: missing; restic takes no role of RAM, only AWS_ACCESS_KEY_ID and the secret"
        elif not to.account_annotations:
            yield (
                "backup.to: who may write to the bucket is missing; give secretName, or accountAnnotations such as "
                "eks.amazonaws.com/role-arn"
            )


def without_snapshots(settings: Settings, claims: Mapping[str, Claim], unsnapped: Mapping[str, str]) -> Iterator[str]:
    """Disks of which `backup.snapshots` would make VolumeSnapshots, and whose drivers make none."""
    for name in backup.snapshot_claims(settings, claims):
        if name in unsnapped:
            yield (
                f"kotaemon:backup.snapshots: no VolumeSnapshot of {name} can be made: {unsnapped[name]}. Each run of "
                "the CronJob fails; leave the section out and back the roles up by backup.to, or move them to a class "
                "with snapshots"
            )


def warnings(settings: Settings, storage: StorageMap, stores: Mapping[str, Any]) -> Iterator[str]:
    """What the repository does not have."""
    chosen = settings.backup
    if chosen is None or chosen.to is None:
        return
    read = backup.roles(settings, storage)
    for role in chosen.roles:
        if role.value in storage and role.value not in read:
            claim = storage[role.value]["claim"]
            why = (
                "object storage, which its bucket's versions protect"
                if claim["medium"] == Medium.OBJECT
                else (
                    "a disk that one pod alone may mount; backup.snapshots.copyClass makes a copy that the backup reads"
                )
            )
            yield f"kotaemon:backup.to: the role {role.value} is not in it: {claim['name']} is {why}"
    documents = stores.get("documents")
    if documents is not None and documents["kind"] != DocumentStoreKind.LANCEDB:
        yield f"kotaemon:backup.to: the texts in {documents['kind'].value} are not in it; use that server's own backup"
    vectors = stores.get("vectors")
    if vectors is not None and vectors["kind"] != VectorStoreKind.QDRANT:
        yield f"kotaemon:backup.to: the vectors in {vectors['kind'].value} are not in it; use that server's own backup"
