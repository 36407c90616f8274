"""`python -m devcluster`: what people do with a devcluster by hand."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from components.contract import Platform
from devcluster import state
from devcluster.cluster import Cluster
from devcluster.errors import DevclusterError
from devcluster.real import probe


def main(arguments: Sequence[str]) -> int:
    """Do one thing; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m devcluster", description="The embedded Kubernetes.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("probe", help="whether this machine can have real nodes, and why not")
    load = commands.add_parser("load-image", help="give the real nodes of a running devcluster an image")
    load.add_argument("archive", type=Path, help="file as `docker save` writes it")
    load.add_argument("--cluster", default="dev", help="name of the devcluster: that of its stack")
    load.add_argument("--name", default="", help="name of the image in the cluster (default: the archive's own)")
    options = parser.parse_args(arguments)
    try:
        return _probe() if options.command == "probe" else _load(options)
    except DevclusterError as error:
        Console(stderr=True).print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        return 1


def _probe() -> int:
    reason = probe.why_not()
    print(reason or "this machine can have real nodes")
    return 1 if reason else 0


def _load(options: argparse.Namespace) -> int:
    cluster = Cluster(options.cluster, Platform.PRIVATE)
    cluster = Cluster(options.cluster, state.platform_of(cluster.directory) or Platform.PRIVATE)
    if not cluster.running:
        raise DevclusterError(f"devcluster {options.cluster!r} does not run: `make up STACK={options.cluster}` first")
    if not cluster.real_nodes:
        raise DevclusterError(f"the nodes of devcluster {options.cluster!r} are simulated: no container runs on them")
    for name in cluster.load_image(options.archive, options.name):
        print(f"{name} is on {', '.join(cluster.real_nodes)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
