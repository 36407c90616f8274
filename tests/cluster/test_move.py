"""A move on real nodes while the application serves: every note that was answered is there afterwards, and the seconds
without service are printed. The tests follow each other, in this order."""

import contextlib
import re
import shutil
import threading
import time
import urllib.error
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import CoreV1Api
from rich.console import Console

from components.pod.names import PYTHON
from deploy import up
from deploy.move.command import Wish, move
from devcluster.real import images
from plan import stack_file
from stacks.moving import pods
from tests.cluster import stacks
from tests.cluster.sites import Site, brought_up, need_real_nodes
from tests.cluster.stacks import DISK, FILES
from tests.unit.deploy.move.moves import needs_programs

pytestmark = pytest.mark.long
NAME = "moving"
CLAIMS: dict[str, Any] = {
    "disk": DISK,
    "files": FILES,
    "more": {**FILES, "path": "/srv/more"},
    "second": {**DISK, "size": "2Gi"},
}
ROLES = {
    role: {"claim": "disk" if role in ("indexes", "sessions") else "files"}
    for role in ("models", "indexes", "sessions", "uploads", "logs", "eval")
}


@dataclass
class People:
    """They write notes all the time, and remember the ones that were answered, and when nobody answered."""

    site: Site
    answered: list[str] = field(default_factory=list)
    silent: float = 0.0
    _end: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "People":
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _write(self) -> None:
        number, before = 0, time.monotonic()
        while not self._end.is_set():
            with contextlib.suppress(OSError, urllib.error.URLError):
                self.site.store(f"note {number}")
                self.answered.append(f"note {number}")
                self.silent = max(self.silent, time.monotonic() - before)
                before = time.monotonic()
            number += 1
            time.sleep(0.1)


@pytest.fixture(scope="module")
def site(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    need_real_nodes()
    needs_programs()
    folder = tmp_path_factory.mktemp("moving")
    file = stacks.write(folder, NAME, CLAIMS, storage={"claims": CLAIMS, "roles": ROLES})
    with brought_up(file, lambda made: made.cluster.load_image(image_of_tools(folder), pods.IMAGE)) as made:
        yield made


def image_of_tools(folder: Path) -> Path:
    """The programs of this machine that the Jobs of a move run."""
    tools = folder / "tools"
    tools.mkdir()
    programs = [Path(found) for name in ("rsync", "rclone") if (found := shutil.which(name))]
    return images.application(folder / "tools.tar", tools, PYTHON, programs=programs)


def moved(site: Site, **wish: Any) -> str:
    console = Console(record=True, width=200, file=open("/dev/null", "w"))  # noqa: SIM115
    file = stack_file.read(NAME, site.file.path.parent)
    assert move(file, Wish(yes=True, **wish), up.Ways.people(console)) == 0
    site.file = stack_file.read(NAME, site.file.path.parent)
    return console.export_text()


def place(site: Site, role: str) -> str:
    pod = next(
        p
        for p in CoreV1Api(site.cluster.api())
        .list_namespaced_pod(NAME, label_selector="app.kubernetes.io/name=kotaemon")
        .items
    )
    (app,) = (one for one in pod.spec.containers if one.name == "kotaemon")
    (mount,) = (one for one in app.volume_mounts if one.mount_path == f"/data/{role}")
    (volume,) = (one for one in pod.spec.volumes if one.name == mount.name)
    return volume.persistent_volume_claim.claim_name


@pytest.mark.parametrize(("role", "to"), [("uploads", "more"), ("sessions", "second")])
def test_a_move_while_it_serves(site: Site, role: str, to: str, capsys: pytest.CaptureFixture[str]) -> None:
    with People(site) as people:
        while len(people.answered) < 5:
            time.sleep(0.1)
        said = moved(site, role=role, to=to, write=True, then_up=True)
        seconds = re.search(r"(\d+) seconds without service", said)
        assert seconds, said
        count = len(people.answered)
        while len(people.answered) < count + 5:
            time.sleep(0.1)
    with capsys.disabled():
        print(f"\n{role} to {to}: {seconds[1]} seconds without service by the move, {people.silent:.1f} by the people")
    assert place(site, role) == f"kotaemon-{to}"
    page = site.page()
    assert [note for note in people.answered[-90:] if f"{note}<" not in page] == []
    document = yaml.safe_load(site.file.path.read_text())["config"]
    assert document["kotaemon:moved"][role]["to"]


def test_a_move_is_taken_back(site: Site) -> None:
    before = site.file.path.read_text()
    said = moved(site, role="logs", to="more", write=True)
    assert "Next: run `up`" in said
    assert site.file.path.read_text() != before
    said = moved(site, role="logs", to="more", back=True)
    assert "the application runs on kotaemon-files/logs again" in said
    assert site.file.path.read_text() == before
    assert "No change: everything is as the program wants it." in site.run(up.up)
