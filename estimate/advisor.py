"""From a load to ranked storage maps, with the reason for each and for every one that was left out.

Without a budget the cheapest that does the job comes first. With a budget the fastest that it pays for comes first, so
more budget never gives a slower plan.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import ceil

from components.contract import Platform, Profile, StorageMap
from estimate.choices import Choice, choices, outage_minutes, survives_zone, zones_needed
from estimate.cost import Sum, priced, total
from estimate.offers import Offer, Sizes
from estimate.performance import ONE_THREAD_MIB_S, ClaimSpeed, load_seconds, performance
from estimate.price_list import REFERENCE_REGION, price_list
from estimate.product import Use

READS_PER_QUERY = 50
"""Random reads from the indexes for one question, when they are not in memory: an assumption, printed with it all."""
LOG_DAYS = 7
"""Days that log files stay."""
STARTS_A_MONTH = 30
"""How often a pod starts and reads its models: every day."""


@dataclass(frozen=True)
class Load:
    """What is asked of the storage."""

    platform: Platform
    region: str = ""
    """Empty: the region with most known prices."""
    model_gib: float = 15
    """Models that a pod loads."""
    data_gib: int = 30
    """Documents, indexes and conversations; 500 documents took 17 GiB in one report."""
    pods: int = 1
    zones: int = 1
    """Zones with nodes."""
    queries_per_second: float = 1
    log_mb_per_second: float = 0.01
    survives_zone: bool = False
    """Whether everything must still be there after the loss of a zone."""
    outage_minutes: int = 60
    """How long the application may be away when a node is lost."""
    budget: int | None = None
    """A month, in the currency of the platform's price list."""

    @property
    def priced_in(self) -> str:
        """The region of the prices."""
        return self.region or REFERENCE_REGION.get(self.platform, "")

    @property
    def sizes(self) -> Sizes:
        """GiB to keep."""
        logs = self.log_mb_per_second * 86_400 * LOG_DAYS / 1000
        return Sizes(ceil(self.model_gib), self.data_gib, ceil(logs))

    @property
    def use(self) -> Use:
        """What is read and written in a month, for storage that bills it."""
        read = ceil(self.model_gib) * self.pods * STARTS_A_MONTH
        return Use(read_gib=read, written_gib=ceil(self.log_mb_per_second * 86_400 * 30 / 1000) + self.data_gib)


@dataclass(frozen=True)
class Judgement:
    """What the guard says of a choice: names of its rules."""

    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


Check = Callable[[StorageMap, Profile, int], Judgement]
"""The guard: (storage map, profile, pods) -> its judgement. It is given: this folder does not know the guard."""


@dataclass(frozen=True)
class Advice:
    """A choice, judged."""

    choice: Choice
    cost: Sum
    load_seconds: float | None
    """To read the models once; None: not known."""
    index_iops: int | None
    """IOPS of the claim with the indexes; None: not known."""
    reasons: tuple[str, ...]
    """Why it is good; or, when it is left out, every reason why not."""
    guard: Judgement

    @property
    def speed(self) -> float:
        """Seconds to load the models; what is not known is slowest. IOPS above the needed ones count for nothing."""
        return float("inf") if self.load_seconds is None else self.load_seconds


@dataclass(frozen=True)
class Answer:
    """What the advisor says."""

    load: Load
    accepted: tuple[Advice, ...]
    """Best first."""
    rejected: tuple[Advice, ...]

    @property
    def assumptions(self) -> tuple[str, ...]:
        """In words."""
        return (
            f"A question reads {READS_PER_QUERY} times at random from the indexes.",
            f"A pod starts once a day and reads all its models; logs stay {LOG_DAYS} days.",
            "Claims get half as much again as they have to hold.",
            "What depends on use that is not told, as the size of backups, is not in the cost.",
            "The vector server of the profile scaled is one that exists already, or one in the cluster; it is not in "
            "the cost.",
        )


def advise(load: Load, offers: Sequence[Offer], check: Check) -> Answer:
    """Judge every choice that the offers for this load allow."""
    accepted: list[Advice] = []
    rejected: list[Advice] = []
    for choice in choices(load.platform, offers):
        judged, against = _judge(choice, load, check)
        (rejected if against else accepted).append(judged)
    accepted.sort(key=_by_cost if load.budget is None else _by_speed)
    return Answer(load, tuple(accepted), tuple(sorted(rejected, key=_by_cost)))


def _judge(choice: Choice, load: Load, check: Check) -> tuple[Advice, bool]:
    cost, speeds, guard = _facts(choice, load.priced_in, load.use, load.model_gib, load.pods, check)
    seconds = next((s.load_seconds for s in speeds if "models" in s.roles.split(", ")), None)
    index = next((s.speed for s in speeds if "indexes" in s.roles.split(", ")), None)
    iops = index.iops if index else None
    against = tuple(_against(choice, load, cost, speeds, guard))
    reasons = against or tuple(_for(choice, load, seconds))
    return Advice(choice, cost, seconds, iops, reasons, guard), bool(against)


# for whoever asks several times of the same offers, with other targets and budgets
@lru_cache(maxsize=4096)
def _facts(
    choice: Choice, region: str, use: Use, model_gib: float, pods: int, check: Check
) -> tuple[Sum, tuple[ClaimSpeed, ...], Judgement]:
    """What does not depend on targets and budget."""
    prices, bought = price_list(choice.platform), choice.bought()
    cost = total(line for item in bought for line in priced(item, use, prices, region))
    return cost, tuple(performance(bought, model_gib)), check(choice.storage(), choice.profile, pods)


def _against(choice: Choice, load: Load, cost: Sum, speeds: tuple[ClaimSpeed, ...], guard: Judgement) -> Iterator[str]:
    """Every reason to leave it out."""
    yield from (f"the guard refuses it: {rule}" for rule in guard.refusals)
    if load.zones < zones_needed(choice):
        yield f"it needs nodes in {zones_needed(choice)} zones, and there is one"
    survives, lost = survives_zone(choice)
    if load.survives_zone and load.zones < 2:
        yield "the loss of a zone is survived only with nodes in another one"
    elif load.survives_zone and not survives:
        yield f"it does not survive the loss of a zone: {lost}"
    if outage_minutes(choice) > load.outage_minutes:
        yield f"after the loss of a node it is away for about {outage_minutes(choice)} minutes"
    yield from _too_slow(load, speeds)
    yield from _too_dear(load, cost)


def _too_slow(load: Load, speeds: tuple[ClaimSpeed, ...]) -> Iterator[str]:
    needed = load.queries_per_second * READS_PER_QUERY
    for found in speeds:
        roles = found.roles.split(", ")
        if "indexes" in roles and found.speed.iops is not None and found.speed.iops < needed:
            yield f"its indexes get {found.speed.iops} IOPS, and {needed:g} are needed"
        # a MB is smaller than a MiB, so this errs on the safe side
        if "logs" in roles and found.speed.mib_s is not None and found.speed.mib_s < load.log_mb_per_second:
            yield f"its logs get {found.speed.mib_s:.0f} MiB/s, and {load.log_mb_per_second:g} are needed"


def _too_dear(load: Load, cost: Sum) -> Iterator[str]:
    if load.budget is None:
        return
    if cost.known > load.budget:
        yield f"it costs {cost.known:.2f} a month, {cost.known - Decimal(load.budget):.2f} above the budget"
    elif cost.unknown:
        prices = "a price is" if cost.unknown == 1 else f"{cost.unknown} prices are"
        yield f"{prices} not known here, so nobody can say that it is within the budget"


def _for(choice: Choice, load: Load, seconds: float | None) -> Iterator[str]:
    """What speaks for it."""
    if choice.profile == Profile.SCALED:
        away = outage_minutes(choice)
        and_then = f"; without its database it is away for about {away} minutes" if away else ""
        yield f"several pods: those on other nodes go on when a node is lost{and_then}"
    else:
        yield f"one pod on one disk: simple, and back about {outage_minutes(choice)} minutes after its node is lost"
    survives, lost = survives_zone(choice)
    yield "survives the loss of a zone" if survives else f"is lost with its zone, or unknown: {lost}"
    if seconds is not None:
        slow = load_seconds(load.model_gib, ONE_THREAD_MIB_S) or 0
        one_thread = max(slow, seconds)
        yield f"loads {load.model_gib:g} GiB of models in {seconds:.0f} s, with one thread in {one_thread:.0f} s"
    if choice.models is not None:
        yield "models have a file system of their own: loading them does not slow anything else"


def _by_cost(advice: Advice) -> tuple[tuple[int, Decimal], float, str]:
    return _cost(advice), advice.speed, advice.choice.name


def _by_speed(advice: Advice) -> tuple[float, tuple[int, Decimal], str]:
    return advice.speed, _cost(advice), advice.choice.name


def _cost(advice: Advice) -> tuple[int, Decimal]:
    """Cheapest first; where a price is unknown the known part says little, so it comes after the others."""
    return advice.cost.unknown, advice.cost.known
