"""Compares the cost of a plan with that of an earlier one: `--against build/plan/<stack>.json`."""

from pathlib import Path

from pydantic import ValidationError

from plan import collect, stack_file
from plan.document import FORMAT, Against, Changed, Cost, Plan, Sum
from plan.exits import UserError


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
    """The plan with its cost compared to that of an earlier plan, which was read from the file `name`."""
    cost = plan.cost.model_copy(update={"against": against(plan.cost, earlier.cost, name)})
    return plan.model_copy(update={"cost": cost})


def against(now: Cost, before: Cost, name: str) -> Against:
    """The change in cost. It is None between unknown sums and between different currencies."""
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
    """The known cost of a resource: 0 for a resource that does not exist, None when nothing of its cost is known."""
    if found is None:
        return 0.0
    return None if found.unknown and not found.known else found.known
