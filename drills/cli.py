"""The command line of the drills, `python -m drills drill|drill-node|drill-nfs...`."""

import argparse
from collections.abc import Sequence

from plan.exits import EXIT_CODES, ending


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. `arguments`: default those of the process."""
    options = _parser().parse_args(arguments)
    return ending(lambda: _run(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m drills",
        description="Disasters on the devcluster, while a session chats with the application.",
        epilog=f"{EXIT_CODES}.",
    )
    commands = parser.add_subparsers(required=True, dest="command")
    text = "lose nodes, drain, roll out and interrupt, on devclusters made for the drills, while a session chats"
    every = commands.add_parser("drill", help=text, description=text)
    every.add_argument("--full", action="store_true", help="all drills in half an hour; writes docs/test-record.md")
    every.add_argument(
        "--real", action="store_true", help="only those on real nodes; renews their section of docs/test-record.md"
    )
    text = "bring the stack up on the devcluster, lose the node of its pod, and say what comes back and when"
    node = commands.add_parser("drill-node", help=text, description=text)
    node.add_argument("--stack", default="dev", help="stack name; the file is Pulumi.<stack>.yaml")
    node.add_argument(
        "--fencing",
        choices=("none", "taint", "outside"),
        default="none",
        help="taint: set the out-of-service taint once the node is lost; outside: wait until an automation does",
    )
    text = "boot Linux guests, make one the NFS server as the product does, and kill and attack it under writes"
    nfs = commands.add_parser("drill-nfs", help=text, description=text)
    text = "boot Linux guests, make them a pair of NFS servers with a witness, and kill and cut them apart under writes"
    pair = commands.add_parser("drill-nfs-ha", help=text, description=text)
    text = "the same for a pair on GlusterFS with NFS-Ganesha, for those who already run it"
    gluster = commands.add_parser("drill-nfs-gluster", help=text, description=text)
    text = "boot Linux guests, and measure our NFS mount options and FS-Cache against the default mount"
    speed = commands.add_parser("drill-nfs-speed", help=text, description=text)
    for made in (every, node, nfs, pair, gluster, speed):
        made.add_argument("--seed", type=int, default=1, help="chooses the random moments")
    return parser


def _run(options: argparse.Namespace) -> int:
    from plan import stack_file, terminal

    file = stack_file.read(options.stack) if options.command == "drill-node" else None
    # Imported late, so that a mistake in a stack file is shown within a second, before SDKs and the Kubernetes client
    # load.
    from deploy.kube import answering
    from drills import command
    from drills.loss_case import Fencing

    console = terminal.console()
    with answering():
        if options.command in command.IN_GUESTS:
            return command.drill_in_guests(options.command, options.seed, console)
        if file is None and options.real:
            return command.drill_on_real_nodes(options.seed, console)
        if file is None:
            return command.drill(options.full, options.seed, console)
        return command.drill_node(file, Fencing[options.fencing.upper()], options.seed, console)
