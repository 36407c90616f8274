"""Releases of models against a real API server, scheduler and Deployment controller.

The pods are simulated, so the release's script runs here as a process, with a token of its own account: its rights are
the real ones. A version whose pods never become ready is one that no node has room for: all of them are cordoned.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiClient, AuthenticationV1TokenRequest, BatchV1Api, CoreV1Api, V1TokenRequestSpec

from components.models.files import release_files
from components.models.names import NO_VERSION, VERSION_ANNOTATION
from deploy.engine import Outcome
from deploy.kube import Kube, Manifest
from devcluster import nodes
from devcluster.cluster import Cluster
from plan.stack_file import StackFile
from tests.cluster import stacks
from tests.cluster.stacks import FILES
from tests.cluster.test_scaled import STORES, is_ready
from tests.unit import pod_user

SPACE = "models"
CACHE = {"kind": "ephemeral", "limit": "4Gi"}


def file_of(folder: Path, **models: Any) -> StackFile:
    more = {"profile": "scaled", "replicas": 2, "stores": STORES, "models": {"cache": CACHE, **models}}
    return stacks.write(folder, SPACE, {"files": FILES}, **more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="module")
def kube(cluster: Cluster) -> Kube:
    return stacks.kube(cluster)


@pytest.fixture(scope="module")
def first(cluster: Cluster, kube: Kube, folder: Path) -> Generator[Outcome]:
    yield stacks.up(file_of(folder), cluster)
    for kind, name in (
        ("Deployment", "kotaemon"),
        *(("StatefulSet", f"kotaemon-{n}") for n in ("database", "vectors")),
    ):
        kube.delete({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": SPACE}})


def deployment(kube: Kube) -> Manifest:
    found = kube.get(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "kotaemon", "namespace": SPACE}}
    )
    assert found
    return found


def version(kube: Kube) -> str:
    return deployment(kube)["spec"]["template"]["metadata"]["annotations"][VERSION_ANNOTATION]


def ready(kube: Kube) -> list[Manifest]:
    pods = kube.list("v1", "Pod", SPACE, "app.kubernetes.io/name=kotaemon")
    return [pod for pod in pods if not pod["metadata"].get("deletionTimestamp") and is_ready(pod)]


def versions(pods: list[Manifest]) -> set[str]:
    return {pod["metadata"]["annotations"][VERSION_ANNOTATION] for pod in pods}


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """The folder of the role models, as the Job would mount it."""
    folder = tmp_path / "shared"
    (folder / ".incoming").mkdir(parents=True)
    return folder


def package(shared: Path, name: str) -> None:
    (shared / ".incoming" / name).mkdir()
    (shared / ".incoming" / name / "model.safetensors").write_text(name)


def release(api: ApiClient, shared: Path, name: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run the Job's container as a process: its variables, and a token of its account."""
    job = BatchV1Api(api).read_namespaced_cron_job("kotaemon-models", SPACE).spec.job_template.spec.template.spec
    asked = AuthenticationV1TokenRequest(spec=V1TokenRequestSpec(audiences=[], expiration_seconds=3600))
    account = shared.parent / "account"
    account.mkdir(exist_ok=True)
    token = CoreV1Api(api).create_namespaced_service_account_token(job.service_account_name, SPACE, asked).status.token
    (account / "token").write_text(token)
    (account / "ca.crt").write_bytes(Path(api.configuration.ssl_ca_cert).read_bytes())
    told = {v.name: v.value or "" for v in job.containers[0].env}
    told |= {"KS_VERSION": name, "KS_MODELS_SHARED": str(shared), "KS_ACCOUNT": str(account), "KS_POLL_SECONDS": "0.3"}
    told |= {"KS_API": api.configuration.host, "PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1", **env}
    scripts = pod_user.write(release_files(), shared.parent / "scripts")
    command = [sys.executable, str(scripts / "ks_models_release.py")]
    return subprocess.run(command, env=told, capture_output=True, text=True, timeout=300, check=False)


def record(api: ApiClient) -> dict[str, str]:
    return CoreV1Api(api).read_namespaced_config_map("kotaemon-models", SPACE).data


def test_it_comes_up_without_a_version_and_a_second_up_changes_nothing(
    cluster: Cluster, kube: Kube, first: Outcome, folder: Path
) -> None:
    assert version(kube) == NO_VERSION
    again = stacks.up(file_of(folder), cluster)
    assert again.nothing_changed, again.did


def test_a_release_rolls_without_a_pod_less_and_pulumi_leaves_its_version_alone(
    api: ApiClient, cluster: Cluster, kube: Kube, first: Outcome, folder: Path, shared: Path
) -> None:
    package(shared, "v1")
    samples: list[int] = []
    done = threading.Event()

    def sample() -> None:
        while not done.is_set():
            samples.append(len(ready(kube)))
            time.sleep(0.05)

    watcher = threading.Thread(target=sample)
    watcher.start()
    try:
        ended = release(api, shared, "v1")
    finally:
        done.set()
        watcher.join()
    assert ended.returncode == 0, ended.stderr
    assert min(samples) >= 2, samples
    assert versions(ready(kube)) == {"v1"}
    assert record(api)["phase"] == "released"
    again = stacks.up(file_of(folder), cluster)
    assert again.nothing_changed, again.did
    assert version(kube) == "v1"
    stacks.up(file_of(folder, keep=5), cluster)
    assert version(kube) == "v1", "another change of the stack leaves the version alone"


def test_a_version_whose_pods_never_become_ready_is_rolled_back_and_recorded(
    api: ApiClient, cluster: Cluster, kube: Kube, first: Outcome, folder: Path, shared: Path
) -> None:
    package(shared, "v1")
    assert release(api, shared, "v1").returncode == 0
    package(shared, "v2")
    core = CoreV1Api(api)
    names = nodes.ready_nodes(api)
    for name in names:
        core.patch_node(name, {"spec": {"unschedulable": True}})
    try:
        ended = release(api, shared, "v2", KS_READY_SECONDS="8")
    finally:
        for name in names:
            core.patch_node(name, {"spec": {"unschedulable": False}})
    assert ended.returncode == 3, ended.stderr
    assert version(kube) == "v1"
    assert versions(ready(kube)) == {"v1"}
    assert len(ready(kube)) == 2
    assert os.readlink(shared / "latest") == "versions/v1"
    found = record(api)
    assert (found["phase"], found["version"], found["from"]) == ("rolled back", "v2", "v1")
    assert found["reason"] == "its pods were not ready within 8 s"
    told = stacks.up(file_of(folder), cluster).outputs["models"].value
    assert (told["owner"], told["version"], told["release"]["phase"]) == ("cluster", "v1", "rolled back")
    assert told["release"]["reason"] == found["reason"]


def test_the_account_may_do_nothing_else(api: ApiClient, first: Outcome, shared: Path) -> None:
    release(api, shared, "none-such")
    code = """
import urllib.error
from ks_api import call
core, apps = "/api/v1/namespaces/models", "/apis/apps/v1/namespaces/models"
for path in (core + "/secrets", core + "/secrets/kotaemon-admin", core + "/configmaps", apps + "/deployments",
             apps + "/statefulsets/kotaemon-database", "/api/v1/namespaces/kube-system/pods"):
    try:
        call("GET", path)
    except urllib.error.HTTPError as error:
        print(error.code, end=" ")
"""
    told = {
        "KS_API": api.configuration.host,
        "KS_ACCOUNT": str(shared.parent / "account"),
        "PYTHONPATH": str(shared.parent / "scripts"),
    }
    done = subprocess.run([sys.executable, "-c", code], env=told, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["403"] * 6, done.stderr


def test_the_stack_file_takes_the_version_over_and_gives_it_back(
    api: ApiClient, cluster: Cluster, kube: Kube, first: Outcome, folder: Path, shared: Path
) -> None:
    package(shared, "v7")
    assert release(api, shared, "v7").returncode == 0
    outcome = stacks.up(file_of(folder, version="v8"), cluster)
    assert f"changed Deployment {SPACE}/kotaemon" in outcome.did
    assert version(kube) == "v8"
    assert versions(ready(kube)) == {"v8"}
    package(shared, "v9")
    refused = release(api, shared, "v9")
    assert refused.returncode == 78
    assert "kotaemon:models.version" in refused.stderr
    stacks.up(file_of(folder), cluster)
    assert version(kube) == "v8"
    assert release(api, shared, "v7").returncode == 0
    assert version(kube) == "v7"
