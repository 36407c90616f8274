"""The Job that runs converters in the application's pod."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.components.kotaemon.runtime.convert.volume import CONVERT

SNAPSHOTS = Path(__file__).parents[2] / "snapshots"
APP = {
    "name": "kotaemon",
    "image": "ghcr.io/cinnamon/kotaemon:0.11.3-lite",
    "command": ["/app/.venv/bin/python", "/etc/kotaemon/launch.py"],
    "workingDir": "/app",
    "env": [{"name": "KS_PROFILE", "value": "scaled"}],
    "ports": [{"name": "http", "containerPort": 7860}],
    "startupProbe": {"httpGet": {}},
    "livenessProbe": {"httpGet": {}},
    "readinessProbe": {"httpGet": {}},
    "lifecycle": {"preStop": {}},
    "securityContext": {"readOnlyRootFilesystem": True},
    "volumeMounts": [{"name": "claim-0", "mountPath": "/data/indexes", "subPath": "indexes"}],
}


def deployment(replicas: int = 0) -> dict[str, Any]:
    spec = {
        "serviceAccountName": "kotaemon",
        "securityContext": {"runAsUser": 1001, "runAsGroup": 1002},
        "restartPolicy": "Always",
        "containers": [APP],
        "initContainers": [{"name": "prepare"}, {"name": "auth-proxy", "restartPolicy": "Always"}],
        "volumes": [
            {"name": "claim-0", "persistentVolumeClaim": {"claimName": "files"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "8Gi"}},
        ],
    }
    template = {"metadata": {"labels": {"app.kubernetes.io/name": "kotaemon"}}, "spec": spec}
    return {
        "metadata": {"name": "kotaemon", "namespace": "kotaemon"},
        "spec": {"replicas": replicas, "template": template},
    }


def run(*options: str, replicas: int = 0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CONVERT / "job.py"), *options],
        input=json.dumps(deployment(replicas)),
        capture_output=True,
        text=True,
    )


def made(*options: str, replicas: int = 0) -> dict[str, Any]:
    done = run(*options, replicas=replicas)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_job_is_the_applications_pod_with_another_command() -> None:
    job = made("--source-claim", "import", "--", "from_docker.py", "--source", "/source", "--aside")
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["command"] == [
        "/app/.venv/bin/python",
        "/etc/kotaemon-convert/from_docker.py",
        "--source",
        "/source",
        "--aside",
    ]
    for kept in ("image", "env", "workingDir", "securityContext"):
        assert container[kept] == APP[kept]
    assert not {"ports", "lifecycle", "startupProbe", "livenessProbe"} & container.keys()
    assert container["readinessProbe"]["exec"] == {"command": ["false"]}, "the Service must not send people to it"
    assert pod["securityContext"] == {"runAsUser": 1001, "runAsGroup": 1002}
    assert [found["name"] for found in pod["initContainers"]] == ["prepare"], "a sidecar would never end"
    assert job["spec"]["template"]["metadata"]["labels"] == {"app.kubernetes.io/name": "kotaemon"}


def test_the_source_is_mounted_read_only_and_the_stacks_claims_as_they_are() -> None:
    pod = made("--source-claim", "import", "--", "folders.py")["spec"]["template"]["spec"]
    mounts = {mount["name"]: mount for mount in pod["containers"][0]["volumeMounts"]}
    assert mounts["source"] == {"name": "source", "mountPath": "/source", "readOnly": True}
    assert mounts["claim-0"] == APP["volumeMounts"][0]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes["source"]["persistentVolumeClaim"] == {"claimName": "import", "readOnly": True}
    assert volumes["convert"]["configMap"] == {"name": "kotaemon-convert"}


def test_the_folder_is_brought_in_through_a_pod_with_the_same_claims() -> None:
    pod = made("--source-claim", "import", "--bring")["spec"]["template"]["spec"]
    mounts = {mount["name"]: mount for mount in pod["containers"][0]["volumeMounts"]}
    assert mounts["source"] == {"name": "source", "mountPath": "/source", "readOnly": False}
    assert mounts["claim-0"] == APP["volumeMounts"][0]
    assert "sleep" in pod["containers"][0]["command"][-1]
    assert run("--bring").returncode == 2
    assert run("--source-claim", "import").returncode == 2


def test_scratch_can_be_made_larger_for_large_databases() -> None:
    pod = made("--scratch", "50Gi", "--", "from_docker.py")["spec"]["template"]["spec"]
    assert {"name": "tmp", "emptyDir": {"sizeLimit": "50Gi"}} in pod["volumes"]


@pytest.mark.parametrize("profile", ["single-writer", "scaled"])
def test_the_deployment_that_we_render_becomes_a_job(profile: str) -> None:
    rendered = yaml.safe_load((SNAPSHOTS / f"{profile}.yaml").read_text()) | {"replicas": 0}
    whole = {"metadata": {"name": "kotaemon", "namespace": "kotaemon"}, "spec": rendered}
    done = subprocess.run(
        [sys.executable, str(CONVERT / "job.py"), "--source-claim", "import", "--", "from_docker.py"],
        input=json.dumps(whole),
        capture_output=True,
        text=True,
    )
    pod = json.loads(done.stdout)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    names = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert names["KS_PROFILE"] == profile
    assert {"/data/indexes", "/data/uploads", "/etc/kotaemon", "/source"} <= {
        mount["mountPath"] for mount in container["volumeMounts"]
    }
    assert {mount["name"] for mount in container["volumeMounts"]} <= {volume["name"] for volume in pod["volumes"]}
    assert "prepare" in [found["name"] for found in pod["initContainers"]]


def test_a_refusal_ends_the_job_at_once() -> None:
    spec = made("--", "check_stores.py")["spec"]
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    (rule,) = spec["podFailurePolicy"]["rules"]
    assert rule == {
        "action": "FailJob",
        "onExitCodes": {"containerName": "convert", "operator": "In", "values": [78]},
    }


def test_an_application_that_runs_is_refused_but_for_what_only_reads() -> None:
    refused = run("--", "from_docker.py", replicas=1)
    assert refused.returncode == 78
    assert "the Deployment kotaemon has 1 replicas" in refused.stderr
    assert refused.stdout == ""
    made("--while-running", "--", "check_stores.py", replicas=1)


def test_a_new_image_compares_the_tables_before_the_roll() -> None:
    job = made("--while-running", "--image", "kotaemon:0.11.4", "--", "/etc/kotaemon/ks_schema.py", replicas=2)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "kotaemon:0.11.4"
    assert container["command"][1] == "/etc/kotaemon/ks_schema.py"


@pytest.mark.parametrize("name", sorted(path.name for path in CONVERT.glob("*.py")))
def test_converters_are_small_enough_for_a_configmap_and_stay_out_of_the_pods_own(name: str) -> None:
    from components.pod.files import runtime_files

    assert name not in runtime_files()
    assert sum(path.stat().st_size for path in CONVERT.glob("*.py")) < 512 * 1024


def test_a_new_disk_is_handed_to_the_group_of_the_pod() -> None:
    words = ["change_profile.py", "--to", "single-writer"]
    usual = made("--target-claim", "disk", "--", *words)["spec"]["template"]["spec"]["securityContext"]
    assert usual == {"runAsUser": 1001, "runAsGroup": 1002}
    given = made("--target-claim", "disk", "--fs-group", "--", *words)["spec"]["template"]["spec"]["securityContext"]
    assert given == {**usual, "fsGroup": 1002, "fsGroupChangePolicy": "OnRootMismatch"}
