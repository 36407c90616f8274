"""Two Linux hosts as a pair of NFS-Ganesha servers on a GlusterFS volume, set up over SSH."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_command import remote
from typing_extensions import NotRequired

from ..refusal import refuse
from .connection import SshConnection, connection_mistakes, nodes_mistakes
from .delivery import stream
from .gluster import NfsGlusterFiles, arbiter_files, check_gluster, gluster_warnings, node_files
from .over_ssh import installed


class NfsGlusterPairArgs(TypedDict):
    """Arguments of NfsGlusterPair."""

    pair: NfsGlusterFiles
    """What the pair exports, from which volume and from which hosts."""
    nodes: Sequence[SshConnection]
    """How the two nodes are reached, in the order of `pair.nodes`."""
    witness: NotRequired[SshConnection]
    """How the host of the arbiter's brick is reached; only with `pair.brick`."""


def check(name: str, args: NfsGlusterPairArgs) -> list[str]:
    """Mistakes in the arguments of NfsGlusterPair(name, args); none: it can be made."""
    found = [f"pair.{mistake}" for mistake in check_gluster(args["pair"])]
    found += nodes_mistakes(args["nodes"])
    if "witness" in args:
        found += [f"witness.{mistake}" for mistake in connection_mistakes(args["witness"])]
    if ("witness" in args) != ("witness" in args["pair"]):
        found.append("witness: must be given both here and in pair, or in neither")
    return found


class NfsGlusterPair(pulumi.ComponentResource):
    """Two Linux hosts as a pair of NFS-Ganesha servers on a GlusterFS volume, over SSH, for those who already run
    GlusterFS: each run warns of starting with it.

    Deleting the component leaves the hosts as they are: they go on serving. Give `address` to NfsStorage, with
    `depends_on` this component; never the address of a node.
    """

    address: Output[str]
    """The virtual address: what clients mount."""
    report: Output[Sequence[str]]
    """What the last run on each host did: the arbiter's, if there is one, the second node, the first."""

    def __init__(self, name: str, args: NfsGlusterPairArgs, opts: ResourceOptions | None = None) -> None:
        refuse("NfsGlusterPair", name, check(name, args))
        super().__init__("kotaemon:index:NfsGlusterPair", name, None, opts)
        pair = args["pair"]
        for line in gluster_warnings(pair):
            pulumi.log.warn(line, self)
        # The first node makes the pool and the volume and so needs the others.
        hosts = [
            ("node-2", args["nodes"][1], node_files(pair, 1)),
            ("node-1", args["nodes"][0], node_files(pair, 0)),
        ]
        if "witness" in args:
            hosts.insert(0, ("witness", args["witness"], arbiter_files(pair)))
        made: list[remote.Command] = []
        for host, connection, files in hosts:
            opts = ResourceOptions(parent=self, depends_on=made[-1:])
            made.append(installed(f"{name}-{host}", connection, Output.from_input(stream(files)), opts))
        self.address = Output.from_input(pair["virtual_address"].partition("/")[0])
        self.report = Output.all(*(command.stdout for command in made))
        self.register_outputs({"address": self.address, "report": self.report})
