"""The files that make a Linux host the NFS server: the same for a host over SSH and for cloud-init."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypedDict

from typing_extensions import NotRequired

from .exports import NfsExport, NfsSquash, export_mistakes, exports_file, folders, owner, together_mistakes

STAGE = "/etc/kotaemon-nfs"
"""Folder on the host with all that was rendered. The install script puts each file in its place from there."""
INSTALL = f"{STAGE}/install.sh"
LABEL = "kotaemon-nfs"
"""Label of the file system that is made: by it a disk is known again when it comes to another host."""
_RUNTIME = Path(__file__).parent / "runtime"
STABLE = re.compile(r"/dev/(disk/by-[a-z]+|mapper|[A-Za-z0-9_.-]+)/[A-Za-z0-9_.:+-]+")
"""Paths that always mean the same disk."""
_NFS = 2049
_V3 = {"mountd": 20048, "statd": 32765, "lockd": 32803}
"""Fixed ports of NFSv3's helpers, so that a firewall can name them (nfs.conf(5)); rpcbind has 111."""


class NfsFileSystem(str, Enum):
    """File system of the data disk."""

    XFS = "xfs"
    """Many writers at once, grows while it is mounted."""
    EXT4 = "ext4"
    """Known everywhere."""


class NfsDisk(TypedDict):
    """The data disk of the server. An empty one gets a file system; one with other data is refused on the host."""

    device: str
    """Path that always means the same disk, for example /dev/disk/by-id/virtio-data: /dev/sdb may be another one after
    a restart."""
    path: str
    """Where it is mounted: the path of one of the exports."""
    file_system: NotRequired[NfsFileSystem]
    """Default xfs."""
    encrypt: NotRequired[bool]
    """LUKS below the file system; default false. Only an empty disk can become encrypted. The passphrase is
    `luks_passphrase` of the server."""
    wait_seconds: NotRequired[int]
    """How long the script waits for the device, 1 to 3600 seconds; default 60. A cloud attaches a disk a while after
    the first start."""


class NfsServerFiles(TypedDict):
    """What the rendered files depend on."""

    exports: Sequence[NfsExport]
    """What is exported."""
    disk: NotRequired[NfsDisk]
    """The data disk; default: the exported directories are on the host's own file system."""
    nfs_v3: NotRequired[bool]
    """Speak NFSv3 as well, with its ports 111, 20048, 32765 and 32803; default false: NFSv4 with port 2049 only."""
    threads: NotRequired[int]
    """Threads of the server; default: 8 for each CPU of the host, 16 at least and 256 at most. Each waits for the disk
    while it answers one request, and the kernel's own default of 8 in all is too few for several nodes."""
    lease_seconds: NotRequired[int]
    """NFSv4 lease and grace, 10 to 3600 seconds; default 20. After a restart the server takes no new locks for that
    long; a client that is silent for that long loses its locks. The kernel's default is 90."""
    alert_percent: NotRequired[int]
    """Fill of an export at which the host logs an error every ten minutes, 50 to 99; default 85."""


@dataclass(frozen=True)
class HostFile:
    """One file on the host."""

    path: str
    text: str
    mode: int = 0o644


def check_files(args: NfsServerFiles) -> list[str]:
    """Mistakes in what the files are rendered from."""
    if not args["exports"]:
        return ["exports: must have at least one"]
    found: list[str] = []
    for export in args["exports"]:
        found += [f"exports[{export['path']}].{mistake}" for mistake in export_mistakes(export)]
    found += together_mistakes(args["exports"])
    if "disk" in args:
        found += [f"disk.{mistake}" for mistake in _disk_mistakes(args["disk"], args["exports"])]
    for key, low, high in (("threads", 1, 1024), ("lease_seconds", 10, 3600), ("alert_percent", 50, 99)):
        if key in args and not low <= args[key] <= high:
            found.append(f"{key}: {args[key]} is not allowed; it must be {low} to {high}")
    return found


def _disk_mistakes(disk: NfsDisk, exports: Sequence[NfsExport]) -> Iterator[str]:
    paths = [export["path"] for export in exports]
    if not STABLE.fullmatch(disk["device"]) or ".." in disk["device"]:
        yield (
            f"device: {disk['device']!r} must be a path that always means the same disk, such as "
            "/dev/disk/by-id/virtio-data or /dev/vg0/nfs; names such as /dev/sdb change with a restart"
        )
    if not 1 <= disk.get("wait_seconds", 60) <= 3600:
        yield f"wait_seconds: {disk.get('wait_seconds')} is not allowed; it must be 1 to 3600"
    if disk["path"] not in paths:
        yield f"path: {disk['path']!r} must be the path of an export: {', '.join(paths)}"


def warnings(args: NfsServerFiles) -> list[str]:
    """What is said at every run."""
    return [
        f"{export['path']} is exported with no_root_squash: root of every client is root on its files"
        for export in args["exports"]
        if NfsSquash(export.get("squash", NfsSquash.ALL)) == NfsSquash.NONE
    ]


def host_files(args: NfsServerFiles, mounts: Sequence[str] = ()) -> list[HostFile]:
    """All files, in the order of their paths. `mounts`: exported paths on which somebody else mounts a disk."""
    disk = args.get("disk")
    mounts = [disk["path"]] if disk else mounts
    found = {
        "install.sh": (_RUNTIME / "install.sh").read_text(),
        "size-alert.sh": (_RUNTIME / "size-alert.sh").read_text(),
        "exports": exports_file(args["exports"], mounts),
        "nfs.conf": nfs_conf(args),
        "firewall.nft": firewall(args),
        "folders": _folders(args["exports"]),
        "threads": f"{args.get('threads', 0)}\n",
        "versions": "3 4\n" if args.get("nfs_v3", False) else "4\n",
        "alert-percent": f"{args.get('alert_percent', 85)}\n",
        "paths": "".join(f"{export['path']}\n" for export in args["exports"]),
    }
    if disk:
        found["disk"] = _disk(disk)
        if "wait_seconds" in disk:
            found["disk-wait"] = f"{disk['wait_seconds']}\n"
    scripts = ("install.sh", "size-alert.sh")
    files = [HostFile(f"{STAGE}/{name}", text, 0o755 if name in scripts else 0o644) for name, text in found.items()]
    return sorted(files, key=lambda file: file.path)


def nfs_conf(args: NfsServerFiles) -> str:
    """A drop-in of nfs.conf(5) without the number of threads, which the host adds."""
    lease, v3 = args.get("lease_seconds", 20), args.get("nfs_v3", False)
    lines = [
        "# Written by Pulumi (components/nfs_server).",
        "[nfsd]",
        f"vers3={'y' if v3 else 'n'}",
        "vers4=y",
        "vers4.0=y",  # Alibaba's and older clients; a client takes the highest that both speak
        "udp=n",
        "tcp=y",
        f"lease-time={lease}",
        f"grace-time={lease}",
    ]
    if v3:
        lines += ["[mountd]", f"port={_V3['mountd']}", "[statd]", f"port={_V3['statd']}"]
        lines += ["[lockd]", f"port={_V3['lockd']}", f"udp-port={_V3['lockd']}"]
    return "\n".join(lines) + "\n"


def firewall(args: NfsServerFiles) -> str:
    """A table of nftables of its own: NFS is open to the clients and closed to others; nothing else is touched."""
    clients = sorted({client for export in args["exports"] for client in export["clients"]})
    ports = [_NFS, 111, *_V3.values()]
    families = [
        (family, [client for client in clients if (":" in client) == (family == "ip6")]) for family in ("ip", "ip6")
    ]
    lines = [
        "#!/usr/sbin/nft -f",
        "# Written by Pulumi (components/nfs_server). The first line makes the second one work on a fresh host.",
        "table inet kotaemon_nfs",
        "delete table inet kotaemon_nfs",
        "table inet kotaemon_nfs {",
        "  chain input {",
        "    type filter hook input priority filter - 10; policy accept;",
        '    iifname "lo" accept',
    ]
    to_nfs = f"meta l4proto {{ tcp, udp }} th dport {{ {', '.join(map(str, sorted(ports)))} }}"
    for family, networks in families:
        if networks:
            lines.append(f"    {family} saddr {{ {', '.join(networks)} }} {to_nfs} accept")
    lines += [f"    {to_nfs} drop", "  }", "}"]
    return "\n".join(lines) + "\n"


def _folders(exports: Sequence[NfsExport]) -> str:
    """One line a folder: user, group, path."""
    lines: list[str] = []
    for export in exports:
        uid, gid = owner(export)
        lines += [f"{uid} {gid} {path}" for path in [export["path"], *folders(export)]]
    return "\n".join(lines) + "\n"


def _disk(disk: NfsDisk) -> str:
    """Four lines: device, mount point, file system, whether it is encrypted."""
    system = NfsFileSystem(disk.get("file_system", NfsFileSystem.XFS)).value
    return f"{disk['device']}\n{disk['path']}\n{system}\n{'luks' if disk.get('encrypt', False) else 'plain'}\n"
