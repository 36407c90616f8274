"""The cluster's network namespace: made without a name, it ends with the last process and descriptor that is in it."""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Generator, Sequence

from devcluster.errors import DevclusterError
from devcluster.real import layout

_CLONE_NEWNET = 0x40000000


def make() -> int:
    """A new network namespace with the nodes' bridge in it, as a descriptor that keeps it. Raises DevclusterError."""
    with subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        if holder.stdin is None or holder.stdout is None:
            raise AssertionError("they are pipes")
        holder.stdin.write(b"\n")
        holder.stdin.flush()
        if holder.stdout.readline() != b"\n":
            raise DevclusterError("no network namespace can be made here")
        namespace = os.open(f"/proc/{holder.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        holder.stdin.close()
    configure(
        namespace,
        [
            "link set lo up",
            f"link add {layout.BRIDGE} type bridge",
            f"address add {layout.GATEWAY}/{layout.PREFIX} dev {layout.BRIDGE}",
            f"link set {layout.BRIDGE} up",
        ],
    )
    return namespace


def configure(namespace: int, commands: Sequence[str]) -> None:
    """Run commands of ip(8) in the namespace. Raises DevclusterError with what it said."""
    run = subprocess.run(
        ["nsenter", f"--net=/proc/self/fd/{namespace}", "ip", "-batch", "-"],
        input="\n".join(commands),
        pass_fds=[namespace],
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        raise DevclusterError(f"setting up the nodes' network failed: {' '.join(run.stderr.split())}")


def enter(namespace: int) -> None:
    """Move this thread into the network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"setns: {os.strerror(error)}")


@contextlib.contextmanager
def inside(namespace: int) -> Generator[None]:
    """For a `with` block, sockets that this thread makes belong to the namespace; they stay in it afterwards."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(namespace)
        yield
    finally:
        enter(own)
        os.close(own)
