"""AWS on a control plane labelled as EKS: every object is accepted, and disk and pod always meet in an allowed zone."""

import json
from collections.abc import Callable, Generator
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from kubernetes.client import ApiClient, AppsV1Api, CoreV1Api

from components.block.ebs import EbsStorage, EbsStorageArgs
from components.block.ebs_volume import EbsVolume, EbsVolumeArgs
from components.contract import Platform
from components.file.efs_dynamic import EfsDynamicStorage, EfsDynamicStorageArgs
from devcluster import nodes, platforms
from devcluster.cluster import Cluster
from devcluster.platforms import ZONE
from plan.recorder import run_program
from stacks import program
from tests.cloud_api.aws.cloud import KEY, Ids
from tests.cluster import objects, stacks
from tests.cluster.objects import wait
from tests.engine.engines import bring_up
from tests.unit.stacks.platforms.test_aws_settings import example

ZONES = platforms.zones(Platform.AWS)
A, B, C = ZONES


@pytest.fixture(scope="module")
def eks(cluster_for: Callable[[Platform], Cluster]) -> Cluster:
    return cluster_for(Platform.AWS)


@pytest.fixture(scope="module")
def api(eks: Cluster) -> ApiClient:
    return eks.api()


@pytest.fixture
def space(api: ApiClient) -> Generator[str]:
    with objects.namespace(api) as name:
        yield name


@pytest.fixture
def healed(api: ApiClient) -> Generator[None]:
    """Whatever nodes a test loses are back afterwards."""
    yield
    for node in platforms.node_names(Platform.AWS):
        nodes.clear_out_of_service(api, node)
        nodes.start_heartbeat(api, node)
    wait("all nodes are Ready again", lambda: len(nodes.ready_nodes(api)) == 6)


def configuration(values: dict[str, Any]) -> dict[str, str]:
    return {f"kotaemon:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}


def with_provider(eks: Cluster, make: Callable[[pulumi.ResourceOptions], object]) -> Callable[[], None]:
    def made() -> None:
        provider = k8s.Provider("cluster", kubeconfig=str(eks.kubeconfig), context=eks.context)
        make(pulumi.ResourceOptions(providers=[provider]))

    return made


def disk(eks: Cluster, space: str, zones: list[str], name: str = "data") -> None:
    args = EbsStorageArgs(namespace=space, key_arn=KEY, zones=zones, size="10Gi", protect=False)
    bring_up(eks, space, with_provider(eks, lambda opts: EbsStorage(name, args, opts)))


def affinity_of(volume: Any) -> list[tuple[str, list[str]]]:
    (term,) = volume.spec.node_affinity.required.node_selector_terms
    return [(expression.key, expression.values) for expression in term.match_expressions]


def zone_conflict(api: ApiClient, space: str, count: int) -> bool:
    """Whether the scheduler has said that so many nodes are in another zone than the disk."""
    reasons = objects.messages(api, space, "FailedScheduling")
    return any(f"{count} node(s) didn't match PersistentVolume's node affinity" in reason for reason in reasons)


@pytest.mark.parametrize("name", ["aws-single", "aws-scaled"])
def test_every_object_of_the_examples_is_accepted(eks: Cluster, name: str) -> None:
    values = example(name) | {"namespace": f"check-{name}"}
    planned = run_program(program.main, Ids(), stack=name, config=configuration(values))
    kinds = {r.inputs["kind"] for r in planned.registrations if r.type.startswith("kubernetes:")}
    assert {"Deployment", "PersistentVolume", "PersistentVolumeClaim", "NetworkPolicy", "Namespace"} <= kinds
    assert stacks.refused(planned, stacks.kube(eks)) == []


def test_an_object_that_the_server_does_not_know_is_refused(eks: Cluster) -> None:
    """The check above would notice."""

    def wrong() -> None:
        k8s.storage.v1.StorageClass("class", provisioner="ebs.csi.aws.com", volume_binding_mode="Later")

    (said,) = stacks.refused(run_program(wrong, Ids()), stacks.kube(eks))
    assert "volumeBindingMode" in said


def test_optional_classes_are_accepted(eks: Cluster) -> None:
    args = EbsStorageArgs(namespace="default", key_arn=KEY, zones=[A], size="100Gi", iops=6000, attributes_class=True)
    planned = run_program(lambda: EbsStorage("optional", args) and None, Ids())
    assert planned.of("kubernetes:storage.k8s.io/v1:VolumeAttributesClass")
    assert stacks.refused(planned, stacks.kube(eks)) == []


def test_efs_served_by_the_driver_is_accepted(eks: Cluster) -> None:
    args = EfsDynamicStorageArgs(
        namespace="default",
        key_arn=KEY,
        region="eu-central-1",
        vpc_id="vpc-0a1b2c3d4e5f60718",
        subnets={A: "subnet-0a1b2c3d4e5f6071a"},
        client_security_groups={"nodes": "sg-0a1b2c3d4e5f60718"},
    )
    planned = run_program(lambda: EfsDynamicStorage("files", args) and None, Ids())
    assert planned.of("kubernetes:storage.k8s.io/v1:StorageClass")
    assert stacks.refused(planned, stacks.kube(eks)) == []


def test_the_single_example_runs(eks: Cluster, api: ApiClient) -> None:
    """All of it applied: the disk is made in the pod's zone, EFS is bound, and the pod is Ready."""
    cluster = {"kubeconfig": str(eks.kubeconfig), "context": eks.context}
    values = example("aws-single") | {"namespace": "single", "cluster": cluster}
    outcome = bring_up(eks, "aws-single", program.main, {f"kotaemon:{key}": value for key, value in values.items()})
    assert outcome.outputs["namespace"].value == "single"
    wait("the pod runs", lambda: objects.live_pods(api, "single"))
    (pod,) = objects.live_pods(api, "single")
    zone = platforms.zone_of(Platform.AWS, pod.spec.node_name)
    assert affinity_of(objects.volume_of(api, "single", "kotaemon-disk")) == [(ZONE, [zone])]
    files = objects.volume_of(api, "single", "kotaemon-files")
    assert affinity_of(files) == [(ZONE, list(ZONES))]
    assert files.spec.csi.volume_handle.startswith("fs-")
    assert "::fsap-" in files.spec.csi.volume_handle


@pytest.mark.parametrize("zones", [[A], [B], [C], [A, B], [B, C], [A, B, C]])
def test_disk_and_pod_meet_in_an_allowed_zone(eks: Cluster, api: ApiClient, space: str, zones: list[str]) -> None:
    disk(eks, space, zones)
    objects.pod(api, space, "app", "data")
    node = objects.node_of(api, space, "app")
    volume = objects.volume_of(api, space, "data")
    ((key, values),) = affinity_of(volume)
    assert key == ZONE
    assert values == [platforms.zone_of(Platform.AWS, node)]
    assert values[0] in zones
    assert volume.spec.persistent_volume_reclaim_policy == "Retain"
    assert volume.spec.csi.driver == "ebs.csi.aws.com"


def test_the_zone_stays_for_the_next_pod(eks: Cluster, api: ApiClient, space: str) -> None:
    disk(eks, space, [B, C])
    core = CoreV1Api(api)
    zones: set[str] = set()
    for name in ("first", "second", "third"):
        objects.pod(api, space, name, "data")
        zones.add(platforms.zone_of(Platform.AWS, objects.node_of(api, space, name)))
        core.delete_namespaced_pod(name, space)
        wait(
            f"{name} is gone",
            lambda name=name: name not in [p.metadata.name for p in core.list_namespaced_pod(space).items],
        )
    assert len(zones) == 1


def test_a_pod_forced_elsewhere_stays_pending(eks: Cluster, api: ApiClient, space: str) -> None:
    disk(eks, space, [A])
    objects.pod(api, space, "first", "data")
    objects.node_of(api, space, "first")
    core = CoreV1Api(api)
    core.delete_namespaced_pod("first", space)
    wait("the first pod is gone", lambda: not core.list_namespaced_pod(space).items)
    objects.pod(api, space, "elsewhere", "data", nodeSelector={ZONE: B})
    wait("the scheduler's reason", lambda: objects.messages(api, space, "FailedScheduling"))
    (reason, *_) = objects.messages(api, space, "FailedScheduling")
    assert (
        "2 node(s) didn't match PersistentVolume's node affinity" in reason or "volume node affinity conflict" in reason
    )
    assert core.read_namespaced_pod("elsewhere", space).status.phase == "Pending"


def test_a_disk_made_beforehand_decides_where_its_pod_runs(eks: Cluster, api: ApiClient, space: str) -> None:
    args = EbsVolumeArgs(namespace=space, key_arn=KEY, region="eu-central-1", zone=C, size="10Gi", protect=False)
    bring_up(eks, space, with_provider(eks, lambda opts: EbsVolume("data", args, opts)))
    objects.pod(api, space, "app", "data")
    assert platforms.zone_of(Platform.AWS, objects.node_of(api, space, "app")) == C
    assert affinity_of(objects.volume_of(api, space, "data")) == [(ZONE, [C])]


def test_a_second_pod_waits_for_the_first(eks: Cluster, api: ApiClient, space: str) -> None:
    disk(eks, space, [A])
    objects.pod(api, space, "first", "data")
    objects.node_of(api, space, "first")
    objects.pod(api, space, "second", "data")
    wait("the scheduler's reason", lambda: objects.messages(api, space, "FailedScheduling"))
    assert CoreV1Api(api).read_namespaced_pod("second", space).status.phase == "Pending"
    assert "ReadWriteOncePod" in objects.messages(api, space, "FailedScheduling")[0]


@pytest.mark.usefixtures("healed")
def test_losing_every_node_of_the_zone(eks: Cluster, api: ApiClient, space: str) -> None:
    """The disk cannot leave its zone: the next pod waits, and the event says for what."""
    disk(eks, space, [A])
    objects.deployment(api, space, "app", replicas=1, claim_name="data")
    wait("the pod runs", lambda: objects.live_pods(api, space))
    (before,) = objects.live_pods(api, space)
    lost = [node for node in platforms.node_names(Platform.AWS) if platforms.zone_of(Platform.AWS, node) == A]
    for node in lost:
        nodes.stop_heartbeat(api, node)
    wait("the zone is lost", lambda: len(nodes.ready_nodes(api)) == 4)
    wait("the scheduler's reason", lambda: objects.messages(api, space, "FailedScheduling"), seconds=90)
    # The other four nodes wait for the old pod: whether it still writes nobody knows.
    assert "2 node(s) had untolerated taint(s)" in objects.messages(api, space, "FailedScheduling")[0]
    for node in lost:
        nodes.set_out_of_service(api, node)
    # Now it is known to be gone, and the zone itself is the reason. The pod garbage collector looks every 20 s.
    wait("the zone is the reason", lambda: zone_conflict(api, space, 4), seconds=120)
    (after,) = CoreV1Api(api).list_namespaced_pod(space).items
    assert after.metadata.name != before.metadata.name
    assert after.status.phase == "Pending"
    assert AppsV1Api(api).read_namespaced_deployment("app", space).status.ready_replicas in (None, 0)
