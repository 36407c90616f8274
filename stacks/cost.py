"""The stack output `cost`: what the kinds, the stores and the platform say that they buy, priced."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from components.contract import Platform, Role
from estimate.cost import Estimate, Mount, Sum, estimate, estimate_bought
from estimate.product import Use
from estimate.recognise import Resource
from stacks.planned import Planned
from stacks.settings.estimate import EstimateSettings

PROVIDERS = {Platform.AWS: "pulumi:providers:aws", Platform.ALICLOUD: "pulumi:providers:alicloud"}


def output(stack: Planned) -> dict[str, Any]:
    """A month's cost: see `summary`."""
    return summary(expected(stack))


def expected(stack: Planned) -> Estimate:
    """The cost of a planned stack, line by line."""
    settings = stack.settings
    region = stack.platform.region(settings)
    return estimate_bought(stack.bought, settings.platform, region, use(settings.estimate))


def estimated(
    resources: Iterable[Resource], storage: Mapping[str, Any], platform: Platform, assumed: EstimateSettings | None
) -> Estimate:
    """The cost of a program's custom resources, with the storage map of its outputs."""
    all_ = list(resources)
    billed = [r for r in all_ if not r.type.startswith("pulumi:")]
    return estimate(billed, mounts(storage), platform, _region(all_, platform), use(assumed))


def use(assumed: EstimateSettings | None) -> Use:
    """What the stack file assumes of use that costs depend on."""
    given = assumed or EstimateSettings.model_validate({})
    return Use(read_gib=given.read_gib, written_gib=given.written_gib, backup_gib=given.backup_gib)


def mounts(storage: Mapping[str, Any]) -> list[Mount]:
    """The claims of a storage map, with their roles in the order of Role."""
    claims: dict[str, list[str]] = {}
    for role in Role:
        if role.value in storage:
            claims.setdefault(storage[role.value]["claim"], []).append(role.value)
    first = {name: storage[roles[0]] for name, roles in claims.items()}
    return [
        Mount(name, tuple(roles), first[name]["medium"], int(first[name]["size_gib"])) for name, roles in claims.items()
    ]


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


def _region(resources: Iterable[Resource], platform: Platform) -> str:
    found = [str(r.inputs["region"]) for r in resources if r.type == PROVIDERS.get(platform)]
    return found[0] if found else ""
