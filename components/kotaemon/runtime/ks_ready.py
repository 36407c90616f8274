"""The pod's readiness probe where it has shared files: the application answers, and so does the storage, in time.

`ks_ready.py <URL> <seconds> <folder> ...`. The application's own address answers from memory while its NFS server is
dead, and a process that touches such a mount hangs. So another process touches it, and is waited for with a limit.
Exit code 1, with one sentence for the pod's event, when something does not answer.
"""

import errno
import os
import subprocess
import sys
import urllib.request

RUNBOOK = "docs/runbooks/storage-does-not-answer.md"
TOUCH = "import os, sys\nfor folder in sys.argv[1:]:\n    print(folder, flush=True)\n    os.statvfs(folder)\n"
"""statvfs asks the server each time: NFS and CephFS do not answer it from a cache. It writes nothing."""
HUNG = os.path.join(os.environ.get("TMPDIR", "/tmp"), "ks-ready-hung")  # noqa: S108 an emptyDir of the pod's own
"""Holds the id of a process that hangs in a mount, so that no probe adds another one to it."""


def fail(why: str) -> None:
    print(f"{why}; see {RUNBOOK}", flush=True)
    raise SystemExit(1)


def still_hanging() -> bool:
    """Whether the process that an earlier probe gave up is still there."""
    try:
        with open(HUNG) as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            if b"statvfs" in file.read():
                return True
    except (OSError, ValueError):
        pass  # no probe was given up, or its process has ended since
    if os.path.exists(HUNG):
        os.unlink(HUNG)
    return False


def touch(folders: list[str], seconds: float) -> None:
    if still_hanging():
        fail("the storage still does not answer: a process hangs in a mount")
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", TOUCH, *folders], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        said, errors = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as late:
        child.kill()  # it dies when the mount lets go of it
        with open(HUNG, "w") as file:
            file.write(str(child.pid))
        folder = (late.stdout or b"").decode().split("\n")[-2:-1]
        # Not communicate(): it would wait for a process that nothing can end.
        fail(f"the storage of {folder[0] if folder else folders[0]} does not answer within {seconds:g} s")
        return
    if child.returncode != 0:
        folder = said.split("\n")[-2] if "\n" in said else folders[0]
        last = errors.strip().rpartition("\n")[2]
        stale = f"[Errno {errno.ESTALE}]" in last
        fail(f"the storage of {folder} is {'a stale handle' if stale else 'broken'} ({last})")


def answers(url: str, seconds: float) -> None:
    try:
        urllib.request.urlopen(url, timeout=seconds).close()  # noqa: S310 the pod's own address
    except (OSError, ValueError) as error:
        print(f"the application does not answer: {error}", flush=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    touch(sys.argv[3:], float(sys.argv[2]))
    answers(sys.argv[1], float(sys.argv[2]))
