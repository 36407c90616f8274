"""Makes the plan of a stack from a recorded run of its program: resources, cost, speed and the results of checks."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import policy
from components.contract import Platform
from estimate.cost import ASSUMPTIONS, Estimate, in_reference_region
from estimate.cost import Line as CostLine
from estimate.levers import levers
from estimate.performance import ONE_THREAD_MIB_S, performance
from estimate.price_list import REFERENCE_REGION
from estimate.recognise import Resource as Fact
from guard import reach, zones
from guard.classes import Bound
from guard.twice import Described, described
from plan.document import (
    FORMAT,
    KNOWN_AT_UP,
    SECRET,
    SHOWN_APART,
    Budget,
    ClaimSpeed,
    Cost,
    Lever,
    Line,
    Mount,
    Performance,
    Plan,
    RegionSum,
    Resource,
    Sum,
    Talk,
    Verdict,
    Violation,
    Zones,
)
from plan.lever import meaning
from plan.plain import UNKNOWN_TEXT
from plan.recognised import recognised
from plan.recorder import Registration, Run, StackOutput, run_program
from plan.stack_file import ROOT, StackFile
from stacks import memory, one_object, protected
from stacks.cost import estimated, money, rounded, summary, use
from stacks.facts import facts
from stacks.names import NAMESPACE
from stacks.planned import Planned
from stacks.program import listening
from stacks.settings.estimate import EstimateSettings


def make(file: StackFile, before: Mapping[str, Any] | None = None) -> Plan:
    """The plan of a stack. Raises every error that its program raises.

    `before`: the memory of an earlier plan, in place of the output `memory` that an engine would read.
    """
    return made(file, before)[0]


def made(file: StackFile, before: Mapping[str, Any] | None = None) -> tuple[Plan, Planned]:
    """The plan of a stack, and the stack as its program planned it. Arguments and errors are those of `make`."""
    stacks: list[Planned] = []
    with listening(stacks.append):
        run = preview(file, before)
    return collected(run, file.name, stacks[0], before), stacks[0]


def preview(file: StackFile, before: Mapping[str, Any] | None = None) -> Run:
    """Run the program of a stack file on the recorder, without engine, account or cluster, and return the record."""
    return run_program(
        file.program,
        project=file.project,
        stack=file.name,
        preview=True,
        config=file.config,
        secret_keys=file.secret_keys,
        earlier={memory.OUTPUT: before} if before else {},
    )


def collected(run: Run, stack: str, planned: Planned, before: Mapping[str, Any] | None = None) -> Plan:
    """The plan from a recorded run. `planned`: the stack as the program planned it before its first resource.

    `before`: the memory of an earlier plan.
    """
    made = described_of(run)
    one_object.refuse((one for one in made if UNKNOWN_TEXT not in described(one)), stack)
    protected.refuse(memory.from_plain(before or {}).protected, made, stack)
    settings = planned.settings
    outputs = {name: _shown(output) for name, output in run.outputs.items()}
    told = outputs.get("storage")
    storage: Mapping[str, Any] = told if isinstance(told, dict) else {}
    assumed = settings.estimate
    # The kinds say what is bought. The free resources are recognised among what is registered, with the reason of each.
    free = recognised(resources_of(run), storage, settings.platform, assumed).free
    estimate = replace(estimated(planned), free=free)
    return Plan(
        format=FORMAT,
        stack=stack,
        platform=settings.platform.value,
        made_by="the SDK's mock monitor in preview mode; the real engine was not used",
        resources=resources(run),
        storage={role: Mount.model_validate(mount) for role, mount in storage.items()},
        guard=[Verdict.model_validate(verdict) for verdict in planned.report.verdicts],
        policy=violations(run),
        network=network(run),
        zones=zone_verdict(run, planned.platform.zones(settings), planned.bounds),
        cost=cost(estimate, assumed, planned),
        performance=speed(estimate, assumed),
        budget=budget(estimate, settings.budget),
        outputs={name: value for name, value in outputs.items() if name not in SHOWN_APART},
        warnings=run.warnings,
        known_at_up=known_at_up(run),
        facts=facts(planned),
        changes=[],
        memory=memory.to_plain(replace(memory.now(planned), protected=protected.names(made))),
    )


def described_of(run: Run) -> list[Described]:
    """Everything that a run registers except components, in the form that the guard reads."""
    return [Described(r.type, r.name, r.inputs, r.protect, r.aliases) for r in run.registrations if r.custom]


def resources(run: Run) -> list[Resource]:
    """The resources that a run registers, without components and providers."""
    made = [_resource(run, r) for r in run.registrations if r.custom and not r.type.startswith("pulumi:")]
    # Sorted, so that two plans of one stack are the same text: independent resources register in any order.
    return sorted(made, key=lambda r: (r.component, r.type, r.name))


def resources_of(run: Run) -> list[Fact]:
    """Everything that a run registers except components, in the form that estimate/ reads."""
    return [Fact(r.type, r.name, _components(run, r), r.inputs) for r in run.registrations if r.custom]


def known_at_up(run: Run) -> list[str]:
    """Inputs and outputs whose values only a live account or cluster can give."""
    # Sorted, because independent resources register in any order.
    inputs = sorted(f"{r.name}: {key}" for r in run.registrations for key in r.unknowns)
    return inputs + [
        f"output {name}" for name, output in run.outputs.items() if not output.known and name not in SHOWN_APART
    ]


def violations(run: Run) -> list[Violation]:
    """The violations of the rules in policy/, sorted by rule. Those with an exception are listed with its reason."""
    found = policy.check(run.registrations, policy.project_config(ROOT))
    return [Violation.model_validate(v) for v in sorted(found, key=lambda v: (v.rule, v.name, v.message))]


def zone_verdict(run: Run, known: Iterable[str], classes: Mapping[str, Bound | None]) -> Zones:
    """Where the pods can run, and what the loss of a node or a zone does to them.

    Jobs are left out, because they end by themselves. `known`: zones of the nodes; default: the zones that
    the objects name. `classes`: name of a StorageClass that the cluster has -> what binds its volumes.
    """
    # Sorted, because independent resources register in any order.
    objects = sorted((r for r in run.registrations if r.is_object), key=lambda r: (r.type, r.name))
    lasting = [r.inputs for r in objects if r.inputs["kind"] not in ("Job", "CronJob")]
    nodes = dict.fromkeys(known, zones.NODES_PER_ZONE)
    return Zones.model_validate(zones.verdict(lasting, zones.pool(nodes) if nodes else None, classes))


def network(run: Run) -> list[Talk]:
    """Who may talk to whom, from the network policies that a run registers."""
    # Sorted, because independent resources register in any order.
    objects = sorted((r for r in run.registrations if r.is_object), key=lambda r: (r.type, r.name))
    policies = [r.inputs for r in objects if r.inputs["kind"] == "NetworkPolicy"]
    of_cilium = [r.inputs for r in objects if r.inputs["kind"] == "CiliumNetworkPolicy"]
    return [
        Talk(pods=talk.pods, direction=talk.direction, peer=talk.peer, ports=talk.ports)
        for talk in (*reach.talks(policies), *reach.cilium_talks(of_cilium))
    ]


def cost(found: Estimate, assumed: EstimateSettings, planned: Planned) -> Cost:
    """The monthly cost. Amounts are rounded to cents for display; the sums are made of exact amounts."""
    other = in_reference_region(found, use(assumed))
    prices = {price for line in found.lines if (price := line.price or line.reference) is not None}
    return Cost(
        **summary(found),
        by_resource={key: Sum(**rounded(sum_)) for key, sum_ in found.by(lambda line: line.resource).items()},
        lines=[_line(line, found.platform) for line in found.lines],
        free=dict(sorted(found.free.items())),
        levers=[
            Lever(
                change=f"{_section(lever.claim, found)}.{lever.change}",
                gives_up=lever.gives_up,
                saves=money(lever.saves),
                does=meaning(lever, planned),
            )
            for lever in levers(found)
        ],
        in_reference_region=RegionSum(region=other.region, **rounded(other.total)) if other else None,
        assumptions=list(ASSUMPTIONS),
        sources=sorted({f"{price.date} {price.source}" for price in prices}),
    )


def speed(found: Estimate, assumed: EstimateSettings) -> Performance:
    """The speed of the storage of each claim."""
    model_gib = assumed.model_gib
    return Performance(
        model_gib=model_gib,
        claims=[
            ClaimSpeed(
                claim=item.claim,
                roles=item.roles,
                iops=item.speed.iops,
                mib_s=_rounded(item.speed.mib_s),
                load_seconds=_rounded(item.load_seconds),
                load_seconds_one_thread=_rounded(item.load_seconds_one_thread),
                formula=item.speed.formula,
                source=item.speed.source,
            )
            for item in performance(found.bought, model_gib, assumed.nfs_mib_per_second)
        ],
        assumptions=[
            "These are limits of the storage; the limits of a node can be lower.",
            f"One pod reads {model_gib:g} GiB of models once, from storage that nothing else uses.",
            f"A loader with one thread gets at most {ONE_THREAD_MIB_S:.0f} MiB/s, as measured for safetensors by "
            "run-ai-model-streamer.",
        ],
    )


ENOUGH_PRICES = Decimal("0.9")
"""Least part of the lines that need a known price before a budget counts as checked. Lines that depend on use that the
stack file does not say are not counted: it can say it."""


def budget(found: Estimate, monthly: int | None) -> Budget:
    """Whether the cost is within the budget: `none`, `within`, `over`, `unsure` when a price or use is unknown, or
    `unchecked` when so many prices are unknown that it says nothing."""
    if monthly is None:
        return Budget(monthly=None, verdict="none", text="no budget is given (kotaemon:budget)", not_checked=[])
    sum_ = found.total
    open_ = [f"{line.resource}: {line.what}" for line in found.lines if line.amount is None]
    missing = f"; not checked, as price or use is unknown: {', '.join(open_)}" if open_ else ""
    priced = sum(line.amount is not None for line in found.lines)
    billed = priced + sum_.unknown
    limit = f"the budget of {monthly} {found.currency} a month"
    if sum_.known > monthly:
        text, verdict = f"{money(sum_.known - monthly):.2f} {found.currency} above {limit}{missing}", "over"
    elif sum_.complete:
        text, verdict = f"within {limit}", "within"
    elif priced < ENOUGH_PRICES * billed:
        part = f"a price is known for {priced} of {billed} lines, together {money(sum_.known):.2f} {found.currency}"
        text, verdict = f"{limit} could not be checked: {part}{missing}", "unchecked"
    elif sum_.known:
        part = f"{money(sum_.known):.2f} {found.currency}, {len(found.lines) - len(open_)} of {len(found.lines)} lines"
        text, verdict = f"the known part of the cost ({part}) is within {limit}{missing}", "unsure"
    else:
        text, verdict = f"{limit} could not be checked: no amount is known{missing}", "unsure"
    return Budget(monthly=monthly, verdict=verdict, text=text, not_checked=open_)


def _resource(run: Run, r: Registration) -> Resource:
    meta = r.inputs.get("metadata") or {}
    return Resource(
        component="/".join(_components(run, r)),
        type=r.type,
        kind=r.inputs["kind"] if r.is_object else r.type.rpartition(":")[2],
        name=r.name,
        object="/".join(filter(None, (meta.get("namespace"), meta.get("name")))) if r.is_object else r.name,
        protect=r.protect,
        holds_data=r.retain_on_delete and not r.deleted_with,
    )


def _components(run: Run, r: Registration) -> tuple[str, ...]:
    """Names of the components that contain a resource, outermost first."""
    return tuple(reversed([parent.name for parent in run.parents(r)]))


def _shown(output: StackOutput) -> Any:
    if not output.known:
        return KNOWN_AT_UP
    return SECRET if output.secret else output.value


def _line(line: CostLine, platform: Platform) -> Line:
    price = line.price
    shown = price or line.reference
    return Line(
        resource=line.resource,
        claim=line.claim,
        roles=line.roles,
        medium=line.medium,
        what=line.what,
        quantity=None if line.quantity is None else float(line.quantity),
        unit=shown.unit if shown else "",
        price=float(price.amount) if price else None,
        amount=None if line.amount is None else money(line.amount),
        note=line.note,
        unknown=line.unknown,
        reference_price=float(line.reference.amount) if line.reference else None,
        reference_region=REFERENCE_REGION.get(platform, "") if line.reference else "",
        date=shown.date if shown else "",
        source=shown.source if shown else "",
    )


def _section(claim: str, found: Estimate) -> str:
    """The section of the stack file that a suggestion changes: its claim, or the platform's database."""
    return f"storage.claims.{claim.removeprefix(NAMESPACE + '-')}" if claim else f"{found.platform.value}.database"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
