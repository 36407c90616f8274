"""The advisor with what the program knows: the offers of its kinds and stores, and the guard."""

from functools import lru_cache

from components.contract import Platform, Profile, StorageMap
from estimate.advisor import Answer, Judgement, Load, advise
from estimate.offers import Offer, Wanted
from guard.safety import Pods, check
from stacks.offers import offers

ZONES = {Platform.AWS: "{}{}", Platform.ALICLOUD: "{}-{}", Platform.PRIVATE: "zone-{1}"}
"""Name of a zone: region and letter."""
LETTERS = "abcdef"


def ask(load: Load) -> Answer:
    """What the advisor says to a load."""
    return advise(load, offered(load), judged)


def offered(load: Load) -> tuple[Offer, ...]:
    """What the kinds, stores and the platform offer for a load."""
    zones = tuple(ZONES[load.platform].format(load.priced_in, letter) for letter in LETTERS[: load.zones])
    return _offered(Wanted(load.platform, load.priced_in, zones, load.sizes))


# the same offers for the same wish: the advisor, asked again with other targets and budgets, knows them
_offered = lru_cache(maxsize=64)(offers)


def judged(storage: StorageMap, profile: Profile, pods: int) -> Judgement:
    """What the guard says of a storage map and the pods of a profile."""
    strategy = "RollingUpdate" if profile == Profile.SCALED else "Recreate"
    report = check(storage, Pods(profile=profile, replicas=pods, strategy=strategy))
    refusals, warnings = (tuple(verdict.rule for verdict in found) for found in (report.refusals, report.warnings))
    return Judgement(refusals, warnings)
