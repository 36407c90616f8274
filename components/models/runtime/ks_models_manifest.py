"""The manifest of a package: the sha256 of every file, and of every 64 MiB of a large one.

The hashes of the parts let one large file be read in parallel, and let a copy that was killed go on where it was.
"""

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any, NamedTuple

from ks_models_layout import DIGEST, MANIFEST
from ks_models_tree import UNFINISHED, Refused, walk, write_whole
from ks_models_work import Done, Progress, large_first

FORMAT = 1
PART = 64 * 2**20
NUL_BETWEEN = "/\0/"
OWN = (MANIFEST, DIGEST, f"{MANIFEST}{UNFINISHED}", f"{DIGEST}{UNFINISHED}")
"""Files at the top of a package that are no part of it."""
CHUNK = 2**20
"""Bytes that are read at once."""
AHEAD = 8 * CHUNK
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
    """Every file of a package and its size. Raises Refused for what is neither a file nor a folder, and OSError for a
    folder that cannot be read."""
    found: dict[str, int] = {}
    base = str(folder)
    for path, folders, names in walk(base):
        for name in [*names, *(below for below in folders if os.path.islink(os.path.join(path, below)))]:
            whole = os.path.join(path, name)
            relative = whole[len(base) + 1 :]
            state = os.lstat(whole)
            if not stat.S_ISREG(state.st_mode):
                what = f"a symbolic link to {os.readlink(whole)}" if stat.S_ISLNK(state.st_mode) else "no file"
                raise Refused(
                    f"{relative} is {what}; a package holds files and folders only. The folder of a Hugging Face "
                    "snapshot is brought in by `take`, which follows its links"
                )
            if relative not in OWN:
                found[relative] = state.st_size
    return dict(sorted(found.items()))


class Groups(NamedTuple):
    """Parts in groups that are worth a piece of work each."""

    pieces: list[list[Part]]
    large: int
    """So many of them, the first, are a part of a large file each."""


def groups_of(parts: list[Part]) -> Groups:
    """The parts in groups; the large ones first."""
    # The first parts of all large files, then the second ones: those who write to one file wait for each other.
    found = [[part] for part in sorted(parts, key=lambda part: part.offset) if part.size >= BYTES_AT_ONCE]
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


def split(size: int) -> list[tuple[int, int]]:
    """Offset and size of each part of a file."""
    return [(at, min(PART, size - at)) for at in range(0, size, PART)] or [(0, 0)]


def read_ahead(handle: int, at: int, got: int) -> None:
    """Have the kernel read what comes after the next AHEAD bytes, once for each CHUNK: it reads no more for one hint.

    A network file system is asked for several pieces at a time by it, as by several threads; for what is in memory
    already it costs microseconds.
    """
    if at // CHUNK != (at + got) // CHUNK:
        os.posix_fadvise(handle, (at + got) // CHUNK * CHUNK + AHEAD, CHUNK, os.POSIX_FADV_WILLNEED)


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
        read_ahead(handle, offset, got)
        found.update(view[:got])
        offset, left = offset + got, left - got
        if done is not None:
            done(got)
    return found.hexdigest()


def make(folder: Path) -> dict[str, Any]:
    """Read every file once and return the manifest. Raises Refused, and OSError for what cannot be read."""
    import tempfile  # nothing but this needs its many modules

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
    for offset, length in split(size):
        part, at, left = hashlib.sha256(), offset, length
        while left:
            got = os.preadv(handle, [view[: min(left, CHUNK)]], at)
            if got == 0:
                return "", []
            read_ahead(handle, at, got)
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
        # As bytes: in a text file Python makes one line break of two.
        return (folder / MANIFEST).read_bytes().decode(), (folder / DIGEST).read_bytes().decode().strip()
    except FileNotFoundError as error:
        raise Refused(f"{error.filename} is missing: the folder is no published version") from None
    except UnicodeDecodeError:
        raise Refused(f"{folder / MANIFEST}, or {DIGEST} beside it, is corrupt: it is no text") from None


def checked(text: str, wanted: str, where: str) -> dict[str, Any]:
    """A manifest from its text. `wanted`: its hash. `where`: whose it is, for messages. Raises Refused."""
    if hashlib.sha256(text.encode()).hexdigest() != wanted:
        raise Refused(f"{where}/{MANIFEST} is corrupt: its sha256 is not the one in {DIGEST}")
    try:
        manifest = json.loads(text)
        if manifest["format"] != FORMAT:
            raise Refused(f"{where}/{MANIFEST} has the format {manifest['format']}; this release reads {FORMAT}")
        _check_paths(list(manifest["files"]))
        _check_entries(list(manifest["files"].values()), manifest["bytes"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{where}/{MANIFEST} is no manifest: {type(error).__name__} {error}") from None
    return manifest


def _check_paths(paths: list[str]) -> None:
    """Raise ValueError for a name that is not one of a file below the package. All at once: a start waits for it."""
    if not paths:
        raise ValueError("it names no file")
    joined = f"/{NUL_BETWEEN.join(paths)}/"
    if joined.count("\0") >= len(paths) or any(bad in joined for bad in ("//", "/./", "/../")):
        wrong = next(path for path in paths if "\0" in path or not {"", ".", ".."}.isdisjoint(path.split("/")))
        raise ValueError(f"{wrong!r} is outside of the package, or no name of a file")
    if own := [path for path in OWN if path in paths]:
        raise ValueError(f"{own[0]} is no part of a package")


def _check_entries(entries: list[dict[str, Any]], total: int) -> None:
    """Raise ValueError for an entry without a size, or without a hash of each of its parts."""
    sizes, hashes = [entry["size"] for entry in entries], [entry["sha256"] for entry in entries]
    if {type(size) for size in sizes} != {int} or min(sizes) < 0 or sum(sizes) != total:
        raise ValueError("the sizes are no sizes, or bytes is not their sum")
    for entry in (entry for entry in entries if entry["size"] > PART or "parts" in entry):
        if len(parts := entry["parts"]) != len(split(entry["size"])):
            raise ValueError(f"a file of {entry['size']} bytes has {len(parts)} parts")
        hashes += parts
    if {len(found) for found in hashes} != {64} or len(bytes.fromhex("".join(hashes))) != 32 * len(hashes):
        raise ValueError("a hash is no sha256")


def parts_of(manifest: dict[str, Any]) -> list[Part]:
    """Every file of the manifest, large ones in parts."""
    found: list[Part] = []
    for path, entry in manifest["files"].items():
        if "parts" not in entry:
            found.append(Part(path, 0, entry["size"], entry["sha256"], True))
            continue
        places = split(entry["size"])
        found += [Part(path, *place, entry["parts"][i], False) for i, place in enumerate(places)]
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
