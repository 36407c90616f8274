"""Two Linux hosts as a pair of NFS servers and a third as their witness, set up over SSH."""

from collections.abc import Callable, Sequence
from typing import TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions

from ..refusal import refuse
from .connection import SshConnection, connection_mistakes, nodes_mistakes
from .delivery import stream
from .files import HostFile, warnings
from .over_ssh import installed
from .pair import NfsPairFiles, check_pair, node_files, secret_mistakes, served, witness_files


class NfsPairArgs(TypedDict):
    """Arguments of NfsPair."""

    pair: NfsPairFiles
    """What the pair exports, and from which hosts."""
    nodes: Sequence[SshConnection]
    """How the two nodes are reached, in the order of `pair.nodes`."""
    witness: SshConnection
    """How the witness is reached."""
    secret: Input[str]
    """Secret by which the three hosts know each other, 8 to 64 characters. It is on each of them, in files that only
    root reads. DRBD is authenticated by it and not encrypted: give it a network of its own."""


def check(name: str, args: NfsPairArgs) -> list[str]:
    """Mistakes in the arguments of NfsPair(name, args); none: it can be made."""
    found = [f"pair.{mistake}" for mistake in check_pair(args["pair"])]
    found += nodes_mistakes(args["nodes"])
    found += [f"witness.{mistake}" for mistake in connection_mistakes(args["witness"])]
    if isinstance(args["secret"], str):
        found += secret_mistakes(args["secret"])
    return found


class NfsPair(pulumi.ComponentResource):
    """Two Linux hosts as a pair of NFS servers, of which one serves, and a third as their witness, over SSH.

    Deleting the component leaves the hosts as they are: they go on serving. Give `address` to NfsStorage, with
    `depends_on` this component; never the address of a node.
    """

    address: Output[str]
    """The virtual address: what clients mount."""
    report: Output[Sequence[str]]
    """What the last run on each host did: the witness, the second node, the first."""

    def __init__(self, name: str, args: NfsPairArgs, opts: ResourceOptions | None = None) -> None:
        refuse("NfsPair", name, check(name, args))
        super().__init__("kotaemon:index:NfsPair", name, None, opts)
        pair = args["pair"]
        for line in warnings(served(pair)):
            pulumi.log.warn(line, self)

        def node(number: int) -> Output[str]:
            return _archive(name, args["secret"], lambda secret: node_files(pair, number, secret))

        # The first node makes both disks equal and so needs the other; a change reaches one node after the other.
        witness = installed(
            f"{name}-witness",
            args["witness"],
            _archive(name, args["secret"], lambda secret: witness_files(pair, secret)),
            ResourceOptions(parent=self),
        )
        after_it = ResourceOptions(parent=self, depends_on=[witness])
        second = installed(f"{name}-node-2", args["nodes"][1], node(1), after_it)
        after_both = ResourceOptions(parent=self, depends_on=[second])
        first = installed(f"{name}-node-1", args["nodes"][0], node(0), after_both)
        self.address = Output.from_input(pair["virtual_address"].partition("/")[0])
        self.report = Output.all(witness.stdout, second.stdout, first.stdout)
        self.register_outputs({"address": self.address, "report": self.report})


def _archive(name: str, secret: Input[str], files: Callable[[str], list[HostFile]]) -> Output[str]:
    """The stream of a host's files: a secret, as the pair's is in them."""

    def packed(given: str) -> str:
        refuse("NfsPair", name, list(secret_mistakes(given)))
        return stream(files(given))

    return Output.secret(secret).apply(packed)
