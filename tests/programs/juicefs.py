"""JuiceFS's own program, mounted as its CSI driver does it: chunks in a real server of S3, names in a real PostgreSQL.

The program is in no registry of its makers, so nothing here fetches it: the tests run where `juicefs` is on PATH.
"""

import os
import shutil
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from components.object.juicefs import JuicefsStorageArgs, mount_options
from tests.programs.s3_server import OWNER, S3Server, secret
from tests.unit import pod_user
from tests.unit.components.kotaemon.runtime.stand_in import eventually, free_port
from tests.unit.components.state.test_postgres_backup import PASSWORD, Server
from tests.unit.tools import needed

BUCKET, NAME = "acme-chunks", "chunks"


def possible() -> None:
    """Skip where JuiceFS cannot be mounted."""
    if shutil.which("juicefs") is None:
        pytest.skip("NOT RUN: JuiceFS's program, `juicefs`, is not on PATH, so its data path is not tried")
    if os.geteuid() != 0 or not Path("/dev/fuse").exists():
        pytest.skip("NOT RUN: JuiceFS is mounted here by root, with /dev/fuse")
    needed("fusermount3", "fuse3")


class Juicefs:
    """A file system: its bucket, its database, and where it is mounted."""

    def __init__(self, root: Path, objects: S3Server, database: Server) -> None:
        self.root, self.objects, self.database = root, objects, database
        self.program = root / "mount.juicefs"
        """By this name it takes the options of a volume, as the CSI driver hands them over (juicefs: cmd/main.go)."""
        self.program.symlink_to(str(shutil.which("juicefs")))
        self._mounts: list[tuple[Path, subprocess.Popen[bytes]]] = []

    def url(self, name: str) -> str:
        """Address of a database with metadata. The password is not in it."""
        where = f"host={self.database.folder}&port={self.database.env['PGPORT']}&sslmode=disable"
        return f"postgres://kotaemon@/{name}?{where}"

    def run(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """One command of JuiceFS."""
        done = subprocess.run(["juicefs", *words], env=self._env(), capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"juicefs {' '.join(words)}: {done.stdout}{done.stderr}")
        return done

    def format(self, name: str) -> None:
        """Make the file system."""
        keys = ["--access-key", OWNER, "--secret-key", secret(OWNER)]
        self.run("format", "--storage", "s3", "--bucket", f"{self.objects.url}/{BUCKET}", *keys, self.url(name), NAME)

    def mount(self, name: str, at: Path, more: Sequence[str] = (), **variables: str) -> None:
        """Mount it with the options of our volume. Each mount has a cache of its own, as on two nodes."""
        at.mkdir()
        args = JuicefsStorageArgs(namespace="kotaemon", secret_name="jfs", mount_options=list(more))
        own = [f"cache-dir={self.root / f'cache-{at.name}'}", f"metrics=127.0.0.1:{free_port()}", "no-usage-report"]
        options = ",".join([*mount_options(args), *own])
        command = [str(self.program), self.url(name), str(at), "-o", options]
        env = {**self._env(), "JFS_FOREGROUND": "1", "TMPDIR": str(self.root), **variables}
        with (self.root / f"{at.name}.out").open("ab") as output:
            process = subprocess.Popen(
                command, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._mounts.append((at, process))

        def there() -> bool:
            assert process.poll() is None, self.said(at)
            return os.path.ismount(at)

        eventually(there, f"JuiceFS at {at}", lambda: self.said(at), 120)

    def said(self, at: Path) -> str:
        """What a mount printed."""
        return (self.root / f"{at.name}.out").read_text()

    def kill(self, at: Path) -> None:
        """End the programs of a mount without a warning, as the loss of its node would."""
        for place, process in self._mounts:
            if place == at:
                os.killpg(process.pid, 9)
                process.wait()
        subprocess.run(["umount", "--lazy", str(at)], capture_output=True, check=False)

    def unmount(self, at: Path) -> None:
        """End a mount in order."""
        subprocess.run(["umount", str(at)], check=True, capture_output=True)
        for place, process in self._mounts:
            if place == at:
                process.wait(timeout=120)

    def close(self) -> None:
        """End every mount, whatever its state."""
        for at, process in self._mounts:
            subprocess.run(["umount", "--lazy", str(at)], capture_output=True, check=False)
            if process.poll() is None:
                os.killpg(process.pid, 9)
                process.wait()

    def _env(self) -> dict[str, str]:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.root), "META_PASSWORD": PASSWORD}
        return {**env, "SSL_CERT_FILE": str(self.objects.certificate)}


@contextmanager
def file_system(database: Server) -> Generator[Juicefs]:
    """A formatted file system that is mounted nowhere, with a bucket and a database of its own."""
    with pod_user.folder("juicefs") as root:
        objects = S3Server(root)
        admin = {"PGUSER": "postgres", "PGPASSWORD": "admin", "PGDATABASE": "postgres"}
        database.sql("CREATE DATABASE meta OWNER kotaemon", **admin)
        made = Juicefs(root, objects, database)
        try:
            objects.start()
            objects.ask("PUT", f"/{BUCKET}")
            made.format("meta")
            yield made
        finally:
            made.close()
            objects.kill()
            for name in ("meta", "restored"):
                database.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", **admin)
