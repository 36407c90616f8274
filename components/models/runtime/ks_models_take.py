"""Brings a package into .incoming/<version>: from a folder, with the links in it followed.

    python ks_models_take.py <folder> <shared> <version> [<name in the package>]

The snapshot of a Hugging Face cache (models--<owner>--<name>/snapshots/<commit>) is symbolic links to its blobs; the
package gets the files themselves, under the same names. With the folder models--<owner>--<name> itself, every snapshot
and `refs` come in, and the blobs that they lead to are left out: the hub's own layout, which HF_HOME finds.
A copy that was killed is taken up again.
"""

import os
import shutil
import sys
from pathlib import Path

from ks_models_layout import INCOMING
from ks_models_tree import EX_TEMPFAIL, UNFINISHED, Refused, checked_version, refuse, say, walk

BLOBS = ("blobs", ".locks", ".no_exist")
"""Folders of the hub's cache that a package does not need, because its snapshots hold the files themselves."""


def take(folder: Path, shared: Path, version: str, name: str = "") -> int:
    """Copy the folder, and return the number of files. Raises Refused for a link that leads nowhere, or out."""
    if not folder.is_dir():
        raise Refused(f"there is no folder {folder}")
    if os.path.isabs(name) or ".." in Path(name).parts:
        raise Refused(f"{name} is no name in a package: it leads out of it")
    target = shared / INCOMING / checked_version(version) / name
    # A snapshot's links lead to the blobs of its model.
    root = folder.resolve()
    allowed = next((above for above in (root, *root.parents) if above.name.startswith("models--")), root)
    count = 0
    for path, folders, files in walk(root):
        if Path(path) == allowed:
            folders[:] = [below for below in folders if below not in BLOBS]
        for below in folders:
            if Path(path, below).is_symlink():
                raise Refused(f"{Path(path, below)} is a link to a folder; take that folder itself")
        relative = os.path.relpath(path, root)
        (target / relative).mkdir(parents=True, exist_ok=True)
        for file in files:
            _copy(Path(path, file), target / relative / file, allowed)
            count += 1
    say(f"{count} files of {folder} are in {target}")
    return count


def _copy(source: Path, target: Path, allowed: Path) -> None:
    real = source.resolve()
    if not real.is_file():
        raise Refused(f"{source} leads to {real}, which is no file: is the snapshot complete?")
    if not real.is_relative_to(allowed):
        raise Refused(f"{source} leads to {real}, outside of {allowed}")
    found = real.stat()
    if target.is_file() and _same(target.stat(), found):
        return  # only whole files get their name
    unfinished = target.with_name(f"{target.name}{UNFINISHED}")
    shutil.copyfile(real, unfinished)
    os.utime(unfinished, ns=(found.st_mtime_ns, found.st_mtime_ns))
    os.rename(unfinished, target)


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether a file is a copy of the other, as rsync judges it: another revision may have files as long as these."""
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        refuse("usage: ks_models_take.py <folder> <shared> <version> [<name in the package>]")
    try:
        take(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], *sys.argv[4:5])
    except Refused as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error}; a copy that was broken off is taken up again", EX_TEMPFAIL)
