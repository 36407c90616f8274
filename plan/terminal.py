"""Prints a plan in the terminal, with tables that other commands use as well. Everything fits into 100 columns."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.contract import Role
from plan import rows
from plan.document import KNOWN_AT_UP, SHOWN_APART, Mount, Plan

WIDTH = 100


def show(plan: Plan, console: Console) -> None:
    """Print the whole plan."""
    cost = plan.cost
    console.print(storage(plan.storage, KNOWN_AT_UP))
    console.print(table("Resources", rows.RESOURCES, rows.resources(plan)))
    if found := rows.verdicts(plan):
        console.print(table("Guard", rows.VERDICTS, found))
    if broken := rows.violations(plan):
        console.print(table("Policy", rows.POLICY, broken))
    console.print(Text("Zones", style="bold"))
    for line in plan.zones.lines:
        console.print(f" {line}", markup=False)
    console.print()
    if talks := rows.network(plan):
        console.print(table("Network", rows.NETWORK, talks))
    if settings := rows.changes(plan):
        console.print(table("Changes", rows.CHANGES, settings))
    console.print(table("Cost", rows.COST, rows.cost(plan)))
    console.print(table("Cost by role", rows.SUMS, rows.sums(cost.by_role, cost.currency)))
    console.print(table("Cost by medium", rows.SUMS, rows.sums(cost.by_medium, cost.currency)))
    if changed := rows.against(plan):
        console.print(table("Cost that changes", rows.CHANGED, changed))
    if less := rows.levers(plan):
        console.print(table("What would cost less", rows.LEVERS, less))
    console.print(table("Performance", rows.SPEED, rows.speed(plan)))
    console.print(outputs(plan.outputs))
    for line in rows.warnings(plan):
        console.print(f"warning: {line}", markup=False)
    for line in plan.known_at_up:
        console.print(f"known at up: {line}", markup=False)
    for line in rows.total(plan):
        console.print(line, markup=False)


def console(stderr: bool = False) -> Console:
    """A console that wraps at 100 columns where no terminal says otherwise.

    Brackets in a text are printed as they are.
    """
    found = Console(stderr=stderr, highlight=False, markup=False, soft_wrap=False)
    return found if found.is_terminal else Console(stderr=stderr, highlight=False, markup=False, width=WIDTH)


def table(title: str, head: Sequence[str], body: Sequence[Sequence[Any]]) -> Table:
    """A plain table."""
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, title_style="bold")
    for column in head:
        made.add_column(column, overflow="fold")
    for row in body:
        made.add_row(*(Text(str(c)) for c in row))  # Text, because a value like [secret] is not markup
    return made


def storage(mounts: Mapping[str, Mount], unknown_zone: str) -> Table:
    """The storage table: role, claim, medium, access mode, folder, zones, and what encrypts it."""
    listed = [rows.storage(role.value, mounts[role.value], unknown_zone) for role in Role if role.value in mounts]
    return table("Storage", rows.STORAGE, listed)


def outputs(values: Mapping[str, Any]) -> Table:
    """The stack outputs as a table, without those that are shown in another form."""
    return table("Outputs", ("output", "value"), [(k, v) for k, v in values.items() if k not in SHOWN_APART])
