"""The command line `python -m plan plan|advise`: plan a stack, or ask which storage suits a load."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from plan.exits import EXIT_CODES, ending


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. `arguments`: default those of the process."""
    options = _parser(sys.argv[1:] if arguments is None else arguments).parse_args(arguments)
    return ending(lambda: options.run(options))


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m plan", description="Plan a stack, or ask for advice.", epilog=f"{EXIT_CODES}, 3 over budget."
    )
    commands = parser.add_subparsers(required=True)
    text = "show what the stack would make, without account, cluster or engine"
    command = commands.add_parser("plan", help=text, description=text)
    command.add_argument("--stack", default="dev", help="stack name; the file is Pulumi.<stack>.yaml")
    command.add_argument("--out", type=Path, default=Path("build/plan"), help="folder for the JSON and Markdown")
    command.add_argument("--against", type=Path, help="earlier plan (JSON) or stack file (YAML), to compare with")
    command.set_defaults(run=_plan)
    text = "rank the storage maps that suit a load, and write stack files for the best"
    command = commands.add_parser("advise", help=text, description=text)
    command.set_defaults(run=_advise)
    # The flags follow the model of a load. Importing that model takes a second, so it is imported for this command
    # only.
    if arguments and arguments[0] == "advise":
        from plan import advise

        advise.arguments(command)
    return parser


# Each command imports what it needs, so that a mistake in a stack file is shown within a second, before any SDK is
# loaded.


def _plan(options: argparse.Namespace) -> int:
    from plan import stack_file

    file = stack_file.read(options.stack)
    from plan import command, terminal

    return command.plan(file, options.out, options.against, terminal.console())


def _advise(options: argparse.Namespace) -> int:
    from plan import advise, terminal

    return advise.advise(options, terminal.console())
