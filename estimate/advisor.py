"""From a load to ranked storage maps, with the reason for each of them and for every one that is left out.

Without a budget the cheapest choice that meets the targets comes first. With a budget the fastest choice within it
comes first, so that a larger budget never gives a slower plan.
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
from estimate.price_list import REFERENCE_REGION, PriceList, price_list
from estimate.product import Use

READS_PER_QUERY = 50
"""Random reads from the indexes for one question when they are not in memory: an assumption, printed with every
answer."""
LOG_DAYS = 7
"""Days for which log files are kept."""
STARTS_A_MONTH = 30
"""How often a pod starts and reads its models in a month: once a day."""


@dataclass(frozen=True)
class Load:
    """What the storage has to hold, how fast it must be, and what it must survive."""

    platform: Platform
    region: str = ""
    """Region of the cloud. Empty: the region with the most known prices."""
    model_gib: float = 15
    """Size in GiB of the models that a pod loads."""
    data_gib: int = 30
    """GiB of documents, indexes and conversations; 500 documents took 17 GiB in one report."""
    pods: int = 1
    zones: int = 1
    """Number of zones that have nodes."""
    queries_per_second: float = 1
    log_mb_per_second: float = 0.01
    survives_zone: bool = False
    """Whether no data may be lost with a zone."""
    outage_minutes: int = 60
    """Minutes for which the application may be down after the loss of a node."""
    budget: int | None = None
    """The most that storage may cost in a month, in the currency of the platform's price list. None: no limit."""

    @property
    def priced_in(self) -> str:
        """The region whose prices are used."""
        return self.region or REFERENCE_REGION.get(self.platform, "")

    @property
    def sizes(self) -> Sizes:
        """GiB that have to be kept."""
        logs = self.log_mb_per_second * 86_400 * LOG_DAYS / 1000
        return Sizes(ceil(self.model_gib), self.data_gib, ceil(logs))

    @property
    def use(self) -> Use:
        """GiB read and written in a month, for storage that bills them."""
        read = ceil(self.model_gib) * self.pods * STARTS_A_MONTH
        return Use(read_gib=read, written_gib=ceil(self.log_mb_per_second * 86_400 * 30 / 1000) + self.data_gib)


@dataclass(frozen=True)
class Judgement:
    """What the guard says about a choice: the names of the rules that refuse it or warn about it."""

    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


Check = Callable[[StorageMap, Profile, int], Judgement]
"""The guard: (storage map, profile, pods) -> its judgement. The caller gives it, as this folder does not import
guard/."""


@dataclass(frozen=True)
class Advice:
    """A choice, with its cost, its speed, and the reasons for it or against it."""

    choice: Choice
    cost: Sum
    load_seconds: float | None
    """Seconds to read the models once; None when it is not known."""
    index_iops: int | None
    """IOPS of the claim with the indexes; None when they are not known."""
    reasons: tuple[str, ...]
    """Why the choice is good. Of a choice that is left out: every reason against it."""
    guard: Judgement

    @property
    def speed(self) -> float:
        """Seconds to load the models.

        An unknown speed counts as slowest, and IOPS above the needed ones do not count.
        """
        return float("inf") if self.load_seconds is None else self.load_seconds


@dataclass(frozen=True)
class Answer:
    """The advice for a load: the accepted choices, those left out, and the assumptions."""

    load: Load
    accepted: tuple[Advice, ...]
    """The accepted choices, best first."""
    rejected: tuple[Advice, ...]
    currency: str = ""
    """ISO code of the currency of all amounts. Empty on platform private."""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the answer assumes, in sentences."""
        return (
            f"A question reads {READS_PER_QUERY} times at random from the indexes.",
            f"A pod starts once a day and reads all its models; logs stay {LOG_DAYS} days.",
            "The size of a claim is 1.5 times what it has to hold.",
            "Costs that depend on unknown use, such as the size of backups, are not included.",
            "The vector server of the profile scaled exists already or runs in the cluster; its cost is not included.",
        )


def advise(load: Load, offers: Sequence[Offer], check: Check, prices: PriceList | None = None) -> Answer:
    """Judge every choice that the offers for this load allow. `prices`: default the platform's price list."""
    wanted = price_list(load.platform) if prices is None else prices
    accepted: list[Advice] = []
    rejected: list[Advice] = []
    for choice in choices(load.platform, offers):
        judged, against = _judge(choice, load, check, wanted)
        (rejected if against else accepted).append(judged)
    accepted.sort(key=_by_cost if load.budget is None else _by_speed)
    return Answer(load, tuple(accepted), tuple(sorted(rejected, key=_by_cost)), wanted.currency)


def _judge(choice: Choice, load: Load, check: Check, prices: PriceList) -> tuple[Advice, bool]:
    cost, speeds, guard = _facts(choice, prices, load.priced_in, load.use, load.model_gib, load.pods, check)
    seconds = next((s.load_seconds for s in speeds if "models" in s.roles.split(", ")), None)
    index = next((s.speed for s in speeds if "indexes" in s.roles.split(", ")), None)
    iops = index.iops if index else None
    against = tuple(_against(choice, load, cost, speeds, guard))
    reasons = against or tuple(_for(choice, load, seconds))
    return Advice(choice, cost, seconds, iops, reasons, guard), bool(against)


# Cached for callers that ask for the same offers several times, with other targets and budgets.
@lru_cache(maxsize=4096)
def _facts(
    choice: Choice, prices: PriceList, region: str, use: Use, model_gib: float, pods: int, check: Check
) -> tuple[Sum, tuple[ClaimSpeed, ...], Judgement]:
    """What is known of a choice whatever the targets and the budget are: cost, speed and the guard's judgement."""
    bought = choice.bought()
    cost = total(line for item in bought for line in priced(item, use, prices, region))
    return cost, tuple(performance(bought, model_gib)), check(choice.storage(), choice.profile, pods)


def _against(choice: Choice, load: Load, cost: Sum, speeds: tuple[ClaimSpeed, ...], guard: Judgement) -> Iterator[str]:
    """Every reason to leave a choice out."""
    yield from (f"the guard refuses it: {rule}" for rule in guard.refusals)
    if load.zones < zones_needed(choice):
        yield f"it needs nodes in {zones_needed(choice)} zones, and there is one"
    survives, lost = survives_zone(choice)
    if load.survives_zone and load.zones < 2:
        yield "the loss of a zone is survived only with nodes in another one"
    elif load.survives_zone and not survives:
        yield f"data is lost or out of reach with a zone: {lost}"
    if outage_minutes(choice) > load.outage_minutes:
        yield f"after the loss of a node the application is down for about {outage_minutes(choice)} minutes"
    yield from _too_slow(load, speeds)
    yield from _too_dear(load, cost)


def _too_slow(load: Load, speeds: tuple[ClaimSpeed, ...]) -> Iterator[str]:
    needed = load.queries_per_second * READS_PER_QUERY
    for found in speeds:
        roles = found.roles.split(", ")
        if "indexes" in roles and found.speed.iops is not None and found.speed.iops < needed:
            yield f"its indexes get {found.speed.iops} IOPS, and {needed:g} are needed"
        # MB are smaller than MiB, so this comparison errs on the safe side.
        if "logs" in roles and found.speed.mib_s is not None and found.speed.mib_s < load.log_mb_per_second:
            yield f"its logs get {found.speed.mib_s:.0f} MiB/s, and {load.log_mb_per_second:g} are needed"


def _too_dear(load: Load, cost: Sum) -> Iterator[str]:
    if load.budget is None:
        return
    if cost.known > load.budget:
        yield f"it costs {cost.known:.2f} a month, {cost.known - Decimal(load.budget):.2f} above the budget"
    elif cost.unknown:
        prices = "a price is" if cost.unknown == 1 else f"{cost.unknown} prices are"
        yield f"{prices} not known, so it may cost more than the budget"


def _for(choice: Choice, load: Load, seconds: float | None) -> Iterator[str]:
    """The reasons for a choice."""
    if choice.profile == Profile.SCALED:
        away = outage_minutes(choice)
        and_then = f"; without its database the application is down for about {away} minutes" if away else ""
        yield f"several pods: those on other nodes keep running when a node is lost{and_then}"
    else:
        away = outage_minutes(choice)
        yield f"one pod on one disk: simple, and running again about {away} minutes after the loss of its node"
    survives, lost = survives_zone(choice)
    yield "survives the loss of a zone" if survives else f"may not survive the loss of a zone: {lost}"
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
    """Sorts the cheapest first.

    A cost with unknown prices comes after all others, because its known part says little.
    """
    return advice.cost.unknown, advice.cost.known
