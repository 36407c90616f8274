"""The one builder of pods."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi_kubernetes.core.v1 import ContainerArgs, EnvVarArgs, SecurityContextArgs

import components
from components.file.csi_preparation import CsiPreparation, CsiPreparationArgs, CsiVolume
from components.file.preparation import NfsPreparation, NfsPreparationArgs
from components.kotaemon.kotaemon import Kotaemon
from components.kotaemon.names import labels
from components.pod.args import ClusterImposes, HttpProxy, TaintEffect, Toleration, TolerationOperator
from components.pod.spec import Pod, container_security, pod_security, pod_spec, tmp_volume
from components.state.cloudnative_pg import CloudNativePostgres, CloudNativePostgresArgs
from components.state.postgres import BundledPostgres, BundledPostgresArgs
from components.state.qdrant import BundledQdrant, BundledQdrantArgs
from tests.unit.components.kotaemon.samples import DISK, EXPOSURE, FILES, PROXY, manifest, scaled_args
from tests.unit.components.pod_security import restricted_violations

FOLDER = Path(components.__file__).parent
IMPOSED = ClusterImposes(
    image_pull_secrets=["registry"],
    node_selector={"pool": "apps"},
    tolerations=[
        Toleration(
            key="pool",
            operator=TolerationOperator.EQUAL,
            value="apps",
            effect=TaintEffect.NO_EXECUTE,
            toleration_seconds=60,
        )
    ],
    proxy=HttpProxy(https_proxy="http://proxy.example.com:3128", no_proxy=["10.0.0.0/8"]),
)
TOLERATION = {"key": "pool", "operator": "Equal", "value": "apps", "effect": "NoExecute", "tolerationSeconds": 60}


def pod(*containers: ContainerArgs, imposed: ClusterImposes | None = None, **changes: Any) -> dict[str, Any]:
    given = {"containers": containers, "volumes": [tmp_volume("1Gi")], "security": pod_security(7, 8, fs_group=False)}
    return manifest(pod_spec(Pod(**{**given, **changes}), imposed))


def test_every_pod_and_every_policy_is_made_in_one_place() -> None:
    for built, owner in (("PodSpecArgs", "spec.py"), ("NetworkPolicySpecArgs", "network.py")):
        makers = [path for path in FOLDER.rglob("*.py") if re.search(rf"(?<!\.){built}\(", path.read_text())]
        assert makers == [FOLDER / "pod" / owner], f"{built}: use the builder of components/pod/{owner}"


def test_a_pod_has_no_more_than_it_needs() -> None:
    spec = pod(ContainerArgs(name="one", image="image:1"))
    assert restricted_violations(spec) == []
    assert spec == {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 7,
            "runAsGroup": 8,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [{"name": "one", "image": "image:1", "securityContext": manifest(container_security())}],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}],
    }


def test_a_container_keeps_the_security_that_it_brings() -> None:
    root = SecurityContextArgs(run_as_user=0)
    spec = pod(ContainerArgs(name="one", security_context=root), init_containers=[ContainerArgs(name="first")])
    assert spec["containers"][0]["securityContext"] == {"runAsUser": 0}
    assert spec["initContainers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_variables_of_a_container_win_over_the_clusters_proxy() -> None:
    own = ContainerArgs(name="one", env=[EnvVarArgs(name="HTTPS_PROXY", value="http://own:1")])
    spec = pod(own, ContainerArgs(name="two"), imposed=IMPOSED, direct_hosts=["vectors"])
    one, two = ({e["name"]: e["value"] for e in container["env"]} for container in spec["containers"])
    assert one["HTTPS_PROXY"] == "http://own:1"
    assert two == {
        "HTTPS_PROXY": "http://proxy.example.com:3128",
        "https_proxy": "http://proxy.example.com:3128",
        "NO_PROXY": "localhost,127.0.0.1,::1,.svc,.cluster.local,10.0.0.0/8,vectors",
        "no_proxy": "localhost,127.0.0.1,::1,.svc,.cluster.local,10.0.0.0/8,vectors",
    }


def test_tolerations_of_the_cluster_come_beside_our_own() -> None:
    spec = pod(ContainerArgs(name="one"), imposed=IMPOSED, leaves_lost_nodes=True)
    assert [t["key"] for t in spec["tolerations"]] == [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
        "pool",
    ]


VOLUME = CsiVolume(
    namespace="kotaemon", claim=FILES, driver="d.example.com", handle="fs-1", attributes={}, mount_options=[]
)
EXPORT = {"namespace": "kotaemon", "server": "nfs.example.com", "path": "/srv"}
BUNDLED = {
    "namespace": "kotaemon",
    "claim": DISK,
    "clients": labels("kotaemon"),
    "backup": {"claim": FILES, "folder": "backup"},
}
MAKERS: dict[str, Callable[[ClusterImposes], object]] = {
    "application": lambda given: Kotaemon(
        "one", scaled_args(exposure=EXPOSURE, auth_proxy=PROXY, cluster_imposes=given)
    ),
    "postgres": lambda given: BundledPostgres("one", BundledPostgresArgs(**BUNDLED, cluster_imposes=given)),
    "qdrant": lambda given: BundledQdrant("one", BundledQdrantArgs(**BUNDLED, cluster_imposes=given)),
    "nfs": lambda given: NfsPreparation(
        "one", NfsPreparationArgs(export=EXPORT, folders=["models"], cluster_imposes=given)
    ),
    "csi": lambda given: CsiPreparation(
        "one", CsiPreparationArgs(volume=VOLUME, folders=["models"], cluster_imposes=given)
    ),
}


def pods_in(value: Any) -> list[dict[str, Any]]:
    """Every pod in the inputs of a resource."""
    if isinstance(value, list):
        return [found for item in value for found in pods_in(item)]
    if not isinstance(value, dict):
        return []
    return [value] if "containers" in value else [found for item in value.values() for found in pods_in(item)]


@pytest.mark.parametrize("maker", list(MAKERS))
def test_what_the_cluster_imposes_reaches_every_pod(pulumi_run: Callable[..., Any], maker: str) -> None:
    run = pulumi_run(lambda: MAKERS[maker](IMPOSED) and None)
    pods = [found for registration in run.registrations for found in pods_in(registration.inputs)]
    assert len(pods) == (2 if maker in ("postgres", "qdrant") else 1)
    for spec in pods:
        assert spec["imagePullSecrets"] == [{"name": "registry"}]
        assert spec["nodeSelector"] == {"pool": "apps"}
        assert spec["tolerations"][-1] == TOLERATION
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            assert {"HTTPS_PROXY", "NO_PROXY"} <= {variable["name"] for variable in container["env"]}


def test_stores_are_reached_without_the_proxy(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: MAKERS["application"](IMPOSED) and None)
    (spec,) = [found for registration in run.registrations for found in pods_in(registration.inputs)]
    (direct,) = {e["value"] for c in spec["containers"] for e in c["env"] if e["name"] == "NO_PROXY"}
    assert direct.split(",")[-1] == "qdrant"


def test_the_operators_own_pods_get_it_in_the_operators_words(pulumi_run: Callable[..., Any]) -> None:
    args = CloudNativePostgresArgs(
        namespace="kotaemon", storage_class="fast", clients=labels("kotaemon"), cluster_imposes=IMPOSED
    )
    run = pulumi_run(lambda: CloudNativePostgres("one", args) and None)
    spec = run.one("kubernetes:postgresql.cnpg.io/v1:Cluster").inputs["spec"]
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert spec["affinity"]["nodeSelector"] == {"pool": "apps"}
    assert spec["affinity"]["tolerations"] == [TOLERATION]
