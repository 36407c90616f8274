"""`make up`: from stack files through the real engine to a real API server, a real scheduler, and back."""

import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.contract import Role
from components.models.names import NO_VERSION, VERSION_ANNOTATION
from deploy import kept
from deploy.command import Command
from deploy.engine import Failed
from deploy.kube import Kube, Manifest
from devcluster import nodes
from devcluster.cluster import Cluster
from stacks.safety import RefusedByGuard
from tests.cluster import stacks
from tests.cluster.objects import wait
from tests.cluster.stacks import DISK, FILES, Heard
from tests.engine.engines import bring_up


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
    assert first.counts == {"create": 11}
    assert first.outputs["storage"].value["sessions"]["claim"] == "kotaemon-disk"
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
    assert again.did == []


def test_an_unchanged_stack_takes_one_call_of_the_engine(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = stacks.write(tmp_path, "calls", {"files": FILES})
    stacks.up(file, cluster)
    calls: list[str] = []
    right = Command.run

    def run(self: Command, args: list[str], *others: Any, **more: Any) -> Any:
        calls.append(args[0])
        return right(self, args, *others, **more)

    monkeypatch.setattr(Command, "run", run)
    assert stacks.up(file, cluster).nothing_changed
    assert calls == ["up"], "each takes a third of a second, and a second where it decrypts"


def test_the_generated_password_stays_and_is_never_said(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    file = stacks.write(tmp_path, "password", {"files": FILES})
    heard = Heard()
    first = stacks.up(file, cluster, heard)
    before = get(kube, "Secret", "kotaemon-admin", "password")
    stacks.up(file, cluster, heard)
    after = get(kube, "Secret", "kotaemon-admin", "password")
    assert before
    assert after
    assert before["data"] == after["data"]
    assert len(before["data"]["password"]) > 30
    assert before["data"]["password"] not in f"{heard.notes} {first.outputs}"


def test_what_left_the_stack_file_is_deleted(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    with_ingress = stacks.write(
        tmp_path, "leaver", {"files": FILES}, ingress={"hostname": "rag.example.org", "className": "nginx"}
    )
    stacks.up(with_ingress, cluster)
    without = stacks.write(tmp_path, "leaver", {"files": FILES})
    # The network policy lets the ingress controller in no more.
    assert "deleted Ingress leaver/kotaemon" in stacks.up(without, cluster).did
    assert stacks.up(without, cluster).nothing_changed


def test_a_claim_that_left_the_stack_file_is_not_deleted(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    claims = {"files": FILES, "other": {**FILES, "path": "/srv/other"}}
    storage = {"claims": claims, "roles": {role.value: {"claim": "files"} for role in Role}}
    stacks.up(stacks.write(tmp_path, "forgetful", {}, storage=storage), cluster)
    with pytest.raises(RefusedByGuard, match=r"kotaemon:storage\.claims\.other: left the stack file"):
        stacks.up(stacks.write(tmp_path, "forgetful", {"files": FILES}), cluster)
    assert stacks.up(stacks.write(tmp_path, "forgetful", {}, storage=storage), cluster).did == []

    released = stacks.write(tmp_path, "forgetful", {}, storage=storage, released=["storage.claims.other"])
    stacks.up(released, cluster)
    left = stacks.up(stacks.write(tmp_path, "forgetful", {"files": FILES}), cluster)
    assert all("kotaemon-other" in line for line in left.did), "it left the engine's state"
    assert get(kube, "PersistentVolume", "forgetful.kotaemon-other")
    assert get(kube, "PersistentVolumeClaim", "kotaemon-other", "forgetful")
    stacks.up(stacks.write(tmp_path, "forgetful", {"files": FILES}), cluster)


IMMUTABLE = [
    ("server", {"files": {**FILES, "server": "other.example.org"}}),
    ("path", {"files": {**FILES, "path": "/srv/other"}}),
]


@pytest.mark.parametrize(("name", "claims"), IMMUTABLE, ids=[row[0] for row in IMMUTABLE])
def test_a_change_that_would_replace_data_is_refused(
    cluster: Cluster, kube: Kube, tmp_path: Path, name: str, claims: dict[str, Any]
) -> None:
    stack = f"immutable-{name}"
    stacks.up(stacks.write(tmp_path, stack, {"files": FILES}), cluster)
    before = volumes(kube, stack)
    with pytest.raises(RefusedByGuard, match=r"kotaemon:storage\.claims\.files: is path /srv/nfs, server nfs\.example"):
        stacks.up(stacks.write(tmp_path, stack, claims), cluster)
    assert [v["spec"] for v in volumes(kube, stack)] == [v["spec"] for v in before]
    assert len(running(kube, stack)) == 1


def test_a_disk_grows_in_place_and_never_shrinks(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    stacks.up(stacks.write(tmp_path, "disk-size", {"disk": DISK}), cluster)
    stacks.up(stacks.write(tmp_path, "disk-size", {"disk": {**DISK, "size": "15Gi"}}), cluster)

    def capacity() -> str:
        claim = get(kube, "PersistentVolumeClaim", "kotaemon-disk", "disk-size")
        assert claim
        return claim["status"]["capacity"]["storage"]

    wait("the disk has grown", lambda: capacity() == "15Gi")
    with pytest.raises(RefusedByGuard, match=r"claims\.disk\.size: 15Gi -> 10Gi, refused: it cannot shrink"):
        stacks.up(stacks.write(tmp_path, "disk-size", {"disk": DISK}), cluster)
    assert capacity() == "15Gi"


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


def test_an_object_that_the_server_does_not_understand_is_told_with_its_kind(cluster: Cluster, tmp_path: Path) -> None:
    route = {"kind": "httproute", "hostname": "rag.example.org", "gateway": "infra/public"}
    file = stacks.write(tmp_path, "no-gateway", {"files": FILES}, ingress=route)
    with pytest.raises(Failed, match=r"HTTPRoute.*gateway\.networking\.k8s\.io/v1"):
        stacks.up(file, cluster)


def test_down_keeps_the_data_and_up_finds_it_again(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    file = stacks.write(tmp_path, "down", {"files": FILES, "disk": DISK})
    stacks.up(file, cluster)
    before = get(kube, "PersistentVolumeClaim", "kotaemon-disk", "down")
    password = get(kube, "Secret", "kotaemon-admin", "down")
    outcome, stays = stacks.down(file, cluster)
    assert "deleted Deployment down/kotaemon" in outcome.did
    assert not pods(kube, "down")
    assert sorted(stays) == [
        "Namespace down",
        "PersistentVolume down.kotaemon-files",
        "PersistentVolumeClaim down/kotaemon-disk",
        "PersistentVolumeClaim down/kotaemon-files",
        "Secret down/kotaemon-admin",
    ]
    made = stacks.up(file, cluster).did
    assert sorted(made) == sorted(line.replace("deleted", "created") for line in outcome.did)
    after = get(kube, "PersistentVolumeClaim", "kotaemon-disk", "down")
    assert before
    assert after
    assert before["metadata"]["uid"] == after["metadata"]["uid"]
    assert get(kube, "Secret", "kotaemon-admin", "down") == password


def test_what_the_state_knows_nothing_of_is_told(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    with pytest.raises(kept.Unknown, match="namespace down is in the devcluster, and the engine's state of stack x"):
        kept.refuse_unknown(kube, "x", "down", tmp_path, said=False)


def test_volumes_are_found_again_after_somebody_deleted_the_namespace(
    cluster: Cluster, kube: Kube, tmp_path: Path
) -> None:
    file = stacks.write(tmp_path, "gone", {"files": FILES, "disk": DISK})
    stacks.up(file, cluster)
    before = {v["metadata"]["name"] for v in volumes(kube, "gone")}
    kube.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gone"}})
    wait("the namespace is gone", lambda: get(kube, "Namespace", "gone") is None)
    wait("the volumes are released", lambda: all(v["status"]["phase"] == "Released" for v in volumes(kube, "gone")))
    stacks.up(file, cluster)
    assert {v["metadata"]["name"] for v in volumes(kube, "gone")} == before
    assert all(v["status"]["phase"] == "Bound" for v in volumes(kube, "gone"))


def volumes(kube: Kube, namespace: str) -> list[Manifest]:
    return [
        v for v in kube.list("v1", "PersistentVolume") if v["spec"].get("claimRef", {}).get("namespace") == namespace
    ]


def test_what_cannot_be_placed_is_told_with_the_schedulers_reason(cluster: Cluster, tmp_path: Path) -> None:
    file = stacks.write(tmp_path, "too-big", {"files": FILES}, resources={"cpuRequest": "64"})
    heard = Heard()
    with pytest.raises(Failed) as error:
        stacks.up(file, cluster, heard, patience=8)
    reason = (
        r"0 of 1 pods available; last event of kotaemon-\S+: FailedScheduling: 0/6 nodes are available: "
        r"6 Insufficient cpu"
    )
    message = str(error.value)
    assert re.search(rf"  - Deployment too-big/kotaemon is not ready: {reason}", message), message
    (waits,) = (note for note in heard.notes if note["event"] == "waits")
    assert re.match(reason, waits["why"])


def test_up_ends_when_the_pod_of_a_change_is_ready_and_not_before(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    """One writer: the old pod ends first. A run that ended meanwhile would call a pod good that nobody has seen."""
    claims = {"files": FILES}
    stacks.up(stacks.write(tmp_path, "changed-pod", claims), cluster)
    changed = stacks.write(tmp_path, "changed-pod", claims, env={"ANYTHING": "new"})
    stacks.up(changed, cluster)
    (pod,) = running(kube, "changed-pod")
    assert {"name": "ANYTHING", "value": "new"} in pod["spec"]["containers"][0]["env"]
    assert stacks.up(changed, cluster).nothing_changed
    too_big = stacks.write(tmp_path, "changed-pod", claims, resources={"cpuRequest": "64"})
    with pytest.raises(Failed, match=r"Deployment changed-pod/kotaemon is not ready: .*6 Insufficient cpu"):
        stacks.up(too_big, cluster, patience=8)


def test_models_that_a_living_stack_gets_begin_with_a_version(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    """The release owns the annotation afterwards. The engine leaves out what is new and ignored, so it is not yet."""
    stacks.up(stacks.write(tmp_path, "gets-models", {"files": FILES}), cluster)
    with_models = stacks.write(tmp_path, "gets-models", {"files": FILES}, models={})
    stacks.up(with_models, cluster)
    (pod,) = running(kube, "gets-models")
    assert pod["metadata"]["annotations"][VERSION_ANNOTATION] == NO_VERSION
    deployment: Any = get(kube, "Deployment", "kotaemon", "gets-models")
    metadata = {"name": "kotaemon", "namespace": "gets-models"}
    template = {"metadata": {"annotations": {VERSION_ANNOTATION: "v1"}}}
    kube.apply(
        {**{k: deployment[k] for k in ("apiVersion", "kind")}, "metadata": metadata, "spec": {"template": template}}
    )
    assert stacks.up(with_models, cluster).nothing_changed
    more = stacks.write(tmp_path, "gets-models", {"files": FILES}, models={}, env={"ANYTHING": "else"})
    stacks.up(more, cluster)
    (pod,) = running(kube, "gets-models")
    assert pod["metadata"]["annotations"][VERSION_ANNOTATION] == "v1", "a release is left alone"


def test_a_lost_node_is_left_long_before_kubernetes_would(cluster: Cluster, kube: Kube, tmp_path: Path) -> None:
    stacks.up(stacks.write(tmp_path, "lost", {"files": FILES}), cluster)
    (pod,) = running(kube, "lost")
    node = pod["spec"]["nodeName"]
    api = cluster.api()
    try:
        nodes.stop_heartbeat(api, node)
        wait(f"{node} is noticed", lambda: node not in nodes.ready_nodes(api), 60)
        # Its tolerations last 5 s; with Kubernetes's own, 300 s, the wait is too short.
        wait(
            "another pod is Ready elsewhere",
            lambda: any(p["spec"]["nodeName"] != node for p in running(kube, "lost")),
            200,
        )
    finally:
        nodes.start_heartbeat(api, node)
        wait("the node is back", lambda: node in nodes.ready_nodes(api), 60)


def test_a_stack_reference_reads_the_outputs_of_another_stack(cluster: Cluster) -> None:
    bring_up(cluster, "producer", lambda: {"url": "http://there"})

    def program() -> dict[str, pulumi.Output[Any]]:
        reference = pulumi.StackReference("producer", stack_name="organization/kotaemon/producer")
        return {"seen": reference.require_output("url")}

    assert bring_up(cluster, "consumer", program).outputs["seen"].value == "http://there"


@pytest.fixture(autouse=True)
def _data_of_lost_stacks(kube: Kube) -> Generator[None]:
    """Pods of one test must not fill the nodes of the next."""
    yield
    for deployment in kube.list("apps/v1", "Deployment"):
        if deployment["metadata"]["name"] == "kotaemon":
            kube.delete(deployment)
