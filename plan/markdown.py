"""A plan as Markdown, for a comment on a pull request."""

from collections.abc import Sequence

from plan import rows
from plan.document import KNOWN_AT_UP, Mount, Plan


def markdown(plan: Plan) -> str:
    """The whole plan as Markdown. Long tables are folded."""
    storage = [rows.storage(role, mount, KNOWN_AT_UP) for role, mount in plan.storage.items()]
    outputs = [(name, f"`{value}`") for name, value in plan.outputs.items()]
    parts = [
        f"## Plan of stack `{plan.stack}` ({plan.platform})",
        f"{len(plan.resources)} resources. Made by {plan.made_by}.",
        " ".join(rows.total(plan)),
        "### Storage",
        table(rows.STORAGE, storage),
        "```mermaid\n" + picture(plan) + "\n```",
        *_changes(plan),
        *_guard(plan),
        *_cost(plan),
        *_speed(plan),
        folded(f"Resources ({len(plan.resources)})", table(rows.RESOURCES, rows.resources(plan))),
        "### Outputs",
        table(("output", "value"), outputs),
    ]
    if warnings := rows.warnings(plan):
        parts += ["### Warnings", _list(warnings)]
    if plan.known_at_up:
        parts += [folded(f"Known at up ({len(plan.known_at_up)})", _list(plan.known_at_up))]
    return "\n\n".join(parts) + "\n"


def _changes(plan: Plan) -> list[str]:
    found = rows.changes(plan)
    return ["### Changes", table(rows.CHANGES, found)] if found else []


def _guard(plan: Plan) -> list[str]:
    found = rows.verdicts(plan)
    said = table(rows.VERDICTS, found) if found else "The guard found nothing."
    parts = ["### Guard", said]
    if broken := rows.violations(plan):
        parts += ["### Policy", table(rows.POLICY, broken)]
    parts += ["### Zones", _list(plan.zones.lines)]
    talks = rows.network(plan)
    return [*parts, folded("Who may talk to whom", table(rows.NETWORK, talks))] if talks else parts


def _cost(plan: Plan) -> list[str]:
    cost, currency = plan.cost, plan.cost.currency
    parts = ["### Cost", table(("roles", "a month"), rows.sums(cost.by_role, currency))]
    parts.append(table(("medium", "a month"), rows.sums(cost.by_medium, currency)))
    if levers := rows.levers(plan):
        parts += ["What would cost less:", table(rows.LEVERS, levers)]
    if cost.against and (changed := rows.against(plan)):
        parts += [f"Against {cost.against.file}:", table(rows.CHANGED, changed)]
    unknown = [f"{line.resource}, {line.what}: {line.unknown}" for line in cost.lines if line.unknown]
    parts.append(folded("Every line", table(rows.COST, rows.cost(plan))))
    if unknown:
        parts.append(folded(f"Unknown ({len(unknown)})", _list(unknown)))
    free = [f"{kind}: {reason}" for kind, reason in cost.free.items()]
    parts.append(folded("Free, assumptions and sources", _list([*free, *cost.assumptions, *cost.sources])))
    return parts


def _speed(plan: Plan) -> list[str]:
    speed = plan.performance
    return [
        "### Performance",
        table(rows.SPEED, rows.speed(plan)),
        folded("Formulas and assumptions", _list([*rows.formulas(plan), *speed.assumptions])),
    ]


def folded(title: str, text: str) -> str:
    """A part that is folded under its title."""
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *body]
    return "\n".join("| " + " | ".join(str(c).replace("|", "\\|") for c in line) + " |" for line in lines)


def picture(plan: Plan) -> str:
    """The storage map as a Mermaid diagram."""
    pods = f'pods["Kotaemon pods in {plan.outputs.get("namespace", "")}"]'
    lines = ["flowchart LR", f'  users(["users"]) --> {pods}']
    claims: dict[str, Mount] = {}
    for role, mount in plan.storage.items():
        claims[mount.claim] = mount
        lines.append(f"  pods -- {role}{' (read-only)' if mount.read_only else ''} --> {_id(mount.claim)}")
    for claim, mount in claims.items():
        lines.append(f'  {_id(claim)}[("{claim}<br/>{mount.medium}, {mount.access_mode}, {mount.size_gib} GiB")]')
    return "\n".join(lines)


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _id(claim: str) -> str:
    return "c_" + claim.replace("-", "_").replace(".", "_")
