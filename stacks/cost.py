"""The stack output `cost`: the price of everything that the kinds, the stores and the platform say they buy."""

from decimal import Decimal
from typing import Any

from estimate.cost import Estimate, Sum, estimate_bought
from estimate.product import Use
from stacks import prices
from stacks.planned import Planned
from stacks.settings.estimate import EstimateSettings


def output(stack: Planned) -> dict[str, Any]:
    """The value of the stack output `cost`, as `summary` describes it."""
    return summary(estimated(stack))


def estimated(stack: Planned) -> Estimate:
    """The monthly cost of a planned stack, line by line."""
    settings = stack.settings
    region = stack.platform.region(settings)
    return estimate_bought(stack.bought, settings.platform, region, use(settings.estimate), prices.of(settings))


def use(assumed: EstimateSettings | None) -> Use:
    """The use that the stack file assumes, for costs that depend on it."""
    given = assumed or EstimateSettings.model_validate({})
    return Use(read_gib=given.read_gib, written_gib=given.written_gib, backup_gib=given.backup_gib)


def summary(found: Estimate) -> dict[str, Any]:
    """The cost as plain data: `currency`, `region` (empty on private) and monthly sums `total`, `by_role`, `by_medium`.

    A sum has its known amount in `known`, rounded to cents, and the number of lines that are not in it: `unknown` (the
    price is not known) and `by_use` (the stack file does not say the use).
    """
    return {
        "currency": found.currency,
        "region": found.region,
        "total": rounded(found.total),
        "by_role": {key: rounded(sum_) for key, sum_ in found.by(lambda line: line.roles).items()},
        "by_medium": {key: rounded(sum_) for key, sum_ in found.by(lambda line: line.medium).items()},
    }


def rounded(found: Sum) -> dict[str, Any]:
    """A sum as plain data. Its amount is rounded to cents only here."""
    return {"known": money(found.known), "unknown": found.unknown, "by_use": found.by_use}


def money(amount: Decimal) -> float:
    """An amount rounded to cents."""
    return float(round(amount, 2))
