"""`python -m runner up|down|purge|plan|advise|drill|drill-node`: what the Makefile calls.

Exit codes: 0 fine, 1 the stack file is wrong or something failed, 2 refused by the guard or a policy,
3 over budget.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pulumi
from rich.console import Console
from urllib3.exceptions import HTTPError

from devcluster.errors import DevclusterError
from policy import ConfigError
from runner import tables
from runner.apply import ApplyError
from runner.kube import Refused
from runner.ready import NotReady

USER_ERRORS = (pulumi.RunError, DevclusterError, ApplyError, NotReady, Refused, ConfigError)
"""Errors whose message says all; anything else is a defect of ours and keeps its traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = _parser(sys.argv[1:] if arguments is None else arguments).parse_args(arguments)
    console = tables.console()
    try:
        return options.run(options, console)
    except USER_ERRORS as error:
        sys.stderr.write(f"error: {error}\n")
        return getattr(error, "exit_code", 1)
    except HTTPError as error:
        # The message of the innermost error has no address of a Python object in it.
        sys.stderr.write(f"error: the API server does not answer any more ({_innermost(error)}); run the same again\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; run the same command again to go on from here\n")
        return 130


def _innermost(error: BaseException) -> str:
    while isinstance(inner := getattr(error, "reason", None) or error.__cause__, BaseException):
        error = inner
    return str(error).rpartition(": ")[2]


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
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
            command.add_argument("--against", type=Path, help="JSON of an earlier plan, to compare the cost with")
    _add_drills(commands)
    text = "storage maps that suit a load, ranked, as stack files ready to use"
    command = commands.add_parser("advise", help=text, description=text)
    command.set_defaults(run=_advise)
    # The flags follow the model of a load, and importing that takes a second: only when it is asked for.
    if arguments and arguments[0] == "advise":
        from runner import advise

        advise.arguments(command)
    return parser


def _add_drills(commands: Any) -> None:
    text = "lose nodes, drain, roll out, interrupt: on devclusters of their own, under a chatting session"
    command = commands.add_parser("drill", help=text, description=text)
    command.add_argument("--full", action="store_true", help="half an hour; writes docs/test-record.md")
    command.set_defaults(run=_drill)
    text = "bring the stack up on the devcluster, lose the node of its pod, and say what comes back and when"
    command_node = commands.add_parser("drill-node", help=text, description=text)
    command_node.add_argument("--stack", default="dev", help="stack name; the file is Pulumi.<stack>.yaml")
    command_node.add_argument(
        "--fencing",
        choices=("none", "taint", "outside"),
        default="none",
        help="taint: set out-of-service once the node is lost; outside: watch an automation of your own do so",
    )
    command_node.set_defaults(run=_drill_node)
    for made in (command, command_node):
        made.add_argument("--seed", type=int, default=1, help="chooses the random moments")


# Each command imports what it needs: a wrong stack file is told in a second, before any SDK is loaded.


def _plan(options: argparse.Namespace, console: Console) -> int:
    from runner import planning, stack

    return planning.plan(stack.read(options.stack), options.out, options.against, console)


def _advise(options: argparse.Namespace, console: Console) -> int:
    from runner import advise

    return advise.advise(options, console)


def _up(options: argparse.Namespace, console: Console) -> int:
    from runner import stack, up

    return up.up(stack.read(options.stack), console)


def _down(options: argparse.Namespace, console: Console) -> int:
    from runner import stack, up

    return up.down(stack.read(options.stack), console)


def _purge(options: argparse.Namespace, console: Console) -> int:
    from runner import stack, up

    return up.purge(stack.read(options.stack), console)


def _drill(options: argparse.Namespace, console: Console) -> int:
    from drills import command

    return command.drill(options.full, options.seed, console)


def _drill_node(options: argparse.Namespace, console: Console) -> int:
    from drills import command
    from drills.node_loss import Fencing
    from runner import stack

    fencing = Fencing[options.fencing.upper()]
    return command.drill_node(stack.read(options.stack), fencing, options.seed, console)
