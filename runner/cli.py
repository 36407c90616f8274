"""`python -m runner up|down|plan`: what the Makefile calls.

Exit codes: 0 fine, 1 the stack file is wrong or something failed, 2 refused by the guard, 3 over budget.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pulumi
from rich.console import Console

from devcluster.errors import DevclusterError
from runner import tables
from runner.apply import ApplyError
from runner.kube import Refused
from runner.ready import NotReady

USER_ERRORS = (pulumi.RunError, DevclusterError, ApplyError, NotReady, Refused)
"""Errors whose message says all; anything else is a defect of ours and keeps its traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(arguments)
    console = tables.console()
    try:
        return options.run(options, console)
    except USER_ERRORS as error:
        sys.stderr.write(f"error: {error}\n")
        return getattr(error, "exit_code", 1)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; run the same command again to go on from here\n")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m runner", description="Plan a stack, or run it on the devcluster.")
    commands = parser.add_subparsers(required=True)
    for name, run, text in (
        ("plan", _plan, "what the stack would make: no account, no cluster, no engine"),
        ("up", _up, "bring the devcluster to what the stack file says"),
        ("down", _down, "remove what `up` made, keep the data, stop the devcluster"),
        ("purge", _purge, "delete the devcluster of the stack with all that `down` kept"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--stack", default="dev", help="stack name; the file is Pulumi.<stack>.yaml")
        command.set_defaults(run=run)
        if name == "plan":
            command.add_argument(
                "--out", type=Path, default=Path("build/plan"), help="folder for the JSON and Markdown"
            )
    return parser


# Each command imports what it needs: a wrong stack file is told in a second, before any SDK is loaded.


def _plan(options: argparse.Namespace, console: Console) -> int:
    from runner import plan, stack
    from runner.record import run_program

    file = stack.read(options.stack)
    run = run_program(
        file.program,
        project=file.project,
        stack=file.name,
        preview=True,
        config=file.config,
        secret_keys=file.secret_keys,
    )
    document = plan.document(run, file.name, file.settings.platform.value)
    written = plan.write(document, options.out)
    console.print(f"Plan of stack {file.name} ({file.settings.platform.value}, {file.settings.profile.value})\n")
    console.print(tables.storage(document["storage"], plan.KNOWN_AT_UP))
    console.print(tables.resources(document["resources"]))
    console.print(tables.outputs(document["outputs"]))
    for line in document["warnings"]:
        console.print(f"warning: {line}")
    for line in document["known_at_up"]:
        console.print(f"known at up: {line}")
    console.print(f"{len(document['resources'])} resources; nothing was created. Made by {document['made_by']}.")
    console.print(f"Written: {written[0]} and {written[1]}")
    return 0


def _up(options: argparse.Namespace, console: Console) -> int:
    from runner import stack, up

    return up.up(stack.read(options.stack), console)


def _down(options: argparse.Namespace, console: Console) -> int:
    from runner import stack, up

    return up.down(stack.read(options.stack), console)


def _purge(options: argparse.Namespace, console: Console) -> int:
    from runner import stack, up

    return up.purge(stack.read(options.stack), console)
