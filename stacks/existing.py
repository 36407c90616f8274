"""What the stack file says under `existing`, taken up by the engine; and the lines that take up what is kept.

The engine refuses to make what exists. A resource that the stack file names is imported instead: it gets its usual
place in the state, protected as before. All of its properties are ignored while the line is there, so it is taken up as
it is; without the line the next run brings it to what the stack file says, in place.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pulumi
from pulumi.runtime import register_resource_transform

from stacks import backup, backup_copy, bucket, platforms, stores
from stacks.names import NAMESPACE, claim_name
from stacks.settings.existing import URL, Existing
from stacks.settings.settings import Settings

FILLED_IN = ("metadata", "spec", "data", "stringData")


class Place(NamedTuple):
    """A section of the stack file with the key `existing`."""

    keys: tuple[str, ...]
    """Where it is, below `kotaemon:`. Empty: at the top."""
    prefix: str
    """What the names of its resources begin with, in the program."""
    said: Existing

    @property
    def key(self) -> str:
        """Its key `existing` as messages have it."""
        return f"{NAMESPACE}:{'.'.join([*self.keys, 'existing'])}"


def places(settings: Settings) -> Iterator[Place]:
    """Every section of the stack that may say what exists."""
    for name, claim in settings.storage.claims.items():
        yield Place(("storage", "claims", name), f"{claim_name(name)}-", claim)
    for place, field in stores.FIELDS.items():
        if (chosen := getattr(settings.stores, field, None)) is not None:
            yield Place(("stores", stores.KEYS[place]), f"{claim_name(place)}-", chosen)
    platform = platforms.platform(settings.platform.value)
    own = platform.database(settings)
    if own is not None and isinstance(own.chosen, Existing):
        yield Place((settings.platform.value, "database"), f"{claim_name('database')}-", own.chosen)
    if settings.bucket is not None:
        yield Place((bucket.NAME,), f"{bucket.NAME}-", settings.bucket)
    if settings.backup is not None:
        yield Place((backup.NAME,), f"{backup.BACKUPS}-", settings.backup)
    if settings.backup_copy is not None:
        yield Place((backup_copy.NAME,), f"{backup_copy.COMPONENTS}-", settings.backup_copy)
    yield Place((), f"{NAMESPACE}-", settings)
    if isinstance(section := getattr(settings, settings.platform.value, None), Existing):
        yield Place((settings.platform.value,), "", section)


def wanted(settings: Settings) -> dict[str, str]:
    """Name of a resource -> id of what is taken up in its place."""
    return {f"{place.prefix}{part}": id_ for place in places(settings) for part, id_ in place.said.existing.items()}


def take_up(settings: Settings) -> None:
    """Import what the stack file names when the program registers it. Call it before the first resource."""
    found = wanted(settings)
    if not found:
        return
    if where := [place.key for place in places(settings) if place.said.existing.keys() - {URL}]:
        pulumi.log.warn(
            f"{', '.join(where)}: what is named there is taken up as it is, and no change of the stack file reaches "
            f"it. Remove these lines when `up` has ended well; only a database's `{URL}` stays"
        )

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        id_ = found.get(args.name)
        if id_ is None or not args.custom:
            return None
        opts = args.opts
        opts.import_ = id_
        opts.ignore_changes = [*_listed(opts.ignore_changes), *args.props, *_of_objects(args.type_)]
        return pulumi.ResourceTransformResult(props=args.props, opts=opts)

    register_resource_transform(transform)


def lines(settings: Settings, kept: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The configuration that takes up what is kept, as nested keys, and the names that no section has a part for.

    `kept`: name of a resource -> its id.
    """
    # The longest prefix first: `kotaemon-files-` before `kotaemon-`.
    sections = sorted(places(settings), key=lambda place: -len(place.prefix))
    found: dict[str, Any] = {}
    unknown: list[str] = []
    for name, id_ in sorted(kept.items()):
        place = next((p for p in sections if _part(p, name)), None)
        if place is None:
            unknown.append(name)
            continue
        at = found
        first, *rest = [*place.keys, "existing"]
        for key in (f"{NAMESPACE}:{first}", *rest):
            at = at.setdefault(key, {})
        at[_part(place, name)] = id_
    return found, unknown


def _part(place: Place, name: str) -> str:
    """The part of the section that has this name; empty: it has none."""
    part = name.removeprefix(place.prefix)
    return part if name.startswith(place.prefix) and place.said.id_of(part) is not None else ""


def _of_objects(type_: str) -> tuple[str, ...]:
    """What a Kubernetes object has besides what the program says: the cluster fills it in, and it is no change."""
    return FILLED_IN if type_.startswith("kubernetes:") else ()


def _listed(value: Any) -> list[str]:
    return list(value or ())
