"""Alarms of the cloud for a stack's storage: what they watch, what is wrong with them, and making them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from stacks import kinds, platforms
from stacks.kinds.base import Buys, Watched
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from pulumi import Input, Output, ResourceOptions

    from stacks.platforms.base import Alarms

NAME = "alarms"
"""Key in the section of a platform, and name of the component."""


def watched(settings: Settings) -> dict[str, Watched]:
    """Section of the stack file that has the storage -> what the cloud measures of it."""
    found = {f"storage.claims.{name}": _of_claim(settings, name) for name in settings.storage.claims}
    own = platforms.platform(settings.platform.value).database(settings) if settings.scaled else None
    if own is not None:
        found[f"{settings.platform.value}.database"] = own.store.watched(own.chosen)
    return {key: what for key, what in found.items() if what is not None}


def _of_claim(settings: Settings, name: str) -> Watched | None:
    claim = settings.storage.claims[name]
    return kinds.kind(claim.kind).watched(claim)


def _wanted(settings: Settings) -> "Alarms | None":
    of_platform = platforms.platform(settings.platform.value).alarms
    return of_platform if of_platform is not None and of_platform.wanted(settings) else None


def _named(key: str) -> str:
    """Name of what is watched: a database of the section cannot be taken for a claim with its name."""
    section, name = key.rsplit(".", 1)
    return f"claim-{name}" if section == "storage.claims" else name


def mistakes(settings: Settings) -> Iterator[str]:
    """What does not fit the rest of the stack file, each line with its key below `kotaemon:`."""
    if _wanted(settings) is not None and not watched(settings):
        yield (
            f"{settings.platform.value}.{NAME}: nothing to watch: the cloud does not measure how full this stack's "
            "storage is (docs/monitoring.md says who does); leave it out"
        )


def products(settings: Settings) -> list[Buys]:
    """What the alarms cost."""
    of_platform = _wanted(settings)
    return [] if of_platform is None else of_platform.products(_by_name(watched(settings)))


def component_mistakes(settings: Settings) -> Iterator[str]:
    """What the component of the alarms would refuse, each line with its key below `kotaemon:`."""
    of_platform = _wanted(settings)
    if of_platform is not None:
        found = of_platform.check(settings, _by_name(watched(settings)))
        yield from (f"{settings.platform.value}.{NAME}.{line}" for line in found)


def _by_name(found: Mapping[str, Watched]) -> dict[str, Watched]:
    return {_named(key): what for key, what in found.items()}


def make(settings: Settings, ids: "Mapping[str, Output[str]]", opts: "ResourceOptions") -> None:
    """Register the alarms, where the stack file asks for them. `ids`: section of the stack file -> real id."""
    of_platform, found = _wanted(settings), watched(settings)
    if of_platform is None:
        return
    known: dict[str, Input[str]] = {_named(key): what.id or ids[key] for key, what in found.items()}
    of_platform.make(settings, _by_name(found), known, opts)
