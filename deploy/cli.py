"""`python -m deploy up|down|purge|logs|shell|open`: bring a stack up on the devcluster, look at it, take it down."""

import argparse
from collections.abc import Callable, Sequence

from plan import stack_file, terminal
from plan.exits import EXIT_CODES, ending


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(arguments)
    return ending(lambda: _run(options))


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
        command.add_argument(
            "--json", action="store_true", help="what the engine does, one JSON object a line; all else on stderr"
        )
        command.add_argument(
            "--patience", type=float, metavar="SECONDS", help="for one object to become ready; default: ten minutes"
        )
    for name, text in (
        ("logs", "print what the application says"),
        ("shell", "a shell in the application's container"),
        ("open", "print the address of the application's page, and open it in a browser where there is one"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--stack", default="dev", help="stack name; the file is Pulumi.<stack>.yaml")
        if name == "logs":
            command.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    return parser


def _run(options: argparse.Namespace) -> int:
    file = stack_file.read(options.stack)
    # Only now: a wrong stack file is told in a second, before any SDK and the Kubernetes client are loaded.
    if options.command in ("logs", "shell", "open"):
        return _visit(file, options)
    from deploy import up
    from deploy.kube import answering
    from deploy.progress import Json, Lines

    console = terminal.console(stderr=options.json)
    ways = up.Ways(console, Json() if options.json else Lines(console), options.patience)
    runs: dict[str, Callable[[stack_file.StackFile, up.Ways], int]] = {"up": up.up, "down": up.down, "purge": up.purge}
    with answering():
        return runs[options.command](file, ways)


def _visit(file: stack_file.StackFile, options: argparse.Namespace) -> int:
    from deploy import visit
    from deploy.kube import answering

    console = terminal.console()
    with answering():
        if options.command == "logs":
            return visit.logs(file, console, options.follow)
        return visit.shell(file, console) if options.command == "shell" else visit.open_page(file, console)
