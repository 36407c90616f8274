"""The profile scaled with its bundled stores on a real scheduler: spread, roll-out, lost nodes; and RWOP for one writer."""

import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiClient, BatchV1Api, CoreV1Api

from components.contract import Platform
from deploy.engine import Outcome
from deploy.kube import Kube, Manifest
from deploy.move.cluster import Cluster as Mover
from deploy.move.profile import Change
from devcluster import nodes, platforms
from devcluster.cluster import Cluster
from plan.stack_file import StackFile
from stacks.moving.state import Step
from tests.cluster import objects, stacks
from tests.cluster.objects import wait
from tests.cluster.stacks import DISK, FILES

SPACE = "scaled"
ON_DISK = {"storageClass": "dev-block", "size": "10Gi", "encryptedBy": "nobody (simulated)"}
STORES = {"database": {"kind": "bundled", **ON_DISK}, "vectorStore": {"kind": "qdrant-bundled", **ON_DISK}}
SERVERS = ("kotaemon-database", "kotaemon-vectors")


def file_of(folder: Path, **settings: Any) -> StackFile:
    more = {"profile": "scaled", "replicas": 3, "stores": STORES, **settings}
    return stacks.write(folder, SPACE, {"files": FILES}, **more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="module")
def kube(cluster: Cluster) -> Kube:
    return stacks.kube(cluster)


@pytest.fixture(scope="module")
def first(cluster: Cluster, kube: Kube, folder: Path) -> Generator[Outcome]:
    """The stack, up; its pods are gone at the end."""
    yield stacks.up(file_of(folder), cluster)
    for kind, name in (("Deployment", "kotaemon"), *(("StatefulSet", name) for name in SERVERS)):
        kube.delete({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": SPACE}})


@pytest.fixture
def healed(api: ApiClient) -> Generator[Callable[[str], str]]:
    """Marks nodes that the test loses; they are back at its end."""
    lost: list[str] = []

    def mark(node: str) -> str:
        lost.append(node)
        return node

    yield mark
    for node in lost:
        nodes.clear_out_of_service(api, node)
        nodes.start_heartbeat(api, node)
    wait("all nodes are Ready again", lambda: len(nodes.ready_nodes(api)) == 6)


def ready(kube: Kube, name: str, instance: str = "kotaemon") -> list[Manifest]:
    """Ready pods that are not ending."""
    found = kube.list("v1", "Pod", SPACE, f"app.kubernetes.io/name={name},app.kubernetes.io/instance={instance}")
    return [pod for pod in found if not pod["metadata"].get("deletionTimestamp") and is_ready(pod)]


def is_ready(pod: Manifest) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def zones(pods: list[Manifest]) -> list[str]:
    return sorted(platforms.zone_of(Platform.PRIVATE, pod["spec"]["nodeName"]) for pod in pods)


def store_pod(kube: Kube, server: str) -> Manifest:
    pod = kube.get({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{server}-0", "namespace": SPACE}})
    assert pod
    return pod


def test_it_comes_up_and_a_second_up_changes_nothing(
    cluster: Cluster, kube: Kube, first: Outcome, folder: Path
) -> None:
    """Every object passed the API server's strict validation, and every pod Pod Security `restricted`."""
    assert first.counts == {"create": 31}
    assert len(ready(kube, "kotaemon")) == 3
    again = stacks.up(file_of(folder), cluster)
    assert again.nothing_changed, again.did


def test_three_pods_are_in_three_zones(kube: Kube, first: Outcome) -> None:
    assert zones(ready(kube, "kotaemon")) == ["zone-a", "zone-b", "zone-c"]


@pytest.mark.parametrize("server", SERVERS)
def test_a_store_has_a_disk_in_the_zone_of_its_pod(api: ApiClient, kube: Kube, first: Outcome, server: str) -> None:
    volume = objects.volume_of(api, SPACE, f"{server}-disk")
    (term,) = volume.spec.node_affinity.required.node_selector_terms
    assert term.match_expressions[0].values == zones([store_pod(kube, server)])
    assert volume.spec.access_modes == ["ReadWriteOncePod"]


def test_generated_passwords_stay_when_everything_is_applied_again(
    api: ApiClient, cluster: Cluster, first: Outcome, folder: Path
) -> None:
    core = CoreV1Api(api)
    before = [core.read_namespaced_secret(name, SPACE).data for name in SERVERS]
    assert [sorted(data) for data in before] == [["admin-password", "password", "url"], ["api-key"]]
    stacks.up(file_of(folder), cluster)
    assert [core.read_namespaced_secret(name, SPACE).data for name in SERVERS] == before


@pytest.mark.parametrize("server", SERVERS)
def test_the_nightly_copy_can_be_run_by_hand(api: ApiClient, first: Outcome, server: str) -> None:
    """As `kubectl create job --from=cronjob/...` does; its pod passes Pod Security, and the file claim binds."""
    batch = BatchV1Api(api)
    template = batch.read_namespaced_cron_job(f"{server}-backup", SPACE).spec.job_template
    name = f"{server}-by-hand"
    batch.create_namespaced_job(SPACE, {"metadata": {"name": name}, "spec": template.spec})
    wait("the job is done", lambda: batch.read_namespaced_job(name, SPACE).status.succeeded == 1)


@pytest.mark.long
def test_a_conversion_stops_everybody_and_starts_them_again(api: ApiClient, kube: Kube, first: Outcome) -> None:
    """`make convert`, there and back, against a real API server. The nodes are simulated: a Job's pod ends well and
    converts nothing; what the converters do is in tests/unit/components/kotaemon/runtime/convert."""
    objects.claim(api, SPACE, "old-disk", "dev-block")
    objects.claim(api, SPACE, "back-disk", "dev-block")
    said: list[str] = []
    seen: list[int] = []

    def told(line: str) -> None:
        said.append(line)
        if line == "the application is stopped":
            seen.append(len(kube.list("v1", "Pod", SPACE, "app.kubernetes.io/name=kotaemon")))

    mover = Mover(kube, SPACE, told, pause=0.2, patience=120)
    done = Change(mover, "old-disk", "scaled", told, time.time).run()
    assert done.step == Step.DONE
    assert seen == [0], "nobody writes"
    wait("three pods are Ready", lambda: len(ready(kube, "kotaemon")) == 3)
    assert any("seconds without service" in line for line in said), said
    back = Change(mover, "back-disk", "single-writer", told, time.time)
    assert back.run().step == Step.COPIED
    left = [pod for pod in ready(kube, "kotaemon") if "batch.kubernetes.io/job-name" not in pod["metadata"]["labels"]]
    assert left == [], "the application stays stopped"
    assert back.back().step == Step.BACK
    wait("three pods are Ready", lambda: len(ready(kube, "kotaemon")) == 3)


def test_a_roll_out_keeps_two_pods_ready(cluster: Cluster, kube: Kube, first: Outcome, folder: Path) -> None:
    before = {pod["metadata"]["name"] for pod in ready(kube, "kotaemon")}
    samples: list[int] = []
    done = threading.Event()

    def sample() -> None:
        while not done.is_set():
            samples.append(len(ready(kube, "kotaemon")))
            time.sleep(0.05)

    watcher = threading.Thread(target=sample)
    watcher.start()
    try:
        outcome = stacks.up(file_of(folder, env={"USE_LOW_LLM_REQUESTS": "true"}), cluster)
    finally:
        done.set()
        watcher.join()
    assert outcome.did == ["changed Deployment scaled/kotaemon"]
    after = ready(kube, "kotaemon")
    assert not before & {pod["metadata"]["name"] for pod in after}
    assert zones(after) == ["zone-a", "zone-b", "zone-c"]
    assert len(samples) > 10
    assert min(samples) >= 2, samples


def test_the_loss_of_a_node_is_survived(
    api: ApiClient, kube: Kube, first: Outcome, healed: Callable[[str], str]
) -> None:
    stores = {store_pod(kube, server)["spec"]["nodeName"] for server in SERVERS}
    node = healed(next(n for p in ready(kube, "kotaemon") if (n := p["spec"]["nodeName"]) not in stores))
    left = {pod["metadata"]["name"] for pod in ready(kube, "kotaemon") if pod["spec"]["nodeName"] != node}
    assert len(left) == 2
    nodes.stop_heartbeat(api, node)
    wait("the node is NotReady", lambda: node not in nodes.ready_nodes(api))
    # Its tolerations last 5 s; with Kubernetes's own, 300 s, the wait is too short.
    wait("three pods are Ready without it", lambda: len(elsewhere(kube, node)) == 3, seconds=200)
    assert left <= {pod["metadata"]["name"] for pod in elsewhere(kube, node)}


def elsewhere(kube: Kube, node: str) -> list[Manifest]:
    return [pod for pod in ready(kube, "kotaemon") if pod["spec"]["nodeName"] != node]


@pytest.mark.parametrize("server", SERVERS)
def test_a_store_comes_back_in_its_zone_when_its_node_is_said_to_be_off(
    api: ApiClient,
    kube: Kube,
    first: Outcome,
    healed: Callable[[str], str],
    record_property: Callable[[str, object], None],
    server: str,
) -> None:
    volume = objects.volume_of(api, SPACE, f"{server}-disk").metadata.name
    before = store_pod(kube, server)
    node = healed(before["spec"]["nodeName"])
    nodes.stop_heartbeat(api, node)
    wait("the pod is evicted", lambda: store_pod(kube, server)["metadata"].get("deletionTimestamp"))
    time.sleep(5)
    stuck = store_pod(kube, server)
    assert stuck["metadata"]["uid"] == before["metadata"]["uid"], "no second pod while the first may still write"
    assert objects.attachments(api, volume) == {node: True}

    nodes.set_out_of_service(api, node)
    took = wait("the store is Ready again", lambda: new_and_ready(kube, server, before), seconds=120)
    record_property("seconds from the word that the node is off", round(took, 1))
    after = store_pod(kube, server)
    assert after["spec"]["nodeName"] != node
    assert zones([after]) == zones([before])
    wait("the disk is there too", lambda: objects.attachments(api, volume) == {after["spec"]["nodeName"]: True})
    assert objects.volume_of(api, SPACE, f"{server}-disk").metadata.name == volume


def new_and_ready(kube: Kube, server: str, before: Manifest) -> bool:
    pod = kube.get({"apiVersion": "v1", "kind": "Pod", "metadata": before["metadata"]})
    return pod is not None and pod["metadata"]["uid"] != before["metadata"]["uid"] and is_ready(pod)


def test_a_second_pod_of_a_single_writer_stays_pending(cluster: Cluster, api: ApiClient, tmp_path: Path) -> None:
    """Whoever makes it: here somebody scales the Deployment by hand, past the guard."""
    space = "one-writer"
    stacks.up(stacks.write(tmp_path, space, {"files": FILES, "disk": DISK}), cluster)
    kube = stacks.kube(cluster)
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "kotaemon", "namespace": space}}
    kube.patch(deployment, [{"op": "replace", "path": "/spec/replicas", "value": 2}])
    try:
        wait("the scheduler's reason", lambda: objects.messages(api, space, "FailedScheduling"))
        (message, *_) = objects.messages(api, space, "FailedScheduling")
        assert message.startswith(
            "0/6 nodes are available: 6 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access "
            "mode already in-use by another pod."
        )
        phases = sorted(pod["status"]["phase"] for pod in kube.list("v1", "Pod", space))
        assert phases == ["Pending", "Running"]
    finally:
        kube.delete(deployment)
