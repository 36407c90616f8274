"""A backup on real nodes while people write, the loss of every volume, and a restore: the application reads every turn
that it had acknowledged before the backup. The Jobs are those of the CronJobs, made by hand as the runbook says.

restic's image cannot be had here. In its place is one that is made here under the image's name: with the program of the
image's release, built from its Go module, at the same path, and with `cp`. The tests follow each other, in this order.
"""

import contextlib
import itertools
import json
import shutil
import threading
import time
import urllib.request
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import AppsV1Api, CoreV1Api

from components.pod.names import PYTHON
from components.protection.names import RESTIC_IMAGE
from devcluster.real import disk, images, layout, share
from tests.cluster import objects, stacks
from tests.cluster.objects import wait
from tests.cluster.single_writer import ready_pods
from tests.cluster.sites import Site, brought_up, need_real_nodes
from tests.cluster.stacks import DISK, FILES
from tests.programs.build import restic

pytestmark = pytest.mark.long
NAME = "restored"
CLAIMS: dict[str, Any] = {
    "disk": {**DISK, "accessMode": "ReadWriteOnce"},
    "files": FILES,
    "backups": {**FILES, "path": "/srv/backups"},
}
ROLES = {
    role: {"claim": "disk" if role in ("indexes", "sessions") else "files"}
    for role in ("models", "indexes", "sessions", "uploads", "logs", "eval")
}
TALK = """
import sqlite3
found = sqlite3.connect("/data/sessions/sql.db", timeout=30)
found.execute("CREATE TABLE conversation (id TEXT PRIMARY KEY, data TEXT)")
found.execute("INSERT INTO conversation VALUES ('c1', 'rivers')")
found.commit()
"""
"""The stand-in knows turns and no conversations, which the drill counts."""


class People:
    """They save turns all the time, and remember those that were acknowledged."""

    def __init__(self, site: Site) -> None:
        self._site, self._end, self._numbers = site, threading.Event(), itertools.count(1)
        self.acknowledged: list[int] = []
        self.backed_up: list[int] = []
        """What was acknowledged before the backup began."""

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        self._end.clear()
        thread = threading.Thread(target=self._write, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._end.set()
            thread.join()

    def _write(self) -> None:
        while not self._end.is_set():
            number = next(self._numbers)
            with contextlib.suppress(OSError):
                request = urllib.request.Request(f"{self._site.url}/turns/{number}", method="POST")
                with urllib.request.urlopen(request, timeout=10):
                    self.acknowledged.append(number)
            time.sleep(0.02)


@pytest.fixture(scope="module")
def site(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    need_real_nodes()
    folder = tmp_path_factory.mktemp(NAME)
    storage = {"claims": CLAIMS, "roles": ROLES}
    file = stacks.write(folder, NAME, {}, storage=storage, backup={"to": {"claim": "backups"}})
    with brought_up(file, lambda made: made.cluster.load_image(image_of_restic(folder), RESTIC_IMAGE)) as made:
        yield made


@pytest.fixture(scope="module")
def people(site: Site) -> People:
    return People(site)


def image_of_restic(folder: Path) -> Path:
    """The restic of the release at its place in the image, and the `cp` that takes it from there."""
    tools = folder / "tools"
    tools.mkdir()
    shutil.copy(restic(), tools / "restic")
    copying = [Path(found) for found in [shutil.which("cp")] if found]
    return images.application(folder / "restic.tar", tools, PYTHON, at="/usr/bin", programs=copying)


def stop(site: Site) -> None:
    """Scale to 0, and wait until every pod is gone and its disk let go of."""
    api = site.cluster.api()
    AppsV1Api(api).patch_namespaced_deployment_scale("kotaemon", NAME, {"spec": {"replicas": 0}})
    wait("the pod is gone", lambda: not ready_pods(api, NAME), 120)
    volume = objects.volume_of(api, NAME, "kotaemon-disk").metadata.name
    wait("the disk is let go of", lambda: not objects.attachments(api, volume), 120)


def start(site: Site) -> list[int]:
    """Scale to 1; the turns that the application shows."""
    api = site.cluster.api()
    AppsV1Api(api).patch_namespaced_deployment_scale("kotaemon", NAME, {"spec": {"replicas": 1}})
    wait("the pod is Ready", lambda: ready_pods(api, NAME), 180)
    wait("it answers", lambda: site.answers_with("Stand-in"), 60)
    return turns(site)


def turns(site: Site) -> list[int]:
    with urllib.request.urlopen(f"{site.url}/turns", timeout=30) as answer:
        return json.load(answer)


def lose(site: Site) -> None:
    """Every byte of the disk and of the share is gone; the claims are there, and what they get is empty."""
    cluster = site.cluster
    handle = objects.volume_of(cluster.api(), NAME, "kotaemon-disk").spec.csi.volume_handle
    file = disk.path_of(layout.disks(cluster.directory), handle)
    assert not disk.devices_of(file), "nobody has it mounted"
    file.unlink()
    shared = share.folder(layout.shares(cluster.directory), f"{FILES['server']}:{FILES['path']}")
    for path in shared.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_a_backup_while_people_write_and_the_drill_of_it(site: Site, people: People) -> None:
    assert site.python("-c", TALK) == ""
    with people.writing():
        wait("people write", lambda: len(people.acknowledged) > 20)
        people.backed_up = list(people.acknowledged)
        said = site.job("kotaemon-backup", "backup-now")
        count = len(people.acknowledged)
        wait("they went on", lambda: len(people.acknowledged) > count)
    assert "whole" in said
    said = site.job("kotaemon-backup-drill", "drill-now")
    assert "the drill is good" in said
    found = CoreV1Api(site.cluster.api()).read_namespaced_config_map("kotaemon-backup-drill", NAME).data
    assert (found["phase"], found["conversations"]) == ("good", "1")


def test_after_the_loss_of_every_volume_the_restore_brings_every_turn_back(site: Site, people: People) -> None:
    stop(site)
    lose(site)
    said = site.job("kotaemon-backup-restore", "restore-now")
    assert "restored" in said
    found = start(site)
    assert set(found) >= set(people.backed_up), "acknowledged turns are lost"
    with people.writing():
        count = len(people.acknowledged)
        wait("people work again", lambda: len(people.acknowledged) > count + 5)
    assert set(turns(site)) >= {*people.backed_up, *people.acknowledged[count:]}


def test_what_a_start_on_empty_volumes_has_made_is_moved_aside(site: Site, people: People) -> None:
    """Who starts the application first has an empty database there: the restore refuses it until it is told."""
    stop(site)
    lose(site)
    assert start(site) == []
    stop(site)
    with pytest.raises(AssertionError, match="holds files already"):
        site.job("kotaemon-backup-restore", "restore-refused")
    site.job("kotaemon-backup-restore", "restore-again", KS_REPLACE="1")
    assert set(start(site)) >= set(people.backed_up)
