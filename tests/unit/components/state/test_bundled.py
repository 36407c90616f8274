"""PostgreSQL and Qdrant in one pod each: pods, secrets, policies and copies, as the API server would see them."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from components.file.nfs import nfs_claim
from components.pod.names import application_labels
from components.state.backup import BackupArgs
from components.state.postgres import BundledPostgres, BundledPostgresArgs
from components.state.qdrant import BundledQdrant, BundledQdrantArgs
from components.state.stores import PostgresDriver
from components.volumes.existing_class import existing_class_claim
from guard.pod_security import restricted_violations

PulumiRun = Callable[..., Any]
SERVER = "kubernetes:apps/v1:StatefulSet"
CRON = "kubernetes:batch/v1:CronJob"
SECRET = "kubernetes:core/v1:Secret"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
DISK = existing_class_claim("disk", {"namespace": "kotaemon", "storage_class": "fast"})
FILES = nfs_claim("files", {"namespace": "kotaemon", "server": "nfs.example.com", "path": "/srv/nfs"})
BACKUP = BackupArgs(claim=FILES, folder="backup-store")
STORES = {
    "database": (BundledPostgres, BundledPostgresArgs, "postgresql", 5432, 999),
    "vectors": (BundledQdrant, BundledQdrantArgs, "qdrant", 6333, 1000),
}
both = pytest.mark.parametrize("name", list(STORES))


def made(pulumi_run: PulumiRun, name: str, **args: Any) -> Any:
    component, arguments = STORES[name][:2]
    whole = {
        "namespace": "kotaemon",
        "claim": DISK,
        "clients": application_labels("kotaemon"),
        "backup": BACKUP,
        **args,
    }
    whole = {key: value for key, value in whole.items() if value is not None}
    return pulumi_run(lambda: {"store": component(name, arguments(**whole)).store})


def server_pod(run: Any) -> dict[str, Any]:
    return run.one(SERVER).inputs["spec"]["template"]["spec"]


def backup_pod(run: Any) -> dict[str, Any]:
    return run.one(CRON).inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def env(container: dict[str, Any]) -> dict[str, Any]:
    return {e["name"]: e.get("value") or e["valueFrom"]["secretKeyRef"] for e in container["env"]}


@both
def test_every_child_is_ours_and_in_the_namespace(pulumi_run: PulumiRun, name: str) -> None:
    run = made(pulumi_run, name)
    children = [r for r in run.registrations if r.custom]
    assert {parent.name for r in children for parent in run.parents(r)} == {name}
    assert all(r.name.startswith(f"{name}-") for r in children)
    assert {r.inputs["metadata"]["namespace"] for r in children} == {"kotaemon"}


@both
def test_pods_are_restricted_and_write_to_their_volumes_only(pulumi_run: PulumiRun, name: str) -> None:
    run = made(pulumi_run, name)
    for pod in (server_pod(run), backup_pod(run)):
        assert restricted_violations(pod) == []
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["resources"]["limits"]["memory"]
            assert "cpu" not in container["resources"]["limits"]
        assert all("sizeLimit" in v["emptyDir"] for v in pod["volumes"] if "emptyDir" in v)


@both
def test_one_pod_on_the_disk_as_the_images_own_user(pulumi_run: PulumiRun, name: str) -> None:
    run = made(pulumi_run, name)
    spec, uid = run.one(SERVER).inputs["spec"], STORES[name][4]
    assert spec["replicas"] == 1
    assert "volumeClaimTemplates" not in spec
    pod = server_pod(run)
    assert pod["volumes"][0] == {"name": "data", "persistentVolumeClaim": {"claimName": "disk"}}
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": uid,
        "runAsGroup": uid,
        "fsGroup": uid,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert {t["key"]: t["tolerationSeconds"] for t in pod["tolerations"]} == {
        "node.kubernetes.io/not-ready": 5,
        "node.kubernetes.io/unreachable": 5,
    }


@both
def test_the_image_is_pinned(pulumi_run: PulumiRun, name: str) -> None:
    (container,) = server_pod(made(pulumi_run, name))["containers"]
    assert container["image"] in (
        "docker.io/library/postgres:18.6-trixie",
        "docker.io/qdrant/qdrant:v1.18.3-unprivileged",
    )
    (other,) = server_pod(made(pulumi_run, name, image="registry.example.com/mine:1"))["containers"]
    assert other["image"] == "registry.example.com/mine:1"


@both
def test_only_the_application_and_the_copy_reach_it(pulumi_run: PulumiRun, name: str) -> None:
    kind, port = STORES[name][2:4]
    own = {"app.kubernetes.io/name": kind, "app.kubernetes.io/instance": name}
    copy = {"app.kubernetes.io/name": f"{kind}-backup", "app.kubernetes.io/instance": name}
    run = made(pulumi_run, name)
    assert run.one(POLICY, f"{name}-policy").inputs["spec"] == {
        "podSelector": {"matchLabels": own},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "from": [
                    {"podSelector": {"matchLabels": application_labels("kotaemon")}},
                    {"podSelector": {"matchLabels": copy}},
                ],
                "ports": [{"port": port, "protocol": "TCP"}],
            }
        ],
        "egress": [],
    }
    policy = run.one(POLICY, f"{name}-backup-policy").inputs["spec"]
    assert policy["podSelector"] == {"matchLabels": copy}
    assert policy["ingress"] == []
    assert policy["egress"][2:] == [
        {"to": [{"podSelector": {"matchLabels": own}}], "ports": [{"port": port, "protocol": "TCP"}]}
    ]
    assert run.one(CRON).inputs["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"] == copy
    assert run.one(SERVER).inputs["spec"]["template"]["metadata"]["labels"] == own
    alone = made(pulumi_run, name, backup=None).one(POLICY).inputs["spec"]
    assert alone["ingress"][0]["from"] == [{"podSelector": {"matchLabels": application_labels("kotaemon")}}]


@both
def test_a_drain_is_never_blocked(pulumi_run: PulumiRun, name: str) -> None:
    spec = made(pulumi_run, name).one("kubernetes:policy/v1:PodDisruptionBudget").inputs["spec"]
    assert (spec["maxUnavailable"], spec["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")


@both
@pytest.mark.parametrize("protect", [True, False])
def test_generated_secrets_are_secret_and_stay(pulumi_run: PulumiRun, name: str, protect: bool) -> None:
    run = made(pulumi_run, name, protect=protect)
    secret = run.one(SECRET)
    assert (secret.protect, secret.retain_on_delete, secret.ignore_changes) == (protect, True, ("data",))
    assert "data" in secret.secret_keys
    values = [base64.b64decode(value).decode() for value in secret.inputs["data"].values()]
    assert all(len(value) >= 32 for value in values)
    others = str([r.inputs for r in run.registrations if r is not secret]) + str(run.outputs)
    assert [value for value in values if value in others] == []
    again = made(pulumi_run, name).one(SECRET)
    assert set(again.inputs["data"].values()).isdisjoint(secret.inputs["data"].values())


@both
def test_the_nightly_copy(pulumi_run: PulumiRun, name: str) -> None:
    run = made(pulumi_run, name)
    spec, pod = run.one(CRON).inputs["spec"], backup_pod(run)
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("15 2 * * *", "Etc/UTC", "Forbid")
    assert pod["securityContext"]["runAsUser"] == 1001
    assert "fsGroup" not in pod["securityContext"], "a file server refuses the chown"
    (folder,), (copy,) = pod["initContainers"], pod["containers"]
    assert folder["command"][-1] == "folder"
    assert env(folder) == {"BACKUP_DIR": "/claim/backup-store"}
    assert folder["volumeMounts"][-1] == {"name": "claim", "mountPath": "/claim"}
    assert copy["args"] == ["backup"]
    assert copy["command"] == folder["command"][:-1]
    assert env(copy)["KEEP"] == "14"
    assert copy["volumeMounts"][-1] == {"name": "claim", "mountPath": "/backup", "subPath": "backup-store"}
    (scripts,) = [v["configMap"]["name"] for v in pod["volumes"] if v["name"] == "scripts"]
    (files,) = [r for r in run.of("kubernetes:core/v1:ConfigMap") if r.inputs["metadata"]["name"] == scripts]
    assert copy["command"][-1] == f"/etc/kotaemon/{next(iter(files.inputs['data']))}"


@both
def test_the_copy_as_it_is_wished_and_none_at_all(pulumi_run: PulumiRun, name: str) -> None:
    wished = BackupArgs(**{**BACKUP, "schedule": "0 4 * * 0", "keep": 5, "uid": 2000, "gid": 3000})
    run = made(pulumi_run, name, backup=wished)
    assert run.one(CRON).inputs["spec"]["schedule"] == "0 4 * * 0"
    assert env(backup_pod(run)["containers"][0])["KEEP"] == "5"
    security = backup_pod(run)["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"]) == (2000, 3000)
    assert made(pulumi_run, name, backup=None).of(CRON) == []


@both
def test_resources(pulumi_run: PulumiRun, name: str) -> None:
    (usual,) = server_pod(made(pulumi_run, name))["containers"]
    assert usual["resources"] == {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}}
    (more,) = server_pod(made(pulumi_run, name, resources={"memory_limit": "8Gi"}))["containers"]
    assert more["resources"]["limits"] == {"memory": "8Gi"}


def test_postgresql_as_the_application_takes_it(pulumi_run: PulumiRun) -> None:
    run = made(pulumi_run, "database", driver=PostgresDriver.IMAGE)
    assert run.outputs["store"].value == {
        "url": {"secret_name": "database", "key": "url"},
        "endpoint": {
            "pod_labels": {"app.kubernetes.io/name": "postgresql", "app.kubernetes.io/instance": "database"},
            "port": 5432,
        },
        "driver": "image",
    }
    data = {k: base64.b64decode(v).decode() for k, v in run.one(SECRET).inputs["data"].items()}
    assert data["url"] == f"postgresql://kotaemon:{data['password']}@database:5432/kotaemon"
    assert run.one("kubernetes:core/v1:Service").inputs["metadata"]["name"] == "database"


def test_the_postgresql_server(pulumi_run: PulumiRun) -> None:
    (container,) = server_pod(made(pulumi_run, "database"))["containers"]
    assert env(container) == {
        "PGDATA": "/data/postgresql",
        "POSTGRES_USER": "postgres",
        "POSTGRES_INITDB_ARGS": "--auth-host=scram-sha-256",
        "POSTGRES_PASSWORD": {"name": "database", "key": "admin-password"},
        "KOTAEMON_PASSWORD": {"name": "database", "key": "password"},
    }
    mounts = {m["mountPath"] for m in container["volumeMounts"]}
    assert mounts == {"/data", "/tmp", "/var/run/postgresql", "/docker-entrypoint-initdb.d"}
    assert container["readinessProbe"]["exec"]["command"][:4] == ["pg_isready", "-q", "-h", "127.0.0.1"]


def test_pg_dump_is_the_servers_own_and_connects_as_the_application(pulumi_run: PulumiRun) -> None:
    run = made(pulumi_run, "database", image="registry.example.com/postgres:18.7")
    (copy,) = backup_pod(run)["containers"]
    assert copy["image"] == "registry.example.com/postgres:18.7"
    found = env(copy)
    assert (found["PGHOST"], found["PGUSER"], found["PGDATABASE"]) == ("database", "kotaemon", "kotaemon")
    assert found["PGPASSWORD"] == {"name": "database", "key": "password"}


def test_qdrant_as_the_application_takes_it(pulumi_run: PulumiRun) -> None:
    assert made(pulumi_run, "vectors").outputs["store"].value == {
        "kind": "qdrant",
        "url": "http://vectors:6333",
        "api_key": {"secret_name": "vectors", "key": "api-key"},
        "endpoint": {
            "pod_labels": {"app.kubernetes.io/name": "qdrant", "app.kubernetes.io/instance": "vectors"},
            "port": 6333,
        },
    }


def test_the_qdrant_server(pulumi_run: PulumiRun) -> None:
    (container,) = server_pod(made(pulumi_run, "vectors"))["containers"]
    found = env(container)
    assert found.pop("QDRANT__SERVICE__API_KEY") == {"name": "vectors", "key": "api-key"}
    assert found == {
        "QDRANT__STORAGE__STORAGE_PATH": "/data/storage",
        "QDRANT__STORAGE__SNAPSHOTS_PATH": "/data/snapshots",
        "QDRANT__STORAGE__TEMP_PATH": "/data/temporary",
        "QDRANT__TELEMETRY_DISABLED": "true",
        "QDRANT_INIT_FILE_PATH": "/tmp/qdrant-initialized",
    }
    paths = {name: container[name]["httpGet"]["path"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert paths == {"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/livez"}


def test_qdrants_copy_runs_in_the_applications_image(pulumi_run: PulumiRun) -> None:
    (copy,) = backup_pod(made(pulumi_run, "vectors"))["containers"]
    assert copy["image"] == "ghcr.io/cinnamon/kotaemon:0.11.3-lite"
    assert env(copy)["QDRANT_URL"] == "http://vectors:6333"
    (other,) = backup_pod(made(pulumi_run, "vectors", backup_image="registry.example.com/kotaemon:1"))["containers"]
    assert other["image"] == "registry.example.com/kotaemon:1"
