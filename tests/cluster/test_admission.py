"""The guard's word about quotas, limit ranges and Pod Security against that of a real API server, pod by pod."""

import json
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
from kubernetes.client import ApiClient, ApiException, CoreV1Api

from devcluster.cluster import Cluster
from guard import limits, pod_security
from guard.namespace import PodsOf
from plan import collect, stack_file
from stacks import cluster as asking
from stacks import elsewhere
from stacks.cluster_facts import Wanted
from stacks.settings.cluster import Cluster as ClusterSettings
from tests.cluster import objects, stacks
from tests.unit.devcluster.helpers import eventually
from tests.unit.stacks.test_elsewhere import AGENT, PREPARED, registered

QUOTAS: dict[str, dict[str, str]] = {
    "roomy": {"pods": "10", "requests.cpu": "8", "limits.memory": "64Gi"},
    "no-pods": {"pods": "0"},
    "little-memory": {"limits.memory": "1Gi"},
    "little-cpu": {"cpu": "100m"},
    "cpu-limit": {"limits.cpu": "64"},
    "ephemeral": {"requests.ephemeral-storage": "64Gi"},
}
RANGES: dict[str, dict[str, Any]] = {
    "fits": {"type": "Container", "max": {"memory": "8Gi"}, "default": {"cpu": "2"}},
    "max-memory": {"type": "Container", "max": {"memory": "512Mi"}},
    "min-cpu": {"type": "Container", "min": {"cpu": "3"}},
    "low-default": {"type": "Container", "default": {"cpu": "10m"}},
    "ratio": {"type": "Container", "maxLimitRequestRatio": {"memory": "1"}},
    "pod-max": {"type": "Pod", "max": {"memory": "512Mi"}},
}
CASES = [*(f"quota {name}" for name in QUOTAS), *(f"range {name}" for name in RANGES)]


def application() -> dict[str, Any]:
    """The pod of Pulumi.dev.yaml as it is registered, without what would have to be there first."""
    deployments = [
        r.inputs for r in collect.preview(stack_file.read("dev")).registrations if r.type.endswith(":Deployment")
    ]
    pod = json.loads(json.dumps(deployments[0]["spec"]["template"]["spec"]))
    del pod["serviceAccountName"]
    return _whole(pod)


def beside(folder: Path) -> Iterator[PodsOf]:
    """The pods of Jobs that prepare folders, and of agents of nodes: each has a namespace of its own."""
    for example, change in (("dev", PREPARED), ("private-scaled", AGENT)):
        _, found = registered(folder, example, change)
        for made in elsewhere.places(found, "kotaemon").values():
            for pods in made.pods:
                pod = {key: value for key, value in pods.pod.items() if key != "serviceAccountName"}
                yield replace(pods, pod=_whole(json.loads(json.dumps(pod))))


def _whole(value: Any) -> Any:
    """Numbers as whole numbers: the SDK hands over every number as a float."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.fixture(scope="module")
def pod() -> dict[str, Any]:
    return application()


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> list[PodsOf]:
    found = list(beside(tmp_path_factory.mktemp("beside")))
    assert len(found) == 2
    return found


@pytest.fixture
def space(api: ApiClient) -> Generator[str]:
    with objects.namespace(api) as name:
        yield name


def given(cluster: Cluster) -> ClusterSettings:
    return ClusterSettings.model_validate({"kubeconfig": str(cluster.kubeconfig), "context": cluster.context})


def admitted(api: ApiClient, space: str, pod: dict[str, Any]) -> str:
    """Why the API server refuses the pod; empty: it would take it. Nothing is made."""
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tried"}, "spec": pod}
    try:
        CoreV1Api(api).create_namespaced_pod(space, body, dry_run="All")
    except ApiException as error:
        return json.loads(error.body)["message"]
    return ""


@pytest.mark.parametrize("case", CASES)
def test_the_guard_says_what_the_api_server_says(
    cluster: Cluster, api: ApiClient, space: str, pod: dict[str, Any], others: list[PodsOf], case: str
) -> None:
    kind, _, name = case.partition(" ")
    core = CoreV1Api(api)
    if kind == "quota":
        core.create_namespaced_resource_quota(space, {"metadata": {"name": name}, "spec": {"hard": QUOTAS[name]}})
        eventually(
            "the quota is counted", 20, lambda: bool(core.read_namespaced_resource_quota(name, space).status.hard)
        )
    else:
        core.create_namespaced_limit_range(space, {"metadata": {"name": name}, "spec": {"limits": [RANGES[name]]}})
    found = asking.read(given(cluster), Wanted(namespace=space))
    assert found.gaps == ()
    assert found.namespace is not None
    said = limits.refused(found.namespace, [PodsOf("the application", pod)], [])
    real = admitted(api, space, pod)
    assert bool(said) == bool(real), (said, real)
    assert bool(real) == (name not in ("roomy", "ephemeral", "fits")), real
    for pods in others:
        said, real = limits.refused(found.namespace, [pods], []), admitted(api, space, dict(pods.pod))
        assert bool(said) == bool(real), (pods.words, said, real)


@pytest.mark.parametrize("level", ["privileged", "baseline", "restricted"])
@pytest.mark.parametrize("broken", ["nothing", "hostNetwork", "runAsNonRoot", "a hostPath"])
def test_pod_security_says_what_the_api_server_says(
    cluster: Cluster,
    api: ApiClient,
    space: str,
    pod: dict[str, Any],
    others: list[PodsOf],
    level: str,
    broken: str,
) -> None:
    CoreV1Api(api).patch_namespace(space, {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": level}}})
    tried = json.loads(json.dumps(pod))
    if broken == "hostNetwork":
        tried["hostNetwork"] = True
    elif broken == "a hostPath":
        tried["volumes"].append({"name": "host", "hostPath": {"path": "/srv"}})
    elif broken == "nothing":
        # Models as an OCI artifact, where there is a kind of volume that is younger than the standards' page.
        tried["volumes"].append({"name": "artifact", "image": {"reference": "registry.example.com/models:v1"}})
    elif broken == "runAsNonRoot":
        tried["securityContext"] = {**tried["securityContext"], "runAsNonRoot": False}
    found = asking.read(given(cluster), Wanted(namespace=space)).namespace
    assert found is not None
    assert found.level == level
    said = pod_security.refused(found, [PodsOf("the application", tried)])
    assert bool(said) == bool(admitted(api, space, tried)), said
    for pods in others:
        said, real = pod_security.refused(found, [pods]), admitted(api, space, dict(pods.pod))
        assert bool(said) == bool(real), (pods.words, said, real)


def test_a_stack_is_refused_by_the_quota_of_its_namespace(
    cluster: Cluster, api: ApiClient, space: str, tmp_path: Path
) -> None:
    CoreV1Api(api).create_namespaced_resource_quota(space, {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "0"}}})
    file = stacks.write(tmp_path, space, {"disk": stacks.DISK})
    with pytest.raises(pulumi.RunError, match=f"kotaemon:namespace {space}: quota q allows 0 pods"):
        stacks.up(file, cluster)
    assert CoreV1Api(api).list_namespaced_persistent_volume_claim(space).items == [], "nothing was made"


def test_a_stack_is_refused_by_the_quota_where_its_folders_are_prepared(
    cluster: Cluster, api: ApiClient, space: str, tmp_path: Path
) -> None:
    core = CoreV1Api(api)
    prepare = f"{space}-prepare"
    core.create_namespace({"metadata": {"name": prepare}})
    try:
        core.create_namespaced_resource_quota(prepare, {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "0"}}})
        files = {"kind": "nfs", "server": "nfs.example.org", "path": "/srv", "rootOwner": "root"}
        file = stacks.write(tmp_path, space, {"disk": stacks.DISK, "files": files})
        with pytest.raises(pulumi.RunError, match=f"namespace {prepare}: quota q allows 0 pods"):
            stacks.up(file, cluster)
        assert core.list_namespaced_persistent_volume_claim(space).items == [], "nothing was made"
    finally:
        core.delete_namespace(prepare)


def test_a_user_without_rights_is_told_what_is_not_known(
    cluster: Cluster, api: ApiClient, space: str, tmp_path: Path
) -> None:
    found = asking.read(objects.poor_user(api, space, cluster, tmp_path), Wanted(namespace=space))
    assert found.version.startswith("v1."), "every user may ask for the version"
    assert len(found.gaps) == 3, found.gaps
    assert all("403 Forbidden" in gap for gap in found.gaps)
