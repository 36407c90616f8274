"""Whether the quotas of the account let the stack have what it buys, said in a preview with the number that is missing.

What is there already is counted by the tags of the account's resources, where a quota counts resources: one that never
had a tag is not seen (Resource Groups Tagging API, GetResources), so the number is the least that is used. What this
stack has made is left out by its own tags. Amounts of GiB, TiB and MB/s that others use are not seen: there only a
quota that is smaller than the stack itself is said. `make first-up-check` counts them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pulumi import InvokeOptions, Output

from estimate.product import Product, QuotaUse
from stacks.platforms import asking

QUOTA = "aws:servicequotas/getServiceQuota:getServiceQuota"
TAGGED = "aws:resourcegroupstaggingapi/getResources:getResources"
_KEY = "kotaemon:aws.quotas"


def wanted(products: Iterable[Product]) -> list[QuotaUse]:
    """What the products use up together: one entry for each quota."""
    found: dict[str, QuotaUse] = {}
    for use in (use for product in products for use in product.quotas()):
        amount = use.amount + (found[use.code].amount if use.code in found else 0)
        found[use.code] = use._replace(amount=amount)
    return list(found.values())


def tell(products: Iterable[Product], tags: Mapping[str, str], opts: InvokeOptions) -> None:
    """Warn of each quota that is too small. `tags`: those of the stack."""
    mine = {key: tags[key] for key in ("app", "stack")}
    for use in wanted(products):

        async def lines(_: str, use: QuotaUse = use) -> list[str]:
            try:
                limit = await asking.ask(QUOTA, {"serviceCode": use.service, "quotaCode": use.code}, opts)
                if limit is None:
                    return []  # nobody was asked, as in a plan
                there = await asking.ask(TAGGED, {"resourceTypeFilters": [use.counts]}, opts) if use.counts else None
            except asking.NoAnswer as error:
                return [f"{_KEY}: {use.name} of {use.service} was not read ({error.line})"]
            return list(said(use, float(limit["value"]), _others(there, mine)))

        Output.from_input(use.code).apply(lines).apply(asking.warn)


def said(use: QuotaUse, limit: float, used: int) -> Iterator[str]:
    """What is said of a quota. `used`: how many are there without this stack's own, as far as it is known."""
    missing = used + use.amount - limit
    if missing > 0:
        there = f", at least {used} are there, and the stack has {use.amount:g}" if use.counts else ""
        amount = there or f", and the stack has {use.amount:g}"
        yield (
            f"{_KEY}: {use.name} of {use.service}: the quota is {limit:g}{amount}, so {missing:g} are missing; "
            f"`{request(use, used + use.amount)}` asks for them"
        )


def request(use: QuotaUse, amount: float) -> str:
    """The command that asks AWS for a larger quota."""
    return (
        f"aws service-quotas request-service-quota-increase --service-code {use.service} --quota-code {use.code} "
        f"--desired-value {amount:g}"
    )


def _others(answer: Mapping[str, Any] | None, mine: Mapping[str, str]) -> int:
    listed = (answer or {}).get("resourceTagMappingLists") or []
    return sum(not mine.items() <= (one.get("tags") or {}).items() for one in listed)
