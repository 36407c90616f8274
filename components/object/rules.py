"""What S3 and OSS accept of a bucket, as pure rules: each gives the reason of a refusal, or an empty text.

No SDK is imported here: every stack file with a bucket is checked by this module.
"""

import re
from collections.abc import Mapping
from typing import TypedDict

from ..contract import BucketDialect

MOUNTED = "files/"
"""Prefix of the bucket that the kinds of the medium `object` mount, unless their claim says another one."""
BACKUPS = "backups/"
"""Prefix below which backups are: the only one where a lifecycle may use a class that does not answer a read."""
ABORT_DAYS = 7
"""Days after which the parts of an upload that was never completed are deleted. They are billed, and no list shows
them."""
READABLE = {
    BucketDialect.S3: ("STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"),
    BucketDialect.OSS: ("IA",),
}
"""Cheaper classes that answer a read at once. ONEZONE_IA is none of them: its objects are lost with their zone."""
ARCHIVES = {
    BucketDialect.S3: ("GLACIER", "DEEP_ARCHIVE"),
    BucketDialect.OSS: ("Archive", "ColdArchive", "DeepColdArchive"),
}
"""Classes that answer a read with an error until the object is restored (S3 user guide, "Archiving objects"; OSS,
"Overview of storage classes"). A mount reports it as an I/O error."""
USUAL = {BucketDialect.S3: "STANDARD_IA", BucketDialect.OSS: "IA"}
"""Class of the usual rule."""
USUAL_DAYS = 30
ARCHIVE_DAYS, ARCHIVE_SCHEDULE = 30, "40 3 * * *"
"""Days for which nothing was written to what the archiver moves, and when it runs, in UTC; unless they are given."""
_S3_AT_LEAST = {"STANDARD_IA": 30}
"""S3 refuses a transition to this class before so many days (S3 user guide, "Transitioning objects using Amazon S3
Lifecycle")."""


class Cheaper(TypedDict):
    """A rule of the lifecycle: from when on the objects below a prefix are in a cheaper class."""

    days: int
    """Days after an object was written."""
    storage_class: str
    """Class, as S3 or OSS calls it."""


Lifecycle = Mapping[str, Cheaper]
"""Prefix that ends with `/` -> its rule."""


def usual_lifecycle(dialect: BucketDialect) -> Lifecycle:
    """The lifecycle of a bucket whose stack file says none: what is mounted becomes cheaper after 30 days."""
    return {MOUNTED: Cheaper(days=USUAL_DAYS, storage_class=USUAL[dialect])}


def name_refused(name: str, dialect: BucketDialect = BucketDialect.S3) -> str:
    """Why a bucket cannot have this name (S3 user guide, "General purpose bucket naming rules"; OSS, PutBucket).

    Dots are allowed by S3, but a host name with them fits no certificate, and the bucket refuses plain HTTP.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name):
        return (
            "must have 3 to 63 lower-case letters, digits or '-', and begin and end with a letter or digit; a name "
            "with '.' fits no TLS certificate"
        )
    if dialect == BucketDialect.S3:
        if name.startswith(("xn--", "sthree-", "amzn-s3-demo-")):
            return "begins with xn--, sthree- or amzn-s3-demo-, which Amazon keeps for itself"
        if name.endswith(("-s3alias", "--ol-s3", "--x-s3", "--table-s3")):
            return "ends with -s3alias, --ol-s3, --x-s3 or --table-s3, which Amazon keeps for itself"
    return ""


def prefix_refused(prefix: str) -> str:
    """Why a text cannot be the prefix of a part of the bucket: it ends with `/`, so that `eval` is not `evaluation`."""
    parts = prefix.split("/")
    if re.fullmatch(r"([A-Za-z0-9_.-]+/)+", prefix) and not {".", ".."} & set(parts):
        return ""
    return "must be a folder of the bucket that ends with '/' and does not begin with it, for example files/"


def lifecycle_refused(prefix: str, rule: Cheaper, dialect: BucketDialect) -> str:
    """Why the lifecycle may not have this rule. Archive classes are for backups only."""
    class_, days = rule["storage_class"], rule["days"]
    readable, archives = READABLE[dialect], ARCHIVES[dialect]
    if class_ not in (*readable, *archives):
        return (
            f"storageClass {class_!r} is no class for this bucket; allowed: {', '.join(readable)}, and below {BACKUPS} "
            f"{', '.join(archives)}"
        )
    if class_ in archives and not prefix.startswith(BACKUPS):
        return (
            f"storageClass {class_!r} is only allowed below {BACKUPS}: it answers a read with an error until the "
            f"object is restored; allowed here: {', '.join(readable)}"
        )
    if days < (least := _S3_AT_LEAST.get(class_, 1)):
        return f"afterDays {days} is too early; {class_} takes objects from {least} days on"
    return ""


def rule_ids(lifecycle: Lifecycle) -> dict[str, str]:
    """Prefix -> name of its rule. Two prefixes that differ in `/` and `-` only get names that differ: S3 and OSS refuse
    two rules of one name (S3 API, LifecycleRule: ID, unique)."""
    found: dict[str, str] = {}
    for prefix in sorted(lifecycle):
        name = f"cheaper-{prefix.strip('/').replace('/', '-') or 'all'}"
        while name in found.values():
            name += "-"
        found[prefix] = name
    return found


def archived(lifecycle: Lifecycle, dialect: BucketDialect) -> list[str]:
    """Prefixes whose objects end in a class that does not answer a read."""
    return sorted(prefix for prefix, rule in lifecycle.items() if rule["storage_class"] in ARCHIVES[dialect])


def overlaps(one: str, other: str) -> bool:
    """Whether one of two prefixes is below the other, or both are the same. Empty: the whole bucket."""
    return one.startswith(other) or other.startswith(one)


def archived_refused(prefix: str, archived_prefixes: list[str]) -> str:
    """Why a prefix cannot be mounted, or read back by a program: the lifecycle archives some of it."""
    found = [one for one in archived_prefixes if overlaps(prefix, one)]
    if not found:
        return ""
    return (
        f"the lifecycle of the bucket moves {', '.join(found)} to a class that answers a read with an error until the "
        "object is restored"
    )


def copy_refused(name: str, copy: str, dialect: BucketDialect = BucketDialect.S3) -> str:
    """Why a bucket of this name cannot hold the copies of another one."""
    if name == copy:
        return f"{copy!r} is the bucket itself; the copies are in another one"
    reason = name_refused(copy, dialect)
    return f"{copy!r} {reason}" if reason else ""


def version_days_refused(days: int) -> str:
    """Why earlier versions of objects cannot be kept for so long."""
    return "" if 1 <= days <= 3650 else f"{days} is not allowed; earlier versions are kept for 1 to 3650 days"


def endpoint_refused(url: str) -> str:
    """Why a URL cannot be the endpoint of a bucket: data and keys would travel in plain text."""
    if not re.fullmatch(r"https://[^\s/@]+/?", url):
        return "must be https://<host>[:<port>], without a path and a password; plain HTTP is not allowed"
    return ""
