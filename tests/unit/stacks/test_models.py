"""The section kotaemon:models of a stack file: what it makes, and what it refuses."""

import re
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.models.names import VERSION_ANNOTATION
from guard.reach import Peer, allows
from plan import collect
from plan.recorder import Run
from plan.stack_file import ROOT
from stacks.safety import RefusedByGuard
from stacks.settings.load import SettingsError
from tests.unit.stacks.test_cold_tier_page import read
from tests.unit.stacks.test_network import APP, STRANGER, changed, policies

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
        ({"version": "metrics.prom"}, "metrics.prom is a file with numbers"),
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


BLOCKS: list[tuple[str, str]] = re.findall(
    r"<!-- (\S+) -->\n```yaml\n(.*?)```", (ROOT / "docs/models.md").read_text(), re.DOTALL
)
"""Stack files of docs/models.md that are whole, each with the example that they change."""
SHARE = {"tlsSecret": "leader-tls", "nats": {"url": "tls://nats.nats.svc:4222", "credentialsSecret": "nats-users"}}
LOCAL = {"kind": "local", "limit": "40Gi", "path": "/var/lib/kotaemon/models", "nodeLabel": "models"}


def on_a_disk(**models: Any) -> Run:
    storage = {
        "claims": {
            "files": {"kind": "nfs", "server": "nfs.example.com", "path": "/srv", "size": "5Gi", "encryptedBy": "x"},
            "weights": {
                "kind": "storage-class",
                "storageClass": "dev-block",
                "size": "99Gi",
                "encryptedBy": "x",
                "accessMode": "ReadWriteOnce",
            },
        },
        "roles": {
            "models": {"claim": "weights"},
            **{role: {"claim": "files"} for role in ("indexes", "uploads", "logs", "eval")},
        },
        "classes": {"dev-block": {"standsOn": "disk", "boundTo": "zone"}},
    }
    return changed("private-scaled", storage=storage, models=models)


def test_a_disk_is_shared_by_a_leader_that_the_release_runs_beside() -> None:
    run = on_a_disk(cache=LOCAL, share=SHARE)
    leader = next(
        r
        for r in run.registrations
        if r.type == DEPLOYMENT and r.inputs["metadata"]["name"] == "kotaemon-models-leader"
    )
    pods = {
        r.inputs["metadata"]["name"]: r.inputs["spec"]["template"]["spec"]
        for r in run.registrations
        if r.type == DEPLOYMENT
    }
    assert "weights" in str(leader.inputs)
    assert "kotaemon-weights" not in str(pods["kotaemon"]["volumes"])
    job = next(r for r in run.registrations if r.type == CRON and r.inputs["metadata"]["name"] == "kotaemon-models")
    near = job.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]["affinity"]["podAffinity"]
    assert "kotaemon-models-leader" in str(near)
    (nodes,) = (r for r in run.registrations if r.type == "kubernetes:apps/v1:DaemonSet")
    assert "models" in str(nodes.inputs["spec"]["template"]["spec"]["affinity"])
    made = policies(run)
    led = Peer(
        "kotaemon",
        {"app.kubernetes.io/name": "kotaemon-models-leader", "app.kubernetes.io/instance": "kotaemon-models-leader"},
    )
    assert allows(made, APP, led, 8443)
    assert not allows(made, STRANGER, led, 8443)


def test_a_disk_without_a_leader_is_refused_with_the_way() -> None:
    with pytest.raises(RefusedByGuard, match=r"kotaemon:models\.share"):
        on_a_disk(cache=LOCAL)


def on_the_writers_disk(**disk: Any) -> Run:
    claims = {
        "files": {"kind": "nfs", "server": "nfs.example.com", "path": "/srv", "size": "5Gi", "encryptedBy": "x"},
        "disk": {"kind": "storage-class", "storageClass": "dev-block", "size": "9Gi", "encryptedBy": "x", **disk},
    }
    roles = {
        **{role: {"claim": "disk"} for role in ("models", "indexes", "sessions")},
        **{role: {"claim": "files"} for role in ("uploads", "logs", "eval")},
    }
    storage = {"claims": claims, "roles": roles, "classes": {"dev-block": {"standsOn": "disk", "boundTo": "zone"}}}
    return changed("dev", storage=storage, models={"cache": {"kind": "ephemeral", "limit": "4Gi"}})


def test_on_the_disk_of_one_writer_the_release_runs_beside_it() -> None:
    run = on_the_writers_disk(accessMode="ReadWriteOnce")
    job = run.one(CRON).inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (near,) = job["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert near["labelSelector"]["matchLabels"].items() <= template(run)["metadata"]["labels"].items()
    with pytest.raises(pulumi.RunError, match="one with the access mode ReadWriteOnce"):
        on_the_writers_disk()


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ({"share": SHARE}, "models.share: needs models.cache"),
        ({"share": SHARE, "cache": {**LOCAL, "prefetch": True}}, "models.cache.prefetch: models.share fills the nodes"),
        (
            {"share": SHARE, "cache": {"kind": "image", "image": "r.example.com/m:1"}},
            "models.share: needs models.cache",
        ),
        (
            {"share": SHARE, "cache": {"kind": "memory", "limit": "4Gi"}},
            "models.share: nats.url: a cache of kind memory",
        ),
        ({"share": {"tlsSecret": "x", "nats": {"url": "nats://n:4222"}}, "cache": LOCAL}, "must be tls://host:port"),
        (
            {"share": {"tlsSecret": "x", "nats": {"url": "tls://n.n.svc:4222"}}, "cache": LOCAL},
            "nats.credentials: give",
        ),
        ({"share": {}, "cache": LOCAL}, "tlsSecret"),
    ],
)
def test_mistakes_in_sharing_name_the_key(models: dict[str, Any], words: str) -> None:
    with pytest.raises((SettingsError, pulumi.RunError)) as refused:
        on_a_disk(**models)
    assert words in str(refused.value)


def test_the_stack_file_of_the_page_is_planned(tmp_path: Path) -> None:
    ((example, block),) = BLOCKS
    run = collect.preview(read(tmp_path, example, yaml.safe_load(block)))
    assert run.one("kotaemon:index:ModelSharing").name == "kotaemon-models-leader"
    assert not [line for line in run.warnings if "cannot reach" in line]
