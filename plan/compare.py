"""A plan beside an earlier one: what changes in money. `--against build/plan/<stack>.json`."""

from pathlib import Path

from pydantic import ValidationError

from plan.document import FORMAT, Against, Changed, Cost, Plan, Sum
from plan.exits import UserError


def read(path: Path) -> Plan:
    """An earlier plan. Raises UserError when the file is none."""
    try:
        return Plan.model_validate_json(path.read_text())
    except OSError as error:
        raise UserError(f"--against {path}: cannot be read as a plan: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = f"{'.'.join(str(part) for part in first['loc'])}: " if first["loc"] else ""
        raise UserError(
            f"--against {path}: is no plan of format {FORMAT}: {where}{first['msg']}; make it with `make plan`"
        ) from None


def beside(plan: Plan, earlier: Plan, name: str) -> Plan:
    """The plan with its cost against that of an earlier plan, which was read from the file `name`."""
    cost = plan.cost.model_copy(update={"against": against(plan.cost, earlier.cost, name)})
    return plan.model_copy(update={"cost": cost})


def against(now: Cost, before: Cost, name: str) -> Against:
    """What changes. Unknown sums and different currencies have no difference."""
    old, new = before.by_resource, now.by_resource
    changed = [
        Changed(resource=key, before=_amount(old.get(key)), after=_amount(new.get(key)))
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    ]
    both = before.currency == now.currency
    return Against(
        file=name,
        before=before.total,
        change=round(now.total.known - before.total.known, 2) if both else None,
        exact=both and all(not (total.unknown or total.by_use) for total in (before.total, now.total)),
        resources=changed,
    )


def _amount(found: Sum | None) -> float | None:
    """What is known of a resource: 0 when there is none of it, None when nothing is known."""
    if found is None:
        return 0.0
    return None if found.unknown and not found.known else found.known
