"""One spelling for one place: a server and a path that are written in several ways are still one export. Pure."""

import ipaddress
import posixpath
from collections.abc import Mapping


def place(words: Mapping[str, str]) -> dict[str, str]:
    """The words of a storage's identity, with its server and its path in their one spelling."""
    found = dict(words)
    if found.get("path"):
        found["path"] = path(found["path"])
    if "server" in found:
        found["server"] = server(found["server"])
    return found


def whole(words: Mapping[str, str], folder_in_it: str) -> dict[str, str]:
    """The words of a folder of a storage. Where the storage has a path, the folder is part of it: folder `b/c` of the
    export `/a` is folder `c` of the export `/a/b`."""
    found = place(words)
    inner = folder(folder_in_it)
    if "path" in found:
        return {**found, "path": posixpath.join(found["path"], inner)}
    return {**found, "folder": inner}


def path(written: str) -> str:
    """An absolute path as the server knows it: `/srv//nfs/` is `/srv/nfs`."""
    return posixpath.normpath(f"/{written.lstrip('/')}")


def folder(written: str) -> str:
    """A folder as the file system knows it: `uploads/` is `uploads`."""
    return posixpath.normpath(written)


def server(written: str) -> str:
    """A server's name or address: names have no case, and an IPv6 address has several spellings."""
    try:
        return str(ipaddress.ip_address(written))
    except ValueError:
        return written.lower()
