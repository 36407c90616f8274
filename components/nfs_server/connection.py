"""How a host is reached over SSH. Pure: the stack file is checked by it without an SDK."""

import re
from collections.abc import Iterator, Sequence
from typing import TypedDict

from pulumi import Input
from typing_extensions import NotRequired

HOST_KEY = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2}( .*)?")
"""A public key of a host as in known_hosts, without the name."""
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


class SshConnection(TypedDict):
    """How the host is reached."""

    host: str
    """Name or address of the host."""
    host_key: str
    """Public key of the host as in known_hosts, without the name: `ssh-ed25519 AAAA...`. A host with another key is not
    spoken to. `ssh-keyscan -t ed25519 <host>` shows it; compare it with the host's console."""
    private_key: Input[str]
    """Private key in PEM or OpenSSH form; it is kept as a secret."""
    user: NotRequired[str]
    """Default root. Another user needs sudo without a password."""
    port: NotRequired[int]
    """Default 22."""


def nodes_mistakes(nodes: Sequence[SshConnection]) -> list[str]:
    """Mistakes in how the two nodes of a pair are reached."""
    found = [f"nodes: must be two connections, these are {len(nodes)}"] if len(nodes) != 2 else []
    return found + [f"nodes[{at}].{mistake}" for at, node in enumerate(nodes) for mistake in connection_mistakes(node)]


def connection_mistakes(connection: SshConnection) -> Iterator[str]:
    """Mistakes in how the host is reached, each with its key."""
    if not HOST_KEY.fullmatch(connection["host_key"]):
        yield (
            "host_key: must be the public key of the host as known_hosts has it after the name, for example "
            "ssh-ed25519 AAAA...; without it anybody on the way could be the host"
        )
    if not _USER.fullmatch(connection.get("user", "root")):
        yield f"user: {connection.get('user')!r} is not the name of a user"
