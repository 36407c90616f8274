"""The advisor of estimate/, with the offers of the kinds, stores and platforms of this program, and with the guard."""

from collections.abc import Iterator
from functools import lru_cache

from components.contract import Profile, StorageMap
from estimate.advisor import Answer, Judgement, Load, advise
from estimate.offers import Offer, Wanted
from estimate.price_list import PriceList
from guard.safety import Pods, check
from stacks import kinds, platforms, stores

LETTERS = "abcdef"


def ask(load: Load, prices: PriceList | None = None) -> Answer:
    """The advice for a load. `prices`: default the platform's price list."""
    return advise(load, offered(load), judged, prices)


def offered(load: Load) -> tuple[Offer, ...]:
    """The offers of the kinds, the stores and the platform for a load."""
    platform = platforms.platform(load.platform.value)
    zones = tuple(platform.advised_zone(load.priced_in, letter) for letter in LETTERS[: load.zones])
    return _offered(Wanted(load.platform, load.priced_in, zones, load.sizes))


@lru_cache(maxsize=64)
def _offered(wanted: Wanted) -> tuple[Offer, ...]:
    """The same objects for the same load: the advisor compares offers by identity when targets and budget change."""
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
    """The guard's judgement of a storage map and a number of pods in a profile."""
    strategy = "RollingUpdate" if profile == Profile.SCALED else "Recreate"
    report = check(storage, Pods(profile=profile, replicas=pods, strategy=strategy))
    refusals, warnings = (tuple(verdict.rule for verdict in found) for found in (report.refusals, report.warnings))
    return Judgement(refusals, warnings)
