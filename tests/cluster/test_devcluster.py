"""The devcluster itself: what its simulated nodes and its stand-in CSI controller make the real control plane do."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiClient, ApiException, BatchV1Api, CoreV1Api, VersionApi

from components.contract import Platform
from devcluster import credentials, nodes, platforms, recipe
from devcluster.cluster import Cluster
from devcluster.platforms import SHAPES
from tests.cluster import objects
from tests.cluster.objects import wait

ZONE = "topology.kubernetes.io/zone"


@pytest.fixture
def space(api: ApiClient) -> Generator[str]:
    """A namespace of the test's own."""
    with objects.namespace(api) as name:
        yield name


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


def affinity_of(volume: Any) -> list[tuple[str, list[str]]]:
    (term,) = volume.spec.node_affinity.required.node_selector_terms
    return [(expression.key, expression.values) for expression in term.match_expressions]


def test_every_node_is_ready_and_the_server_is_of_go_mods_version(cluster: Cluster) -> None:
    api = cluster.api()
    assert sorted(nodes.ready_nodes(api)) == platforms.node_names(Platform.PRIVATE)
    assert VersionApi(api).get_code().git_version == recipe.required_version("k8s.io/kubernetes")


def test_an_unknown_token_may_nothing(cluster: Cluster, tmp_path: Path) -> None:
    token = credentials.ensure_token(cluster.directory)
    wrong = cluster.kubeconfig.read_text().replace(token, "0" * len(token))
    (tmp_path / credentials.KUBECONFIG).write_text(wrong)
    with pytest.raises(ApiException) as error:
        CoreV1Api(credentials.connect(tmp_path)).list_node()
    assert error.value.status == 401


def test_pod_security_is_enforced(api: ApiClient, space: str) -> None:
    core = CoreV1Api(api)
    core.patch_namespace(space, {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
    with pytest.raises(ApiException, match=r"violates PodSecurity .*restricted:latest"):
        objects.pod(api, space, "root")


@pytest.mark.parametrize("platform", list(Platform))
def test_a_claim_lands_in_the_zone_of_its_pod(cluster_for: Callable[[Platform], Cluster], platform: Platform) -> None:
    api, driver = cluster_for(platform).api(), SHAPES[platform].block
    zone = platforms.zones(platform)[1]
    terms = [{"matchLabelExpressions": [{"key": ZONE, "values": [zone]}]}]
    with objects.namespace(api) as space:
        name = objects.storage_class(
            api, f"in-{space}", driver.name, allowedTopologies=terms, mountOptions=["noatime"], reclaimPolicy="Retain"
        )
        objects.claim(api, space, "data", name)
        objects.pod(api, space, "app", "data")
        node = objects.node_of(api, space, "app")
        volume = objects.volume_of(api, space, "data")
    assert platforms.zone_of(platform, node) == zone
    assert affinity_of(volume) == [(driver.affinity_key, [zone])]
    assert volume.spec.claim_ref.name == "data"
    assert volume.spec.persistent_volume_reclaim_policy == "Retain"
    assert volume.spec.mount_options == ["noatime"]
    assert volume.spec.csi.volume_handle.startswith(driver.handle_prefix)


def test_a_regional_disk_may_be_used_in_every_zone(cluster_for: Callable[[Platform], Cluster]) -> None:
    api = cluster_for(Platform.ALICLOUD).api()
    with objects.namespace(api) as space:
        name = objects.storage_class(
            api, "regional", "diskplugin.csi.alibabacloud.com", parameters={"type": "cloud_regional_disk_auto"}
        )
        objects.claim(api, space, "data", name)
        objects.pod(api, space, "app", "data")
        objects.node_of(api, space, "app")
        assert affinity_of(objects.volume_of(api, space, "data")) == [(platforms.REGION, ["cn-hangzhou"])]


def test_immediate_binding_needs_no_pod(api: ApiClient, space: str) -> None:
    name = objects.storage_class(api, f"now-{space}", "dev.csi.kotaemon", volumeBindingMode="Immediate")
    objects.claim(api, space, "data", name)
    core = CoreV1Api(api)
    wait(
        "the claim is Bound",
        lambda: core.read_namespaced_persistent_volume_claim("data", space).status.phase == "Bound",
    )
    assert affinity_of(objects.volume_of(api, space, "data")) == [(ZONE, ["zone-a"])]


def test_a_node_outside_the_allowed_zones_is_refused(api: ApiClient, space: str) -> None:
    terms = [{"matchLabelExpressions": [{"key": ZONE, "values": ["zone-b"]}]}]
    name = objects.storage_class(api, f"b-{space}", "dev.csi.kotaemon", allowedTopologies=terms)
    # What a pod with spec.nodeName does: nobody asked the scheduler.
    objects.claim(api, space, "data", name, annotations={"volume.kubernetes.io/selected-node": "node-a1"})
    wait("the refusal", lambda: objects.messages(api, space, "ProvisioningFailed"))
    assert objects.messages(api, space, "ProvisioningFailed") == [
        f"failed to provision volume with StorageClass \"{name}\": selected node 'node-a1' topology "
        "topology.kubernetes.io/zone=zone-a is not in allowed topologies: topology.kubernetes.io/zone=zone-b"
    ]
    assert CoreV1Api(api).read_namespaced_persistent_volume_claim("data", space).status.phase == "Pending"


def test_the_scheduler_refuses_a_zone_without_allowed_nodes(api: ApiClient, space: str) -> None:
    terms = [{"matchLabelExpressions": [{"key": ZONE, "values": ["zone-b"]}]}]
    name = objects.storage_class(api, f"b2-{space}", "dev.csi.kotaemon", allowedTopologies=terms)
    objects.claim(api, space, "data", name)
    objects.pod(api, space, "app", "data", nodeSelector={ZONE: "zone-a"})
    wait("the scheduler's reason", lambda: objects.messages(api, space, "FailedScheduling"))
    (reason, *_) = objects.messages(api, space, "FailedScheduling")
    assert "2 node(s) didn't find available persistent volumes to bind" in reason


def test_a_second_pod_on_a_one_pod_claim_stays_pending(api: ApiClient, space: str) -> None:
    objects.claim(api, space, "data", "dev-block")
    objects.pod(api, space, "first", "data")
    objects.node_of(api, space, "first")
    objects.pod(api, space, "second", "data")
    wait("the scheduler's reason", lambda: objects.messages(api, space, "FailedScheduling"))
    (reason, *_) = objects.messages(api, space, "FailedScheduling")
    assert "ReadWriteOncePod access mode already in-use by another pod" in reason
    assert CoreV1Api(api).read_namespaced_pod("second", space).status.phase == "Pending"


def test_a_disk_is_attached_and_detached_with_its_pod(api: ApiClient, space: str) -> None:
    objects.claim(api, space, "data", "dev-block")
    objects.pod(api, space, "app", "data")
    node = objects.node_of(api, space, "app")
    volume = objects.volume_of(api, space, "data").metadata.name
    wait("the disk is attached", lambda: objects.attachments(api, volume) == {node: True})
    core = CoreV1Api(api)
    core.delete_namespaced_pod("app", space)
    wait("the disk is detached", lambda: objects.attachments(api, volume) == {})
    assert core.read_persistent_volume(volume).status.phase == "Bound"


def test_a_disk_is_on_one_node_at_a_time(api: ApiClient, space: str) -> None:
    """ReadWriteOnce does not keep the second pod away; the attach-detach controller keeps the disk away from it."""
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "dev-block",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    core = CoreV1Api(api)
    core.create_namespaced_persistent_volume_claim(space, {"metadata": {"name": "data"}, "spec": spec})
    objects.pod(api, space, "first", "data")
    node = objects.node_of(api, space, "first")
    volume = objects.volume_of(api, space, "data").metadata.name
    wait("the disk is attached", lambda: objects.attachments(api, volume) == {node: True})
    (other,) = [n for n in platforms.node_names(Platform.PRIVATE) if n[:-1] == node[:-1] and n != node]
    objects.pod(api, space, "second", "data", nodeSelector={"kubernetes.io/hostname": other})
    wait("the warning", lambda: objects.messages(api, space, "FailedAttachVolume"))
    # Until Kubernetes 1.36 this was called a Multi-Attach error.
    assert "Volume is already used by pod(s) first" in objects.messages(api, space, "FailedAttachVolume")[0]
    assert objects.attachments(api, volume) == {node: True}
    core.delete_namespaced_pod("first", space)
    wait("the disk moves", lambda: objects.attachments(api, volume) == {other: True})


def test_a_claim_grows(api: ApiClient, space: str) -> None:
    name = objects.storage_class(api, f"grows-{space}", "dev.csi.kotaemon", reclaimPolicy="Delete")
    objects.claim(api, space, "data", name)
    objects.pod(api, space, "app", "data")
    objects.node_of(api, space, "app")
    core = CoreV1Api(api)
    bigger = {"spec": {"resources": {"requests": {"storage": "15Gi"}}}}
    core.patch_namespaced_persistent_volume_claim("data", space, bigger)
    wait(
        "the claim has grown",
        lambda: core.read_namespaced_persistent_volume_claim("data", space).status.capacity["storage"] == "15Gi",
    )
    assert objects.volume_of(api, space, "data").spec.capacity["storage"] == "15Gi"


@pytest.mark.parametrize(("policy", "remains"), [("Delete", []), ("Retain", ["Released"])])
def test_the_reclaim_policy_decides_what_stays(api: ApiClient, space: str, policy: str, remains: list[str]) -> None:
    name = objects.storage_class(api, f"{policy.lower()}-{space}", "dev.csi.kotaemon", reclaimPolicy=policy)
    objects.claim(api, space, "data", name)
    objects.pod(api, space, "app", "data")
    objects.node_of(api, space, "app")
    volume = objects.volume_of(api, space, "data").metadata.name
    core = CoreV1Api(api)
    core.delete_namespaced_pod("app", space)
    core.delete_namespaced_persistent_volume_claim("data", space)

    def phases() -> list[str]:
        return [v.status.phase for v in core.list_persistent_volume().items if v.metadata.name == volume]

    wait(f"the volume is {remains or 'gone'}", lambda: phases() == remains)
    wait("the disk is detached", lambda: objects.attachments(api, volume) == {})


def test_the_pods_of_a_lost_node_run_elsewhere(api: ApiClient, space: str, healed: Callable[[str], str]) -> None:
    objects.deployment(api, space, "app", replicas=1)
    wait("the pod runs", lambda: objects.live_pods(api, space))
    (before,) = objects.live_pods(api, space)
    node = healed(before.spec.node_name)
    nodes.stop_heartbeat(api, node)
    noticed = wait("the node is NotReady", lambda: node not in nodes.ready_nodes(api))
    # The last renewal may be a second old, and this machine may be slow.
    assert platforms.NODE_GRACE_SECONDS - 2 <= noticed <= platforms.NODE_GRACE_SECONDS + 10
    took = wait(
        "a pod runs on another node",
        lambda: [pod for pod in objects.live_pods(api, space) if pod.spec.node_name != node],
    )
    assert took >= 4, "its tolerations last 5 s"
    old = CoreV1Api(api).read_namespaced_pod(before.metadata.name, space)
    assert old.metadata.deletion_timestamp, "no kubelet confirms its end"


def test_a_disk_leaves_a_lost_node_when_the_operator_says_that_it_is_off(
    api: ApiClient, space: str, healed: Callable[[str], str]
) -> None:
    objects.claim(api, space, "data", "dev-block")
    objects.deployment(api, space, "app", replicas=1, claim_name="data")
    wait("the pod runs", lambda: objects.live_pods(api, space))
    node = healed(objects.live_pods(api, space)[0].spec.node_name)
    volume = objects.volume_of(api, space, "data").metadata.name
    nodes.stop_heartbeat(api, node)
    wait("the pod is evicted", lambda: not objects.live_pods(api, space))
    wait("the scheduler's reason", lambda: objects.messages(api, space, "FailedScheduling"))
    assert objects.attachments(api, volume) == {node: True}
    nodes.set_out_of_service(api, node)
    # The pod garbage collector looks every 20 s.
    wait("the pod runs on the zone's other node", lambda: objects.live_pods(api, space), seconds=90)
    (after,) = objects.live_pods(api, space)
    assert after.spec.node_name != node
    assert after.spec.node_name[:-1] == node[:-1]
    wait("the disk is there too", lambda: objects.attachments(api, volume) == {after.spec.node_name: True})


def test_jobs_complete(api: ApiClient, space: str) -> None:
    batch = BatchV1Api(api)
    template = {"spec": objects.pod_spec(restartPolicy="Never")}
    batch.create_namespaced_job(space, {"metadata": {"name": "once"}, "spec": {"template": template}})
    wait("the job is done", lambda: batch.read_namespaced_job("once", space).status.succeeded == 1)
