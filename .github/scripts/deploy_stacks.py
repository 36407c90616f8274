"""Prints the stacks to deploy, as a JSON list, in the order of ALLOWED.

ASKED (of a person): that one. Else those that the push touched since BEFORE; all of them when BEFORE is not known.
"""

import json
import os
import subprocess
import sys

from changed_stacks import touched

NOTHING = "0" * 40
"""What GitHub gives for the first push of a branch."""


def main() -> None:
    """Print the list."""
    allowed: list[str] = json.loads(os.environ["ALLOWED"])
    asked, before = os.environ.get("ASKED", ""), os.environ.get("BEFORE", "")
    if asked:
        if asked not in allowed:
            sys.exit(f"error: the stack {asked!r} is not in DEPLOY_STACKS: {', '.join(allowed)}")
        chosen = [asked]
    elif before in ("", NOTHING):
        chosen = allowed
    else:
        command = ["git", "diff", "--name-only", "-z", before, "HEAD"]
        changed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
        chosen = touched(changed, allowed)
    print(json.dumps(chosen))


if __name__ == "__main__":
    main()
