"""The release in the cluster: suspended, of least privilege, and a Job that ends where trying again does not help."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.contract import AccessMode, Role
from components.models import local_cache, prefetch, releases
from components.models.args import ModelCache, ModelCacheKind
from components.models.local_cache import LocalModelCache
from components.models.prefetch import ModelPrefetch, ModelPrefetchArgs, daemon_set_spec
from components.models.releases import ModelReleases, ModelReleasesArgs, cron_job_spec
from components.pod.names import application_labels
from plan.recorder import Run
from tests.unit.components.kotaemon.samples import DISK, FILES, manifest, on

ARGS = ModelReleasesArgs(namespace="kotaemon", application="kotaemon", models=on(FILES, Role.MODELS))


def made(run: Callable[..., Run], program: Callable[[], Any]) -> Run:
    return run(program)


def test_the_job_may_change_one_deployment_and_one_record(pulumi_run: Callable[..., Run]) -> None:
    run = pulumi_run(lambda: {"record": ModelReleases("models", ARGS).record})
    rules = run.one("kubernetes:rbac.authorization.k8s.io/v1:Role").inputs["rules"]
    assert rules == [
        {"apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["kotaemon"], "verbs": ["get", "patch"]},
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["models"], "verbs": ["get", "patch"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    ]
    assert run.one("kubernetes:core/v1:ServiceAccount").inputs["automountServiceAccountToken"] is False
    assert run.outputs["record"].value == "models"


def test_nothing_runs_by_itself() -> None:
    spec = manifest(cron_job_spec("models", ARGS, "scripts", "models"))
    assert spec["suspend"] is True
    job = spec["jobTemplate"]["spec"]
    assert job["podFailurePolicy"]["rules"][0]["onExitCodes"] == {"operator": "In", "values": [3, 78]}
    pod = job["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsUser"] == 1001
    (container,) = pod["containers"]
    env = {v["name"]: v["value"] for v in container["env"]}
    assert (env["KS_VERSION"], env["KS_OWNER"], env["KS_ALLOW_PICKLE"]) == ("", "cluster", "0")
    assert {"name": "claim", "mountPath": "/models", "subPath": "models"} in container["volumeMounts"]


def test_the_stack_files_version_is_not_the_clusters() -> None:
    args = ModelReleasesArgs(**ARGS, owned_by_stack=True)
    env = releases.variables("models", args)
    assert env["KS_OWNER"] == "stack"


def test_a_claim_of_one_pod_is_refused() -> None:
    alone = on(DISK | {"access_mode": AccessMode.RWOP}, Role.MODELS)
    (mistake,) = releases.check("models", ModelReleasesArgs(**{**ARGS, "models": alone}))
    assert "is ReadWriteOncePod" in mistake
    assert "one with the access mode ReadWriteOnce" in mistake
    with pytest.raises(pulumi.RunError):
        ModelReleases("models", ModelReleasesArgs(**{**ARGS, "keep": 0}))


def test_on_a_disk_the_job_runs_on_the_node_of_the_application() -> None:
    """Two pods mount a ReadWriteOnce disk at a time where they are on one node."""
    disk = on(DISK | {"access_mode": AccessMode.RWO}, Role.MODELS)
    zones = {"cluster_imposes": {"affinity": {"nodeAffinity": {"a": "b"}}}}
    pods = [
        manifest(cron_job_spec("models", ModelReleasesArgs(**{**ARGS, "models": role, **zones}), "scripts", "models"))
        for role in (disk, ARGS["models"])
    ]
    on_disk, on_files = (pod["jobTemplate"]["spec"]["template"]["spec"] for pod in pods)
    (near,) = on_disk["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert near["topologyKey"] == "kubernetes.io/hostname"
    assert near["labelSelector"]["matchLabels"] == application_labels("kotaemon")
    assert on_disk["affinity"]["nodeAffinity"] == {"a": "b"}
    node = {"name": "KS_NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
    assert node in on_disk["containers"][0]["env"]
    assert "podAffinity" not in on_files["affinity"]
    assert node not in on_files["containers"][0]["env"]


def test_one_volume_is_another_folder_on_each_node(pulumi_run: Callable[..., Run]) -> None:
    args = {"namespace": "kotaemon", "path": "/var/lib/kotaemon/models", "size": "40Gi", "node_label": "nvme"}
    run = pulumi_run(lambda: {"claim": LocalModelCache("models-cache", args).claim_name})
    volume = run.one("kubernetes:core/v1:PersistentVolume").inputs
    assert volume["spec"]["local"] == {"path": "/var/lib/kotaemon/models"}
    terms = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert terms == [{"matchExpressions": [{"key": "nvme", "operator": "Exists"}]}]
    assert volume["spec"]["claimRef"] == {"namespace": "kotaemon", "name": "models-cache"}
    assert run.outputs["claim"].value == "models-cache"


@pytest.mark.parametrize(("key", "value"), [("path", "models"), ("path", "/"), ("path", "/a/../b"), ("size", "40GB")])
def test_a_cache_that_cannot_be_is_refused(key: str, value: str) -> None:
    args = {"namespace": "kotaemon", "path": "/models", "size": "40Gi"} | {key: value}
    assert any(line.startswith(key) for line in local_cache.check("models-cache", args))  # pyright: ignore


AHEAD = ModelPrefetchArgs(
    namespace="kotaemon",
    models=on(FILES, Role.MODELS),
    cache=ModelCache(kind=ModelCacheKind.LOCAL, limit="40Gi", claim_name="models-cache"),
)


def test_a_pod_on_every_node_copies_as_the_application_would(pulumi_run: Callable[..., Run]) -> None:
    run = pulumi_run(lambda: {"name": ModelPrefetch("ahead", AHEAD).daemon_set})
    made = run.one("kubernetes:apps/v1:DaemonSet").inputs
    assert made["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}
    assert made["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": "25%"}
    pod = made["spec"]["template"]["spec"]
    (fill,) = pod["initContainers"]
    assert fill["name"] == "fill-models"
    assert {v["name"] for v in pod["volumes"]} == {"runtime", "shared", "models-cache", "tmp"}
    shared = next(v for v in pod["volumes"] if v["name"] == "shared")
    assert shared["persistentVolumeClaim"] == {"claimName": FILES["name"], "readOnly": True}
    assert run.one("kubernetes:networking.k8s.io/v1:NetworkPolicy").inputs["spec"]["egress"] == []
    assert run.outputs["name"].value == "ahead"
    scripts = run.one("kubernetes:core/v1:ConfigMap").inputs["data"]
    assert "ks_models_start.py" in scripts


def test_the_nodes_are_those_of_the_application_that_have_the_folder() -> None:
    args = ModelPrefetchArgs(**AHEAD, node_label="nvme", cluster_imposes={"node_selector": {"a": "b"}})
    pod = manifest(daemon_set_spec("ahead", args, "scripts"))["template"]["spec"]
    assert "nvme" in str(pod["affinity"]["nodeAffinity"])
    assert pod["nodeSelector"] == {"a": "b"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"models": on(DISK, Role.MODELS)}, "give the role models a claim that many nodes mount"),
        ({"cache": ModelCache(kind=ModelCacheKind.EPHEMERAL, limit="1Gi")}, "only kind local can"),
        ({"cache": ModelCache(kind=ModelCacheKind.LOCAL, limit="1Gi")}, "cache.claim_name: missing"),
    ],
)
def test_what_cannot_be_copied_ahead_is_refused(change: Any, words: str) -> None:
    assert any(words in line for line in prefetch.check("ahead", ModelPrefetchArgs(**{**AHEAD, **change})))


def test_the_release_may_name_the_version_of_the_nodes(pulumi_run: Callable[..., Run]) -> None:
    args = ModelReleasesArgs(**ARGS, prefetch="ahead")
    run = pulumi_run(lambda: {"record": ModelReleases("models", args).record})
    rules = run.one("kubernetes:rbac.authorization.k8s.io/v1:Role").inputs["rules"]
    wanted = {"apiGroups": ["apps"], "resources": ["daemonsets"], "resourceNames": ["ahead"], "verbs": ["get", "patch"]}
    assert rules[-1] == wanted
    assert releases.variables("models", args)["KS_PREFETCH"] == "ahead"
