"""`python -m deploy up|down|kept|purge|move|logs|shell|open`: bring a stack up, look at it, move it, take it down;
`first-up-check` asks its account before."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

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
        ("down", "remove what `up` made, keep the data; on the devcluster, stop it"),
        ("kept", "print the lines of the stack file that take up again what is kept"),
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
    text = "ask the stack's account, by calls that only read, what a first `up` assumes; writes the text of an issue"
    command = commands.add_parser("first-up-check", help=text, description=text)
    command.add_argument("--stack", default="dev", help="stack name; the file is Pulumi.<stack>.yaml")
    command.add_argument("--out", type=Path, default=Path("build/first-up"), help="folder for the text")
    _add_move(commands)
    _add_convert(commands)
    return parser


def _add_move(commands: Any) -> None:
    text = "move the data of a role to another claim of the stack file"
    command = commands.add_parser("move", help=text, description=text)
    command.add_argument("--stack", default="dev", help="stack name; the file is Pulumi.<stack>.yaml")
    command.add_argument("--role", required=True, help="the role: models, indexes, sessions, uploads, logs or eval")
    command.add_argument("--to", required=True, help="name of the new claim in the stack file")
    command.add_argument("--folder", default="", help="folder on the new claim; default: that of the role")
    command.add_argument("--back", action="store_true", help="take a move back that has not ended")
    command.add_argument("--write", action="store_true", help="write the lines of the move into the stack file")
    command.add_argument("--up", action="store_true", help="with --write: run `up` at once, and count the seconds")
    command.add_argument("--yes", action="store_true", help="move without a question")
    command.add_argument("--keep-days", type=int, default=30, metavar="N", help="days that the old claim is kept")


def _add_convert(commands: Any) -> None:
    text = "take what the profile single-writer has in files into the stores of the profile scaled, or back"
    command = commands.add_parser("convert", help=text, description=text)
    command.add_argument("--stack", default="dev", help="stack name; the file is Pulumi.<stack>.yaml")
    command.add_argument("--claim", required=True, help="the PersistentVolumeClaim that has, or gets, the files")
    command.add_argument("--to", choices=("scaled", "single-writer"), default="scaled", help="who has it afterwards")
    command.add_argument("--aside", action="store_true", help="move aside what a first start of the stores has made")
    command.add_argument("--back", action="store_true", help="give up a conversion, and start the application again")


def _run(options: argparse.Namespace) -> int:
    file = stack_file.read(options.stack)
    # Only now: a wrong stack file is told in a second, before any SDK and the Kubernetes client are loaded.
    if options.command in ("logs", "shell", "open"):
        return _visit(file, options)
    if options.command == "first-up-check":
        from deploy.first_up import command

        return command.check(file, options.out, terminal.console())
    if options.command == "convert":
        return _convert(file, options)
    if options.command == "move":
        return _move(file, options)
    from deploy import up
    from deploy.kube import answering
    from deploy.progress import Json, Lines

    console = terminal.console(stderr=options.json)
    ways = up.Ways(console, Json() if options.json else Lines(console), options.patience)
    runs: dict[str, Callable[[stack_file.StackFile, up.Ways], int]] = {
        "up": up.up,
        "down": up.down,
        "kept": up.show_kept,
        "purge": up.purge,
    }
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


def _convert(file: stack_file.StackFile, options: argparse.Namespace) -> int:
    from deploy import up
    from deploy.kube import answering
    from deploy.move.command import convert

    ways = up.Ways.people(terminal.console())
    with answering():
        return convert(file, options.claim, options.to, ways, aside=options.aside, back=options.back)


def _move(file: stack_file.StackFile, options: argparse.Namespace) -> int:
    from deploy import up
    from deploy.kube import answering
    from deploy.move.command import Wish, move
    from plan.exits import UserError

    if options.up and not options.write:
        raise UserError("UP=1 needs WRITE=1: `up` reads the stack file")
    if options.keep_days < 1:
        raise UserError(f"KEEP_DAYS={options.keep_days} is not allowed: the old claim is kept for at least one day")
    wish = Wish(
        role=options.role,
        to=options.to,
        folder=options.folder,
        back=options.back,
        write=options.write,
        then_up=options.up,
        yes=options.yes,
        keep_days=options.keep_days,
    )
    with answering():
        return move(file, wish, up.Ways.people(terminal.console()))
