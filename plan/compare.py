"""Compares a plan with an earlier one, `--against build/plan/<stack>.json`: what changes, and what that costs."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from plan import collect, stack_file
from plan.document import FORMAT, Against, Change, Changed, Cost, Plan, Sum
from plan.exits import UserError
from stacks import changes


def read(path: Path) -> Plan:
    """Read an earlier plan, or plan an earlier stack file. Raises UserError when the file is neither."""
    if path.suffix in (".yaml", ".yml"):
        return collect.make(stack_file.read_path(path))
    try:
        return Plan.model_validate_json(path.read_text())
    except OSError as error:
        raise UserError(f"--against {path}: cannot be read as a plan: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = f"{'.'.join(str(part) for part in first['loc'])}: " if first["loc"] else ""
        raise UserError(
            f"--against {path}: is not a plan of format {FORMAT}: {where}{first['msg']}; make it with `make plan`"
        ) from None


def beside(plan: Plan, earlier: Plan, name: str) -> Plan:
    """The plan with its settings and its cost compared to those of an earlier plan, read from the file `name`."""
    found = changes.between(earlier.facts, plan.facts) if earlier.facts else []
    stays = [change.at.subject for change in found if change.refused or change.stays]
    cost = plan.cost.model_copy(update={"against": against(plan.cost, earlier.cost, name, stays)})
    # A plan of an earlier release has no facts.
    silent = [] if earlier.facts else [f"{name} does not say its settings, so only the cost was compared"]
    told = {"cost": cost, "changes": [_change(change) for change in found], "warnings": [*plan.warnings, *silent]}
    return plan.model_copy(update=told)


def refused(plan: Plan) -> bool:
    """Whether the plan changes something that the living storage cannot take."""
    return any(change.does == "refused" for change in plan.changes)


def against(now: Cost, before: Cost, name: str, stays: Sequence[str] = ()) -> Against:
    """The change in cost. It is None between unknown sums and between different currencies.

    `stays`: components that stay as they are, because their change is refused or only for new claims. The difference of
    their prices is no saving and no expense.
    """
    old, new = before.by_resource, now.by_resource
    left_out = [key for key in sorted({*old, *new}) if any(_belongs(key, stay, before, now) for stay in stays)]
    changed = [
        Changed(resource=key, before=_amount(old.get(key)), after=_amount(new.get(key)))
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key) and key not in left_out
    ]
    both = before.currency == now.currency
    difference = now.total.known - before.total.known
    difference -= sum(_known(new.get(key)) - _known(old.get(key)) for key in left_out)
    return Against(
        file=name,
        before=before.total,
        change=round(difference, 2) if both else None,
        exact=both and all(not (total.unknown or total.by_use) for total in (before.total, now.total)),
        resources=changed,
        not_counted=[key for key in left_out if old.get(key) != new.get(key)],
    )


def _belongs(resource: str, component: str, *costs: Cost) -> bool:
    """Whether a resource is of a claim or a store; every resource is of the component \"\", the stack as a whole."""
    lines = [line for cost in costs for line in cost.lines if line.resource == resource]
    if not component or any(line.claim == component for line in lines):
        return True
    return all(not line.claim for line in lines) and resource.startswith(f"{component}-")


def _change(change: changes.Changed) -> Change:
    return Change(
        key=change.key,
        about=change.at.about,
        before=change.shown[0],
        after=change.shown[1],
        does=changes.WORDS[change.row.effect],
        says=change.row.says,
        source=change.row.source,
    )


def _known(found: Sum | None) -> float:
    return found.known if found else 0.0


def _amount(found: Sum | None) -> float | None:
    """The known cost of a resource: 0 for a resource that does not exist, None when nothing of its cost is known."""
    if found is None:
        return 0.0
    return None if found.unknown and not found.known else found.known
