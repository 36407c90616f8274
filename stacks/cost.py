"""The stack output `cost`: what the kinds, the stores and the platform say that they buy, priced."""

from decimal import Decimal
from typing import Any

from estimate.cost import Estimate, Sum, estimate_bought
from estimate.product import Use
from stacks.planned import Planned
from stacks.settings.estimate import EstimateSettings


def output(stack: Planned) -> dict[str, Any]:
    """A month's cost: see `summary`."""
    return summary(estimated(stack))


def estimated(stack: Planned) -> Estimate:
    """The cost of a planned stack, line by line."""
    settings = stack.settings
    region = stack.platform.region(settings)
    return estimate_bought(stack.bought, settings.platform, region, use(settings.estimate))


def use(assumed: EstimateSettings | None) -> Use:
    """What the stack file assumes of use that costs depend on."""
    given = assumed or EstimateSettings.model_validate({})
    return Use(read_gib=given.read_gib, written_gib=given.written_gib, backup_gib=given.backup_gib)


def summary(found: Estimate) -> dict[str, Any]:
    """`currency`, `region` (empty on private), and sums a month: `total`, `by_role`, `by_medium`.

    A sum has `known` (rounded to cents), and the number of lines that are not in it: `unknown` (nobody here knows the
    price) and `by_use` (the use was not told).
    """
    return {
        "currency": found.currency,
        "region": found.region,
        "total": rounded(found.total),
        "by_role": {key: rounded(sum_) for key, sum_ in found.by(lambda line: line.roles).items()},
        "by_medium": {key: rounded(sum_) for key, sum_ in found.by(lambda line: line.medium).items()},
    }


def rounded(found: Sum) -> dict[str, Any]:
    """A sum as data. Amounts are rounded to cents; sums before that are exact."""
    return {"known": money(found.known), "unknown": found.unknown, "by_use": found.by_use}


def money(amount: Decimal) -> float:
    """Rounded to cents."""
    return float(round(amount, 2))
