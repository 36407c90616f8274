"""Alibaba Cloud on a control plane labelled as ACK: both topology keys on the nodes, the private one on the volumes."""

from collections.abc import Callable, Generator
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from kubernetes.client import ApiClient, CoreV1Api

from components.block.ecs_disk import EcsDiskStorage, EcsDiskStorageArgs
from components.block.essd import EssdStorage, EssdStorageArgs
from components.contract import Platform
from components.essd_rules import DiskType, TopologyKey
from devcluster import platforms
from devcluster.cluster import Cluster
from devcluster.platforms import REGION, ZONE
from plan.recorder import run_program
from stacks import program
from tests.cluster import objects, stacks
from tests.cluster.objects import wait
from tests.engine.engines import bring_up
from tests.unit.stacks.platforms.test_alicloud import Account
from tests.unit.stacks.platforms.test_alicloud_settings import config, example

KEY = "key-hzz6540example"
PRIVATE = TopologyKey.PRIVATE.value
H, J, K = platforms.zones(Platform.ALICLOUD)
CONFLICT = "didn't match PersistentVolume's node affinity"


@pytest.fixture(scope="module")
def ack(cluster_for: Callable[[Platform], Cluster]) -> Cluster:
    return cluster_for(Platform.ALICLOUD)


@pytest.fixture(scope="module")
def api(ack: Cluster) -> ApiClient:
    return ack.api()


@pytest.fixture
def space(api: ApiClient) -> Generator[str]:
    with objects.namespace(api) as name:
        yield name


def with_provider(ack: Cluster, make: Callable[[pulumi.ResourceOptions], object]) -> Callable[[], None]:
    def made() -> None:
        provider = k8s.Provider("cluster", kubeconfig=str(ack.kubeconfig), context=ack.context)
        make(pulumi.ResourceOptions(providers=[provider]))

    return made


def disk(ack: Cluster, space: str, zones: list[str], **changes: Any) -> None:
    args = EssdStorageArgs(**{"namespace": space, "key_id": KEY, "zones": zones, "protect": False, **changes})
    bring_up(ack, space, with_provider(ack, lambda opts: EssdStorage("data", args, opts)))


def static_disk(ack: Cluster, space: str, zone: str) -> None:
    args = EcsDiskStorageArgs(namespace=space, cloud_name="test", key_id=KEY, zone=zone, protect=False)
    bring_up(ack, space, with_provider(ack, lambda opts: EcsDiskStorage("data", args, opts)))


def affinity_of(volume: Any) -> list[tuple[str, list[str]]]:
    (term,) = volume.spec.node_affinity.required.node_selector_terms
    return [(expression.key, expression.values) for expression in term.match_expressions]


def gone(api: ApiClient, space: str, name: str) -> None:
    core = CoreV1Api(api)
    core.delete_namespaced_pod(name, space)
    wait(f"{name} is gone", lambda: name not in [pod.metadata.name for pod in core.list_namespaced_pod(space).items])


@pytest.fixture
def half_known_node(api: ApiClient) -> Generator[str]:
    """What an autoscaler sees that knows the standard key only: a node of zone H without the driver's own label."""
    core = CoreV1Api(api)
    model = core.read_node(platforms.node_names(Platform.ALICLOUD)[0])
    assert platforms.zone_of(Platform.ALICLOUD, model.metadata.name) == H
    name = "half-known"
    labels = {**model.metadata.labels, "kubernetes.io/hostname": name}
    assert labels.pop(PRIVATE) == H
    metadata = {"name": name, "labels": labels, "annotations": model.metadata.annotations}
    core.create_node({"metadata": metadata, "spec": {"providerID": "cn-hangzhou.i-half-known"}})
    core.patch_node_status(
        name, {"status": {"capacity": model.status.capacity, "allocatable": model.status.allocatable}}
    )

    def ready() -> bool:
        conditions = core.read_node(name).status.conditions or []
        return any(c.type == "Ready" and c.status == "True" for c in conditions)

    wait("the node is Ready", ready)
    yield name
    core.delete_node(name)


@pytest.mark.parametrize("name", ["alicloud-single", "alicloud-scaled"])
def test_every_object_of_the_examples_is_accepted(ack: Cluster, name: str) -> None:
    planned = run_program(
        program.main, Account(), stack=name, config=config({**example(name), "namespace": f"check-{name}"})
    )
    kinds = {r.inputs["kind"] for r in planned.registrations if r.type.startswith("kubernetes:")}
    assert {"Deployment", "Job", "PersistentVolume", "PersistentVolumeClaim", "NetworkPolicy", "Secret"} <= kinds
    assert stacks.refused(planned, stacks.kube(ack)) == []


def test_a_wrong_object_would_be_noticed(ack: Cluster) -> None:
    def wrong() -> None:
        k8s.storage.v1.StorageClass("class", provisioner="diskplugin.csi.alibabacloud.com", reclaim_policy="Keep")

    (said,) = stacks.refused(run_program(wrong, Account()), stacks.kube(ack))
    assert "reclaimPolicy" in said


def test_an_attributes_class_is_accepted(ack: Cluster) -> None:
    args = EssdStorageArgs(
        namespace="default", key_id=KEY, zones=[H], types=[DiskType.AUTO], provisioned_iops=5000, attributes_class=True
    )
    planned = run_program(lambda: EssdStorage("optional", args) and None, Account())
    assert planned.of("kubernetes:storage.k8s.io/v1:VolumeAttributesClass")
    assert stacks.refused(planned, stacks.kube(ack)) == []


def test_the_single_example_runs(ack: Cluster, api: ApiClient) -> None:
    """Folders first, then the pod: NAS from everywhere, the disk in the pod's zone."""
    values = {f"kotaemon:{key}": value for key, value in (example("alicloud-single") | {"namespace": "single"}).items()}
    bring_up(ack, "alicloud-single", program.main, values)
    wait("the pod runs", lambda: objects.live_pods(api, "single"))
    (pod,) = objects.live_pods(api, "single")
    zone = platforms.zone_of(Platform.ALICLOUD, pod.spec.node_name)
    assert affinity_of(objects.volume_of(api, "single", "kotaemon-disk")) == [(PRIVATE, [zone])]
    files = objects.volume_of(api, "single", "kotaemon-files").spec
    assert files.csi.driver == "nasplugin.csi.alibabacloud.com"
    assert files.node_affinity is None
    jobs = CoreV1Api(api).list_namespaced_pod("single-prepare").items
    assert [job.status.phase for job in jobs] == ["Succeeded"]
    assert bring_up(ack, "alicloud-single", program.main, values).nothing_changed


def test_the_scaled_example_runs_in_three_zones(ack: Cluster, api: ApiClient) -> None:
    values = {f"kotaemon:{key}": value for key, value in (example("alicloud-scaled") | {"namespace": "scaled"}).items()}
    bring_up(ack, "alicloud-scaled", program.main, values)
    wait("all pods run", lambda: len(objects.live_pods(api, "scaled")) == 3)
    nodes = [pod.spec.node_name for pod in objects.live_pods(api, "scaled")]
    assert {platforms.zone_of(Platform.ALICLOUD, node) for node in nodes} == {H, J, K}


@pytest.mark.parametrize("key", list(TopologyKey))
@pytest.mark.parametrize("zones", [[H], [K], [H, J, K]])
def test_disk_and_pod_meet_in_an_allowed_zone(
    ack: Cluster, api: ApiClient, space: str, zones: list[str], key: TopologyKey
) -> None:
    disk(ack, space, zones, topology_key=key)
    objects.pod(api, space, "app", "data")
    node = objects.node_of(api, space, "app")
    volume = objects.volume_of(api, space, "data")
    assert affinity_of(volume) == [(PRIVATE, [platforms.zone_of(Platform.ALICLOUD, node)])]
    assert platforms.zone_of(Platform.ALICLOUD, node) in zones
    assert volume.spec.persistent_volume_reclaim_policy == "Retain"


def test_a_pod_forced_elsewhere_stays_pending(ack: Cluster, api: ApiClient, space: str) -> None:
    disk(ack, space, [H])
    objects.pod(api, space, "first", "data")
    objects.node_of(api, space, "first")
    gone(api, space, "first")
    objects.pod(api, space, "elsewhere", "data", nodeSelector={ZONE: J})
    wait("the scheduler's reason", lambda: objects.messages(api, space, "FailedScheduling"))
    assert CONFLICT in objects.messages(api, space, "FailedScheduling")[0]
    assert CoreV1Api(api).read_namespaced_pod("elsewhere", space).status.phase == "Pending"


def test_a_second_pod_waits_for_the_first(ack: Cluster, api: ApiClient, space: str) -> None:
    disk(ack, space, [H])
    objects.pod(api, space, "first", "data")
    objects.node_of(api, space, "first")
    objects.pod(api, space, "second", "data")
    wait("the scheduler's reason", lambda: objects.messages(api, space, "FailedScheduling"))
    assert "ReadWriteOncePod" in objects.messages(api, space, "FailedScheduling")[0]


def test_a_disk_of_the_stacks_own_decides_where_its_pod_runs(ack: Cluster, api: ApiClient, space: str) -> None:
    static_disk(ack, space, K)
    objects.pod(api, space, "app", "data")
    assert platforms.zone_of(Platform.ALICLOUD, objects.node_of(api, space, "app")) == K
    assert affinity_of(objects.volume_of(api, space, "data")) == [(ZONE, [K])]


def test_an_autoscaler_that_knows_only_the_standard_key_cannot_place_a_dynamic_disk(
    ack: Cluster, api: ApiClient, space: str, half_known_node: str
) -> None:
    """karpenter-provider-alibabacloud#257: such a node would be of no use to the pod, so none is started."""
    disk(ack, space, [H])
    objects.pod(api, space, "first", "data", nodeSelector={PRIVATE: H})
    objects.node_of(api, space, "first")
    gone(api, space, "first")
    objects.pod(api, space, "next", "data", nodeSelector={"kubernetes.io/hostname": half_known_node})
    wait("the scheduler's reason", lambda: objects.messages(api, space, "FailedScheduling"))
    assert CONFLICT in objects.messages(api, space, "FailedScheduling")[0]


def test_it_can_place_a_disk_of_the_stacks_own(ack: Cluster, api: ApiClient, space: str, half_known_node: str) -> None:
    static_disk(ack, space, H)
    objects.pod(api, space, "app", "data", nodeSelector={"kubernetes.io/hostname": half_known_node})
    assert objects.node_of(api, space, "app") == half_known_node


def test_a_regional_disk_follows_its_pod(ack: Cluster, api: ApiClient, space: str) -> None:
    disk(ack, space, [H, J, K], types=[DiskType.REGIONAL])
    for zone in (H, J, K):
        objects.pod(api, space, f"in-{zone}", "data", nodeSelector={ZONE: zone})
        assert platforms.zone_of(Platform.ALICLOUD, objects.node_of(api, space, f"in-{zone}")) == zone
        gone(api, space, f"in-{zone}")
    assert affinity_of(objects.volume_of(api, space, "data")) == [(REGION, ["cn-hangzhou"])]
