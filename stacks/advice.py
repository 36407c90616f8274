"""The advisor with what the program knows: the offers of its kinds and stores, and the guard."""

from collections.abc import Iterator
from functools import lru_cache

from components.contract import Profile, StorageMap
from estimate.advisor import Answer, Judgement, Load, advise
from estimate.offers import Offer, Wanted
from guard.safety import Pods, check
from stacks import kinds, platforms, stores

LETTERS = "abcdef"


def ask(load: Load) -> Answer:
    """What the advisor says to a load."""
    return advise(load, offered(load), judged)


def offered(load: Load) -> tuple[Offer, ...]:
    """What the kinds, stores and the platform offer for a load."""
    platform = platforms.platform(load.platform.value)
    zones = tuple(platform.advised_zone(load.priced_in, letter) for letter in LETTERS[: load.zones])
    return _offered(Wanted(load.platform, load.priced_in, zones, load.sizes))


@lru_cache(maxsize=64)
def _offered(wanted: Wanted) -> tuple[Offer, ...]:
    """The same offers for the same wish: the advisor, asked again with other targets and budgets, knows them."""
    return tuple(_offers(wanted))


def _offers(wanted: Wanted) -> Iterator[Offer]:
    yield from platforms.platform(wanted.platform.value).offers(wanted)
    for name in kinds.NAMES:
        if wanted.platform in (kind := kinds.kind(name)).platforms:
            yield from kind.offers(wanted)
    for place, names in stores.NAMES.items():
        for name in names:
            yield from stores.store(place, name).offers(wanted)


def judged(storage: StorageMap, profile: Profile, pods: int) -> Judgement:
    """What the guard says of a storage map and the pods of a profile."""
    strategy = "RollingUpdate" if profile == Profile.SCALED else "Recreate"
    report = check(storage, Pods(profile=profile, replicas=pods, strategy=strategy))
    refusals, warnings = (tuple(verdict.rule for verdict in found) for found in (report.refusals, report.warnings))
    return Judgement(refusals, warnings)
