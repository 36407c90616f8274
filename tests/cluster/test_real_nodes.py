"""Real nodes: kubelets that run our kind of pod on our kind of claims."""

import os
import signal
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiClient, AppsV1Api, CoreV1Api, StorageV1Api
from kubernetes.stream import stream

from components.contract import Platform
from devcluster import nodes, platforms
from devcluster.cluster import Cluster
from devcluster.node_kinds import Nodes
from devcluster.real import disk, images, layout, machines
from drills.real import why_not
from tests.cluster import objects
from tests.cluster.objects import wait
from tests.cluster.single_writer import APP, IMAGE, PYTHON, make_claims, page, pod_spec, ready_pods

FIRST = platforms.first_nodes(Platform.PRIVATE)


@pytest.fixture(scope="module", autouse=True)
def possible(own_cache: Path) -> None:
    """Skips all where the machine cannot have real nodes, or their programs cannot be had."""
    if reason := why_not():
        pytest.skip(f"NOT RUN: {reason}")


@pytest.fixture(scope="module")
def real(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Cluster]:
    """A cluster with three real nodes, on which the application's image is a small Python program."""
    folder = tmp_path_factory.mktemp("application")
    (folder / "app.py").write_text(APP)
    cluster = Cluster("test-real", Platform.PRIVATE, nodes=Nodes.REAL)
    archive = images.application(folder.with_name("application.tar"), folder, PYTHON)
    cluster.directory.mkdir(parents=True)
    images.store(cluster.directory, archive, IMAGE)
    cluster.start(keep=False)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def kube(real: Cluster) -> ApiClient:
    """A client of `real`."""
    return real.api()


@pytest.fixture(scope="module")
def app(real: Cluster, kube: ApiClient) -> Generator[str]:
    """A namespace with a running single writer behind a Service; its name."""
    with objects.namespace(kube) as space:
        make_claims(kube, space)
        labels = {"app": "kotaemon"}
        spec = {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec()},
        }
        AppsV1Api(kube).create_namespaced_deployment(space, {"metadata": {"name": "kotaemon"}, "spec": spec})
        service = {"selector": labels, "ports": [{"port": 80, "targetPort": 7860}]}
        CoreV1Api(kube).create_namespaced_service(space, {"metadata": {"name": "kotaemon"}, "spec": service})
        wait("the pod is Ready", lambda: ready_pods(kube, space), 120)
        yield space
        AppsV1Api(kube).delete_namespaced_deployment("kotaemon", space)
        wait("the pod is gone", lambda: not CoreV1Api(kube).list_namespaced_pod(space).items, 60)


def test_there_is_one_real_node_in_each_zone(kube: ApiClient) -> None:
    listed = CoreV1Api(kube).list_node().items
    zones = {node.metadata.name: node.metadata.labels[platforms.ZONE] for node in listed}
    assert zones == {name: platforms.zone_of(Platform.PRIVATE, name) for name in FIRST}
    assert all(node.status.node_info.container_runtime_version.startswith("containerd://2.") for node in listed)
    assert sorted(nodes.ready_nodes(kube)) == FIRST


def test_the_drivers_are_registered_with_the_zone_of_their_node(kube: ApiClient) -> None:
    found = {d.name: d for d in StorageV1Api(kube).read_csi_node("node-b1").spec.drivers}
    assert set(found) == {"dev.csi.kotaemon", "nfs.csi.k8s.io"}
    assert found["dev.csi.kotaemon"].topology_keys == [platforms.ZONE]


def test_our_pod_runs_as_it_will_run_and_writes_to_both_claims(real: Cluster, app: str) -> None:
    seen = page(real.publish(app, "kotaemon"))
    assert {key: seen[key] for key in ("uid", "gid", "capabilities", "seccomp", "no_new_privileges", "root")} == {
        "uid": 1001,
        "gid": 1001,
        "capabilities": "0" * 16,
        "seccomp": "2",
        "no_new_privileges": "1",
        "root": "Read-only file system",
    }
    assert (seen["files"], seen["owner"], seen["disk_group"]) == ("written", 1001, 1001)
    assert seen["turns"] >= 1


def test_logs_and_exec_work_as_with_any_cluster(kube: ApiClient, app: str) -> None:
    core = CoreV1Api(kube)
    (pod,) = ready_pods(kube, app)
    assert core.read_namespaced_pod_log(pod.metadata.name, app).startswith("serving\n")
    command = [PYTHON, "-c", "import socket; print(socket.gethostbyname('kotaemon'))"]
    said = stream(
        CoreV1Api(ApiClient(kube.configuration)).connect_get_namespaced_pod_exec,
        pod.metadata.name,
        app,
        command=command,
        stdout=True,
        stderr=True,
        stdin=False,
        tty=False,
    )
    service: Any = core.read_namespaced_service("kotaemon", app)
    assert said.strip() == service.spec.cluster_ip, "the cluster's own name server"


def test_a_service_is_reached_from_another_node(kube: ApiClient, app: str) -> None:
    (pod,) = ready_pods(kube, app)
    other = next(name for name in FIRST if name != pod.spec.node_name)
    ask = "import urllib.request; print(urllib.request.urlopen('http://kotaemon', timeout=10).status)"
    container = {"name": "ask", "image": IMAGE, "command": [PYTHON, "-c", ask]}
    body = {
        "metadata": {"name": "ask"},
        "spec": {"nodeName": other, "restartPolicy": "Never", "containers": [container]},
    }
    core = CoreV1Api(kube)
    core.create_namespaced_pod(app, body)
    wait("it has asked", lambda: core.read_namespaced_pod("ask", app).status.phase in ("Succeeded", "Failed"))
    assert core.read_namespaced_pod_log("ask", app) == "200\n"
    core.delete_namespaced_pod("ask", app)


def test_a_disk_in_use_is_refused_to_everybody_else(real: Cluster, app: str, kube: ApiClient, tmp_path: Path) -> None:
    handle = objects.volume_of(kube, app, "disk").spec.csi.volume_handle
    file = disk.path_of(layout.disks(real.directory), handle)
    with pytest.raises(disk.HeldError, match=f"disk {handle} is attached to another node"):
        disk.mount(file, tmp_path / "second", "ext4", 1, [])
    assert not os.path.ismount(tmp_path / "second")


def test_a_node_that_loses_its_power_is_lost_and_comes_back_with_its_pod(
    real: Cluster, kube: ApiClient, app: str
) -> None:
    (pod,) = ready_pods(kube, app)
    node = pod.spec.node_name
    port = real.publish(app, "kotaemon")
    before = page(port)["turns"]
    real.kill_node(node)
    wait("the control plane sees it", lambda: node not in nodes.ready_nodes(kube))
    real.revive_node(node)
    wait("it is Ready", lambda: node in nodes.ready_nodes(kube))
    wait("the pod serves again, with its data", lambda: answers(port).get("turns", 0) > before, 120)


def answers(port: int) -> dict[str, Any]:
    try:
        return page(port)
    except OSError:
        return {}


def test_a_disk_grows_at_the_latest_when_it_is_mounted_again(kube: ApiClient, app: str, real: Cluster) -> None:
    core = CoreV1Api(kube)
    core.patch_namespaced_persistent_volume_claim(
        "disk", app, {"spec": {"resources": {"requests": {"storage": "12Gi"}}}}
    )
    wait(
        "the disk itself is larger",
        lambda: objects.volume_of(kube, app, "disk").spec.capacity == {"storage": "12Gi"},
    )
    bound = objects.volume_of(kube, app, "disk")
    file = disk.path_of(layout.disks(real.directory), bound.spec.csi.volume_handle)
    wait("its file too, by the kubelet", lambda: file.stat().st_size == 12 * 1024**3)
    apps = AppsV1Api(kube)
    apps.patch_namespaced_deployment_scale("kotaemon", app, {"spec": {"replicas": 0}})
    wait("the disk is let go of", lambda: not objects.attachments(kube, bound.metadata.name), 120)
    apps.patch_namespaced_deployment_scale("kotaemon", app, {"spec": {"replicas": 1}})
    wait(
        "the claim says so",
        lambda: core.read_namespaced_persistent_volume_claim("disk", app).status.capacity == {"storage": "12Gi"},
        120,
    )
    wait("the pod is Ready", lambda: ready_pods(kube, app), 120)


def test_a_kubelet_that_ends_is_started_again_and_its_pods_live_on(real: Cluster, kube: ApiClient, app: str) -> None:
    (pod,) = ready_pods(kube, app)
    real.signal_node(pod.spec.node_name, "kubelet", signal.SIGKILL)
    time.sleep(3)
    wait("it is Ready", lambda: pod.spec.node_name in nodes.ready_nodes(kube))
    # A kubelet that begins anew has every pod not ready until it has probed it.
    wait("the pod is Ready", lambda: ready_pods(kube, app), 120)
    (now,) = ready_pods(kube, app)
    assert now.metadata.uid == pod.metadata.uid
    assert now.status.container_statuses[0].restart_count == pod.status.container_statuses[0].restart_count


def test_a_node_takes_little_memory(real: Cluster, kube: ApiClient) -> None:
    assert nodes.ready_nodes(kube)
    for name in FIRST:
        assert 50 < memory_of(real, name) <= 200, name


def memory_of(cluster: Cluster, node: str) -> float:
    """MiB that the programs of a node have for themselves, each shared page split among its users (proc(5), Pss)."""
    inner = machines.first_process(cluster.directory, node)
    total = 0
    for entry in Path("/proc").iterdir():
        try:
            same = entry.name.isdigit() and os.readlink(entry / "ns/mnt") == os.readlink(f"/proc/{inner}/ns/mnt")
            if same:
                rollup = (entry / "smaps_rollup").read_text().splitlines()
                total += next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
        except OSError:
            continue
    return total / 1024
