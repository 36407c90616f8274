"""Copies a version into a cache from the leader, over HTTPS: for clusters where nobody else mounts the claim.

The leader is nginx over the folder `versions` of the claim, read-only. Every file is written from its beginning to its
end, so its size says what is there already: a pull that was killed asks for the rest of each file, and for no byte
twice. Each part is checked against its hash when it is there, also what an earlier pull has left.
"""

import http.client
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ks_models_layout import DIGEST, MANIFEST, VERSIONS
from ks_models_manifest import CHUNK, Part, digest_of, files_below, groups_of, parts_of
from ks_models_tree import Refused, say
from ks_models_work import Done, Progress, large_first

SECONDS = 30
"""How long the leader may be silent within one answer."""
PATIENCE = float(os.environ.get("KS_PULL_SECONDS", "300"))
"""How long a leader that does not answer at all is waited for. It moves with its disk, which takes minutes."""
CONNECTIONS = 4
"""For large files, of each process: one would wait for the network between two parts."""
NO_ANSWER = "no answer from the leader"
REASONS = {404: "is missing", 416: "is shorter than the manifest says"}


class Lost(Exception):
    """The leader does not answer, or has broken off."""


class Leader:
    """Where the leader is. `expected`: digest of the version that was announced; empty: any."""

    def __init__(self, url: str, ca: str, expected: str = "") -> None:
        where = urlsplit(url)
        if where.scheme != "https" or not where.hostname:
            raise Refused(f"{url} is no address of a leader; it must be https://host:port")
        self.host, self.port, self.ca, self.expected = where.hostname, where.port or 443, ca, expected
        self.where = f"at the leader {url}"
        self._own = threading.local()

    def digest(self, version: str) -> str:
        """The digest of a version that is published. Empty: the leader has none, or is away."""
        try:
            return self._text(f"{version}/{DIGEST}").strip()
        except Lost:
            return ""

    def texts(self, version: str) -> tuple[str, str]:
        """The manifest of a version, and its digest. Raises Refused for one that is not there, and OSError."""
        digest = self._patient(f"{version}/{DIGEST}").strip()
        if not digest:
            raise Refused(f"version {version} is not {self.where}. Publish it first (docs/models.md)")
        if self.expected and digest != self.expected:
            raise Refused(f"version {version} {self.where} is not the one that was announced: their manifests differ")
        return self._patient(f"{version}/{MANIFEST}"), digest

    def copy(self, version: str, target: Path, manifest: dict[str, Any], resumed: bool) -> "Pull":
        self.close()  # the processes of the pull are forked, and have connections of their own
        return Pull(self, version, target, manifest, resumed)

    def _patient(self, path: str) -> str:
        try:
            return self.tried(lambda: self._text(path))
        except Lost as lost:
            raise OSError(str(lost)) from None

    def _text(self, path: str) -> str:
        """A small file of the leader; empty: it is not there. Raises Lost."""
        answer = self.get(path, {})
        try:
            data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Lost(f"{NO_ANSWER}: {error}") from None
        return data.decode() if answer.status == 200 else ""

    def tried(self, work: Callable[[], Any]) -> Any:
        """Do the work, again while the leader is away. Raises Lost after PATIENCE seconds without a word from it."""
        self._own.heard, pause = time.monotonic(), 0.2
        while True:
            try:
                return work()
            except Lost as lost:
                if time.monotonic() + pause > self._own.heard + PATIENCE:
                    raise Lost(f"{lost}, for {PATIENCE:.0f} s") from None
                time.sleep(pause)
                pause = min(2 * pause, 5)

    def heard(self) -> None:
        """The leader sends to this thread."""
        self._own.heard = time.monotonic()

    def get(self, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Ask over the connection of this thread. Raises Lost for no answer, and for one of a server in trouble."""
        try:
            connection = self._connection()
            connection.request("GET", f"/{VERSIONS}/{quote(os.fsencode(path))}", headers=headers)
            answer = connection.getresponse()
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise Lost(f"{NO_ANSWER} that {self.ca} vouches for: {error.verify_message}") from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Lost(f"{NO_ANSWER}: {error}") from None
        if answer.status >= 500 or answer.status == 429:
            self.close()
            raise Lost(f"{NO_ANSWER} but {answer.status} {answer.reason}")
        return answer

    def _connection(self) -> http.client.HTTPSConnection:
        found: http.client.HTTPSConnection | None = getattr(self._own, "connection", None)
        if found is None:
            trust = ssl.create_default_context(cafile=self.ca)
            found = http.client.HTTPSConnection(self.host, self.port, timeout=SECONDS, context=trust)
            self._own.connection = found
        return found

    def close(self) -> None:
        """End the connection of this thread; the next request opens another."""
        found: http.client.HTTPSConnection | None = getattr(self._own, "connection", None)
        if found is not None:
            found.close()
            self._own.connection = None


class Pull:
    """One pull of a version. `resumed`: whether parts of it may be there; they are kept when their hash is right."""

    def __init__(self, leader: Leader, version: str, target: Path, manifest: dict[str, Any], resumed: bool) -> None:
        self.leader, self.version, self.target, self.resumed = leader, version, target, resumed
        self.manifest = manifest
        files: dict[str, list[Part]] = {}
        for part in parts_of(manifest):
            files.setdefault(part.path, []).append(part)
        self.files = files
        whole = [Part(path, 0, entry["size"], "", True) for path, entry in manifest["files"].items()]
        self.groups = groups_of(whole)

    def run(self, progress: Progress) -> list[str]:
        """Pull, and return what was wrong at the leader, by name. Raises Full, and OSError when it does not answer."""
        if self.resumed:
            for path in files_below(self.target):
                if path not in self.manifest["files"]:
                    os.unlink(self.target / path)
        for folder in sorted({os.path.dirname(path) for path in self.manifest["files"]}):
            os.makedirs(self.target / folder, exist_ok=True)
        mistakes = large_first(self.groups.large, len(self.groups.pieces), self.piece, progress, CONNECTIONS)
        if away := next((mistake for mistake in mistakes if NO_ANSWER in mistake), ""):
            raise OSError(away)
        return mistakes

    def piece(self, number: int, done: Done) -> list[str]:
        return [mistake for part in self.groups.pieces[number] if (mistake := self._file(part.path, part.size, done))]

    def _file(self, path: str, size: int, done: Done) -> str:
        """Bring one file in, and say what is wrong with it; empty: nothing."""
        handle = os.open(self.target / path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o644)
        try:
            for again in (False, True):
                bad = self._rest(handle, path, size, done)
                if bad is None:
                    return ""
                if again:
                    return f"{path} is corrupt: its sha256 is not the one in the manifest"
                say(f"{path}: what is here from byte {bad} on is not what the manifest says; it is pulled once more")
                os.ftruncate(handle, bad)
        except (Refused, Lost) as wrong:
            return f"{path}: {wrong}"
        finally:
            os.close(handle)
        raise AssertionError("unreachable")

    def _rest(self, handle: int, path: str, size: int, done: Done) -> int | None:
        """Pull what is missing of a file. Returns the first byte of a part that is wrong; None: all are right."""
        if os.fstat(handle).st_size > size:
            os.ftruncate(handle, 0)
        for part in self.files[path]:
            here = min(max(os.fstat(handle).st_size - part.offset, 0), part.size)
            if here < part.size:
                self.leader.tried(lambda part=part: self._pull(handle, path, part, size, done))
                found = digest_of(handle, part.offset, part.size)
            else:
                found = digest_of(handle, part.offset, part.size, done)
            if found != part.sha256:
                return part.offset
        return None

    def _pull(self, handle: int, path: str, part: Part, size: int, done: Done) -> None:
        """Add what is missing of a part to the end of the file. Raises Lost, and Refused for another file."""
        at, end = os.fstat(handle).st_size, part.offset + part.size
        if at == end:
            return
        for data in self._stream(path, at, end, size):
            view = memoryview(data)
            while view:
                wrote = os.pwrite(handle, view, at)
                view, at = view[wrote:], at + wrote
            done(len(data))

    def _stream(self, path: str, at: int, end: int, size: int) -> Iterator[bytes]:
        answer = self.leader.get(f"{self.version}/{path}", {"Range": f"bytes={at}-{end - 1}"})
        if answer.status != 206:
            self.leader.close()
            raise Refused(REASONS.get(answer.status, f"was answered with {answer.status} {answer.reason}"))
        if (said := answer.headers.get("Content-Range")) != (wanted := f"bytes {at}-{end - 1}/{size}"):
            self.leader.close()
            raise Refused(f"the leader has {said}, and the manifest says {wanted}")
        left = end - at
        while left:
            try:
                data = answer.read1(min(CHUNK, left))
            except (OSError, http.client.HTTPException) as error:
                self.leader.close()
                raise Lost(f"{NO_ANSWER}: {error}") from None
            if not data:
                self.leader.close()
                raise Lost(f"{NO_ANSWER}: it broke off")
            self.leader.heard()
            left -= len(data)
            yield data
        answer.read()  # frees the connection for the next request
