"""Whether an NFSv4 server on this host serves a directory: a question that goes through to its file system."""

import socket
import struct

_LAST = 0x80000000
_PUTROOTFH, _LOOKUP, _GETATTR = 24, 15, 9


def _string(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text + b"\0" * (-len(text) % 4)


def question(path: str) -> bytes:
    """Look a directory up from the root and ask for its size: one record of RPC with NFSv4.0's COMPOUND (RFC 7530)."""
    names = [name for name in path.split("/") if name]
    root = struct.pack(">5I", 0, 0, 0, 0, 0)  # AUTH_SYS: stamp, no name, uid, gid, no groups
    head = (
        struct.pack(">6I", 1, 0, 2, 100003, 4, 1) + struct.pack(">2I", 1, len(root)) + root + struct.pack(">2I", 0, 0)
    )
    body = _string(b"") + struct.pack(">2I", 0, len(names) + 2) + struct.pack(">I", _PUTROOTFH)
    for name in names:
        body += struct.pack(">I", _LOOKUP) + _string(name.encode())
    body += struct.pack(">3I", _GETATTR, 1, 1 << 4)  # attribute 4 is the size
    return struct.pack(">I", _LAST | len(head + body)) + head + body


def served(answer: bytes) -> bool:
    """Whether the answer to the question is a yes: the call was accepted, and all of it went well."""
    if len(answer) < 32:
        return False
    _, xid, reply, denied, _, verifier, *_ = struct.unpack(">7I", answer[:28])
    at = 24 + verifier
    if (xid, reply, denied) != (1, 1, 0) or len(answer) < at + 8:
        return False
    return struct.unpack(">2I", answer[at : at + 8]) == (0, 0)


def serves(path: str, port: int = 2049, seconds: float = 3.0) -> bool:
    """Ask. Raises ConnectionRefusedError when nothing listens; False when the answer is late or a no."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as server:
            server.sendall(question(path))
            return served(_record(server))
    except ConnectionRefusedError:
        raise
    except OSError:
        return False


def _record(server: socket.socket) -> bytes:
    said = b""
    while len(said) < 4 or len(said) < 4 + (struct.unpack(">I", said[:4])[0] & ~_LAST):
        if not (more := server.recv(4096)):
            return b""
        said += more
    return said
