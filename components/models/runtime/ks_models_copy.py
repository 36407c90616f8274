"""Copies a published version into a cache: in parallel, each part checked against its hash when it is there."""

import errno
import hashlib
import mmap
import os
from pathlib import Path
from typing import Any

from ks_models_manifest import CHUNK, Part, digest_of, files_below, groups_of, parts_of
from ks_models_work import Done, Progress, large_first

COPIED, HASHED = 16 * 2**20, 2**20
"""Bytes of one copy in the kernel, and of one step of a hash."""
NOT_HERE = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
"""Errors of copy_file_range that mean: not between these two file systems."""


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
        folders = {os.path.dirname(path) for path in self.manifest["files"]}
        for folder in sorted(folders - {""}):
            os.makedirs(f"{self.target}/{folder}", exist_ok=True)
        for path, entry in self.manifest["files"].items():
            if len(entry.get("parts", ())) > 1:
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
                return _large(source, target, part, done)
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


def _large(source: int, target: int, part: Part, done: Done) -> str:
    size, end = os.fstat(source).st_size, part.offset + part.size
    if size < end or (part.whole and size != end):
        least = "" if part.whole else "at least "
        return f"{part.path} has {size} bytes, and the manifest says {least}{end}"
    if not _copy_in_kernel(source, target, part):
        return f"{part.path} became shorter while it was read"
    # What is hashed is what is in the cache, and not what was read: one look at the pages that were just written.
    with mmap.mmap(target, part.size, mmap.MAP_SHARED, mmap.PROT_READ, offset=part.offset) as pages:
        found = hashlib.sha256()
        for at in range(0, part.size, HASHED):
            with memoryview(pages)[at : at + HASHED] as view:
                found.update(view)
                done(len(view))
    if found.hexdigest() != part.sha256:
        return f"{part.path} is corrupt: its sha256 is not the one in the manifest"
    # Begins to write it to the disk, while other parts are still copied: the sync at the end has less to wait for.
    os.posix_fadvise(target, part.offset, part.size, os.POSIX_FADV_DONTNEED)
    return ""


def _copy_in_kernel(source: int, target: int, part: Part) -> bool:
    """Copy without a detour through this process, which saves more than half of the CPU. False: it ends too early.

    copy_file_range between two kinds of file system is refused since Linux 5.19; sendfile does it then.
    """
    at, end, ranges = part.offset, part.offset + part.size, True
    os.lseek(target, at, os.SEEK_SET)
    while at < end:
        size = min(COPIED, end - at)
        try:
            wrote = os.copy_file_range(source, target, size, at) if ranges else os.sendfile(target, source, at, size)
        except OSError as error:
            if not ranges or error.errno not in NOT_HERE:
                raise
            ranges = False
            continue
        if wrote == 0:
            return False
        at += wrote
    return True


def _write(target: int, data: memoryview, at: int) -> None:
    while data:
        wrote = os.pwrite(target, data, at)
        data, at = data[wrote:], at + wrote
