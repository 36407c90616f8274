"""Money, speed and verdicts of a plan, as plain data for its JSON: the bridge from a recorded run to `guard/`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import policy
from components.contract import Platform
from guard import zones
from guard.charges import Use
from guard.cost import ASSUMPTIONS, Estimate, Line, in_reference_region
from guard.levers import levers
from guard.performance import ONE_THREAD_MIB_S, ClaimSpeed, performance
from guard.recognise import Resource
from guard.report import Report
from runner.manifests import is_object
from runner.record import Run
from runner.stack import ROOT
from stacks.cost import estimated, money, rounded, summary, use
from stacks.estimate_settings import EstimateSettings
from stacks.names import NAMESPACE


@dataclass(frozen=True)
class Wanted:
    """What a stack file says about money, speed and place."""

    budget: int | None = None
    assumptions: EstimateSettings | None = None
    zones: tuple[str, ...] = ()
    """Zones of the nodes, where the stack file knows them."""


def sections(run: Run, storage: Mapping[str, Any], platform: Platform, wanted: Wanted) -> dict[str, Any]:
    """`cost`, `performance` and `budget` of a plan."""
    found = estimated(resources_of(run), storage, platform, wanted.assumptions)
    given = wanted.assumptions or EstimateSettings.model_validate({})
    speeds = performance(found.bought, given.model_gib, given.nfs_mib_per_second)
    return {
        "cost": cost(found, use(wanted.assumptions)),
        "performance": speed(speeds, given.model_gib),
        "budget": budget(found, wanted.budget),
    }


def resources_of(run: Run) -> list[Resource]:
    """Everything the program made but components, as facts."""
    return [
        Resource(r.type, r.name, tuple(reversed([parent.name for parent in run.parents(r)])), r.inputs)
        for r in run.registrations
        if r.custom
    ]


def cost(found: Estimate, used: Use) -> dict[str, Any]:
    """The cost as data. Amounts are rounded to cents, sums before that are exact."""
    other = in_reference_region(found, used)
    prices = {line.price for line in found.lines if line.price is not None}
    return {
        **summary(found),
        "by_resource": {key: rounded(sum_) for key, sum_ in found.by(lambda line: line.resource).items()},
        "lines": [_line(line) for line in found.lines],
        "free": dict(sorted(found.free.items())),
        "levers": [
            {
                "change": f"{_section(lever.claim, found.platform)}.{lever.change}",
                "gives_up": lever.gives_up,
                "saves": money(lever.saves),
            }
            for lever in levers(found)
        ],
        "in_reference_region": {"region": other.region, **rounded(other.total)} if other else None,
        "assumptions": list(ASSUMPTIONS),
        "sources": sorted({f"{price.date} {price.source}" for price in prices}),
    }


def speed(speeds: Sequence[ClaimSpeed], model_gib: float) -> dict[str, Any]:
    """The performance as data."""
    return {
        "model_gib": model_gib,
        "claims": [
            {
                "claim": item.claim,
                "roles": item.roles,
                "iops": item.speed.iops,
                "mib_s": _rounded(item.speed.mib_s),
                "load_seconds": _rounded(item.load_seconds),
                "load_seconds_one_thread": _rounded(item.load_seconds_one_thread),
                "formula": item.speed.formula,
                "source": item.speed.source,
            }
            for item in speeds
        ],
        "assumptions": [
            "Limits of the storage; the node's own limits can be lower.",
            f"One pod reads {model_gib:g} GiB of models once, from storage that nobody else uses.",
            f"A loader with one thread gets at most {ONE_THREAD_MIB_S:.0f} MiB/s, as measured for safetensors by "
            "run-ai-model-streamer.",
        ],
    }


def budget(found: Estimate, monthly: int | None) -> dict[str, Any]:
    """Whether the cost is within the budget: `none`, `within`, `over`, or `unsure` where something is unknown."""
    if monthly is None:
        return {"monthly": None, "verdict": "none", "text": "no budget is given (kotaemon:budget)"}
    sum_ = found.total
    limit = f"the budget of {monthly} {found.currency} a month"
    if sum_.known > monthly:
        over = money(sum_.known - monthly)
        return {"monthly": monthly, "verdict": "over", "text": f"{over:.2f} {found.currency} above {limit}"}
    if sum_.complete:
        return {"monthly": monthly, "verdict": "within", "text": f"within {limit}"}
    return {"monthly": monthly, "verdict": "unsure", "text": f"what is known is within {limit}"}


def verdicts(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """The guard's verdicts."""
    return [
        {
            "rule": verdict.rule,
            "severity": verdict.severity.value,
            "role": verdict.role,
            "claim": verdict.claim,
            "message": verdict.message,
            "fix": verdict.fix,
            "source": verdict.source,
            "overridden": verdict.overridden,
        }
        for report in reports
        for verdict in report.verdicts
    ]


def violations(run: Run) -> list[dict[str, Any]]:
    """What the rules of policy/ find, in their order; exceptions are told with their reason."""
    found = policy.check(run.registrations, policy.project_config(ROOT))
    return [
        {
            "rule": violation.rule,
            "level": violation.level.value,
            "type": violation.type,
            "name": violation.name,
            "message": violation.message,
            "excepted": violation.excepted,
            "stops": violation.stops,
        }
        for violation in sorted(found, key=lambda v: (v.rule, v.name, v.message))
    ]


def zone_verdict(run: Run, known: Sequence[str]) -> dict[str, Any]:
    """Where the pods can run, and what the loss of a node or a zone does. A Job is over before a node is lost.

    `known`: zones of the nodes; none: the zones that the objects name.
    """
    # sorted: independent resources register in any order
    objects = sorted((r for r in run.registrations if is_object(r)), key=lambda r: (r.type, r.name))
    lasting = [r.inputs for r in objects if r.inputs["kind"] not in ("Job", "CronJob")]
    return zones.verdict(lasting, zones.pool(dict.fromkeys(known, zones.NODES_PER_ZONE)) if known else None)


def compared(now: Mapping[str, Any], before: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What changes in money against an earlier plan's `cost`. Unknown sums have no difference."""
    old, new = before["by_resource"], now["by_resource"]
    rows = [
        {"resource": key, "before": _amount(old.get(key)), "after": _amount(new.get(key))}
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    ]
    both = before["currency"] == now["currency"]
    return {
        "file": name,
        "before": before["total"],
        "change": round(now["total"]["known"] - before["total"]["known"], 2) if both else None,
        "exact": both and all(not (t["unknown"] or t["by_use"]) for t in (before["total"], now["total"])),
        "resources": rows,
    }


def _amount(found: Mapping[str, Any] | None) -> float | None:
    """What is known of a resource: 0 when there is none of it, None when nothing is known."""
    if found is None:
        return 0.0
    return None if found["unknown"] and not found["known"] else found["known"]


def _line(line: Line) -> dict[str, Any]:
    return {
        "resource": line.resource,
        "claim": line.claim,
        "roles": line.roles,
        "medium": line.medium,
        "what": line.what,
        "quantity": None if line.quantity is None else float(line.quantity),
        "unit": line.price.unit if line.price else "",
        "price": float(line.price.amount) if line.price else None,
        "amount": None if line.amount is None else money(line.amount),
        "note": line.note,
        "unknown": line.unknown,
        "date": line.price.date if line.price else "",
        "source": line.price.source if line.price else "",
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _section(claim: str, platform: Platform) -> str:
    """Where in the stack file a lever is: below its claim, or in the platform's database."""
    return f"storage.claims.{claim.removeprefix(NAMESPACE + '-')}" if claim else f"{platform.value}.database"
