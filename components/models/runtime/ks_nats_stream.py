"""The announcements of releases in JetStream: one stream, one message for each version, one consumer for each node.

https://docs.nats.io/reference/reference-protocols/nats_api_reference. The stream keeps one message for each subject,
and each version has a subject of its own; so a version is announced once, whoever announces it again, and for ever:
the server takes a message only where its subject has none yet (`Nats-Expected-Last-Subject-Sequence: 0`). `Nats-Msg-Id`
is the version too, which the server compares first, within its window of two minutes.
"""

import json
import os
import time
from typing import Any, NamedTuple

from ks_nats import Lost, Message, Nats

TAKEN, NO_STREAM, OTHER_STREAM = 10071, 10059, 10058
"""JetStream's own numbers of errors (nats-server, server/errors.json): the subject has a message, no such stream, and
a stream of that name with another configuration."""
ACK_SECONDS = int(os.environ.get("KS_ACK_SECONDS", "60"))
"""After so many seconds without a word from the follower a message comes again."""
FORGOTTEN_SECONDS = 30 * 86400
"""A consumer whose node did not ask for so long goes: nodes come and go."""


class Failed(Exception):
    """JetStream refused a request. `code`: its own number of the error."""

    def __init__(self, said: str, code: int) -> None:
        super().__init__(said)
        self.code = code


class Announcement(NamedTuple):
    """One release."""

    version: str
    digest: str
    """sha256 of the version's manifest."""
    ack: str
    """Subject of the word that it was dealt with."""


class Releases:
    """The stream `name` with the subjects `<name>.<version>`."""

    def __init__(self, nats: Nats, name: str) -> None:
        self.nats, self.name = nats, name

    def make(self, copies: int) -> None:
        """Make the stream where it is not there. `copies`: servers of the cluster that keep it."""
        config = {
            "name": self.name,
            "subjects": [f"{self.name}.*"],
            "storage": "file",
            "retention": "limits",
            "discard": "old",
            "max_msgs_per_subject": 1,
            "max_msg_size": 4096,
            "num_replicas": copies,
        }
        try:
            self._ask(f"STREAM.INFO.{self.name}", {})
        except Failed as failed:
            if failed.code != NO_STREAM:
                raise
            self._ask(f"STREAM.CREATE.{self.name}", config)

    def announce(self, version: str, digest: str) -> bool:
        """Announce a version, and wait until the server has it on its disk. False: it was announced before."""
        # A subject's parts are separated by dots, and a version may have some; it has no %.
        subject = f"{self.name}.{version.replace('.', '%')}"
        headers = {"Nats-Msg-Id": version, "Nats-Expected-Last-Subject-Sequence": "0"}
        data = json.dumps({"version": version, "digest": digest}).encode()
        try:
            return not self._answer(self.nats.request(subject, data, headers)).get("duplicate", False)
        except Failed as failed:
            if failed.code != TAKEN:
                raise
            return False

    def consumer(self, node: str) -> None:
        """Make the consumer of a node where it is not there. A new one begins with the newest release."""
        config = {
            "durable_name": node,
            "deliver_policy": "last",
            "ack_policy": "explicit",
            "ack_wait": ACK_SECONDS * 10**9,
            "max_ack_pending": 1,
            "inactive_threshold": FORGOTTEN_SECONDS * 10**9,
        }
        self._ask(f"CONSUMER.CREATE.{self.name}.{node}", {"stream_name": self.name, "config": config})

    def next(self, node: str, seconds: float) -> Announcement | None:
        """The next release that the node has not dealt with. None: none came in that time."""
        asked = json.dumps({"batch": 1, "expires": int(seconds * 10**9)}).encode()
        found = self.nats.request(f"$JS.API.CONSUMER.MSG.NEXT.{self.name}.{node}", asked, seconds=seconds + 10)
        if found.status in (404, 408):
            return None
        if found.status:
            raise Lost(f"{self.nats.url}: the consumer {node} is gone, or JetStream is ({found.status})")
        told = json.loads(found.data)
        return Announcement(str(told["version"]), str(told["digest"]), found.reply)

    def done(self, release: Announcement) -> None:
        """Say that a release was dealt with, and wait until the server knows it."""
        self.nats.request(release.ack, b"+ACK")

    def working(self, release: Announcement) -> None:
        """Say that a release is being dealt with: the server waits another ACK_SECONDS."""
        self.nats.publish(release.ack, b"+WPI")
        self.nats.ping()

    def later(self, release: Announcement, seconds: float) -> None:
        """Have a release again after so many seconds."""
        self.nats.publish(release.ack, f'-NAK {{"delay": {int(seconds * 10**9)}}}'.encode())
        self.nats.ping()

    def _ask(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._answer(self.nats.request(f"$JS.API.{what}", json.dumps(body).encode()))

    def _answer(self, message: Message) -> dict[str, Any]:
        if message.status:
            raise Lost(f"{self.nats.url}: nobody answers for JetStream or the stream {self.name} ({message.status})")
        found = json.loads(message.data)
        if error := found.get("error"):
            raise Failed(str(error.get("description", error)), int(error.get("err_code", 0)))
        return found


def wait(seconds: float, nats: Nats) -> None:
    """Wait, and stay connected: the server closes a connection that does not answer its pings. Raises Lost."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 30))
        nats.ping()
