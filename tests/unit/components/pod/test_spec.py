"""The one builder of pods."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi_kubernetes.core.v1 import ContainerArgs, EnvVarArgs, SecurityContextArgs

import components
from components.file.csi_preparation import CsiPreparation, CsiPreparationArgs, CsiVolume
from components.file.preparation import NfsPreparation, NfsPreparationArgs
from components.kotaemon import mistakes
from components.kotaemon.kotaemon import Kotaemon
from components.pod.args import (
    ClusterImposes,
    HttpProxy,
    RegistryLogin,
    TaintEffect,
    Toleration,
    TolerationOperator,
    TopologySpread,
)
from components.pod.names import application_labels
from components.pod.spec import Pod, container_security, pod_security, pod_spec, tmp_volume
from components.state import postgres, qdrant
from components.state.cloudnative_pg import CloudNativePostgres, CloudNativePostgresArgs, check
from components.state.postgres import BundledPostgres, BundledPostgresArgs
from components.state.qdrant import BundledQdrant, BundledQdrantArgs
from guard.pod_security import restricted_violations
from tests.unit.components.kotaemon.samples import DISK, EXPOSURE, FILES, PROXY, manifest, scaled_args
from tests.unit.components.pod_templates import templates_in

FOLDER = Path(components.__file__).parent
IMPOSED = ClusterImposes(
    image_pull_secrets=["registry"],
    registry_logins={"registry.example.com": RegistryLogin(username="robot", password="p")},
    image_mirrors={"*": "registry.example.com/mirror"},
    affinity={"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    topology_spread=[TopologySpread(topology_key="rack")],
    priority_class="important",
    runtime_class="gvisor",
    cpu_limit="3",
    labels={"team": "search"},
    annotations={"sidecar.istio.io/inject": "false"},
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
    "clients": application_labels("kotaemon"),
    "backup": {"claim": FILES, "folder": "backup"},
}
OPERATED: dict[str, Any] = {"namespace": "kotaemon", "storage_class": "fast", "clients": application_labels("kotaemon")}
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


@pytest.mark.parametrize("maker", list(MAKERS))
def test_what_the_cluster_imposes_reaches_every_pod(pulumi_run: Callable[..., Any], maker: str) -> None:
    run = pulumi_run(lambda: MAKERS[maker](IMPOSED) and None)
    templates = [found for registration in run.registrations for found in templates_in(registration.inputs)]
    assert len(templates) == (2 if maker in ("postgres", "qdrant") else 1)
    for template in templates:
        spec = template["spec"]
        assert template["metadata"]["labels"]["team"] == "search"
        assert template["metadata"]["annotations"]["sidecar.istio.io/inject"] == "false"
        assert spec["imagePullSecrets"] == [{"name": "registry"}, {"name": "kotaemon-registry"}]
        assert spec["affinity"] == IMPOSED.get("affinity")
        assert (spec["priorityClassName"], spec["runtimeClassName"]) == ("important", "gvisor")
        (rule,) = spec["topologySpreadConstraints"]
        assert rule["labelSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
        assert (rule["topologyKey"], rule["maxSkew"], rule["whenUnsatisfiable"]) == ("rack", 1, "ScheduleAnyway")
        assert spec["nodeSelector"] == {"pool": "apps"}
        assert spec["tolerations"][-1] == TOLERATION
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            assert {"HTTPS_PROXY", "NO_PROXY"} <= {variable["name"] for variable in container["env"]}
            assert container["resources"]["limits"]["cpu"] == "3"
            assert container["image"].startswith("registry.example.com/mirror/")


def test_stores_are_reached_without_the_proxy(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: MAKERS["application"](IMPOSED) and None)
    (template,) = [found for registration in run.registrations for found in templates_in(registration.inputs)]
    spec = template["spec"]
    (direct,) = {e["value"] for c in spec["containers"] for e in c["env"] if e["name"] == "NO_PROXY"}
    assert direct.split(",")[-1] == "qdrant"


def test_the_operators_own_pods_get_it_in_the_operators_words(pulumi_run: Callable[..., Any]) -> None:
    args = CloudNativePostgresArgs(
        namespace="kotaemon",
        storage_class="fast",
        clients=application_labels("kotaemon"),
        cluster_imposes=ClusterImposes(**{k: v for k, v in IMPOSED.items() if k != "runtime_class"}),
    )
    run = pulumi_run(lambda: CloudNativePostgres("one", args) and None)
    spec = run.one("kubernetes:postgresql.cnpg.io/v1:Cluster").inputs["spec"]
    assert spec["imagePullSecrets"] == [{"name": "registry"}, {"name": "kotaemon-registry"}]
    assert spec["affinity"]["nodeSelector"] == {"pool": "apps"}
    assert spec["affinity"]["nodeAffinity"] == {"preferredDuringSchedulingIgnoredDuringExecution": []}
    assert spec["affinity"]["tolerations"] == [TOLERATION]
    assert spec["topologySpreadConstraints"][0]["labelSelector"] == {"matchLabels": {"cnpg.io/cluster": "one"}}
    assert spec["priorityClassName"] == "important"
    assert spec["resources"]["limits"]["cpu"] == "3"
    assert spec["imageName"].startswith("registry.example.com/mirror/cloudnative-pg/")
    assert spec["inheritedMetadata"] == {
        "labels": {"team": "search"},
        "annotations": {"sidecar.istio.io/inject": "false"},
    }


def test_the_operator_cannot_give_its_pods_a_runtime_class() -> None:
    given = ClusterImposes(runtime_class="gvisor")
    (mistake,) = check("one", CloudNativePostgresArgs(**OPERATED, cluster_imposes=given))
    assert mistake.startswith("cluster_imposes.runtime_class:")


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (ClusterImposes(labels={"app.kubernetes.io/name": "mine"}), "cluster_imposes.labels: app.kubernetes.io/name"),
        (ClusterImposes(affinity={"node_affinity": {}}), "cluster_imposes.affinity: 'node_affinity'"),
    ],
)
def test_what_would_break_the_pods_is_a_mistake_of_every_component(given: ClusterImposes, key: str) -> None:
    for maker in (postgres.check, qdrant.check):
        assert [m[: len(key)] for m in maker("one", {**BUNDLED, "cluster_imposes": given})] == [key]
    assert [m[: len(key)] for m in check("one", {**OPERATED, "cluster_imposes": given})] == [key]
    assert [m[: len(key)] for m in mistakes.check("one", scaled_args(cluster_imposes=given))] == [key]


def test_logins_at_registries_are_a_secret_in_the_namespace_of_the_job(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: MAKERS["nfs"](IMPOSED) and None)
    (secret,) = [r for r in run.registrations if r.type == "kubernetes:core/v1:Secret"]
    assert secret.inputs["metadata"] == {"name": "kotaemon-registry", "namespace": "kotaemon-prepare"}
    config = json.loads(base64.b64decode(secret.inputs["data"][".dockerconfigjson"]))
    assert config["auths"]["registry.example.com"]["username"] == "robot"
    assert "data" in secret.secret_keys
