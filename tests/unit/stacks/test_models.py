"""The section kotaemon:models of a stack file: what it makes, and what it refuses."""

from typing import Any

import pytest

from components.models.names import VERSION_ANNOTATION
from plan.recorder import Run
from stacks.settings.load import SettingsError
from tests.unit.stacks.test_network import changed

DEPLOYMENT, CRON = "kubernetes:apps/v1:Deployment", "kubernetes:batch/v1:CronJob"


def stack(name: str = "dev", **models: Any) -> Run:
    return changed(name, models=models)


def template(run: Run) -> Any:
    return run.one(DEPLOYMENT).inputs["spec"]["template"]


def test_without_the_section_nothing_of_it_is_made() -> None:
    run = changed("dev")
    assert not [r for r in run.registrations if r.type in (CRON, "kotaemon:index:ModelReleases")]
    assert VERSION_ANNOTATION not in str(template(run))


def test_the_version_of_the_stack_file_is_pulumis() -> None:
    run = stack(version="v3", keep=5, keepDays=14, allowPickle=True, readyMinutes=10, embeddings=["BAAI/bge-m3"])
    assert template(run)["metadata"]["annotations"][VERSION_ANNOTATION] == "v3"
    job = run.one(CRON).inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    env = {v["name"]: v.get("value") for v in job["containers"][0]["env"]}
    assert env["KS_OWNER"] == "stack"
    assert (env["KS_KEEP"], env["KS_KEEP_DAYS"], env["KS_ALLOW_PICKLE"]) == ("5", "14", "1")
    assert (env["KS_READY_SECONDS"], env["KS_EMBEDDINGS"], env["KS_NAMESPACE"]) == ("600", "BAAI/bge-m3", "kotaemon")


def test_without_a_version_the_cluster_decides() -> None:
    run = stack(cache={"kind": "memory", "limit": "2Gi"})
    env = run.one(CRON).inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "KS_OWNER", "value": "cluster"} in env


def test_a_folder_of_the_nodes_gets_its_volume() -> None:
    run = stack(cache={"kind": "local", "limit": "40Gi", "path": "/var/lib/kotaemon/models"})
    (volume,) = (r for r in run.registrations if r.type.endswith(":PersistentVolume") and "local" in r.inputs["spec"])
    assert volume.inputs["spec"]["local"] == {"path": "/var/lib/kotaemon/models"}
    volumes = {v["name"]: v for v in template(run)["spec"]["volumes"]}
    assert volumes["models-cache"]["persistentVolumeClaim"] == {"claimName": "models-cache"}


def test_the_nodes_are_filled_ahead_where_it_is_asked_for() -> None:
    cache = {"kind": "local", "limit": "40Gi", "path": "/var/lib/kotaemon/models", "nodeLabel": "nvme"}
    daemon_set = "kubernetes:apps/v1:DaemonSet"
    assert not [r for r in stack(cache=cache).registrations if r.type == daemon_set]
    run = stack(cache={**cache, "prefetch": True})
    made = run.one(daemon_set).inputs
    volumes = {v["name"]: v for v in made["spec"]["template"]["spec"]["volumes"]}
    assert volumes["models-cache"]["persistentVolumeClaim"] == {"claimName": "models-cache"}
    assert "nvme" in str(made["spec"]["template"]["spec"]["affinity"])
    env = run.one(CRON).inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "KS_PREFETCH", "value": made["metadata"]["name"]} in env


def test_an_image_needs_no_release() -> None:
    run = stack(cache={"kind": "image", "image": "registry.example.com/models:v3"})
    assert not [r for r in run.registrations if r.type == CRON]


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ({"version": "V3"}, "must be lower-case letters"),
        ({"version": "latest"}, "NFS clients cache links"),
        ({"cache": {"kind": "disk"}}, "kotaemon:models"),
        ({"cache": {"kind": "ephemeral"}}, "limit"),
        ({"cache": {"kind": "local", "limit": "4Gi"}}, "needs either path"),
        ({"cache": {"kind": "local", "limit": "4Gi", "claim": "c", "nodeLabel": "x"}}, "models.cache.nodeLabel"),
        ({"cache": {"kind": "local", "limit": "4Gi", "claim": "c", "prefetch": True}}, "models.cache.prefetch"),
        ({"version": "v1", "cache": {"kind": "image", "image": "r.example.com/m:1"}}, "the image is the version"),
        ({"cache": {"kind": "image", "image": "r.example.com/m:latest"}}, "pinned"),
        ({"keep": 0}, "keep"),
    ],
)
def test_mistakes_name_the_key(models: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        stack(**models)
    assert words in str(refused.value)


def test_an_older_kubernetes_has_no_image_volumes() -> None:
    cache = {"kind": "image", "image": "r.example.com/m:1"}
    with pytest.raises(SettingsError, match=r"needs Kubernetes 1\.35"):
        changed("dev", models={"cache": cache}, cluster={"version": "1.34"})
    changed("dev", models={"cache": cache}, cluster={"version": "1.35"})


def test_who_runs_fluid_or_kserve_names_the_claim() -> None:
    """A cached view that another system keeps: the role models on an existing claim, read-only, and no section."""
    claims = {
        "disk": {"kind": "storage-class", "storageClass": "fast", "size": "20Gi"},
        "files": {"kind": "nfs", "server": "nfs.example.com", "path": "/srv", "size": "10Gi"},
        "cached": {"kind": "existing-claim", "claim": "bge-m3", "accessMode": "ReadOnlyMany", "standsOn": "juicefs"},
    }
    roles = {
        "models": {"claim": "cached", "readOnly": True, "subPath": "bge-m3"},
        **{role: {"claim": "files"} for role in ("uploads", "logs", "eval")},
        **{role: {"claim": "disk"} for role in ("indexes", "sessions")},
    }
    run = changed("dev", storage={"claims": claims, "roles": roles, "classes": {"fast": {"standsOn": "disk"}}})
    container = template(run)["spec"]["containers"][0]
    (mount,) = (m for m in container["volumeMounts"] if m["mountPath"] == "/data/models")
    assert mount["readOnly"] is True
    (volume,) = (v for v in template(run)["spec"]["volumes"] if v["name"] == mount["name"])
    assert volume["persistentVolumeClaim"]["claimName"] == "bge-m3"
