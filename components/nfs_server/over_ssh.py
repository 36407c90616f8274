"""The command that brings a host its files over SSH and runs the install script there."""

from pulumi import Output, ResourceOptions
from pulumi_command import remote

from .connection import SshConnection
from .delivery import UNPACK, UNPACK_WITH_SUDO


def installed(name: str, connection: SshConnection, archive: Output[str], opts: ResourceOptions) -> remote.Command:
    """Run the script with a stream of files. Another stream runs it again; deleting the command undoes nothing."""
    user = connection.get("user", "root")
    return remote.Command(
        name,
        connection=remote.ConnectionArgs(
            host=connection["host"],
            host_key=connection["host_key"],
            private_key=Output.secret(connection["private_key"]),
            user=user,
            port=connection.get("port", 22),
        ),
        # Without `update` a change runs `create` again, and without `delete` nothing is undone at the end.
        create=UNPACK if user == "root" else UNPACK_WITH_SUDO,
        stdin=archive,
        add_previous_output_in_env=False,  # sshd takes no variables from clients, and says so at every run
        opts=opts,
    )
