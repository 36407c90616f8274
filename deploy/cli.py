"""`python -m deploy up|down|purge`: bring a stack up on the devcluster, and take it down."""

import argparse
from collections.abc import Callable, Sequence

from rich.console import Console

from plan import stack_file, terminal
from plan.exits import EXIT_CODES, ending
from plan.stack_file import StackFile


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(arguments)
    return ending(lambda: _run(options.command, options.stack))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy", description="Run a stack on the devcluster.", epilog=f"{EXIT_CODES}."
    )
    commands = parser.add_subparsers(required=True, dest="command")
    for name, text in (
        ("up", "bring the devcluster to what the stack file says"),
        ("down", "remove what `up` made, keep the data, stop the devcluster"),
        ("purge", "delete the devcluster of the stack with all that `down` kept"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--stack", default="dev", help="stack name; the file is Pulumi.<stack>.yaml")
    return parser


def _run(command: str, stack: str) -> int:
    file = stack_file.read(stack)
    # Only now: a wrong stack file is told in a second, before any SDK and the Kubernetes client are loaded.
    from deploy import up
    from deploy.kube import answering

    runs: dict[str, Callable[[StackFile, Console], int]] = {"up": up.up, "down": up.down, "purge": up.purge}
    with answering():
        return runs[command](file, terminal.console())
