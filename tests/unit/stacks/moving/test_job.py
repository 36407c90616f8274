"""The Job that copies: as the application's pod, with the two claims alone, and only while the application is stopped."""

import json
import subprocess
import sys
from typing import Any

import pytest

from plan import collect, stack_file
from stacks.moving.job import Folder, Running, job


def deployment(replicas: int = 0, example: str = "dev") -> dict[str, Any]:
    """The application's Deployment of an example, as `kubectl get` shows it."""
    found = collect.preview(stack_file.read(example)).one("kubernetes:apps/v1:Deployment").inputs
    found["spec"]["replicas"] = replicas
    return found


def test_it_mounts_the_old_claim_read_only_and_the_new_one() -> None:
    made = job(deployment(), "kotaemon-disk", "kotaemon-new", [Folder("sessions", "sessions")])
    pod = made["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["volumeMounts"] == [
        {"name": "kotaemon-disk", "mountPath": "/from", "readOnly": True},
        {"name": "kotaemon-new", "mountPath": "/to"},
    ]
    assert [volume["persistentVolumeClaim"]["claimName"] for volume in pod["volumes"]] == [
        "kotaemon-disk",
        "kotaemon-new",
    ]
    assert container["command"][3:] == ["/from/sessions", "/to/sessions"]


def test_a_folder_on_the_same_claim_is_one_volume() -> None:
    pod = job(deployment(), "kotaemon-files", "kotaemon-files", [Folder("logs", "old")])["spec"]["template"]["spec"]
    assert [volume["name"] for volume in pod["volumes"]] == ["kotaemon-files"]
    assert [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]] == ["/from", "/to"]


def test_it_runs_as_the_application_does_and_is_nobodys_server() -> None:
    from_ = deployment()
    made, pod = job(from_, "a", "b", [Folder("x", "x")]), from_["spec"]["template"]
    theirs = made["spec"]["template"]
    assert theirs["spec"]["securityContext"] == pod["spec"]["securityContext"]
    assert theirs["spec"]["containers"][0]["image"] == "ghcr.io/cinnamon/kotaemon:0.11.3-lite"
    assert not theirs["metadata"]["labels"].items() & pod["metadata"]["labels"].items(), "no Service sends people to it"


def test_while_the_application_runs_it_is_refused() -> None:
    with pytest.raises(Running, match="kubectl -n kotaemon scale deployment kotaemon --replicas=0"):
        job(deployment(1), "a", "b", [Folder("x", "x")])
    ending = {**deployment(), "status": {"replicas": 1}}
    with pytest.raises(Running):
        job(ending, "a", "b", [Folder("x", "x")])


def test_the_command_that_a_refusal_prints() -> None:
    command = [sys.executable, "-m", "stacks.moving", "--from", "a", "--to", "b", "logs:old", "eval"]
    done = subprocess.run(
        command, input=json.dumps(deployment()), capture_output=True, text=True, check=True, cwd=stack_file.ROOT
    )
    made = json.loads(done.stdout)
    assert made["spec"]["template"]["spec"]["containers"][0]["command"][3:] == [
        "/from/logs",
        "/to/old",
        "/from/eval",
        "/to/eval",
    ]
    stopped = subprocess.run(
        command, input=json.dumps(deployment(1)), capture_output=True, text=True, check=False, cwd=stack_file.ROOT
    )
    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert "stop it first" in stopped.stderr
