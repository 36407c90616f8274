"""`make up` on the monitor road: from stack files to a real API server, a real scheduler, and back."""

import re
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pulumi
import pytest

from deploy import apply, ready, saved
from deploy.kube import Kube, Manifest
from devcluster import nodes
from devcluster.cluster import Cluster
from plan.recorder import StackOutput
from tests.cluster import stacks
from tests.cluster.objects import wait
from tests.cluster.stacks import DISK, FILES


@pytest.fixture
def kube(cluster: Cluster) -> Kube:
    return stacks.kube(cluster)


def get(kube: Kube, kind: str, name: str, namespace: str = "") -> Manifest | None:
    version = {"Deployment": "apps/v1"}.get(kind, "v1")
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return kube.get({"apiVersion": version, "kind": kind, "metadata": metadata})


def pods(kube: Kube, namespace: str) -> list[Manifest]:
    return [p for p in kube.list("v1", "Pod", namespace) if not p["metadata"].get("deletionTimestamp")]


def running(kube: Kube, namespace: str) -> list[Manifest]:
    def is_ready(pod: Manifest) -> bool:
        conditions = pod.get("status", {}).get("conditions") or ()
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    return [p for p in pods(kube, namespace) if is_ready(p)]


def test_the_main_job(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    file = stacks.write(tmp_path, "main-job", {"files": FILES, "disk": DISK})
    first = stacks.up(file, cluster)
    assert len(first.created) == 11
    assert first.run.outputs["storage"].value["sessions"]["claim"] == "kotaemon-disk"
    assert len(running(kube, "main-job")) == 1
    for claim in ("kotaemon-files", "kotaemon-disk"):
        bound = get(kube, "PersistentVolumeClaim", claim, "main-job")
        assert bound
        assert bound["status"]["phase"] == "Bound"
    namespace = get(kube, "Namespace", "main-job")
    assert namespace
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"

    again = stacks.up(file, cluster)
    assert again.nothing_changed
    assert len(again.unchanged) == 11


def test_the_generated_password_stays_and_is_never_said(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    file = stacks.write(tmp_path, "password", {"files": FILES})
    said: list[str] = []
    first = stacks.up(file, cluster, said)
    before = get(kube, "Secret", "kotaemon-admin", "password")
    stacks.up(file, cluster, said)
    after = get(kube, "Secret", "kotaemon-admin", "password")
    assert before
    assert after
    assert before["data"] == after["data"]
    assert len(before["data"]["password"]) > 30
    assert before["data"]["password"] not in f"{said} {first.run.outputs}"


def test_what_left_the_program_is_deleted_but_not_what_holds_data(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    more = {"files": FILES, "other": {**FILES, "path": "/srv/other"}}
    with_ingress = stacks.write(tmp_path, "leaver", more, ingress={"hostname": "rag.example.org"})
    stacks.up(with_ingress, cluster)
    outcome = stacks.up(stacks.write(tmp_path, "leaver", {"files": FILES}), cluster)
    assert outcome.deleted == ["Ingress leaver/kotaemon"]
    assert sorted(outcome.kept) == [
        "PersistentVolume leaver.kotaemon-other",
        "PersistentVolumeClaim leaver/kotaemon-other",
    ]
    assert get(kube, "PersistentVolume", "leaver.kotaemon-other")
    third = stacks.up(stacks.write(tmp_path, "leaver", {"files": FILES}), cluster)
    assert third.nothing_changed
    assert third.kept == outcome.kept


IMMUTABLE = [
    ("server", {"files": {**FILES, "server": "other.example.org"}}, "PersistentVolume immutable-server.kotaemon-files"),
    ("path", {"files": {**FILES, "path": "/srv/other"}}, "PersistentVolume immutable-path.kotaemon-files"),
]


@pytest.mark.parametrize(("name", "claims", "which"), IMMUTABLE, ids=[row[0] for row in IMMUTABLE])
def test_a_change_that_would_replace_data_is_refused_before_anything_is_applied(
    cluster: Cluster, kube: Kube, tmp_path: Path, name: str, claims: dict[str, Any], which: str
) -> None:
    stack = f"immutable-{name}"
    stacks.up(stacks.write(tmp_path, stack, {"files": FILES}), cluster)
    changed = stacks.write(tmp_path, stack, claims, ingress={"hostname": "rag.example.org"})
    with pytest.raises(apply.ApplyError) as refused:
        stacks.up(changed, cluster)
    assert str(refused.value).startswith("nothing was applied: the API server refuses 1 of 11 objects:\n")
    assert f"  - {which}: " in str(refused.value)
    assert "It holds data and is never replaced. Add a second claim under another name" in str(refused.value)
    assert not kube.list("networking.k8s.io/v1", "Ingress", stack)
    assert len(running(kube, stack)) == 1


def test_a_disk_grows_in_place_and_never_shrinks(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    stacks.up(stacks.write(tmp_path, "disk-size", {"disk": DISK}), cluster)
    stacks.up(stacks.write(tmp_path, "disk-size", {"disk": {**DISK, "size": "15Gi"}}), cluster)

    def capacity() -> str:
        claim = get(kube, "PersistentVolumeClaim", "kotaemon-disk", "disk-size")
        assert claim
        return claim["status"]["capacity"]["storage"]

    wait("the disk has grown", lambda: capacity() == "15Gi")
    with pytest.raises(apply.ApplyError, match="It holds data and is never replaced"):
        stacks.up(stacks.write(tmp_path, "disk-size", {"disk": DISK}), cluster)


def test_files_grow_in_place(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    """The volume follows; of the claim the API server refuses it."""
    stacks.up(stacks.write(tmp_path, "files-size", {"files": FILES, "disk": DISK}), cluster)
    claim = get(kube, "PersistentVolumeClaim", "kotaemon-files", "files-size")
    larger = stacks.write(tmp_path, "files-size", {"files": {**FILES, "size": "200Gi"}, "disk": DISK})
    stacks.up(larger, cluster)
    volume = get(kube, "PersistentVolume", "files-size.kotaemon-files")
    assert volume["spec"]["capacity"]["storage"] == "200Gi"
    after = get(kube, "PersistentVolumeClaim", "kotaemon-files", "files-size")
    assert (after["metadata"]["uid"], after["spec"]) == (claim["metadata"]["uid"], claim["spec"])
    assert stacks.up(larger, cluster).nothing_changed


def test_an_object_that_the_server_does_not_understand_is_refused_whole(
    cluster: Cluster, tmp_path: Path, kube: Kube
) -> None:
    route = {"kind": "httproute", "hostname": "rag.example.org", "gateway": "infra/public"}
    file = stacks.write(tmp_path, "no-gateway", {"files": FILES}, ingress=route)
    with pytest.raises(apply.ApplyError, match=r"the cluster does not know gateway\.networking\.k8s\.io/v1 HTTPRoute"):
        stacks.up(file, cluster)
    assert get(kube, "Namespace", "no-gateway") is None


def test_down_keeps_the_data_and_up_finds_it_again(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    file = stacks.write(tmp_path, "down", {"files": FILES, "disk": DISK})
    stacks.up(file, cluster)
    before = get(kube, "PersistentVolumeClaim", "kotaemon-disk", "down")
    deleted, kept = apply.down(stacks.target(file, cluster))
    assert "Deployment down/kotaemon" in deleted
    assert not pods(kube, "down")
    assert sorted(m["kind"] for m in kept) == [
        "Namespace",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "PersistentVolumeClaim",
        "Secret",
    ]
    stacks.up(file, cluster)
    after = get(kube, "PersistentVolumeClaim", "kotaemon-disk", "down")
    assert before
    assert after
    assert before["spec"]["volumeName"] == after["spec"]["volumeName"]


def test_volumes_are_found_again_after_somebody_deleted_the_namespace(
    cluster: Cluster, kube: Kube, tmp_path: Path
) -> None:
    file = stacks.write(tmp_path, "gone", {"files": FILES, "disk": DISK})
    stacks.up(file, cluster)
    before = {v["metadata"]["name"] for v in volumes(kube, "gone")}
    kube.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gone"}})
    wait("the namespace is gone", lambda: get(kube, "Namespace", "gone") is None)
    wait("the volumes are released", lambda: all(v["status"]["phase"] == "Released" for v in volumes(kube, "gone")))
    said: list[str] = []
    stacks.up(file, cluster, said)
    assert {v["metadata"]["name"] for v in volumes(kube, "gone")} == before
    assert sum("kept from before, used again by" in line for line in said) == 2
    assert all(v["status"]["phase"] == "Bound" for v in volumes(kube, "gone"))


def volumes(kube: Kube, namespace: str) -> list[Manifest]:
    return [
        v for v in kube.list("v1", "PersistentVolume") if v["spec"].get("claimRef", {}).get("namespace") == namespace
    ]


def test_what_cannot_be_placed_is_told_with_the_schedulers_reason(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "READY_SECONDS", 3.0)
    file = stacks.write(tmp_path, "too-big", {"files": FILES}, resources={"cpuRequest": "64"})
    with pytest.raises(ready.NotReady) as error:
        stacks.up(file, cluster)
    message = str(error.value)
    assert re.match(
        r"Deployment too-big/kotaemon is not ready after 3 s: 0 of 1 pods available; last event of kotaemon-\S+: "
        r"FailedScheduling: 0/6 nodes are available: 6 Insufficient cpu",
        message,
    ), message


def test_a_lost_node_is_left_within_seconds_of_being_noticed(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    stacks.up(stacks.write(tmp_path, "lost", {"files": FILES}), cluster)
    (pod,) = running(kube, "lost")
    node = pod["spec"]["nodeName"]
    api = cluster.api()
    try:
        nodes.stop_heartbeat(api, node)
        wait(f"{node} is noticed", lambda: node not in nodes.ready_nodes(api), 60)
        noticed = time.monotonic()
        wait(
            "another pod is Ready elsewhere",
            lambda: any(p["spec"]["nodeName"] != node for p in running(kube, "lost")),
            30,
        )
        assert time.monotonic() - noticed < 10
    finally:
        nodes.start_heartbeat(api, node)
        wait("the node is back", lambda: node in nodes.ready_nodes(api), 60)


def test_a_stack_reference_reads_what_the_last_up_wrote(cluster: Cluster, tmp_path: Path) -> None:
    saved.write_outputs("kotaemon", "producer", {"url": StackOutput("http://there", False, True)})
    file = stacks.write(tmp_path, "consumer", {"files": FILES})

    def program() -> dict[str, pulumi.Output[Any]]:
        reference = pulumi.StackReference("producer", stack_name="organization/kotaemon/producer")
        return {"seen": reference.require_output("url")}

    assert apply.up(program, stacks.target(file, cluster), {}, []).run.outputs["seen"].value == "http://there"

    def unknown() -> None:
        pulumi.StackReference("nobody", stack_name="organization/kotaemon/nobody").get_output("url")

    with pytest.raises(pulumi.RunError, match="no `make up` of that stack has written outputs"):
        apply.up(unknown, stacks.target(file, cluster), {}, [])


@pytest.fixture(autouse=True)
def _data_of_lost_stacks(kube: Kube) -> Generator[None]:
    """Pods of one test must not fill the nodes of the next."""
    yield
    for namespace in kube.list("v1", "Namespace"):
        if (namespace["metadata"].get("labels") or {}).get("kotaemon.dev/project"):
            deployment = {"name": "kotaemon", "namespace": namespace["metadata"]["name"]}
            kube.delete({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": deployment})
