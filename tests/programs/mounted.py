"""A bucket that is really mounted: `rclone mount` (FUSE) of a real server of S3, and what it needs of the machine.

It stands for Mountpoint for Amazon S3 and ossfs, which cannot be had here. Like Mountpoint it uploads a file as a whole
when it is closed; unlike it, it can rename, as a copy and a deletion.
"""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.programs.s3_server import OWNER, S3Server, server
from tests.unit import pod_user
from tests.unit.components.kotaemon.runtime.stand_in import eventually
from tests.unit.tools import needed

BUCKET = "acme-kotaemon"


def possible() -> None:
    """Skip where no bucket can be mounted; a missing program is a failure under CI."""
    if os.geteuid() != 0 or not Path("/dev/fuse").exists():
        pytest.skip("NOT RUN: a bucket is mounted here by root, with /dev/fuse")
    needed("rclone", "rclone")
    needed("fusermount3", "fuse3")


class Bucket:
    """A bucket, mounted somewhere."""

    def __init__(self, running: S3Server, at: Path) -> None:
        self.server, self.at = running, at
        self.objects = running.buckets / BUCKET / "files"
        """The objects as the server has them; nothing of the mount is between."""
        self._mount: subprocess.Popen[bytes] | None = None

    def mount(self) -> None:
        """Mount the prefix `files/`, as the pods' user. Nothing that is read comes from a cache of file contents."""
        words = ["--allow-other", "--uid", str(pod_user.UID), "--gid", str(pod_user.UID), "--umask", "0007"]
        cached = ["--vfs-cache-mode", "off", "--dir-cache-time", "0s", "--attr-timeout", "0s"]
        tries = ["--retries", "1", "--low-level-retries", "1", "--contimeout", "5s", "--timeout", "10s"]
        command = ["rclone", "mount", f"s3:{BUCKET}/files", str(self.at), *words, *cached, *tries]
        env = {"PATH": os.environ["PATH"], **self.server.rclone(OWNER)}
        with (self.server.root / "mount.out").open("ab") as output:
            self._mount = subprocess.Popen(command, env=env, stdout=output, stderr=subprocess.STDOUT)
        eventually(lambda: os.path.ismount(self.at), "a mounted bucket", self.said)

    def said(self) -> str:
        """What the mount printed."""
        return (self.server.root / "mount.out").read_text()

    def die(self) -> None:
        """End the program of the mount: its folder stays, and answers with an error."""
        assert self._mount is not None
        self._mount.kill()
        self._mount.wait()

    def unmount(self) -> None:
        """End the mount, whatever its server does."""
        if self._mount is not None:
            subprocess.run(["umount", "--lazy", str(self.at)], capture_output=True, check=False)
            self._mount.kill()
            self._mount.wait()


@contextmanager
def mounted(at: Path) -> Generator[Bucket]:
    """A bucket of a server of its own, mounted at a folder."""
    with server() as running:
        running.ask("PUT", f"/{BUCKET}")
        made = Bucket(running, at)
        try:
            made.mount()
            yield made
        finally:
            made.unmount()
