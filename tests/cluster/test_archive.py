"""The archiver's CronJob on a real node, as it will run: on claims of two servers, and its numbers in the pod's own.

The cold tier is a file claim here: what a mounted bucket does is in tests/programs/test_s3_archiver.py.
"""

import json
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from devcluster.real import layout, share
from tests.cluster import stacks
from tests.cluster.sites import Site, brought_up, need_real_nodes
from tests.cluster.stacks import DISK, FILES
from tests.unit.pod_user import UID

pytestmark = pytest.mark.long
NAME = "archived"
COLD = {**FILES, "path": "/srv/cold"}
CLAIMS: dict[str, Any] = {"disk": DISK, "files": FILES, "cold": COLD}
ROLES = {
    **{role: {"claim": "disk"} for role in ("indexes", "sessions")},
    **{role: {"claim": "files"} for role in ("models", "uploads", "logs")},
    "eval": {"claim": "cold"},
}
READ = (
    "import pathlib, sys; sys.path.insert(0, '/etc/kotaemon'); import ks_metrics; "
    "print(ks_metrics.read_archive(pathlib.Path('/data/logs')))"
)
OLD = time.time() - 40 * 86400


@pytest.fixture(scope="module")
def site(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    need_real_nodes()
    archive = {"reports": {"claim": "files", "folder": "reports"}, "logs": True, "afterDays": 30}
    storage = {"claims": CLAIMS, "roles": ROLES}
    with brought_up(stacks.write(tmp_path_factory.mktemp(NAME), NAME, {}, storage=storage, archive=archive)) as made:
        yield made


def folder(site: Site, claim: dict[str, Any]) -> Path:
    """What the server of a claim has."""
    return share.folder(layout.shares(site.cluster.directory), f"{claim['server']}:{claim['path']}")


def write(path: Path, text: str) -> None:
    """A file of the pods' user that nobody has written to for 40 days."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (OLD, OLD))
    for made in (path, path.parent, path.parent.parent):
        os.chown(made, UID, UID)


def test_reports_and_rotated_logs_are_on_the_cold_tier_and_counted(site: Site) -> None:
    hot, cold = folder(site, FILES), folder(site, COLD)
    write(hot / "reports/run-1/scores.json", "{}" * 1000)
    for number in (1, 2):
        write(hot / f"logs/kotaemon-gone/app-0000000{number}.log", "a line\n" * number)
    said = json.loads(site.job("kotaemon-archive", "archive-now").splitlines()[-1])
    assert (said["failed"], said["bytes"]) == (0, 2000 + 7)
    assert (cold / "eval/run-1/scores.json").read_text() == "{}" * 1000
    assert (cold / "logs/archive/kotaemon-gone/app-00000001.log").read_text() == "a line\n"
    assert not (hot / "reports/run-1").exists()
    assert (hot / "logs/kotaemon-gone/app-00000002.log").exists(), "a pod's newest file stays"
    assert "kotaemon_archive_moved_bytes_total 2007" in site.python("-c", READ), (
        "the pod's launcher reads it every 5 minutes"
    )
