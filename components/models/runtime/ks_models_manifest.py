"""The manifest of a package: the sha256 of every file, and of every 64 MiB of a large one.

The hashes of the parts let one large file be read in parallel, and let a copy that was killed go on where it was.
"""

import hashlib
import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from ks_models_layout import DIGEST, MANIFEST
from ks_models_tree import UNFINISHED, Refused, write_whole
from ks_models_work import Done, Progress, large_first

FORMAT = 1
PART = 64 * 2**20
OWN = (MANIFEST, DIGEST, f"{MANIFEST}{UNFINISHED}", f"{DIGEST}{UNFINISHED}")
"""Files at the top of a package that are no part of it."""
CHUNK = 2**20
"""Bytes that are read at once."""
FILES_AT_ONCE = 64
BYTES_AT_ONCE = 8 * 2**20
"""Small files are dealt with in batches of at most so many files and bytes."""


class Part(NamedTuple):
    """A file, or a part of a large one."""

    path: str
    """Relative to the package, with /."""
    offset: int
    size: int
    sha256: str
    whole: bool
    """Whether it is the whole file."""


def files_below(folder: Path) -> dict[str, int]:
    """Every file of a package and its size. Raises Refused for what is neither a file nor a folder."""
    found: dict[str, int] = {}
    base = str(folder)
    for path, folders, names in os.walk(base):
        for name in [*names, *(below for below in folders if os.path.islink(os.path.join(path, below)))]:
            whole = os.path.join(path, name)
            relative = whole[len(base) + 1 :]
            if relative in OWN:
                continue
            state = os.lstat(whole)
            if not stat.S_ISREG(state.st_mode):
                what = f"a symbolic link to {os.readlink(whole)}" if stat.S_ISLNK(state.st_mode) else "no file"
                raise Refused(
                    f"{relative} is {what}; a package holds files and folders only. The folder of a Hugging Face "
                    "snapshot is brought in by `take`, which follows its links"
                )
            found[relative] = state.st_size
    return dict(sorted(found.items()))


class Groups(NamedTuple):
    """Parts in groups that are worth a piece of work each."""

    pieces: list[list[Part]]
    large: int
    """So many of them, the first, are a part of a large file each."""


def groups_of(parts: list[Part]) -> Groups:
    """The parts in groups; the large ones first."""
    found: list[list[Part]] = [[part] for part in parts if part.size >= BYTES_AT_ONCE]
    large = len(found)
    small: list[Part] = []
    size = 0
    for part in parts:
        if part.size >= BYTES_AT_ONCE:
            continue
        small.append(part)
        size += part.size
        if len(small) >= FILES_AT_ONCE or size >= BYTES_AT_ONCE:
            found.append(small)
            small, size = [], 0
    return Groups([*found, small] if small else found, large)


def split(path: str, size: int) -> list[tuple[int, int]]:
    """Offset and size of each part of a file."""
    return [(at, min(PART, size - at)) for at in range(0, size, PART)] or [(0, 0)]


def digest_of(handle: int, offset: int, size: int, done: Done | None = None) -> str:
    """The sha256 of a part of an open file; empty when the file is too short."""
    found = hashlib.sha256()
    buffer = bytearray(min(CHUNK, max(size, 1)))
    view = memoryview(buffer)
    left = size
    while left:
        got = os.preadv(handle, [view[: min(left, len(buffer))]], offset)
        if got == 0:
            return ""
        found.update(view[:got])
        offset, left = offset + got, left - got
        if done is not None:
            done(got)
    return found.hexdigest()


def make(folder: Path) -> dict[str, Any]:
    """Read every file once and return the manifest."""
    sizes = files_below(folder)
    if not sizes:
        raise Refused(f"{folder} holds no file")
    paths = list(sizes)
    groups = groups_of([Part(path, 0, size, "", True) for path, size in sizes.items()])
    # The processes hand over their hashes in a file, because a pipe of many lines would fill.
    progress = Progress("hashing", sum(sizes.values()))
    with tempfile.TemporaryFile() as answers:
        handle = answers.fileno()

        def work(number: int, done: Done) -> list[str]:
            lines: list[str] = []
            for part in groups.pieces[number]:
                opened = os.open(folder / part.path, os.O_RDONLY | os.O_NOFOLLOW)
                try:
                    lines.append(json.dumps([part.path, *_hashes(opened, part.size, done)]))
                finally:
                    os.close(opened)
            # One O_APPEND write of the shared open file: lines are never mixed.
            os.write(handle, ("\n".join(lines) + "\n").encode())
            return []

        if mistakes := large_first(groups.large, len(groups.pieces), work, progress):
            raise Refused("; ".join(mistakes))
        answers.seek(0)
        found = {line[0]: line[1:] for line in map(json.loads, answers.read().decode().splitlines())}
    files: dict[str, Any] = {}
    for path in paths:
        whole, parts = found[path]
        if not whole:
            raise Refused(f"{path} became shorter while it was read: is the upload still going on?")
        files[path] = {"size": sizes[path], "sha256": whole, **({"parts": parts} if len(parts) > 1 else {})}
    return {"format": FORMAT, "bytes": sum(sizes.values()), "files": files}


def _hashes(handle: int, size: int, done: Done) -> tuple[str, list[str]]:
    """The hash of a whole file, and of its parts, from one reading."""
    if size <= PART:
        only = digest_of(handle, 0, size, done)
        return only, [only]
    whole, parts = hashlib.sha256(), list[str]()
    buffer = bytearray(CHUNK)
    view = memoryview(buffer)
    for offset, length in split("", size):
        part, at, left = hashlib.sha256(), offset, length
        while left:
            got = os.preadv(handle, [view[: min(left, CHUNK)]], at)
            if got == 0:
                return "", []
            part.update(view[:got])
            whole.update(view[:got])
            at, left = at + got, left - got
            done(got)
        parts.append(part.hexdigest())
    return whole.hexdigest(), parts


def text_of(manifest: dict[str, Any]) -> str:
    return json.dumps(manifest, indent=0, sort_keys=True)


def write(folder: Path, manifest: dict[str, Any]) -> None:
    """Put the manifest into the package, and its own hash beside it."""
    text = text_of(manifest)
    write_whole(folder / MANIFEST, text)
    write_whole(folder / DIGEST, hashlib.sha256(text.encode()).hexdigest())


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a package, checked against its own hash. Raises Refused."""
    return checked(*texts(folder), str(folder))


def texts(folder: Path) -> tuple[str, str]:
    """The text of a package's manifest, and the hash beside it. Raises Refused."""
    try:
        return (folder / MANIFEST).read_text(), (folder / DIGEST).read_text().strip()
    except FileNotFoundError as error:
        raise Refused(f"{error.filename} is missing: the folder is no published version") from None


def checked(text: str, wanted: str, where: str) -> dict[str, Any]:
    """A manifest from its text. `wanted`: its hash. `where`: whose it is, for messages. Raises Refused."""
    if hashlib.sha256(text.encode()).hexdigest() != wanted:
        raise Refused(f"{where}/{MANIFEST} is corrupt: its sha256 is not the one in {DIGEST}")
    manifest = json.loads(text)
    if manifest.get("format") != FORMAT:
        raise Refused(f"{where}/{MANIFEST} has the format {manifest.get('format')}; this release reads {FORMAT}")
    for path in manifest["files"]:
        if path.startswith("/") or ".." in path.split("/"):
            raise Refused(f"{where}/{MANIFEST} names {path}, which is outside of the package")
    return manifest


def parts_of(manifest: dict[str, Any]) -> list[Part]:
    """Every file of the manifest, large ones in parts."""
    found: list[Part] = []
    for path, entry in manifest["files"].items():
        pieces = split(path, entry["size"])
        hashes = entry.get("parts", [entry["sha256"]])
        found += [Part(path, *place, hashes[i], len(pieces) == 1) for i, place in enumerate(pieces)]
    return found


def wrong_names(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """Files that are missing, have another size, or that the manifest does not know. No file is read."""
    there, wanted = files_below(folder), manifest["files"]
    return [
        *(f"{path} is missing" for path in wanted if path not in there),
        *(f"{path} is not in the manifest" for path in there if path not in wanted),
        *(
            f"{path} has {size} bytes, and the manifest says {wanted[path]['size']}"
            for path, size in there.items()
            if path in wanted and size != wanted[path]["size"]
        ),
    ]


def verify(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """Everything that differs from the manifest, by name. Every byte is read."""
    if mistakes := wrong_names(folder, manifest):
        return mistakes
    groups = groups_of(parts_of(manifest))

    def work(number: int, done: Done) -> list[str]:
        wrong: list[str] = []
        for part in groups.pieces[number]:
            handle = os.open(folder / part.path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                if digest_of(handle, part.offset, part.size, done) != part.sha256:
                    wrong.append(f"{part.path} is corrupt: its sha256 is not the one in the manifest")
            finally:
                os.close(handle)
        return wrong

    return large_first(groups.large, len(groups.pieces), work, Progress("verifying", manifest["bytes"]))
