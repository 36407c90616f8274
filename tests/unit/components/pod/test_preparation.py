"""The container and the Job that make the role folders."""

import json
from typing import Any

from components.pod.folders import prepare_task, role_folders
from components.pod.preparation import job_spec
from guard.pod_security import baseline_violations, restricted_violations
from tests.unit.components.kotaemon.samples import DISK, FILES, manifest, storage


def pod() -> dict[str, Any]:
    return manifest(job_spec("image:1", "files", "prepare-1", "{}"))["template"]["spec"]


def test_role_folders_of_one_claim() -> None:
    assert role_folders(storage(), FILES["name"]) == ["models", "uploads", "logs", "eval"]
    assert role_folders(storage(), DISK["name"]) == ["indexes", "sessions"]


def test_task_is_what_the_script_reads() -> None:
    assert json.loads(prepare_task([("files", ["models"], True)], 1001, 1002)) == {
        "uid": 1001,
        "gid": 1002,
        "claims": [{"root": "/claims/files", "folders": ["models"], "read_only": True}],
    }


def test_root_with_one_right_and_no_more() -> None:
    (container,) = pod()["containers"]
    assert container["securityContext"] == {
        "runAsUser": 0,
        "runAsGroup": 0,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"], "add": ["CHOWN"]},
        "readOnlyRootFilesystem": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["command"] == ["/app/.venv/bin/python", "-I", "/etc/kotaemon/prepare.py"]
    assert pod()["automountServiceAccountToken"] is False


def test_baseline_admits_it_and_restricted_would_not() -> None:
    assert baseline_violations(pod()) == []
    assert restricted_violations(pod()) == ["prepare: may run as root", "prepare: capabilities"]


def test_what_needs_people_is_not_tried_again() -> None:
    spec = manifest(job_spec("image:1", "files", "prepare-1", "{}"))
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [78]}}
    assert spec["podFailurePolicy"] == {"rules": [rule]}
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["backoffLimit"] == 3
    assert "ttlSecondsAfterFinished" not in spec
