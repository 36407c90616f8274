"""Copies a published version into a cache: in parallel, each part checked against its hash when it is there."""

import hashlib
import os
from pathlib import Path
from typing import Any

from ks_models_manifest import CHUNK, Part, digest_of, files_below, groups_of, parts_of, read_ahead
from ks_models_work import Done, Progress, large_first

BUFFER = 2**18
"""Bytes that are read, hashed and written in one go."""


class Copy:
    """One copy of a version. `resumed`: whether parts of it may be there; they are kept when their hash is right."""

    def __init__(self, source: Path, target: Path, manifest: dict[str, Any], resumed: bool) -> None:
        self.source, self.target, self.resumed = str(source), str(target), resumed
        self.manifest = manifest
        self.groups = groups_of(parts_of(manifest))

    def run(self, progress: Progress) -> list[str]:
        """Copy, and return what was wrong with the source, by name. Raises Full when the disk is."""
        self._folders()
        return large_first(self.groups.large, len(self.groups.pieces), self.piece, progress)

    def _folders(self) -> None:
        """All folders, and every large file in its full length: several processes write into it."""
        if self.resumed:
            for path in files_below(Path(self.target)):
                if path not in self.manifest["files"]:
                    os.unlink(f"{self.target}/{path}")
        folders = {path.rpartition("/")[0] for path in self.manifest["files"]}
        for folder in sorted(folders - {""}):
            os.makedirs(f"{self.target}/{folder}", exist_ok=True)
        for path, entry in self.manifest["files"].items():
            if "parts" in entry:
                handle = os.open(f"{self.target}/{path}", os.O_CREAT | os.O_WRONLY, 0o644)
                os.ftruncate(handle, entry["size"])
                os.close(handle)

    def piece(self, number: int, done: Done) -> list[str]:
        mistakes: list[str] = []
        for part in self.groups.pieces[number]:
            if self.resumed and self._is_right(part):
                done(part.size)
            elif mistake := self._copy(part, done):
                mistakes.append(mistake)
        return mistakes

    def _is_right(self, part: Part) -> bool:
        try:
            handle = os.open(f"{self.target}/{part.path}", os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        try:
            if part.whole and os.fstat(handle).st_size != part.size:
                return False
            return digest_of(handle, part.offset, part.size) == part.sha256
        finally:
            os.close(handle)

    def _copy(self, part: Part, done: Done) -> str:
        try:
            source = os.open(f"{self.source}/{part.path}", os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return f"{part.path} is missing"
        try:
            flags = os.O_CREAT | os.O_RDWR | (os.O_TRUNC if part.whole else 0)
            target = os.open(f"{self.target}/{part.path}", flags, 0o644)
            try:
                if part.whole and part.size <= CHUNK:
                    return _small(source, target, part, done)
                return _large(source, target, part, self.manifest["files"][part.path]["size"], done)
            finally:
                os.close(target)
        finally:
            os.close(source)


def _small(source: int, target: int, part: Part, done: Done) -> str:
    # One byte more than it should have shows a file that is too long, without asking for its size.
    data = os.read(source, part.size + 1)
    while len(data) < part.size and (more := os.read(source, part.size + 1 - len(data))):
        data += more
    if len(data) != part.size:
        return (
            f"{part.path} has {'more' if len(data) > part.size else len(data)} bytes, and the manifest says {part.size}"
        )
    if hashlib.sha256(data).hexdigest() != part.sha256:
        return f"{part.path} is corrupt: its sha256 is not the one in the manifest"
    _write(target, memoryview(data), 0)
    done(part.size)
    return ""


def _large(source: int, target: int, part: Part, size: int, done: Done) -> str:
    """Read, hash and write each piece while it is in the processor's cache: no byte is read a second time."""
    if (found := os.fstat(source).st_size) != size:
        return f"{part.path} has {found} bytes, and the manifest says {size}"
    view, digest = memoryview(bytearray(min(BUFFER, part.size))), hashlib.sha256()
    at, end = part.offset, part.offset + part.size
    while at < end:
        got = os.preadv(source, [view[: end - at]], at)
        if got == 0:
            return f"{part.path} became shorter while it was read"
        read_ahead(source, at, got)
        digest.update(view[:got])
        _write(target, view[:got], at)
        at += got
        done(got)
    if digest.hexdigest() != part.sha256:
        return f"{part.path} is corrupt: its sha256 is not the one in the manifest"
    # Begins to write it to the disk, while other parts are still copied: the sync at the end has less to wait for.
    os.posix_fadvise(target, part.offset, part.size, os.POSIX_FADV_DONTNEED)
    return ""


def _write(target: int, data: memoryview, at: int) -> None:
    while data:
        wrote = os.pwrite(target, data, at)
        data, at = data[wrote:], at + wrote
