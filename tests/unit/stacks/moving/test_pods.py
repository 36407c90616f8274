"""The Jobs of a move as the API server gets them."""

import ast
from typing import Any

import pytest

from components.contract import AccessMode, Claim, Locks, Medium
from guard.pod_security import restricted_violations
from stacks.moving import pods
from stacks.moving.job import SCRIPT
from stacks.moving.state import SCRIPTS, config_map, fresh, read


def claim(name: str, medium: Medium = Medium.FILE) -> Claim:
    return Claim(
        name=name,
        access_mode=AccessMode.RWX,
        medium=medium,
        backend="nfs4",
        size_gib=1,
        zones=[],
        encrypted_by="nobody",
        locks=Locks.SHARED,
        fs_group=medium == Medium.BLOCK,
    )


def work(old: Claim | None = None, new: Claim | None = None, folder: str = "eval") -> pods.Work:
    imposed: Any = {
        "image_mirrors": {"quay.io": "mirror.example.org/quay"},
        "node_selector": {"pool": "files"},
        "cpu_limit": "2",
    }
    sides = pods.Side(old or claim("old"), "eval"), pods.Side(new or claim("new"), folder)
    return pods.Work("kotaemon", "app:1", 1001, 1001, imposed, *sides)


STATE = fresh("eval", "old/eval", "new/eval")


def spec(job: dict[str, Any]) -> dict[str, Any]:
    return job["spec"]["template"]["spec"]


@pytest.mark.parametrize("last", [False, True])
def test_the_pods_are_restricted_and_as_the_cluster_wants_them(last: bool) -> None:
    found = spec(pods.copying(work(), STATE, last=last))
    assert restricted_violations(found) == []
    assert found["securityContext"]["runAsUser"] == 1001
    assert found["nodeSelector"] == {"pool": "files"}
    assert found["automountServiceAccountToken"] is False
    containers = [*found["initContainers"], *found["containers"]]
    assert [one["name"] for one in containers] == ["begin", "copy", *(["compare"] if last else [])]
    assert {one["image"] for one in containers} == {"app:1", "mirror.example.org/quay/backube/volsync:0.15.0"}
    assert all(one["resources"]["limits"]["cpu"] == "2" for one in containers)


def test_the_old_claim_is_only_read() -> None:
    found = spec(pods.copying(work(), STATE, last=True))
    mounts = [mount for one in [*found["initContainers"], *found["containers"]] for mount in one["volumeMounts"]]
    assert all(mount["readOnly"] for mount in mounts if mount["mountPath"] == "/from")
    assert len([mount for mount in mounts if mount["mountPath"] == "/from"]) == 3


def test_another_folder_of_one_claim_is_one_volume() -> None:
    found = spec(pods.copying(work(claim("one"), claim("one"), "later"), STATE, last=True))
    claims = [one["name"] for one in found["volumes"] if "persistentVolumeClaim" in one]
    assert claims == ["old"]


def test_what_cannot_be_mounted_is_not() -> None:
    found = spec(pods.measuring(work(), STATE, source=False, target=True))
    (container,) = found["containers"]
    assert container["command"][2:] == ["measure", "-", "/to/eval"]
    assert [
        one["persistentVolumeClaim"]["claimName"] for one in found["volumes"] if "persistentVolumeClaim" in one
    ] == ["new"]


def test_a_disk_has_its_group() -> None:
    assert "fsGroup" not in spec(pods.copying(work(), STATE, last=True))["securityContext"]
    with_disk = spec(pods.copying(work(new=claim("new", Medium.BLOCK)), STATE, last=True))
    assert with_disk["securityContext"]["fsGroup"] == 1001


def test_a_round_has_jobs_of_its_own() -> None:
    names = {pods.copying(work(), STATE.at(STATE.step, round=n), last=True)["metadata"]["name"] for n in (1, 2)}
    assert len(names) == 2
    assert all(len(name) <= 63 for name in names)


def test_the_files_of_the_jobs_import_each_other_and_the_standard_library() -> None:
    stored = config_map(STATE, "kotaemon")["data"]
    assert {"state.json", *SCRIPTS} == stored.keys()
    assert stored["copy_folders.py"] == SCRIPT.read_text()
    imported = {
        (node.module or "").partition(".")[0]
        for name in SCRIPTS
        for node in ast.walk(ast.parse(stored[name]))
        if isinstance(node, ast.ImportFrom)
    }
    assert {"copy_folders", "in_place"} <= imported
    assert not imported & {"stacks", "components", "pulumi"}
    assert f'MARK = "{pods.MARK}"' in stored["in_pod.py"]


def test_the_state_is_read_back_and_fields_of_later_releases_are_ignored() -> None:
    kept = config_map(STATE, "kotaemon")
    assert read(kept) == STATE
    kept["data"]["state.json"] = kept["data"]["state.json"].replace('"role"', '"later": 1, "role"')
    assert read(kept) == STATE
    assert read(None) is None
