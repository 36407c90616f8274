"""The command `plan`: run the program on the recorder, write the plan to files, and show it."""

from pathlib import Path

from rich.console import Console

from plan import collect, compare, terminal
from plan.document import Plan
from plan.exits import OVER_BUDGET, REFUSED
from plan.markdown import markdown
from plan.stack_file import StackFile


def plan(file: StackFile, folder: Path, against: Path | None, console: Console) -> int:
    """Plan a stack and return the exit code: 2 for a refused change or a broken mandatory policy, 3 above the
    budget, or a budget that could not be checked.

    `against`: JSON of an earlier plan to compare with, or an earlier stack file; a change that would leave data behind
    is refused, as an engine that remembers it would. Raises every error that the program raises,
    and UserError when that file is not a plan.
    """
    earlier = None if against is None else compare.read(against)
    made = collect.make(file, earlier.memory if earlier else None)
    if against is not None and earlier is not None:
        made = compare.beside(made, earlier, against.name)
    written = write(made, folder)
    console.print(f"Plan of stack {file.name} ({file.settings.platform.value}, {file.settings.profile.value})\n")
    terminal.show(made, console)
    console.print(f"{len(made.resources)} resources; nothing was created. Made by {made.made_by}.")
    console.print(f"Written: {written[0]} and {written[1]}")
    if compare.refused(made) or any(violation.stops for violation in made.policy):
        return REFUSED
    return OVER_BUDGET if made.budget.verdict in ("over", "unchecked") else 0


def write(plan: Plan, folder: Path) -> tuple[Path, Path]:
    """Write the plan as `<stack>.json` and `<stack>.md` into the folder, and return both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    data, text = folder / f"{plan.stack}.json", folder / f"{plan.stack}.md"
    data.write_text(plan.text)
    text.write_text(markdown(plan))
    return data, text
