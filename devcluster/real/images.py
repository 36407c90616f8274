"""Images without a registry: archives in docker's format, made from programs and folders of this machine."""

import contextlib
import hashlib
import http.client
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from devcluster import locks
from devcluster.errors import DevclusterError
from devcluster.real import layout

STAND_IN = "devcluster.kotaemon.dev/stand-in:1"
"""Own name of the images that `application` makes; `store` gives them the name that the pods ask for."""

_LEFT_OUT = {
    "__pycache__",
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "site-packages",
    "dist-packages",
    "lib2to3",
    "pydoc_data",
}
_TOOLS = (
    "sh",
    "bash",
    "ls",
    "cat",
    "df",
    "id",
    "env",
    "ps",
    "mkdir",
    "touch",
    "rm",
    "sleep",
    "head",
    "tail",
    "grep",
    "mount",
)
"""What people expect in a shell; those that this machine has."""


_USERS = ("root:x:0:0:root:/root:/bin/sh", "app:x:1001:1001::/app:/bin/sh", "postgres:x:999:999::/:/bin/sh")
"""Users that programs look up: the application's, and PostgreSQL's of the official images."""


def pause(program: Path, target: Path) -> None:
    """The image of every pod's first process."""
    with _Archive(target, [layout.PAUSE_IMAGE], ["/pause"]) as archive:
        archive.add(program, "/pause")


def application(
    target: Path,
    folder: Path,
    interpreter: str,
    at: str = "/app",
    packages: Path | None = None,
    programs: Iterable[Path] = (),
    entrypoint: str = "",
) -> Path:
    """An image of this machine's own Python with `folder` at `at`, and `interpreter` as Python's path in it.

    `interpreter` is that of a virtual environment, such as `/app/.venv/bin/python`; in it are what lies in the folder
    `packages` and nothing else beside the standard library. `programs`: more programs of this machine, in /bin.
    `entrypoint`: path in the image of what it runs; default: the interpreter. About 80 MB and 4 s. Returns `target`.
    """
    with _Archive(target, [STAND_IN], [entrypoint or interpreter]) as archive:
        archive.tree(folder, at)
        archive.python(interpreter, packages)
        for tool in _TOOLS:
            if found := shutil.which(tool):
                archive.program(Path(found).resolve(), f"/bin/{tool}")
        for program in programs:
            archive.program(program.resolve(), f"/bin/{program.name}")
        archive.text("/etc/passwd", "".join(f"{line}\n" for line in _USERS))
        archive.text("/etc/group", "root:x:0:\napp:x:1001:\n")
        archive.text("/etc/nsswitch.conf", "hosts: files dns\n")
        archive.directory("/tmp", 0o1777)  # noqa: S108 - a folder in the image
    return target


def store(cluster: Path, archive: Path, name: str = "") -> list[str]:
    """Keep an archive for the nodes of a cluster; returns the names that it gives.

    `archive`: `docker save`'s format. `name`: the image's name in the cluster, where that is not the archive's own.
    Raises DevclusterError: no such file, or not such an archive.
    """
    try:
        own = _names_in(archive)
    except (OSError, tarfile.TarError, KeyError, ValueError) as error:
        raise DevclusterError(f"{archive} is no archive of an image as `docker save` writes it: {error}") from error
    if not own:
        raise DevclusterError(f"{archive} names no image: `docker save` it by a name with a tag")
    names = [name] if name else own
    folder = layout.images(cluster)
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(str(names).encode()).hexdigest()[:12]
    kept = folder / f"{digest}.tar"
    with locks.hold(folder / ".lock"):
        kept.unlink(missing_ok=True)
        try:
            os.link(archive, kept)
        except OSError:
            shutil.copyfile(archive, kept)
        kept.with_suffix(".names").write_text("\n".join(canonical(one) for one in names) + "\n")
    return names


def canonical(name: str) -> str:
    """A name as the nodes keep it: with its registry, and with a tag or a digest."""
    first, slash, _ = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif not re.search(r"[.:]|^localhost$", first):
        name = f"docker.io/{name}"
    last = name.rpartition("/")[2]
    if "@" in last:
        # The digest decides; a tag beside it is dropped (github.com/distribution/reference ParseDockerRef).
        path, _, digest = name.partition("@")
        head, slash, tail = path.rpartition("/")
        return f"{head}{slash}{tail.partition(':')[0]}@{digest}"
    return name if ":" in last else f"{name}:latest"


def registry_answers(name: str, seconds: float = 3.0) -> bool:
    """Whether the registry of an image answers from here as one, so that nodes can pull it. Asks for no image.

    By its own words (GET /v2/, with or without a login): a proxy may take every connection and answer none.
    """
    host = canonical(name).partition("/")[0]
    address = f"https://{'registry-1.docker.io' if host == 'docker.io' else host}/v2/"
    # Without the proxy that the environment may name: the nodes' way out does not use it.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(address, timeout=seconds) as answer:
            return answer.status == 200
    except urllib.error.HTTPError as error:
        return error.code == 401
    except (OSError, ValueError, http.client.HTTPException):
        return False


def kept(cluster: Path, name: str) -> Path | None:
    """The archive that the nodes of a cluster have under this name; None: they have to pull the image."""
    for names in layout.images(cluster).glob("*.names"):
        if canonical(name) in names.read_text().split():
            return names.with_suffix(".tar")
    return None


def is_stand_in(cluster: Path, name: str) -> bool:
    """Whether what the nodes of a cluster have under this name is the image of a stand-in."""
    archive = kept(cluster, name)
    return archive is not None and STAND_IN in _names_in(archive)


def forget(cluster: Path, name: str) -> None:
    """Keep an image no longer; each node drops it when it starts. Does nothing where there is none."""
    if archive := kept(cluster, name):
        archive.unlink(missing_ok=True)
        archive.with_suffix(".names").unlink(missing_ok=True)


def load(ctr: Sequence[str], cluster: Path, node: str, environment: Mapping[str, str]) -> None:
    """Load every kept archive that a node does not have yet, and drop what is kept no more.

    `ctr`: the command that speaks to its containerd.
    """
    marks = layout.folder(cluster, node) / "loaded"
    marks.mkdir(parents=True, exist_ok=True)
    for mark in marks.glob("*.names"):
        if not (layout.images(cluster) / mark.name).exists():
            _ctr(ctr, environment, "rm", *mark.read_text().split())
            mark.with_suffix("").unlink(missing_ok=True)
            mark.unlink()
    for archive in sorted(layout.images(cluster).glob("*.tar")):
        with locks.hold(marks / ".lock"):
            content = archive.stat()
            version = f"{content.st_size} {content.st_mtime_ns}"
            mark = marks / archive.stem
            if mark.exists() and mark.read_text() == version:
                continue
            own = [canonical(name) for name in _names_in(archive)]
            _ctr(ctr, environment, "import", "--local", str(archive))
            for name in archive.with_suffix(".names").read_text().split():
                if name not in own:
                    _ctr(ctr, environment, "tag", "--force", own[0], name)
            mark.write_text(version)
            shutil.copyfile(archive.with_suffix(".names"), mark.with_suffix(".names"))


def _names_in(archive: Path) -> list[str]:
    with tarfile.open(archive) as content:
        manifest = content.extractfile("manifest.json")
        listed = json.load(manifest) if manifest else []
    return [tag for image in listed for tag in image.get("RepoTags") or []]


def _ctr(ctr: Sequence[str], environment: Mapping[str, str], *arguments: str) -> None:
    run = subprocess.run([*ctr, "images", *arguments], capture_output=True, text=True, env=environment)
    if run.returncode != 0:
        raise DevclusterError(f"loading an image failed: {' '.join((run.stderr or run.stdout).split())[-400:]}")


class _Archive:
    """An archive with one layer, written whole or not at all."""

    def __init__(self, target: Path, names: list[str], command: list[str]) -> None:
        self._target, self._names, self._command = target, names, command
        self._there: set[str] = set()

    def __enter__(self) -> "_Archive":
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._work = Path(tempfile.mkdtemp(prefix=".image-", dir=self._target.parent))
        self._layer = tarfile.open(self._work / "layer.tar", "w")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._layer.close()
        try:
            if kind is None:
                self._finish()
        finally:
            shutil.rmtree(self._work, ignore_errors=True)

    def add(self, source: Path, at: str) -> None:
        """A file of the machine, with what its links lead to."""
        if at in self._there or not source.is_file():
            return
        self._parents(at)
        info = self._layer.gettarinfo(str(source.resolve()), at.lstrip("/"))
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        # Whatever the machine allows: everybody may read an image.
        info.mode |= 0o444
        with source.open("rb") as content:
            self._layer.addfile(info, content)
        self._there.add(at)

    def text(self, at: str, content: str) -> None:
        """A small file."""
        self._parents(at)
        info = tarfile.TarInfo(at.lstrip("/"))
        info.size, info.mode = len(content.encode()), 0o644
        self._layer.addfile(info, io.BytesIO(content.encode()))
        self._there.add(at)

    def directory(self, at: str, mode: int = 0o755) -> None:
        """A folder."""
        if at in self._there or at in ("", "/"):
            return
        self._parents(at)
        info = tarfile.TarInfo(at.lstrip("/"))
        info.type, info.mode = tarfile.DIRTYPE, mode
        self._layer.addfile(info)
        self._there.add(at)

    def link(self, at: str, to: str) -> None:
        """A symbolic link."""
        if at in self._there:
            return
        self._parents(at)
        info = tarfile.TarInfo(at.lstrip("/"))
        info.type, info.linkname = tarfile.SYMTYPE, to
        self._layer.addfile(info)
        self._there.add(at)

    def tree(self, folder: Path, at: str) -> None:
        """A folder with what is in it, without tests and compiled files."""
        self.directory(at)
        for path, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not name.startswith("config-"))
            inside = at + str(path)[len(str(folder)) :]
            for name in folders:
                self.directory(f"{inside}/{name}")
            for name in sorted(files):
                self.add(Path(path) / name, f"{inside}/{name}")

    def program(self, source: Path, at: str) -> None:
        """A program, with the shared libraries that it is linked to at their own places."""
        self.add(source, at)
        self.libraries([source])

    def libraries(self, programs: Iterable[Path], beside: Path | None = None) -> None:
        """The shared libraries of these files, without those below `beside`, which they bring themselves."""
        for program in programs:
            run = subprocess.run(["ldd", str(program)], capture_output=True, text=True)
            for library in map(Path, re.findall(r"(/\S+) \(0x", run.stdout)):
                if beside is None or not library.is_relative_to(beside):
                    self.add(library, str(library))

    def python(self, interpreter: str, packages: Path | None) -> None:
        """This machine's Python where it lies here, and a virtual environment for it around `interpreter`."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        own = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
        library = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix, "base": sys.base_prefix}))
        self.program(own, str(own))
        self.tree(library, str(library))
        self.libraries(library.glob("lib-dynload/*.so"))
        self.link(f"{sys.base_prefix}/bin/{version}", str(own))
        self.link(interpreter, str(own))
        environment = os.path.dirname(os.path.dirname(interpreter))
        self.text(f"{environment}/pyvenv.cfg", f"home = {own.parent}\ninclude-system-site-packages = false\n")
        if packages:
            self.tree(packages, f"{environment}/lib/{version}/site-packages")
            self.libraries(packages.rglob("*.so*"), beside=packages)

    def _parents(self, at: str) -> None:
        parent = os.path.dirname(at)
        if parent not in ("", "/"):
            self.directory(parent)

    def _finish(self) -> None:
        layer = self._work / "layer.tar"
        with layer.open("rb") as content:
            digest = hashlib.sha256()
            while chunk := content.read(1 << 20):
                digest.update(chunk)
        machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
        settings = {
            "architecture": machine,
            "os": "linux",
            "config": {"Entrypoint": self._command, "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest.hexdigest()}"]},
            "history": [{"created_by": "devcluster"}],
        }
        (self._work / "config.json").write_text(json.dumps(settings))
        manifest = [{"Config": "config.json", "RepoTags": self._names, "Layers": ["layer.tar"]}]
        (self._work / "manifest.json").write_text(json.dumps(manifest))
        whole = self._work / "image.tar"
        with tarfile.open(whole, "w") as archive:
            for name in ("manifest.json", "config.json", "layer.tar"):
                archive.add(self._work / name, name)
        with contextlib.suppress(FileNotFoundError):
            self._target.unlink()
        whole.rename(self._target)
