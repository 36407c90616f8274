"""What a machine of a cloud needs to be the NFS server of one disk: the same files and user data on both clouds.

The machine is cattle: it may be another one tomorrow. What it is told is in its user data, so a change there is another
machine; the disk and the address are resources of their own and stay.
"""

from collections.abc import Iterator, Sequence
from typing import TypedDict

from typing_extensions import NotRequired

from ..quantity import gib, refused_size
from .delivery import cloud_config
from .exports import NfsExport, NfsSecurity
from .files import STAGE, HostFile, NfsDisk, NfsFileSystem, NfsServerFiles, check_files, host_files

NFS_PORT = 2049
"""The one port of NFSv4."""
PACKAGE_PORTS = (80, 443)
"""What the machine itself calls: the mirrors of its packages. Their addresses change, so it may call any address."""
WAIT_SECONDS = 900
"""How long the first start waits for the disk. A cloud attaches it once the machine runs, and the engine may be busy
with other resources in between."""
DEFAULT_SIZE = "100Gi"
DEFAULT_SNAPSHOT_DAYS = 30
ROOT_GIB = 16
"""Size of the disk of the operating system in GiB; nothing of the user is on it."""


class NfsServing(TypedDict):
    """What the server exports from its disk."""

    export: NfsExport
    """The exported directory. Its `clients` are let in by the cloud's firewall as well, and nobody else is."""
    file_system: NotRequired[NfsFileSystem]
    """File system that the empty disk gets; default xfs."""
    threads: NotRequired[int]
    """Threads of the server; default: 8 for each CPU, 16 at least and 256 at most."""
    alert_percent: NotRequired[int]
    """Fill at which the machine logs an error every ten minutes, 50 to 99; default 85."""


def server_files(serving: NfsServing, device: str) -> NfsServerFiles:
    """What the files of the machine are rendered from. `device`: the path by which the machine finds the disk."""
    export = serving["export"]
    files = NfsServerFiles(
        exports=[export],
        disk=NfsDisk(
            device=device,
            path=export["path"],
            file_system=NfsFileSystem(serving.get("file_system", NfsFileSystem.XFS)),
            wait_seconds=WAIT_SECONDS,
        ),
        alert_percent=serving.get("alert_percent", 85),
    )
    if "threads" in serving:
        files["threads"] = serving["threads"]
    return files


def user_data(
    serving: NfsServing,
    device: str,
    size_gib: int,
    own: Sequence[HostFile] = (),
    before: Sequence[Sequence[str]] = (),
) -> str:
    """User data for cloud-init. The size is in it: the script grows the file system, and runs at a first start.

    `own`: files that this cloud needs beside the server's; `before`: commands that read them.
    """
    size = HostFile(f"{STAGE}/disk-gib", f"{size_gib}\n")
    return cloud_config([*host_files(server_files(serving, device)), size, *own], before)


def serving_mistakes(serving: NfsServing, device: str, size: str, limit: int) -> Iterator[str]:
    """Mistakes in what is served, each with its key. `limit`: bytes of user data that the cloud takes."""
    prefix = f"exports[{serving['export']['path']}]."
    found = [
        f"serving.{f'export.{mistake.removeprefix(prefix)}' if mistake.startswith(prefix) else mistake}"
        for mistake in check_files(server_files(serving, device))
    ]
    yield from found
    if NfsSecurity(serving["export"].get("security", NfsSecurity.SYS)) != NfsSecurity.SYS:
        yield (
            "serving.export.security: krb5p needs a keytab on the machine, and nothing brings one to a machine that "
            "may be replaced; use sys, or NfsServer on a host of your own"
        )
    if "transport" in serving["export"]:
        yield "serving.export.transport: needs a certificate on the machine, and nothing brings one there; leave it out"
    if not found and not refused_size(size):
        told = len(user_data(serving, device, gib(size, "size")).encode())
        if told > limit:
            yield (
                f"serving.export.clients: with them the user data has {told} bytes, and the cloud takes {limit}; name "
                "fewer networks"
            )


def snapshot_days_refused(days: int, most: int) -> str:
    """Why a number of daily snapshots cannot be kept. `most`: what the cloud keeps of one schedule."""
    return "" if 1 <= days <= most else f"{days} is not allowed; it must be 1 to {most}"
