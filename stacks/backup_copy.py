"""The copy of a stack's backups in another region or account: what is wrong with it, what it has, and making it."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stacks import backup, kinds, platforms
from stacks.effects import Effects, When, in_place, names, refused
from stacks.kinds.base import Buys, Elsewhere, Identity
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from pulumi import Input, Output

    from components.contract import Claim, StorageMap
    from stacks.platforms.base import Ground

NAME = "backupCopy"
"""Key of the section."""
COMPONENTS = "copy"
"""Name of its components, and what the names of others begin with."""
_PLACE = "every resource is in its region and account"
_STAYS = "release the section first (kotaemon:released); the copies that are there stay where they are"

EFFECTS: Effects = {
    "region": names(_PLACE, _STAYS),
    "role": names(_PLACE, _STAYS),
    "bucket": names("S3 and OSS: a bucket cannot be renamed, and a rule of replication has one target", _STAYS),
    "key": refused(
        "AWS Backup, S3, OSS, Cloud Backup: a copy keeps the key that it was made with, and a vault its own",
        "leave it as it is",
    ),
    "lock": in_place(
        "AWS Backup: PutBackupVaultLockConfiguration",
        "from true to false it is refused: the lock is protected",
        (
            When("it is switched off", lambda before, after: bool(before.get("lock")) and not after.get("lock")),
            refused("components/protection/vault.py: the lock is protected", "it stays as it is"),
        ),
    ),
    "days": in_place("AWS Backup: UpdateBackupPlan; ECS: ModifyAutoSnapshotPolicyEx", "for copies that are made later"),
}
"""Rows of the section."""


def mistakes(settings: Settings) -> Iterator[str]:
    """What does not fit the rest of the stack file, each line with its key below `kotaemon:`."""
    chosen = settings.backup_copy
    if chosen is None:
        return
    of_platform = platforms.platform(settings.platform.value).copies
    if of_platform is None:
        yield (
            f"{NAME}: platform {settings.platform.value} has no regions; let the server of the bucket copy it (docs/"
            "backups.md), or give backup.to a url or a claim at another place, and leave backupCopy out"
        )
        return
    yield from (f"{NAME}.{line}" for line in of_platform.mistakes(settings, chosen))
    if chosen.bucket is not None:
        yield from (f"{NAME}.bucket: {line}" for line in _bucket_mistakes(settings, chosen.bucket))
    elif not any(True for name in settings.storage.claims if _copied(settings, name)):
        yield (
            f"{NAME}: nothing to copy: no claim has backups that a service of the cloud copies; give bucket, with "
            "backup.to.bucket: true, or leave it out"
        )


def _bucket_mistakes(settings: Settings, copy: str) -> Iterator[str]:
    from components.object.rules import copy_refused

    of_platform = platforms.platform(settings.platform.value).buckets
    if settings.bucket is None:
        yield f"{copy!r} gets copies of the stack's bucket, and the stack has none; add the section bucket"
    elif not settings.bucket.made:
        yield (
            f"{settings.bucket.name!r} is there already (bucket.exists): its versions, without which nothing is "
            "copied, and its rules of replication are its owner's; leave bucket out, and let the owner copy it"
        )
    elif of_platform is not None and (reason := copy_refused(settings.bucket.name, copy, of_platform.dialect)):
        yield reason


def _copied(settings: Settings, name: str) -> bool:
    claim = settings.storage.claims[name]
    return kinds.kind(claim.kind).copied(claim, settings)


def copied_claims(settings: Settings) -> list[str]:
    """Names of the claims whose backups a service of the cloud copies."""
    return [] if settings.backup_copy is None else [n for n in settings.storage.claims if _copied(settings, n)]


def has_repository(settings: Settings) -> bool:
    """Whether the repository of the file-level backup is in a bucket that is copied."""
    chosen, saved = settings.backup_copy, settings.backup
    in_bucket = saved is not None and saved.to is not None and saved.to.bucket
    return in_bucket and chosen is not None and chosen.bucket is not None


def warnings(settings: Settings, storage: "StorageMap", claims: Mapping[str, "Claim"]) -> Iterator[str]:
    """Roles of which no copy is made, and what copies do not have."""
    chosen = settings.backup_copy
    of_platform = platforms.platform(settings.platform.value).copies
    if chosen is None or of_platform is None:
        return
    services = {claims[name]["name"] for name in copied_claims(settings)}
    saved = set(backup.roles(settings, storage)) if has_repository(settings) else set[str]()
    in_bucket = {
        claims[name]["name"]
        for name, claim in settings.storage.claims.items()
        if chosen.bucket is not None and kinds.kind(claim.kind).bucket_prefix(claim) is not None
    }
    for role, mount in storage.items():
        if role not in saved and mount["claim"]["name"] not in services | in_bucket and role not in ("logs", "models"):
            yield (
                f"kotaemon:{NAME}: nothing of the role {role} is copied: no service copies backups of the claim "
                f"{mount['claim']['name']}, and it is in no repository in a bucket that is copied"
            )
    yield from (f"kotaemon:{NAME}{line}" for line in of_platform.warnings(settings, chosen))


def identity(settings: Settings) -> Identity:
    """What makes them the same copies."""
    chosen = settings.backup_copy
    if chosen is None:
        return {}
    words = {"region": chosen.region, "role": chosen.role, "bucket": chosen.bucket}
    return {key: value for key, value in words.items() if value is not None}


def products(settings: Settings) -> list[Buys]:
    """What it buys."""
    of_platform = platforms.platform(settings.platform.value).copies
    if settings.backup_copy is None or of_platform is None:
        return []
    return of_platform.products(settings, settings.backup_copy)


def elsewhere(settings: Settings, ground: "Ground") -> Elsewhere | None:
    """Register the provider of the other region and the key of the copies. None: the stack file asks for no copies."""
    of_platform = platforms.platform(settings.platform.value).copies
    if settings.backup_copy is None or of_platform is None:
        return None
    return of_platform.elsewhere(settings, settings.backup_copy, ground)


def make(
    settings: Settings,
    ground: "Ground",
    there: Elsewhere | None,
    ours: "Input[str]",
    ids: "Mapping[str, Output[str]]",
) -> None:
    """Register what copies. `ours`: name of the stack's bucket; `ids`: section of the stack file -> real id."""
    of_platform = platforms.platform(settings.platform.value).copies
    if settings.backup_copy is not None and of_platform is not None and there is not None:
        of_platform.make(settings, settings.backup_copy, ground, there, ours, ids)


def output(settings: Settings) -> dict[str, Any]:
    """Part of the stack's output `backup`: where copies are. Empty: none are made."""
    chosen = settings.backup_copy
    if chosen is None:
        return {}
    return {"copy": {"region": chosen.region, "bucket": chosen.bucket or "", "claims": copied_claims(settings)}}
