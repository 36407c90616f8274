"""Images without a registry: what is in the archives, and by which names pods find them."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from devcluster.errors import DevclusterError
from devcluster.real import images, layout

INTERPRETER = "/app/.venv/bin/python"


def layer_of(archive: Path) -> tarfile.TarFile:
    with tarfile.open(archive) as content:
        layer = content.extractfile("layer.tar")
        assert layer is not None
        return tarfile.open(fileobj=io.BytesIO(layer.read()))


def saved(path: Path, *names: str) -> Path:
    """An archive like that of `docker save`, without a layer."""
    manifest = json.dumps([{"Config": "c.json", "RepoTags": list(names), "Layers": []}]).encode()
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("manifest.json")
        info.size = len(manifest)
        archive.addfile(info, io.BytesIO(manifest))
    return path


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image of a small application."""
    folder = tmp_path_factory.mktemp("application")
    (folder / "app").mkdir()
    (folder / "app" / "app.py").write_text("import sqlite3, ssl, json; print(sqlite3.sqlite_version)")
    (folder / "app" / "__pycache__").mkdir()
    (folder / "app" / "__pycache__" / "app.pyc").write_text("compiled")
    return images.application(folder / "image.tar", folder / "app", INTERPRETER)


def test_the_stand_in_image_runs_by_itself(application: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("NOT RUN: chroot needs root")
    with layer_of(application) as layer:
        layer.extractall(tmp_path, filter="tar")
    run = subprocess.run(
        ["/usr/sbin/chroot", str(tmp_path), INTERPRETER, "-B", "/app/app.py"], capture_output=True, text=True, env={}
    )
    assert run.stdout.startswith("3."), run.stderr


def test_the_stand_in_image_holds_the_application_and_no_secrets_of_the_machine(application: Path) -> None:
    with layer_of(application) as layer:
        names = layer.getnames()
        passwd = layer.extractfile("etc/passwd")
        assert passwd is not None
        assert passwd.read().decode().splitlines()[0] == "root:x:0:0:root:/root:/bin/sh"
        assert {(info.uid, info.gid, info.uname) for info in layer} == {(0, 0, "")}
    assert "app/app.py" in names
    assert not [name for name in names if "__pycache__" in name or "site-packages" in name]
    outside = [name for name in names if not f"/{name}".startswith(sys.base_prefix)]
    assert not [name for name in outside if name.startswith(("etc/s", "root/.ssh", "root/.cache", "home/"))]


def test_every_file_is_there_once_and_after_its_folder(application: Path) -> None:
    with layer_of(application) as layer:
        names = layer.getnames()
    assert len(names) == len(set(names))
    seen: set[str] = {""}
    for name in names:
        assert os.path.dirname(name) in seen, name
        seen.add(name)


def test_an_archive_is_kept_for_the_nodes_under_the_names_that_pods_use(tmp_path: Path) -> None:
    archive = saved(tmp_path / "saved.tar", "kotaemon:7", "ghcr.io/a/b:1")
    assert images.store(tmp_path / "cluster", archive) == ["kotaemon:7", "ghcr.io/a/b:1"]
    (kept,) = layout.images(tmp_path / "cluster").glob("*.names")
    assert kept.read_text().split() == ["docker.io/library/kotaemon:7", "ghcr.io/a/b:1"]
    assert kept.with_suffix(".tar").read_bytes() == archive.read_bytes()


def test_an_image_can_be_given_another_name(tmp_path: Path) -> None:
    archive = saved(tmp_path / "saved.tar", "mine:1")
    assert images.store(tmp_path / "cluster", archive, "ghcr.io/a/b:1") == ["ghcr.io/a/b:1"]


def test_what_is_no_archive_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not an archive")
    with pytest.raises(DevclusterError, match=r"file is no archive of an image as `docker save` writes it: "):
        images.store(tmp_path / "cluster", tmp_path / "file")
    with pytest.raises(DevclusterError, match=r"names no image"):
        images.store(tmp_path / "cluster", saved(tmp_path / "nameless.tar"))
    with pytest.raises(DevclusterError, match=r"none\.tar is no archive .* No such file"):
        images.store(tmp_path / "cluster", tmp_path / "none.tar")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("app", "docker.io/library/app:latest"),
        ("app:1", "docker.io/library/app:1"),
        ("me/app:1", "docker.io/me/app:1"),
        ("ghcr.io/me/app", "ghcr.io/me/app:latest"),
        ("localhost/app:1", "localhost/app:1"),
        ("host:5000/app", "host:5000/app:latest"),
        ("ghcr.io/me/app:1@sha256:ab", "ghcr.io/me/app@sha256:ab"),
        ("ghcr.io/me/app@sha256:ab", "ghcr.io/me/app@sha256:ab"),
    ],
)
def test_names_are_kept_as_containerd_writes_them(name: str, kept: str) -> None:
    assert images.canonical(name) == kept


def test_the_image_has_the_packages_that_are_given_to_it_and_no_others(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("NOT RUN: chroot needs root")
    for folder, file in (("app", "app.py"), ("packages", "given.py")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).write_text(
            "import given, sys; print(given.__file__, sys.prefix)" * (folder == "app")
        )
    archive = images.application(tmp_path / "i.tar", tmp_path / "app", INTERPRETER, packages=tmp_path / "packages")
    with layer_of(archive) as layer:
        layer.extractall(tmp_path / "root", filter="tar")
    command = ["/usr/sbin/chroot", str(tmp_path / "root"), INTERPRETER, "-B", "/app/app.py"]
    run = subprocess.run(command, capture_output=True, text=True, env={})
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert run.stdout == f"/app/.venv/lib/{version}/site-packages/given.py /app/.venv\n", run.stderr
