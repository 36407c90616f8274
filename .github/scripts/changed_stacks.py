"""Prints the stacks that a change touches, as a JSON list: `changed_stacks.py BASE [ALLOWED]`.

A changed stack file touches its stack; changed code of the program touches all of them. ALLOWED: JSON list of the
stacks that may be printed (those with an account), default all.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

FILE = re.compile(r"Pulumi\.([A-Za-z0-9_-]{1,100})\.yaml")
"""Only names that are safe in a matrix, in a file name and on a command line."""
CODE = (
    "components/",
    "stacks/",
    "guard/",
    "estimate/",
    "policy/",
    "plan/",
    "requirements.lock",
    "Pulumi.yaml",
    "__main__.py",
)
"""What can change the plan of any stack."""


def touched(changed: list[str], stacks: list[str]) -> list[str]:
    """Stacks that these files touch."""
    if any(file.startswith(CODE) for file in changed):
        return stacks
    return [stack for stack in stacks if f"Pulumi.{stack}.yaml" in changed]


def main(arguments: list[str]) -> None:
    """Print the list."""
    base, allowed = arguments[0], json.loads(arguments[1]) if len(arguments) > 1 and arguments[1] else None
    # From the merge base: what the base branch got in the meantime is no change of this one.
    command = ["git", "diff", "--name-only", "-z", f"{base}...HEAD"]
    changed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    found = sorted(match[1] for file in Path().glob("Pulumi.*.yaml") if (match := FILE.fullmatch(file.name)))
    stacks = found if allowed is None else [stack for stack in found if stack in allowed]
    print(json.dumps(touched(changed, stacks)))


if __name__ == "__main__":
    main(sys.argv[1:])
