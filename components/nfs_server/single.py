"""A Linux host as the NFS server, set up over SSH, and user data for a machine that becomes one at its first start."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions
from typing_extensions import NotRequired

from ..refusal import refuse
from .connection import SshConnection, connection_mistakes
from .delivery import cloud_config, stream
from .files import STAGE, HostFile, NfsServerFiles, check_files, host_files, warnings
from .over_ssh import installed


class NfsServerArgs(TypedDict):
    """Arguments of NfsServer."""

    connection: SshConnection
    """How the host is reached."""
    server: NfsServerFiles
    """What it exports, from which disk, and how."""
    luks_passphrase: NotRequired[Input[str]]
    """Passphrase of the disk, when `server.disk.encrypt` is true. It is a secret, goes over standard input, and is kept
    on the host in a file that only root reads, so that the host starts without a person. That protects disks that leave
    the host and snapshots of the data disk, not a stolen host."""


def check(name: str, args: NfsServerArgs) -> list[str]:
    """Mistakes in the arguments of NfsServer(name, args); none: it can be made."""
    found = [f"server.{mistake}" for mistake in check_files(args["server"])]
    found += [f"connection.{mistake}" for mistake in connection_mistakes(args["connection"])]
    return [*found, *passphrase_mistakes(args["server"], "luks_passphrase" in args)]


def passphrase_mistakes(server: NfsServerFiles, given: bool) -> list[str]:
    """An encrypted disk without a passphrase, or a passphrase that nothing uses."""
    needed = server["disk"].get("encrypt", False) if "disk" in server else False
    if needed and not given:
        return ["luks_passphrase: missing; server.disk.encrypt needs it"]
    if given and not needed:
        return ["luks_passphrase: only means something beside server.disk.encrypt: true; leave it out"]
    return []


def files_with(server: NfsServerFiles, passphrase: str | None) -> list[HostFile]:
    """All files of the host, with that of the passphrase where there is one."""
    if passphrase is None:
        return host_files(server)
    secret = HostFile(f"{STAGE}/luks-passphrase", passphrase, 0o600)
    return sorted([*host_files(server), secret], key=lambda file: file.path)


def nfs_user_data(server: NfsServerFiles, luks_passphrase: Input[str] | None = None) -> Output[str]:
    """User data for cloud-init: a machine becomes the server at its first start. A secret when there is a passphrase.

    A change of user data makes most clouds replace the machine, so later changes are for NfsServer over SSH, or for a
    new machine: its disk is known again by its label. Raises pulumi.RunError for mistakes in `server`.
    """
    refuse("nfs_user_data", "server", [*check_files(server), *passphrase_mistakes(server, luks_passphrase is not None)])
    if luks_passphrase is None:
        return Output.from_input(cloud_config(host_files(server)))
    return Output.secret(luks_passphrase).apply(lambda given: cloud_config(files_with(server, given)))


class NfsServer(pulumi.ComponentResource):
    """Makes a Linux host with systemd the NFS server, over SSH. A second run changes nothing on the host.

    Deleting the component leaves the host as it is: it goes on serving, and its data stays. Give `host` or, better, a
    name that can move to another machine to NfsStorage, with `depends_on` this component.
    """

    report: Output[str]
    """What the last run on the host did, a line each."""
    paths: Output[Sequence[str]]
    """The exported paths."""

    def __init__(self, name: str, args: NfsServerArgs, opts: ResourceOptions | None = None) -> None:
        refuse("NfsServer", name, check(name, args))
        super().__init__("kotaemon:index:NfsServer", name, None, opts)
        for line in warnings(args["server"]):
            pulumi.log.warn(line, self)
        connection = args["connection"]
        passphrase = args.get("luks_passphrase")
        server = args["server"]
        archive = (
            Output.from_input(stream(host_files(server)))
            if passphrase is None
            else Output.secret(passphrase).apply(lambda given: stream(files_with(server, given)))
        )
        command = installed(f"{name}-install", connection, archive, ResourceOptions(parent=self))
        self.report = command.stdout
        self.paths = Output.from_input([export["path"] for export in server["exports"]])
        self.register_outputs({"report": self.report, "paths": self.paths})
