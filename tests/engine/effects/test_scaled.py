"""Switching the autoscaler and the login on a stack that runs: the number of pods never falls, and the door closes first.

On the real engine and the real API server. The tests follow each other.
"""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from kubernetes.client import AppsV1Api
from pulumi import automation as auto

from components.contract import Platform
from deploy.kube import Kube, Manifest
from devcluster.cluster import Cluster
from tests.engine.effects.living import Living, brought_up
from tests.engine.engines import kube

NAME = "effects-scaled"
DISK = {"storageClass": "dev-block", "size": "10Gi", "encryptedBy": "simulated", "backup": None}
SETTINGS: dict[str, Any] = {
    "platform": "private",
    "profile": "scaled",
    "replicas": 4,
    "storage": {"claims": {"files": {"kind": "nfs", "server": "nfs.example.org", "path": "/srv/nfs"}}},
    "stores": {
        "database": {"kind": "bundled", **DISK},
        "vectorStore": {"kind": "qdrant-bundled", **DISK},
    },
    "ingress": {"hostname": "kotaemon.example.org", "className": "nginx"},
}
AUTOSCALER = {"minReplicas": 2, "maxReplicas": 6}
LOGIN = {
    "issuerUrl": "https://login.example.org",
    "clientId": "kotaemon",
    "clientSecret": "of-the-tests",
    "emailDomains": ["example.org"],
}


@pytest.fixture(scope="module")
def cluster(cluster_for: Callable[[Platform], Cluster]) -> Cluster:
    return cluster_for(Platform.PRIVATE)


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory, cluster_for: Callable[[Platform], Cluster]) -> Living:
    made = brought_up(NAME, SETTINGS, Platform.PRIVATE, tmp_path_factory.mktemp("scaled"), cluster_for)
    made.up()
    return made


def read(server: Kube, version: str, kind: str) -> Manifest:
    """The object `kotaemon` of the stack."""
    found = server.get({"apiVersion": version, "kind": kind, "metadata": {"name": "kotaemon", "namespace": NAME}})
    assert found, kind
    return found


@contextmanager
def watched(cluster: Cluster) -> Generator[list[int]]:
    """The numbers of pods that the Deployment asked for meanwhile, read many times a second."""
    seen: list[int] = []
    over, server = threading.Event(), kube(cluster)

    def watch() -> None:
        while not over.is_set():
            seen.append(read(server, "apps/v1", "Deployment")["spec"]["replicas"])
            time.sleep(0.05)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def scale(cluster: Cluster, number: int) -> None:
    """As the autoscaler does it."""
    AppsV1Api(cluster.api()).patch_namespaced_deployment_scale("kotaemon", NAME, {"spec": {"replicas": number}})


def test_switched_on_the_autoscaler_begins_with_today_s_number(living: Living, cluster: Cluster) -> None:
    living.change({"autoscaler": AUTOSCALER})
    with watched(cluster) as seen:
        steps = living.up()
    assert {name for _, _, name in steps} >= {"kotaemon-autoscaler"}
    assert min(seen) == max(seen) == 4


def test_its_own_number_is_left_alone(living: Living, cluster: Cluster) -> None:
    scale(cluster, 5)
    living.change({"env": {"ANYTHING": "else"}})
    with watched(cluster) as seen:
        living.up()
    assert set(seen) == {5}
    assert living.up() == set()


def test_switched_off_no_pod_is_taken_away_in_that_run(living: Living, cluster: Cluster) -> None:
    living.change({"autoscaler": None})
    with watched(cluster) as seen:
        assert ("delete", "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "kotaemon-autoscaler") in living.up()
    assert set(seen) == {5}
    with watched(cluster) as seen:
        living.up()
    assert seen[-1] == 4, "the next run brings the number of the stack file"


def test_switched_off_with_fewer_pods_than_the_stack_file_says_they_become_as_many(
    living: Living, cluster: Cluster
) -> None:
    living.change({"autoscaler": AUTOSCALER})
    living.up()
    scale(cluster, 2)
    living.change({"autoscaler": None})
    with watched(cluster) as seen:
        living.up()
    assert (min(seen), seen[-1]) == (2, 4)
    living.up()
    assert living.up() == set()


def test_closed_before_it_is_open(living: Living, cluster: Cluster) -> None:
    """With the login on, the Service and the NetworkPolicy lead to the proxy's port before the first pod is rolled."""
    done: list[str] = []

    def note(happened: auto.EngineEvent) -> None:
        event, ended = happened.resource_pre_event, happened.res_outputs_event
        if event is not None and event.metadata.op.value != "same":
            done.append(f"start {event.metadata.urn.rpartition('::')[2]}")
        if ended is not None and ended.metadata.op.value != "same":
            done.append(f"end {ended.metadata.urn.rpartition('::')[2]}")

    living.change({"authProxy": LOGIN})
    living.stack.up(color="never", on_event=note)
    rolled = done.index("start kotaemon-deployment")
    assert done.index("end kotaemon-service") < rolled
    assert done.index("end kotaemon-policy") < rolled
    assert done.index("end kotaemon-deployment") < done.index("start kotaemon-ingress")
    (port,) = read(kube(cluster), "v1", "Service")["spec"]["ports"]
    assert port["targetPort"] == 4180
