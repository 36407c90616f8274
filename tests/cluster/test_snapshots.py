"""Backups on a real API server: CronJobs are accepted, one starts on its schedule, and its rights are enough and no more.

The pods are simulated, so the script of a pod that the CronJob has started runs here as a process with a token of the
pod's account. A stand-in snapshotter says of each VolumeSnapshot that it is ready.
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
from kubernetes.client import ApiClient, ApiException, ApiextensionsV1Api, BatchV1Api, CoreV1Api, CustomObjectsApi

from components.protection import names
from deploy.engine import Outcome
from deploy.kube import Kube
from devcluster.cluster import Cluster
from plan.stack_file import StackFile
from tests.cluster import stacks
from tests.cluster.stacks import DISK, FILES
from tests.unit import pod_user
from tests.unit.devcluster.helpers import eventually

SPACE = "snapshots"
GROUP, VERSION = "snapshot.storage.k8s.io", "v1"
OTHER = FILES | {"path": "/srv/backups"}
ROLES = {role: {"claim": "files"} for role in ("models", "uploads", "logs", "eval")}
BACKUP = {
    "to": {"claim": "backups"},
    "snapshots": {
        "snapshotClass": "kept",
        "schedule": "* * * * *",
        "keep": 1,
        "copyClass": "dev-block",
        "encryptedOnly": False,
    },
}


@pytest.fixture(scope="module")
def kube(cluster: Cluster) -> Kube:
    return stacks.kube(cluster)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> StackFile:
    folder = tmp_path_factory.mktemp("stack")
    storage = {"claims": {"disk": DISK, "files": FILES, "backups": OTHER}, "roles": ROLES}
    return stacks.write(folder, SPACE, {}, storage=storage, backup=BACKUP)


@pytest.fixture(scope="module")
def types(api: ApiClient) -> None:
    """The types of the snapshot controller, without its schemas, and a class."""
    extensions = ApiextensionsV1Api(api)
    for kind, scope in (
        ("VolumeSnapshot", "Namespaced"),
        ("VolumeSnapshotClass", "Cluster"),
        ("VolumeSnapshotContent", "Cluster"),
    ):
        plural = f"{kind.lower()}es" if kind.endswith("s") else f"{kind.lower()}s"
        version = {
            "name": VERSION,
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        }
        extensions.create_custom_resource_definition(
            {
                "metadata": {
                    "name": f"{plural}.{GROUP}",
                    "annotations": {
                        "api-approved.kubernetes.io": "https://github.com/kubernetes-csi/external-snapshotter"
                    },
                },
                "spec": {
                    "group": GROUP,
                    "scope": scope,
                    "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
                    "versions": [version],
                },
            }
        )
    made = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "VolumeSnapshotClass", "metadata": {"name": "kept"}}
    body = {**made, "driver": "stand.in", "deletionPolicy": "Retain"}
    eventually("the type of the class is served", 30, lambda: _created(api, body))


def _created(api: ApiClient, body: Any) -> bool:
    try:
        CustomObjectsApi(api).create_cluster_custom_object(GROUP, VERSION, "volumesnapshotclasses", body)
    except ApiException as error:
        return error.status == 409
    return True


@pytest.fixture(scope="module")
def first(cluster: Cluster, kube: Kube, file: StackFile, types: None) -> Generator[Outcome]:
    yield stacks.up(file, cluster)
    for kind, name in (("Deployment", "kotaemon"),):
        kube.delete({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": SPACE}})
    for name in ("kotaemon-backup", "kotaemon-backup-drill", "kotaemon-backup-restore", "kotaemon-snapshots"):
        kube.delete({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name, "namespace": SPACE}})


def snapshots(api: ApiClient) -> list[dict[str, Any]]:
    return CustomObjectsApi(api).list_namespaced_custom_object(GROUP, VERSION, SPACE, "volumesnapshots")["items"]


def snapshotter(api: ApiClient, ends: threading.Event) -> None:
    """Says of each snapshot that it is ready, and makes its content, as the controller and the driver's sidecar do."""
    objects = CustomObjectsApi(api)
    while not ends.wait(0.2):
        for one in snapshots(api):
            name = one["metadata"]["name"]
            if "status" in one:
                continue
            content = {"metadata": {"name": f"content-{name}"}, "spec": {"deletionPolicy": "Retain"}}
            body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "VolumeSnapshotContent", **content}
            objects.create_cluster_custom_object(GROUP, VERSION, "volumesnapshotcontents", body)
            status = {"status": {"readyToUse": True, "boundVolumeSnapshotContentName": f"content-{name}"}}
            objects.patch_namespaced_custom_object(GROUP, VERSION, SPACE, "volumesnapshots", name, status)


def account(api: ApiClient, name: str, folder: Path) -> dict[str, str]:
    """The variables of a process that is a pod of this account."""
    folder.mkdir()
    asked = {"spec": {"audiences": [], "expirationSeconds": 3600}}
    token = CoreV1Api(api).create_namespaced_service_account_token(name, SPACE, asked).status.token
    (folder / "token").write_text(token)
    (folder / "ca.crt").write_bytes(Path(api.configuration.ssl_ca_cert).read_bytes())
    told = {"KS_ACCOUNT": str(folder), "KS_API": api.configuration.host, "NO_PROXY": "127.0.0.1"}
    return {"PATH": os.environ["PATH"], "KS_POLL_SECONDS": "0.2", "KS_READY_SECONDS": "60", **told}


def run(env: dict[str, str], code: str) -> "subprocess.CompletedProcess[str]":
    scripts = str(pod_user.write(names.scripts(), Path(env["KS_ACCOUNT"], "scripts")))
    command = [sys.executable, "-B", "-c", f"import sys; sys.path.insert(0, {scripts!r}); {code}"]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_it_comes_up_and_a_second_up_changes_nothing(cluster: Cluster, file: StackFile, first: Outcome) -> None:
    again = stacks.up(file, cluster)
    assert again.nothing_changed, again.did


def test_a_job_starts_on_its_schedule_and_makes_snapshots(api: ApiClient, first: Outcome, tmp_path: Path) -> None:
    core, until = CoreV1Api(api), time.monotonic() + 240
    mine = "app.kubernetes.io/instance=kotaemon-snapshots"
    pods: list[Any] = []
    while not pods and time.monotonic() < until:
        pods = core.list_namespaced_pod(SPACE, label_selector=mine).items
        time.sleep(0.5)
    assert pods, "the CronJob started no pod within four minutes"
    owner = pods[0].metadata.owner_references[0]
    assert BatchV1Api(api).read_namespaced_job(owner.name, SPACE).metadata.owner_references[0].kind == "CronJob"
    (container,) = pods[0].spec.containers
    env = account(api, pods[0].spec.service_account_name, tmp_path / "account")
    env |= {v.name: v.value or "" for v in container.env}
    ends = threading.Event()
    standing_in = threading.Thread(target=snapshotter, args=(api, ends))
    standing_in.start()
    try:
        for _ in range(2):
            done = run(env, "import ks_protect_snapshots as s; s.main()")
            assert done.returncode == 0, done.stdout + done.stderr
            time.sleep(1.1)  # names have seconds
    finally:
        ends.set()
        standing_in.join()
    (kept,) = snapshots(api)
    assert kept["spec"] == {
        "volumeSnapshotClassName": "kept",
        "source": {"persistentVolumeClaimName": "kotaemon-disk"},
    }
    contents = CustomObjectsApi(api).list_cluster_custom_object(GROUP, VERSION, "volumesnapshotcontents")["items"]
    policies = {one["metadata"]["name"]: one["spec"]["deletionPolicy"] for one in contents}
    assert sorted(policies.values()) == ["Delete", "Retain"]
    assert policies[f"content-{kept['metadata']['name']}"] == "Retain"
    copy = core.read_namespaced_persistent_volume_claim("kotaemon-disk-copy", SPACE)
    assert copy.spec.data_source.name == kept["metadata"]["name"]


@pytest.mark.parametrize(
    ("who", "method", "path"),
    [
        ("kotaemon-snapshots", "DELETE", f"/api/v1/namespaces/{SPACE}/persistentvolumeclaims/kotaemon-disk"),
        ("kotaemon-snapshots", "GET", f"/api/v1/namespaces/{SPACE}/secrets/kotaemon-backup"),
        ("kotaemon-backup-drill", "PATCH", f"/api/v1/namespaces/{SPACE}/configmaps/kube-root-ca.crt"),
        ("kotaemon-backup-drill", "GET", f"/api/v1/namespaces/{SPACE}/secrets/kotaemon-backup"),
        ("kotaemon-backup", "GET", f"/api/v1/namespaces/{SPACE}/configmaps/kotaemon-backup-drill"),
    ],
)
def test_what_an_account_may_not_do(
    api: ApiClient, first: Outcome, tmp_path: Path, who: str, method: str, path: str
) -> None:
    body = "{}" if method == "PATCH" else "None"
    done = run(account(api, who, tmp_path / "account"), f"import ks_api as c; c.call({method!r}, {path!r}, {body})")
    assert done.returncode != 0
    assert "403" in done.stderr, done.stderr


def test_a_drill_writes_its_result_and_the_next_up_reads_it(
    api: ApiClient, cluster: Cluster, file: StackFile, first: Outcome, tmp_path: Path
) -> None:
    env = account(api, "kotaemon-backup-drill", tmp_path / "account")
    env |= {"KS_NAMESPACE": SPACE, "KS_RECORD": "kotaemon-backup-drill"}
    result = {"phase": "good", "conversations": "7", "at": "2026-11-29T04:30:00Z", "lastGood": "2026-11-29T04:30:00Z"}
    done = run(env, f"import ks_protect_cluster as c; c.publish({result!r})")
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stdout
    again = stacks.up(file, cluster)
    assert CoreV1Api(api).read_namespaced_config_map("kotaemon-backup-drill", SPACE).data == result
    drill = again.outputs["backup"].value["drill"]
    assert (drill["phase"], drill["conversations"]) == ("good", "7")
