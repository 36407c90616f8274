"""Where a registry can be reached, real nodes pull the application's image from it, and its page answers."""

import io
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from components.pod.names import PYTHON
from deploy import readings, up
from deploy.kube import Kube
from deploy.stand_in.pod_process import APPLICATION, PACKAGES
from devcluster import build, debian, node_kinds
from devcluster.real import images
from drills.real import why_not
from tests.cluster import stacks
from tests.cluster.stacks import DISK, FILES

HERE, THERE = "198.18.0.1", "198.18.0.2"
"""Both ends of the cable to the registry's machine (RFC 2544: for tests, never routed)."""
NAME = "cinnamon/kotaemon:0.11.3-lite"
IMAGE = f"{THERE}:5000/{NAME}"
MARK = 'self.send_header("X-Stand-In", "kotaemon-storage")'
"""By this line of the stand-in `make up` knows it; without it the page is taken for Kotaemon's."""


@dataclass
class Registry:
    """A registry on another machine, as far as the nodes and this machine can tell."""

    certificate: Path
    log: Path

    def asked_for(self, path: str) -> bool:
        return path in self.log.read_text()


@pytest.fixture(scope="module")
def machine(own_cache: Path) -> Generator[Sequence[str]]:
    """A network of its own with a cable to here; the words that run a program in it. Skips without real nodes."""
    if reason := why_not():
        pytest.skip(f"NOT RUN: {reason}")
    (folder,) = build.ensure_built(Console(stderr=True), "real-nodes")
    environment = {**os.environ, **debian.environment(folder)}
    ip = shutil.which("ip", path=environment["PATH"])
    assert ip

    def call(*words: str) -> None:
        subprocess.run([ip, *words], check=True, env=environment)

    space, cable = f"registry-{os.getpid()}", f"reg{os.getpid()}"
    call("netns", "add", space)
    try:
        call("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
        call("address", "add", f"{HERE}/30", "dev", cable)
        call("link", "set", cable, "up")
        for words in (f"address add {THERE}/30 dev eth0", "link set eth0 up", "link set lo up"):
            call("-n", space, *words.split())
        yield [ip, "netns", "exec", space]
    finally:
        # The cable ends with either of its ends.
        call("netns", "delete", space)


@pytest.fixture(scope="module")
def registry(machine: Sequence[str], tmp_path_factory: pytest.TempPathFactory) -> Generator[Registry]:
    """A registry with one image, made here: the stand-in without its mark."""
    folder = tmp_path_factory.mktemp("registry")
    application = Path(shutil.copytree(APPLICATION, folder / "application"))
    files = [file for file in application.glob("*.py") if MARK in file.read_text()]
    assert files
    for file in files:
        file.write_text(file.read_text().replace(MARK, "pass"))
    archive = images.application(folder / "image.tar", application, PYTHON, packages=PACKAGES)
    made = Registry(folder / "certificate.pem", folder / "log")
    (program,) = build.ensure_built(Console(stderr=True), "registry")
    command = [*machine, str(program / "registry"), f"{THERE}:5000", str(made.certificate), str(archive), NAME]
    with made.log.open("wb") as log, subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as process:
        try:
            deadline = time.monotonic() + 60
            while "serving" not in made.log.read_text():
                assert process.poll() is None, made.log.read_text()
                assert time.monotonic() < deadline, "the registry does not serve"
                time.sleep(0.1)
            yield made
        finally:
            process.terminate()


def test_a_registry_that_nobody_vouches_for_does_not_count(registry: Registry) -> None:
    assert not images.registry_answers(IMAGE)


def test_the_nodes_pull_the_image_and_the_page_is_its_own(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(registry.certificate))
    monkeypatch.setenv(node_kinds.VARIABLE, "real")
    file = stacks.write(tmp_path, "pulled", {"files": FILES, "disk": DISK}, image=IMAGE)
    out = io.StringIO()
    cluster = up.cluster_of(file, Console(file=out))
    try:
        assert up.up(file, up.Ways.people(Console(file=out, width=200))) == 0
        said = out.getvalue()
        assert "stand-in" not in said
        with urllib.request.urlopen(said.split()[-1], timeout=10) as answer:
            assert answer.status == 200
        events = readings.event_messages(Kube(cluster.api(), tmp_path / "discovery.json"), "pulled", "Pulled")
        assert any(message.startswith(f'Successfully pulled image "{IMAGE}"') for message in events), events
        assert registry.asked_for("GET /v2/cinnamon/kotaemon/blobs/sha256:")
        assert images.kept(cluster.directory, IMAGE) is None
    finally:
        cluster.stop()
