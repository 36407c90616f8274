"""Makes the role folders of the claims, before anything mounts them.

A `subPath` that does not exist is made by the kubelet as root: a squashing server refuses that, and elsewhere the
folder then belongs to root. So this runs first: as the application's user in an init container, or as root in a Job
where the export belongs to root. It makes exactly the folders it is told, follows no symbolic link, and leaves alone
what belongs to somebody else.

KS_PREPARE says what to make, as JSON:
{"uid": 1001, "gid": 1001, "claims": [{"root": "/claims/shared", "folders": ["models"], "read_only": false}]}
With "give_root": true the root of the claim is handed over as well: the export is squashed next, and then only its
owner can make folders in it.

Exit code 78: somebody has to do something first; the commands are printed, and trying again does not help.
"""

import json
import os
import shlex
import stat
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any, NamedTuple

EX_CONFIG = 78
ROOT_OR_NOBODY = (0, 65534)  # a squashing server writes root's folders as nobody's
OPEN = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""O_PATH: the Job's root has CAP_CHOWN alone, and may not read a folder that it has given away."""
ON_THE_WAY = 0o755  # the kubelet, squashed to nobody, has to pass through
ROLE = 0o770


class Refused(Exception):
    """A folder cannot be had. The commands get it, when root runs them where the files are."""

    def __init__(self, reason: str, *commands: str) -> None:
        super().__init__(reason)
        self.commands = commands


class Owner(NamedTuple):
    """Who the folders are for."""

    uid: int
    gid: int

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}"


def say(message: str) -> None:
    print(f"prepare: {message}", flush=True)


def served_from(root: str, mountinfo: str) -> tuple[str, str]:
    """Server and path behind a mount point; no server and the mount point itself when it is not NFS.

    `mountinfo` is the text of /proc/self/mountinfo (proc(5)).
    """
    for line in reversed(mountinfo.splitlines()):
        fields = line.split()
        kind, source = fields[fields.index("-") + 1 :][:2]
        if fields[4] == root and kind in ("nfs", "nfs4"):
            server, _, path = source.rpartition(":/")
            return server, str(PurePosixPath("/", path, fields[3].lstrip("/")))
    return "", root


@contextmanager
def opened(name: str, parent: int | None = None) -> Generator[int]:
    """A folder, by name in its parent; never through a symbolic link."""
    try:
        folder = os.open(name, OPEN, dir_fd=parent)
    except NotADirectoryError:
        link = stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
        raise Refused(f"{name} is a {'symbolic link' if link else 'file'}; a folder is needed there") from None
    try:
        yield folder
    finally:
        os.close(folder)


def quoted(path: PurePosixPath) -> str:
    return shlex.quote(str(path))


def belongs_to(folder: int) -> str:
    found = os.fstat(folder)
    return f"it belongs to {found.st_uid}:{found.st_gid}, mode {stat.filemode(found.st_mode)}"


def owners_in(folder: int) -> list[int]:
    readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        with os.scandir(readable) as entries:
            return [entry.stat(follow_symlinks=False).st_uid for entry in entries]
    finally:
        os.close(readable)


def give(folder: int, parent: int, owner: Owner, path: PurePosixPath) -> str:
    """As root: hand over an empty folder of root's, or one with nothing but the owner's files. Never recursive."""
    before = os.fstat(folder).st_uid
    if before == owner.uid:
        return "there already"
    owners = owners_in(folder)
    foreign = sum(uid != owner.uid for uid in owners)
    if foreign or (not owners and before not in ROOT_OR_NOBODY):
        holds = f" and holds {foreign} entries of somebody else" if foreign else ""
        raise Refused(
            f"{belongs_to(folder)}{holds}; it is left alone; use another sub-path or, if these are the role's files,",
            f"chown -R {owner} {quoted(path)}",
        )
    os.chown(path.name, *owner, dir_fd=parent, follow_symlinks=False)
    return f"given to {owner}, as the files in it" if owners else f"given to {owner}; it was empty and root's"


def use(folder: int, owner: Owner, path: PurePosixPath) -> str:
    """As the application's user: it has to be writable."""
    if os.access(".", os.W_OK | os.X_OK, dir_fd=folder, effective_ids=True):
        return "there already"
    raise Refused(
        f"{belongs_to(folder)}: uid {os.geteuid()} may not write there; look what is in it, and then",
        f"chown {owner} {quoted(path)}",
    )


def made(path: PurePosixPath, parent: int, owner: Owner, mode: int) -> bool:
    """Make one folder; False when something of that name is there already."""
    try:
        os.mkdir(path.name, mode, dir_fd=parent)
        # An export with all_squash has seen to the owner, and refuses a chown.
        if os.stat(path.name, dir_fd=parent, follow_symlinks=False).st_uid != owner.uid:
            os.chown(path.name, *owner, dir_fd=parent, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        commands = f"mkdir -p {quoted(path)}", f"chown {owner} {quoted(path)}"
        raise Refused(f"uid {os.geteuid()} may not make it: {error.strerror}", *commands) from None
    return True


def prepare(parent: int, folder: PurePosixPath, owner: Owner, behind: PurePosixPath) -> str:
    """Make a role's folder below `parent`, and the folders on the way. Returns what was done. Raises Refused."""
    name, *rest = folder.parts
    path = behind / name
    new = made(path, parent, owner, ON_THE_WAY if rest else ROLE)
    with opened(name, parent) as child:
        if rest:
            return prepare(child, PurePosixPath(*rest), owner, path)
        if new:
            return f"made for {owner}"
        return give(child, parent, owner, path) if os.geteuid() == 0 else use(child, owner, path)


def check(parent: int, folder: PurePosixPath) -> str:
    """A claim of nothing but read-only roles is only looked at."""
    name, *rest = folder.parts
    with opened(name, parent) as child:
        return check(child, PurePosixPath(*rest)) if rest else "there already, read-only"


def give_root(root: str, folder: int, owner: Owner) -> str:
    """As root: hand over the root of a file system, and nothing in it."""
    before = os.fstat(folder).st_uid
    if before == owner.uid:
        return "there already"
    if before not in ROOT_OR_NOBODY:
        raise Refused(f"{belongs_to(folder)}; it is left alone; use another file system")
    os.chown(root, *owner, follow_symlinks=False)
    return f"given to {owner}"


def prepare_claim(claim: dict[str, Any], owner: Owner, mountinfo: str) -> bool:
    """Prepare the folders of one claim, a line for each; False when somebody has to do something first."""
    root, commands, well = claim["root"], [], True
    server, behind = served_from(root, mountinfo)
    with opened(root) as parent:
        for folder in claim["folders"]:
            try:
                path = PurePosixPath(folder)
                read_only = claim["read_only"]
                done = check(parent, path) if read_only else prepare(parent, path, owner, PurePosixPath(behind))
            except (Refused, OSError) as error:
                well = False
                done = f"refused: {error.strerror if isinstance(error, OSError) else error}"
                commands += error.commands if isinstance(error, Refused) else ()
            say(f"{root}/{folder}: {done}")
        if well and claim.get("give_root"):
            try:
                say(f"{root}: {give_root(root, parent, owner)}")
            except (Refused, OSError) as error:
                well = False
                say(f"{root}: refused: {error}")
    if commands:
        say(f"run this as root {f'on {server}' if server else 'where the volume can be written'}, then start again:")
        print("\n".join(f"  {command}" for command in commands), flush=True)
    return well


def main() -> int:
    try:
        task = json.loads(os.environ.get("KS_PREPARE", ""))
        owner, claims = Owner(task["uid"], task["gid"]), task["claims"]
    except (ValueError, KeyError, TypeError):
        say("KS_PREPARE does not hold the JSON that the Deployment sets")
        return EX_CONFIG
    os.umask(0)  # the modes above, exactly
    with open("/proc/self/mountinfo") as file:
        mountinfo = file.read()
    results = [prepare_claim(claim, owner, mountinfo) for claim in claims]
    return 0 if all(results) else EX_CONFIG


if __name__ == "__main__":
    sys.exit(main())
