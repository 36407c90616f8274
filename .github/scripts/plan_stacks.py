"""Plans stacks and writes one Markdown file for a comment: `plan_stacks.py STACKS OUT`, STACKS a JSON list.

Needs no account and no secret. Exit code: the highest of the plans (1 invalid, 2 refused, 3 over budget).
"""

import json
import subprocess
import sys
from pathlib import Path

WHY = {0: "fine", 1: "the stack file is wrong", 2: "refused: nothing would be created", 3: "over budget"}


def plan(stack: str, folder: Path) -> tuple[int, str]:
    """Exit code and Markdown of one stack."""
    command = [sys.executable, "-m", "plan", "plan", "--stack", stack, "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    file = folder / f"{stack}.md"
    text = file.read_text() if file.exists() else f"## Plan of stack `{stack}`"
    if done.returncode:
        text += f"\n\n```\n{done.stderr.strip()}\n```"
    return done.returncode, text.strip()


def summary(plans: dict[str, tuple[int, str]]) -> str:
    """One text for all; folded when there are several."""
    if not plans:
        return "No stack is touched by this change."
    head = "\n".join(f"- `{stack}`: {WHY.get(code, f'failed, exit code {code}')}" for stack, (code, _) in plans.items())
    if len(plans) == 1:
        return f"{head}\n\n{next(iter(plans.values()))[1]}"
    folded = [f"<details>\n<summary>{stack}</summary>\n\n{text}\n\n</details>" for stack, (_, text) in plans.items()]
    return "\n\n".join([head, *folded])


def main(arguments: list[str]) -> int:
    """Plan every stack of the first argument; plans and comment go into the folder of the second."""
    folder = Path(arguments[1])
    folder.mkdir(parents=True, exist_ok=True)
    plans = {stack: plan(stack, folder) for stack in json.loads(arguments[0])}
    (folder / "comment.md").write_text(summary(plans) + "\n")
    return max((code for code, _ in plans.values()), default=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
