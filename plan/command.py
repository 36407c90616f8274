"""The command `plan`: run the program without anything, write the plan, show it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from guard.report import Report
from runner import plan as plans
from runner import rows, tables
from runner.analysis import Wanted
from runner.apply import ApplyError
from runner.record import Run, run_program
from runner.stack import StackFile
from stacks import safety

REFUSED, OVER_BUDGET = 2, 3
"""Exit codes."""


def plan(file: StackFile, folder: Path, against: Path | None, console: Console) -> int:
    """Plan a stack; the exit code: 2 for a mandatory policy, 3 above the budget.

    Raises what the program raises, and ApplyError for a file to compare with that is no plan.
    """
    earlier = None if against is None else (against.name, read(against))
    document = make(file, earlier)
    written = plans.write(document, folder)
    console.print(f"Plan of stack {file.name} ({file.settings.platform.value}, {file.settings.profile.value})\n")
    show(document, console)
    console.print(f"{len(document['resources'])} resources; nothing was created. Made by {document['made_by']}.")
    console.print(f"Written: {written[0]} and {written[1]}")
    if any(violation["stops"] for violation in document["policy"]):
        return REFUSED
    return OVER_BUDGET if document["budget"]["verdict"] == "over" else 0


def make(file: StackFile, against: tuple[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """The plan of a stack, as data."""
    reports: list[Report] = []
    with safety.listening(reports.append):
        run = preview(file)
    wanted = Wanted(file.settings.budget, file.settings.estimate, tuple(file.settings.node_zones))
    platform = file.settings.platform.value
    return plans.document(run, file.name, platform, wanted=wanted, reports=reports, against=against)


def preview(file: StackFile) -> Run:
    """Run the program of a stack file with nothing behind it, and keep what it registers."""
    return run_program(
        file.program,
        project=file.project,
        stack=file.name,
        preview=True,
        config=file.config,
        secret_keys=file.secret_keys,
    )


def read(path: Path) -> dict[str, Any]:
    """An earlier plan. Raises ApplyError when it is none, or has no cost in it."""
    try:
        document: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ApplyError(f"--against {path}: cannot be read as a plan: {error}") from None
    if document.get("format") != plans.FORMAT or "cost" not in document:
        raise ApplyError(f"--against {path}: is no plan of format {plans.FORMAT} with a cost; make it with `make plan`")
    return document


def show(document: Mapping[str, Any], console: Console) -> None:
    """The plan in the terminal, within 100 columns."""
    cost = document["cost"]
    console.print(tables.storage(document["storage"], plans.KNOWN_AT_UP))
    console.print(tables.table("Resources", rows.RESOURCES, rows.resources(document)))
    if found := rows.verdicts(document):
        console.print(tables.table("Guard", rows.VERDICTS, found))
    if broken := rows.violations(document):
        console.print(tables.table("Policy", rows.POLICY, broken))
    console.print("[bold]Zones[/bold]")
    for line in document["zones"]["lines"]:
        console.print(f" {line}", markup=False)
    console.print()
    console.print(tables.table("Cost", rows.COST, rows.cost(document)))
    console.print(tables.table("Cost by role", rows.SUMS, rows.sums(cost["by_role"], cost["currency"])))
    console.print(tables.table("Cost by medium", rows.SUMS, rows.sums(cost["by_medium"], cost["currency"])))
    if changed := rows.against(document):
        console.print(tables.table("Cost that changes", ("resource", "before", "after"), changed))
    if less := rows.levers(document):
        console.print(tables.table("What would cost less", rows.LEVERS, less))
    console.print(tables.table("Performance", rows.SPEED, rows.speed(document)))
    console.print(tables.outputs(document["outputs"]))
    for line in rows.warnings(document):
        console.print(f"warning: {line}")
    for line in document["known_at_up"]:
        console.print(f"known at up: {line}")
    for line in rows.total(document):
        console.print(line)
