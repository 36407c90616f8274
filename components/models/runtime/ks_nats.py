"""A client of NATS for the leader of the models and its followers: TLS, a user and a password, requests and answers.

Only what those two need of the protocol (https://docs.nats.io/reference/reference-protocols/nats-protocol), on Python's
own sockets: the image of the application has no client, and none can be installed where a node has no way out
(docs/decisions/0034-a-nats-client-of-our-own.md). One connection, one thread: whoever waits for an answer also answers
the server's pings. ks_nats_stream.py is what JetStream adds.
"""

import json
import os
import socket
import ssl
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

PORT = 4222
SECONDS = 10
"""How long a connection, and an answer, may take."""
MOST_BYTES = 8 * 2**20
"""The longest line or message that is read: the server's own limit is 1 MiB, and announcements have 200 bytes."""


class Lost(OSError):
    """The connection is gone, or nobody answers: trying again may help."""


class Denied(Exception):
    """The server lets this user in for nothing, or not for this: somebody has to change a password or a right."""


class Message(NamedTuple):
    """What the server sent."""

    asked: int
    """Number of the request that it answers; a message of JetStream keeps the subject that it was published under."""
    reply: str
    """Where an answer goes; empty: nobody waits for one."""
    status: int
    """Number of a message without content, as 404 (nothing there) or 503 (nobody listens); 0: a real message."""
    data: bytes


class Nats:
    """One connection. Raises Denied for a wrong password, and Lost when it is gone; both say which server."""

    def __init__(self, url: str, user: str, password: str, ca: str, name: str) -> None:
        """`url`: tls://host or tls://host:port. `ca`: file with the certificates that sign the server's."""
        where = urlsplit(url)
        if where.scheme != "tls" or not where.hostname:
            raise Denied(f"{url} is no address of the form tls://host:port; without TLS everybody reads the password")
        self.url, self._buffer, self._inbox, self._count = url, bytearray(), f"_INBOX.{os.urandom(12).hex()}", 0
        try:
            plain = socket.create_connection((where.hostname, where.port or PORT), SECONDS)
        except OSError as error:
            raise Lost(f"{url} does not answer: {error}") from None
        self._socket: socket.socket = plain
        try:
            self._greet(where.hostname, ca, {"user": user, "pass": password, "name": name})
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Nats":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def _greet(self, host: str, ca: str, told: dict[str, Any]) -> None:
        """The server says who it is, TLS begins, and only then it hears the password."""
        until = time.monotonic() + SECONDS
        kind, _, text = self._line(until).partition(" ")
        info = json.loads(text) if kind == "INFO" else {}
        if not (info.get("tls_required") or info.get("tls_available")):
            raise Denied(f"{self.url} offers no TLS, and without it everybody reads the password")
        if self._buffer:
            raise Denied(f"{self.url} went on in plain text after it had asked for TLS")
        try:
            self._socket = ssl.create_default_context(cafile=ca).wrap_socket(self._socket, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise Denied(f"{self.url} is not the server that {ca} vouches for: {error.verify_message}") from None
        except OSError as error:
            raise Lost(f"{self.url}: {error}") from None
        options = {"verbose": False, "pedantic": False, "tls_required": True, "lang": "python", "version": "1"}
        more = {"protocol": 1, "headers": True, "no_responders": True}
        self._send(f"CONNECT {json.dumps(options | more | told)}\r\nPING\r\n".encode())
        while self._line(until) != "PONG":
            pass  # INFO of a cluster

    def request(
        self, subject: str, data: bytes = b"", headers: dict[str, str] | None = None, seconds: float = SECONDS
    ) -> Message:
        """Ask, and wait for one answer. Raises Lost when there is none in time."""
        self._count += 1
        inbox = f"{self._inbox}.{self._count}"
        self._send(f"SUB {inbox} {self._count}\r\nUNSUB {self._count} 1\r\n".encode())
        if headers:
            head = "".join(
                ["NATS/1.0\r\n", *(f"{key}: {value}\r\n" for key, value in headers.items()), "\r\n"]
            ).encode()
            line = f"HPUB {subject} {inbox} {len(head)} {len(head) + len(data)}\r\n"
            self._send(line.encode() + head + data + b"\r\n")
        else:
            self._send(f"PUB {subject} {inbox} {len(data)}\r\n".encode() + data + b"\r\n")
        until = time.monotonic() + seconds
        while True:
            found = self._message(until)
            if found.asked == self._count:
                return found  # what comes late for an earlier request is nobody's any more

    def publish(self, subject: str, data: bytes) -> None:
        self._send(f"PUB {subject} {len(data)}\r\n".encode() + data + b"\r\n")

    def ping(self) -> None:
        """Look whether the server is there. Raises Lost."""
        self._send(b"PING\r\n")
        until = time.monotonic() + SECONDS
        while (line := self._line(until)) != "PONG":
            self._take(line, until)

    def _message(self, until: float) -> Message:
        while True:
            if (found := self._take(self._line(until), until)) is not None:
                return found

    def _take(self, line: str, until: float) -> Message | None:
        """What a line begins. None: it is no message."""
        kind, _, rest = line.partition(" ")
        if kind not in ("MSG", "HMSG"):
            return None
        words = rest.split()
        head, size = (int(words[-2]), int(words[-1])) if kind == "HMSG" else (0, int(words[-1]))
        sizes = 2 if kind == "HMSG" else 1
        reply = words[2] if len(words) == 3 + sizes else ""
        data = self._bytes(size + 2, until)[:-2]
        first = data[:head].split(b"\r\n", 1)[0].split()
        status = int(first[1]) if len(first) > 1 and first[1].isdigit() else 0
        return Message(int(words[1]), reply, status, data[head:])

    def _line(self, until: float) -> str:
        """The next line that is not for the connection itself."""
        while True:
            while (end := self._buffer.find(b"\r\n")) < 0:
                self._receive(until)
            line = self._buffer[:end].decode()
            del self._buffer[: end + 2]
            if line == "PING":
                self._send(b"PONG\r\n")
            elif line.startswith("-ERR"):
                self._raise(line[4:].strip(" '"))
            else:
                return line

    def _raise(self, said: str) -> None:
        words = said.lower()
        if "authorization" in words or "authentication" in words or "permissions" in words:
            raise Denied(f"{self.url} says: {said}")
        raise Lost(f"{self.url} says: {said}")

    def _bytes(self, size: int, until: float) -> bytes:
        while len(self._buffer) < size:
            self._receive(until)
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        return found

    def _receive(self, until: float) -> None:
        if len(self._buffer) > MOST_BYTES:
            raise Lost(f"{self.url} sends without an end")
        self._socket.settimeout(max(0.001, until - time.monotonic()))
        try:
            got = self._socket.recv(65536)
        except OSError as error:
            raise Lost(f"{self.url} does not answer: {error}") from None
        if not got:
            raise Lost(f"{self.url} has closed the connection")
        self._buffer += got

    def _send(self, data: bytes) -> None:
        self._socket.settimeout(SECONDS)
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Lost(f"{self.url}: {error}") from None
