"""ks_protect_snapshots.py as a file: it makes, waits, and removes only what it made and only when it has a newer one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.protection.names import scripts
from tests.unit import pod_user
from tests.unit.components.protection.snapshot_server import SnapshotServer

SNAPSHOTS = "/apis/snapshot.storage.k8s.io/v1/namespaces/kotaemon/volumesnapshots"
CLAIMS = "/api/v1/namespaces/kotaemon/persistentvolumeclaims"
CLASS = "/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses/kept"


@pytest.fixture
def server() -> Iterator[SnapshotServer]:
    made = SnapshotServer()
    made.objects[CLASS] = {"metadata": {}, "driver": "ebs.csi.aws.com", "deletionPolicy": "Retain"}
    yield made
    made.close()


def run(server: SnapshotServer, folder: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    (folder / "token").write_text("the-token")
    given = {
        "KS_API": server.url,
        "KS_ACCOUNT": str(folder),
        "KS_NAMESPACE": "kotaemon",
        "KS_NAME": "kotaemon-snapshots",
        "KS_CLASS": "kept",
        "KS_CLAIMS": "data",
        "KS_KEEP": "2",
        "KS_POLL_SECONDS": "0.01",
        "KS_READY_SECONDS": "5",
    }
    written = pod_user.write(scripts(), folder / "scripts")
    command = [sys.executable, "-B", str(written / "ks_protect_snapshots.py")]
    return subprocess.run(
        command, env={"PATH": os.environ["PATH"], **given, **env}, capture_output=True, text=True, check=False
    )


def names(server: SnapshotServer) -> list[str]:
    return [path.rpartition("/")[2] for path in server.objects if path.startswith(f"{SNAPSHOTS}/")]


def test_the_newest_ones_stay_and_the_data_of_the_others_goes(server: SnapshotServer, tmp_path: Path) -> None:
    server.objects[f"{SNAPSHOTS}/by-hand"] = {
        "metadata": {"name": "by-hand", "labels": {}, "creationTimestamp": "2020"},
        "status": {"readyToUse": True},
    }
    for _ in range(4):
        done = run(server, tmp_path)
        assert done.returncode == 0, done.stderr
    mine = [name for name in names(server) if name != "by-hand"]
    assert len(mine) == 2
    assert "by-hand" in names(server), "what another one made stays"
    removed = [path for verb, path in server.changed if verb == "DELETE"]
    told = [path for verb, path in server.changed if verb == "PATCH"]
    assert len(removed) == len(told) == 2
    assert all(server.objects[path]["spec"] == {"deletionPolicy": "Delete"} for path in told)


@pytest.mark.parametrize("length", [64, 253])
def test_a_claim_with_a_long_name_has_snapshots_that_the_api_takes(
    server: SnapshotServer, tmp_path: Path, length: int
) -> None:
    """A label holds 63 characters and a name 253 (Kubernetes, "Labels and Selectors", "Object Names and IDs")."""
    claims = [end.rjust(length, "n") for end in "ab"]
    for _ in range(3):
        done = run(server, tmp_path, KS_CLAIMS=" ".join(claims), KS_KEEP="1")
        assert done.returncode == 0, done.stderr
    made = [one for path, one in server.objects.items() if path.startswith(f"{SNAPSHOTS}/")]
    assert [one["spec"]["source"]["persistentVolumeClaimName"] for one in made] == claims, "one of each is kept"
    for one in made:
        assert len(one["metadata"]["name"]) <= 253
        assert all(len(value) <= 63 for value in one["metadata"]["labels"].values())


def test_nothing_is_removed_when_the_new_one_does_not_get_ready(server: SnapshotServer, tmp_path: Path) -> None:
    for _ in range(2):
        assert run(server, tmp_path).returncode == 0
    server.slow = -1
    for _ in range(2):
        done = run(server, tmp_path, KS_READY_SECONDS="0.1", KS_KEEP="1")
        assert done.returncode == 75
        assert "nothing was removed" in done.stderr
    assert len(names(server)) == 4
    server.slow = 1
    assert run(server, tmp_path, KS_KEEP="1").returncode == 0
    assert len(names(server)) == 1, "what never got ready goes as well, once a newer one is"


def test_without_class_or_controller_it_ends_for_good(server: SnapshotServer, tmp_path: Path) -> None:
    done = run(server, tmp_path, KS_CLASS="other")
    assert done.returncode == 78
    assert "there is no VolumeSnapshotClass other" in done.stderr
    assert names(server) == []


def test_a_class_that_deletes_is_warned_of(server: SnapshotServer, tmp_path: Path) -> None:
    server.objects[CLASS]["deletionPolicy"] = "Delete"
    assert "warning: who deletes the namespace" in run(server, tmp_path).stdout


def test_the_copy_of_the_run_before_is_replaced(server: SnapshotServer, tmp_path: Path) -> None:
    server.objects[f"{CLAIMS}/data"] = {"metadata": {}, "spec": {"resources": {"requests": {"storage": "20Gi"}}}}
    sources: list[Any] = []
    for _ in range(2):
        assert run(server, tmp_path, KS_COPY_CLASS="deleted").returncode == 0
        copy = server.objects[f"{CLAIMS}/data-copy"]
        assert copy["spec"]["resources"]["requests"]["storage"] == "20Gi"
        assert copy["spec"]["storageClassName"] == "deleted"
        sources.append(copy["spec"]["dataSource"]["name"])
    assert sources[0] != sources[1]
    assert f"{CLAIMS}/data" in server.objects, "the claim itself is never touched"
    assert [path for verb, path in server.changed if verb == "DELETE"] == [f"{CLAIMS}/data-copy"]
