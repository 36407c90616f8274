"""What a node of the pair and the witness say to each other: one line each way, signed with the pair's secret."""

import hashlib
import hmac
import secrets
import socket
import time
from pathlib import Path
from typing import NamedTuple

STAGE = Path("/etc/kotaemon-nfs")
PATIENCE = 0.5
"""Seconds to reach the witness, and again to hear its answer."""
MARKS = ("alone", "paired", "free", "ask")


class Asked(NamedTuple):
    """One question to the witness."""

    node: str
    boot: str
    """Id of the node's start: a number below counts since then."""
    number: int
    """Grows with every question. Taken before the node looked at its disks, so an old look never beats a newer one."""
    mark: str
    nonce: str
    """The answer repeats it, so that an old answer is none."""


def secret() -> bytes:
    """The secret that both nodes and the witness have."""
    return (STAGE / "pair-secret").read_text().strip().encode()


def signed(key: bytes, words: list[str]) -> bytes:
    """Words as one line, with their signature."""
    text = " ".join(words)
    return f"{text} {hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}\n".encode()


def verified(key: bytes, line: bytes) -> list[str]:
    """The words of a line; none when the signature is not ours."""
    text, _, mac = line.decode(errors="replace").strip().rpartition(" ")
    right = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return text.split(" ") if hmac.compare_digest(mac.encode(), right.encode()) else []


def read_asked(key: bytes, line: bytes) -> Asked | None:
    """The question in a line; None: it is not one of ours."""
    words = verified(key, line)
    if len(words) != 5 or not words[2].isdigit() or words[3] not in MARKS:
        return None
    return Asked(words[0], words[1], int(words[2]), words[3], words[4])


def ask(address: str, port: int, key: bytes, node: str, mark: str, number: int) -> str:
    """The witness's answer: mine or refused; silent: there was none within a second."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    asked = Asked(node, boot, number, mark, secrets.token_hex(8))
    try:
        with socket.create_connection((address, port), timeout=PATIENCE) as link:
            link.settimeout(PATIENCE)
            link.sendall(signed(key, [str(word) for word in asked]))
            words = verified(key, link.makefile("rb").readline(200))
    except OSError:
        return "silent"
    return words[1] if len(words) == 2 and words[0] == asked.nonce and words[1] in ("mine", "refused") else "silent"


def number() -> int:
    """The next question's number."""
    return time.monotonic_ns()
