"""The bucket of a stack: as plain values before anything is made, what is wrong with it, and the component."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from components.contract import Bucket, BucketDialect, Platform
from components.object.rules import (
    Cheaper,
    Lifecycle,
    archived,
    archived_refused,
    lifecycle_refused,
    name_refused,
    prefix_refused,
    usual_lifecycle,
)
from stacks import kinds, platforms
from stacks.effects import Effects, in_place, names, new_only, refused, words
from stacks.kinds.base import Buys, Identity
from stacks.settings.bucket import BucketSettings
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from pulumi import Input

    from stacks.platforms.base import Ground

NAME = "bucket"
"""Name of the component, and key of the section. A claim's component has a name with a `-`, so none is called so."""
_RULES = "terraform-provider-aws: internal/service/s3/bucket_lifecycle_configuration.go; alicloud_oss_bucket"

EFFECTS: Effects = {
    "name": names("S3 and OSS: a bucket cannot be renamed", "make the other bucket, and copy the objects first"),
    "exists": refused(
        "stacks/bucket.py: a bucket that the stack made is protected",
        "keep it as it is; the stack's bucket stays in the state of the stack",
    ),
    "endpoint": names("another server is another bucket", "copy the objects to the other server first"),
    "region": in_place("AWS Signature Version 4: the region is part of the signature only"),
    "credentials_secret": in_place("Kubernetes: a changed pod template is rolled out", "other keys of the same bucket"),
    "encrypted_by": words(),
    "key": in_place("stacks/kinds: the right of what mounts the bucket", "objects keep the key they were written with"),
    "version_days": in_place(_RULES, "fewer days end earlier versions within a day"),
    "lifecycle": new_only(_RULES, "objects that are in a cheaper class already stay there"),
    "archived": words(),
}
"""Rows of the section `kotaemon:bucket`."""


def planned(settings: Settings) -> Bucket | None:
    """The bucket as plain values. None: the stack has none."""
    chosen = settings.bucket
    if chosen is None:
        return None
    if chosen.endpoint is not None:
        endpoint = chosen.endpoint.rstrip("/")
        return Bucket(
            name=chosen.name,
            dialect=BucketDialect.S3,
            region=chosen.region or "us-east-1",
            endpoint=endpoint,
            # A server of one's own rarely has a host name, and a certificate, for each bucket.
            path_style=True,
            credentials_secret=chosen.credentials_secret or "",
            encrypted_by=chosen.encrypted_by or "nobody known",
            archived=chosen.archived,
        )
    of_platform = platforms.platform(settings.platform.value).buckets
    if of_platform is None:
        raise ValueError("stacks/settings/checks.py refuses a bucket without endpoint on this platform")
    return Bucket(
        name=chosen.name,
        dialect=of_platform.dialect,
        region=platforms.platform(settings.platform.value).region(settings),
        endpoint=of_platform.endpoint(settings),
        path_style=False,
        credentials_secret=chosen.credentials_secret or "",
        encrypted_by=of_platform.encrypted_by(settings) if chosen.made else chosen.encrypted_by or "nobody known",
        archived=archived(lifecycle(chosen, of_platform.dialect), of_platform.dialect)
        if chosen.made
        else chosen.archived,
    )


def lifecycle(chosen: BucketSettings, dialect: BucketDialect) -> Lifecycle:
    """The lifecycle that the stack file says, or the usual one."""
    if chosen.lifecycle is None:
        return usual_lifecycle(dialect)
    return {
        prefix: Cheaper(days=rule.after_days, storage_class=rule.storage_class)
        for prefix, rule in chosen.lifecycle.items()
    }


def mistakes(settings: Settings) -> Iterator[str]:
    """What does not fit the rest of the stack file: `bucket...: <reason>`, and claims below an archived prefix."""
    chosen = settings.bucket
    if chosen is None:
        return
    of_platform = platforms.platform(settings.platform.value).buckets
    if of_platform is None and chosen.endpoint is None:
        yield (
            f"bucket: platform {settings.platform.value} has no buckets of its own; give endpoint, the URL of a server "
            "that is compatible with S3"
        )
        return
    if of_platform is not None and chosen.endpoint is not None:
        yield (
            f"bucket: endpoint: '{chosen.endpoint}' is only for platform {Platform.PRIVATE.value}; leave it out, and "
            f"the bucket is one of platform {settings.platform.value}"
        )
        return
    if of_platform is not None and chosen.key is not None and (reason := of_platform.key_refused(chosen.key, settings)):
        yield f"bucket: key: {chosen.key!r} {reason}"
    if of_platform is not None and chosen.made:
        dialect = of_platform.dialect
        if reason := name_refused(chosen.name, dialect):
            yield f"bucket: name: {chosen.name!r} {reason}"
        for prefix, rule in lifecycle(chosen, dialect).items():
            found = (prefix_refused(prefix) if prefix else "", lifecycle_refused(prefix, rule, dialect))
            yield from (f"bucket: lifecycle {prefix!r}: {reason}" for reason in found if reason)


def mounted_mistakes(settings: Settings) -> Iterator[str]:
    """Claims on the bucket that mount a prefix which its lifecycle archives. Call it when nothing else is wrong."""
    found = planned(settings)
    for name, claim in settings.storage.claims.items():
        prefix = kinds.kind(claim.kind).bucket_prefix(claim)
        if prefix is None:
            continue
        if found is None:
            yield f"storage.claims.{name}.kind: {claim.kind} mounts the stack's bucket; add the section bucket"
        elif reason := archived_refused(prefix, found["archived"]):
            yield f"storage.claims.{name}.prefix: {prefix!r} cannot be mounted: {reason}"


def identity(settings: Settings) -> Identity:
    """What makes it the same bucket. Call it for a stack that has one."""
    found = planned(settings)
    if found is None:
        return {}
    own_server = {"endpoint": found["endpoint"]} if settings.bucket and settings.bucket.endpoint else {}
    return {"bucket": found["name"], **own_server}


def products(settings: Settings) -> list[Buys]:
    """What it buys. Nothing, when it is there already."""
    of_platform = platforms.platform(settings.platform.value).buckets
    if settings.bucket is None or not settings.bucket.made or of_platform is None:
        return []
    return [Buys(f"{NAME}-bucket", of_platform.product())]


def make(settings: Settings, ground: "Ground") -> "Input[str]":
    """Register the bucket. Gives its name, known once everything that guards it is there; empty without a bucket."""
    of_platform = platforms.platform(settings.platform.value).buckets
    if settings.bucket is None:
        return ""
    if not settings.bucket.made or of_platform is None:
        return settings.bucket.name
    return of_platform.make(settings.bucket, lifecycle(settings.bucket, of_platform.dialect), settings, ground)
