"""A stack on a cluster of the user's own, up and down, with the `pulumi` and the state that the user has."""

import json
import shutil
import subprocess
from typing import Any

from rich.console import Console

from deploy import lines
from plan.exits import UserError
from plan.stack_file import StackFile


def down(file: StackFile, console: Console) -> int:
    """Run `pulumi destroy --exclude-protected`, which asks first, and say what is kept; the exit code.

    The lines that take up again what is kept are written before, from the state as it is then.
    """
    found = lines.kept(resources(file))
    lines.tell(file, found, console)
    command = [_pulumi(file), "destroy", "--exclude-protected", "--stack", file.name]
    # With the user's terminal: the engine shows what it will do, and asks.
    code = subprocess.run(command, cwd=file.path.parent, check=False).returncode
    if code:
        raise UserError(f"pulumi destroy ended with code {code}; run the same again, it goes on where it was")
    console.print(f"Kept: {', '.join(sorted(found))}. The lines above are in {lines.path(file)}", soft_wrap=True)
    console.print(f"Next: `pulumi up --stack {file.name}` makes the rest again.")
    return 0


def up(file: StackFile) -> None:
    """Run `pulumi up`, which shows what it will do, and asks. Raises UserError."""
    code = subprocess.run([_pulumi(file), "up", "--stack", file.name], cwd=file.path.parent, check=False).returncode
    if code:
        raise UserError(f"pulumi up ended with code {code}; run the same again, it goes on where it was")


def resources(file: StackFile) -> list[dict[str, Any]]:
    """What the state of the stack knows, with secrets encrypted. Raises UserError."""
    command = [_pulumi(file), "stack", "export", "--stack", file.name]
    done = subprocess.run(command, cwd=file.path.parent, check=False, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"the state of stack {file.name} cannot be read: {done.stderr.strip()}")
    return json.loads(done.stdout)["deployment"].get("resources") or []


def _pulumi(file: StackFile) -> str:
    found = shutil.which("pulumi")
    if found is None:
        raise UserError(
            f"stack {file.name} is on a cluster of your own, and there is no `pulumi` on PATH that knows its state; "
            "install it (https://www.pulumi.com/docs/install/) and log in to the state's backend"
        )
    return found
