"""Bring a stack up with the program of an earlier release, in a process of its own: its modules have the names of ours.

Run with the folder of that release as the working directory; standard input says how the engine is reached.
"""

import json
import sys
from pathlib import Path

from pulumi import automation as auto


def main() -> None:
    """One `up`."""
    given = json.load(sys.stdin)
    sys.path.insert(0, str(Path.cwd()))
    from stacks import program  # of the earlier release

    command = auto.PulumiCommand(root=given["root"], skip_version_check=True)
    options = auto.LocalWorkspaceOptions(
        work_dir=given["work"], program=program.main, pulumi_command=command, env_vars=given["environment"]
    )
    stack = auto.Stack.create_or_select(given["stack"], auto.LocalWorkspace(**vars(options)))
    stack.up(color="never")


if __name__ == "__main__":
    main()
