"""What an NFS server exports, to whom, and under which user: pure rules, and the lines of exports(5).

Sources: exports(5) of nfs-utils 2.6.2; docs/facts/storage.md, chapter 5.1.
"""

import ipaddress
import re
import zlib
from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import combinations
from typing import TypedDict

from typing_extensions import NotRequired

from ..refusal import because

APP_ID = 1001
"""User and group of the application's pods, and so the owner of the folders that the server makes for it."""


class NfsSquash(str, Enum):
    """Whose user the server writes as."""

    ALL = "all"
    """Every client's every user is the export's owner: no uid that does not match can lock the application out."""
    ROOT = "root"
    """Users keep their uid, only root becomes nobody."""
    NONE = "none"
    """`no_root_squash`: root of any client is root on the files. Needs `accept_no_root_squash`."""


class NfsSecurity(str, Enum):
    """How clients prove who they are (`sec=`)."""

    SYS = "sys"
    """The client's address and the uid that it says."""
    KRB5P = "krb5p"
    """Kerberos with encryption on the wire. The server needs a keytab, the nodes need Kerberos."""


class NfsTransport(str, Enum):
    """TLS below RPC (`xprtsec=`, RFC 9289). Needs tlshd on both sides, nfs-utils 2.6.3 and Linux 6.5."""

    TLS = "tls"
    """The server has a certificate."""
    MTLS = "mtls"
    """Clients have certificates, too."""


class NfsExport(TypedDict):
    """One exported directory."""

    path: str
    """The directory, absolute, for example /srv/nfs/kotaemon."""
    clients: Sequence[str]
    """Networks of the nodes in CIDR notation. The nodes mount, not the pods."""
    folders: NotRequired[Sequence[str]]
    """Folders made in it for the roles; default: models, uploads, logs, eval. Those that exist are not touched."""
    squash: NotRequired[NfsSquash]
    """Whose user the server writes as; default `all`, as the owner below."""
    accept_no_root_squash: NotRequired[bool]
    """Accept squash `none`; default false. It is warned of at every run."""
    uid: NotRequired[int]
    """Owner of the folders, and the user of squash `all`; default 1001, the application's."""
    gid: NotRequired[int]
    """Group of the folders, and of squash `all`; default 1001."""
    security: NotRequired[NfsSecurity]
    """How clients prove who they are; default `sys`."""
    transport: NotRequired[NfsTransport]
    """TLS on the wire; default none."""
    fsid: NotRequired[int]
    """Number of the export in file handles, 1 to 2147483647; default: made from the path, so that the two nodes of a
    pair have the same one. Another number makes every mounted handle stale."""


DEFAULT_FOLDERS = ("models", "uploads", "logs", "eval")
"""The roles that a file claim serves when the databases are on a disk."""
_PATH = re.compile(r"(/[A-Za-z0-9][A-Za-z0-9._-]*)+")
_TREES = (
    "bin",
    "boot",
    "dev",
    "etc",
    "lib",
    "lib64",
    "proc",
    "root",
    "run",
    "sbin",
    "sys",
    "tmp",
    "usr",
    "var/lib/nfs",
)
_SYSTEM = ("/home", "/media", "/mnt", "/opt", "/srv", "/var", "/var/lib")
"""Directories of the system whose subdirectories may be exported, but not they themselves."""
_SYSTEM_TREES = tuple(f"/{name}" for name in _TREES)
"""Directories of the system in which nothing may be exported."""


def fsid(export: NfsExport) -> int:
    """The number of the export: the given one, or one made from its path."""
    return export.get("fsid", (zlib.crc32(export["path"].encode()) & 0x7FFFFFFF) or 1)


def owner(export: NfsExport) -> tuple[int, int]:
    """User and group that own the folders."""
    return export.get("uid", APP_ID), export.get("gid", APP_ID)


def folders(export: NfsExport) -> list[str]:
    """The folders that are made in it, absolute."""
    return [f"{export['path']}/{folder}" for folder in export.get("folders", DEFAULT_FOLDERS)]


def refused_client(cidr: str) -> str:
    """Why a network may not mount an export; empty when it may."""
    try:
        network = ipaddress.ip_network(cidr)
    except ValueError:
        return f"{cidr!r} must be a network in CIDR notation with no bits set after its length, for example 10.0.0.0/16"
    if network.prefixlen < (8 if network.version == 4 else 32):
        return f"{cidr!r} is too wide: it must be the network of the nodes, because whoever is in it can mount the data"
    if not network.is_private:
        return f"{cidr!r} is public; NFS is for the private network of the nodes"
    return ""


def refused_path(path: str) -> str:
    """Why a directory cannot be exported; empty when it can."""
    if not _PATH.fullmatch(path):
        return f"{path!r} must be an absolute path of letters, digits, '.', '_' and '-', for example /srv/nfs/kotaemon"
    if path in _SYSTEM or any(path == tree or path.startswith(f"{tree}/") for tree in _SYSTEM_TREES):
        return f"{path!r} belongs to the system; export a directory of its own, for example /srv/nfs/kotaemon"
    return ""


def export_mistakes(export: NfsExport) -> Iterator[str]:
    """Mistakes of one export, each with its key."""
    yield from because("path", refused_path(export["path"]))
    yield from because("clients", "" if export["clients"] else "must have at least one network of nodes")
    yield from because("clients", *map(refused_client, export["clients"]))
    for one, other in combinations(export["clients"], 2):
        if not refused_client(one) + refused_client(other) and _meet(one, other):
            yield f"clients: {one!r} and {other!r} overlap; name each node's network once"
    for folder in export.get("folders", ()):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", folder):
            yield f"folders: {folder!r} must be one name of letters, digits, '.', '_' and '-'"
    if NfsSquash(export.get("squash", NfsSquash.ALL)) == NfsSquash.NONE and not export.get(
        "accept_no_root_squash", False
    ):
        yield (
            "squash: 'none' (no_root_squash) lets root of every client read, change and own all files; use all or "
            "root, or accept it by accept_no_root_squash"
        )
    if export.get("accept_no_root_squash", False) and NfsSquash(export.get("squash", NfsSquash.ALL)) != NfsSquash.NONE:
        yield "accept_no_root_squash: only means something beside squash none; leave it out"
    for key, value in (("uid", owner(export)[0]), ("gid", owner(export)[1])):
        if not 1 <= value <= 4294967294:
            yield f"{key}: {value} is not allowed; it must be 1 to 4294967294, never root's 0"
    if not 1 <= fsid(export) <= 0x7FFFFFFF:
        yield f"fsid: {fsid(export)} is not allowed; it must be 1 to {0x7FFFFFFF}: 0 would be the root of NFSv4"


def together_mistakes(exports: Sequence[NfsExport]) -> Iterator[str]:
    """Mistakes between exports of one server."""
    for one, other in combinations(exports, 2):
        inner, outer = sorted((one["path"], other["path"]), key=len, reverse=True)
        if inner == outer:
            yield f"exports: {inner} stands there twice; name its networks in one export"
        elif inner.startswith(f"{outer}/"):
            yield f"exports: {inner} is inside of {outer}; clients of the outer one would reach the inner one's data"
        elif fsid(one) == fsid(other):
            yield f"exports: {inner} and {outer} have the same fsid {fsid(one)}; give one of them another"


def _meet(one: str, other: str) -> bool:
    first, second = ipaddress.ip_network(one), ipaddress.ip_network(other)
    return first.version == second.version and first.overlaps(second)  # pyright: ignore[reportArgumentType] same version


def options(export: NfsExport, *, on_disk: bool) -> list[str]:
    """The options of exports(5). `on_disk`: the path is where a disk is mounted, and is exported only while it is."""
    uid, gid = owner(export)
    squash = {
        NfsSquash.ALL: ["all_squash", f"anonuid={uid}", f"anongid={gid}"],
        NfsSquash.ROOT: ["root_squash"],
        NfsSquash.NONE: ["no_root_squash"],
    }[NfsSquash(export.get("squash", NfsSquash.ALL))]
    found = [
        "rw",
        "sync",  # an answered write is on the disk; async loses it when the server crashes
        "no_subtree_check",  # with it, a renamed open file becomes a stale handle
        *squash,
        f"fsid={fsid(export)}",
        f"sec={NfsSecurity(export.get('security', NfsSecurity.SYS)).value}",
    ]
    if "transport" in export:
        found.append(f"xprtsec={NfsTransport(export['transport']).value}")
    if on_disk:
        found.append("mp")  # never the empty directory below the mount point
    return found


def exports_file(exports: Sequence[NfsExport], mounts: Sequence[str]) -> str:
    """The file of exports(5). `mounts`: paths that are mount points of disks."""
    lines = ["# Written by Pulumi (components/nfs_server). A change by hand is undone at the next `pulumi up`."]
    for export in exports:
        inside = ",".join(options(export, on_disk=export["path"] in mounts))
        lines.append(" ".join([export["path"], *(f"{client}({inside})" for client in export["clients"])]))
    return "\n".join(lines) + "\n"
