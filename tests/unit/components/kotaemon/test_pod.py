"""The pod of both profiles."""

import json
from typing import Any

import pytest

from components.contract import Role
from components.kotaemon.application import Application
from components.kotaemon.environment import Secrets
from components.kotaemon.pod import app_pod, startup_seconds
from components.pod.names import SCRATCH_DIR
from components.pod.spec import pod_spec
from guard.pod_security import restricted_violations
from tests.unit.components.kotaemon.samples import DISK, FILES, manifest, on, scaled, single, storage, stores

SECRETS = Secrets("kotaemon-admin", "kotaemon-api-keys", "kotaemon-auth-proxy", "checksum")
BOTH = pytest.mark.parametrize("app", [single(), scaled()], ids=["single-writer", "scaled"])


def pod(app: Application) -> dict[str, Any]:
    return manifest(pod_spec(app_pod(app, SECRETS, "kotaemon-runtime-1")))


def container(app: Application, name: str = "kotaemon") -> dict[str, Any]:
    spec = pod(app)
    return next(c for c in [*spec["initContainers"], *spec["containers"]] if c["name"] == name)


def mounts(of: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {mount["mountPath"]: mount for mount in of["volumeMounts"]}


@BOTH
def test_pod_security_restricted_admits_it(app: Application) -> None:
    assert restricted_violations(pod(app)) == []


def test_the_rules_find_what_restricted_refuses() -> None:
    spec = pod(single())
    spec["securityContext"] = {}
    spec["containers"][0]["securityContext"] = {"capabilities": {"add": ["NET_ADMIN"]}}
    spec["volumes"].append({"name": "node", "hostPath": {"path": "/"}})
    assert restricted_violations(spec) == [
        "node: hostPath",
        "kotaemon: adds ['NET_ADMIN']",
        "node: kind of volume",
        "prepare: may run as root",
        "prepare: seccompProfile",
        "kotaemon: allowPrivilegeEscalation",
        "kotaemon: may run as root",
        "kotaemon: seccompProfile",
        "kotaemon: capabilities",
    ]


@BOTH
def test_nothing_of_the_cluster_is_given_to_it(app: Application) -> None:
    spec = pod(app)
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["serviceAccountName"] == "kotaemon"


@BOTH
def test_every_container_has_a_read_only_image_and_a_memory_limit(app: Application) -> None:
    spec = pod(app)
    for each in [*spec["initContainers"], *spec["containers"]]:
        assert each["securityContext"]["readOnlyRootFilesystem"] is True
        assert "memory" in each["resources"]["limits"]
        assert "cpu" not in each["resources"]["limits"], "a CPU limit would only slow the start"


@BOTH
def test_empty_dirs_are_limited(app: Application) -> None:
    sizes = {v["name"]: v["emptyDir"]["sizeLimit"] for v in pod(app)["volumes"] if "emptyDir" in v}
    assert sizes == {"tmp": "8Gi", "app-data": "64Mi"} | ({"driver": "64Mi"} if app.scaled else {})


def test_roles_are_mounted_by_sub_path_at_their_place_for_ever() -> None:
    got = {
        path: (m["name"], m["subPath"], m["readOnly"])
        for path, m in mounts(container(single())).items()
        if "subPath" in m
    }
    assert got == {
        "/data/models": ("claim-0", "models", False),
        "/data/indexes": ("claim-1", "indexes", False),
        "/data/sessions": ("claim-1", "sessions", False),
        "/data/uploads": ("claim-0", "uploads", False),
        "/data/logs": ("claim-0", "logs", False),
        "/data/eval": ("claim-0", "eval", False),
    }
    claims = {
        v["name"]: v["persistentVolumeClaim"]["claimName"]
        for v in pod(single())["volumes"]
        if "persistentVolumeClaim" in v
    }
    assert claims == {"claim-0": "files", "claim-1": "disk"}


def test_sessions_are_not_mounted_where_they_are_in_a_database() -> None:
    app = scaled(storage=storage(FILES))
    assert "/data/sessions" not in mounts(container(app))


def test_read_only_roles_are_mounted_read_only() -> None:
    app = single(storage=storage() | {Role.MODELS.value: on(FILES, Role.MODELS, read_only=True)})
    assert mounts(container(app))["/data/models"]["readOnly"] is True
    assert mounts(container(app))["/data/eval"]["readOnly"] is False


@BOTH
def test_what_is_written_outside_the_roles_is_a_volume(app: Application) -> None:
    writable = {
        path
        for path, mount in mounts(container(app)).items()
        if not mount.get("readOnly") and not path.startswith("/data/")
    }
    assert writable == {"/tmp", "/app/ktem_app_data"}
    assert SCRATCH_DIR.startswith("/tmp/")


def test_whole_claims_are_mounted_for_the_preparation_only() -> None:
    prepare = container(single(), "prepare")
    assert set(mounts(prepare)) == {"/etc/kotaemon", "/claims/files", "/claims/disk"}
    assert json.loads(prepare["env"][0]["value"]) == {
        "uid": 1001,
        "gid": 1001,
        "claims": [
            {"root": "/claims/files", "folders": ["models", "uploads", "logs", "eval"], "read_only": False},
            {"root": "/claims/disk", "folders": ["indexes", "sessions"], "read_only": False},
        ],
    }


def test_a_claim_of_read_only_roles_is_not_written_by_the_preparation() -> None:
    weights = FILES | {"name": "weights"}
    app = single(storage=storage() | {Role.MODELS.value: on(weights, Role.MODELS, read_only=True)})
    prepare = container(app, "prepare")
    assert mounts(prepare)["/claims/weights"]["readOnly"] is True
    assert json.loads(prepare["env"][0]["value"])["claims"][0] == {
        "root": "/claims/weights",
        "folders": ["models"],
        "read_only": True,
    }


def test_fs_group_only_for_a_claim_that_needs_it() -> None:
    assert pod(single())["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1001,
        "runAsGroup": 1001,
        "fsGroup": 1001,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    nfs_only = pod(single(storage=storage(FILES)))["securityContext"]
    assert "fsGroup" not in nfs_only
    assert "fsGroupChangePolicy" not in nfs_only


def test_another_user() -> None:
    app = single(uid=2000, gid=3000)
    security = pod(app)["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"], security["fsGroup"]) == (2000, 3000, 3000)
    task = json.loads(container(app, "prepare")["env"][0]["value"])
    assert (task["uid"], task["gid"]) == (2000, 3000)


def test_launch_replaces_the_script_that_ignores_sigterm() -> None:
    made = container(single())
    assert made["command"] == ["/app/.venv/bin/python", "/etc/kotaemon/launch.py"]
    assert made["workingDir"] == "/app"


@BOTH
def test_the_grace_is_longer_than_the_stop_and_the_drain(app: Application) -> None:
    env = {variable["name"]: variable.get("value") for variable in container(app)["env"]}
    drain = container(app).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    assert drain == (5 if app.scaled else 0)
    assert (
        pod(app)["terminationGracePeriodSeconds"] > int(env["KS_FINISH_SECONDS"]) + int(env["KS_STOP_SECONDS"]) + drain
    )


@BOTH
def test_probes(app: Application) -> None:
    made = container(app)
    for probe in ("startupProbe", "livenessProbe"):
        assert made[probe]["httpGet"] == {"path": "/app_id", "port": 7860}
    startup, liveness = made["startupProbe"], made["livenessProbe"]
    env = {variable["name"]: variable.get("value") for variable in made["env"]}
    budget = startup["periodSeconds"] * startup["failureThreshold"]
    assert budget == startup_seconds(app)
    assert budget >= int(env["KS_LOCK_WAIT_SECONDS"]) + 300, "a pod that waits for its lock is not broken"
    assert liveness["periodSeconds"] * liveness["failureThreshold"] == 300


def test_single_sign_on_answers_only_at_login() -> None:
    made = container(single(env={"KH_SSO_ENABLED": "true"}))
    assert made["livenessProbe"]["httpGet"]["path"] == "/login"
    assert made["readinessProbe"]["exec"]["command"][3].endswith("/login")


def test_shared_files_have_to_answer_before_a_pod_gets_requests() -> None:
    """Only the roles on files are touched, but for the logs, which nobody waits for. The kubelet waits longer than the
    probe itself."""
    probe = container(single())["readinessProbe"]
    command = probe["exec"]["command"]
    assert command[2:5] == ["/etc/kotaemon/ks_ready.py", "http://127.0.0.1:7860/app_id", "4"]
    assert set(command[5:]) == {"/data/models", "/data/uploads", "/data/eval"}
    assert probe["timeoutSeconds"] > 2 * int(command[4])
    assert "httpGet" not in probe


def test_a_pod_with_disks_alone_is_asked_as_ever() -> None:
    made = container(single(storage=storage(databases=DISK, shared=DISK)))
    assert made["readinessProbe"]["httpGet"] == {"path": "/app_id", "port": 7860}


def test_log_files_alone_on_shared_storage_keep_no_pod_from_requests() -> None:
    mounts = storage(databases=DISK, shared=DISK) | {"logs": on(FILES, Role.LOGS)}
    made = container(single(storage=mounts))
    assert made["readinessProbe"]["httpGet"] == {"path": "/app_id", "port": 7860}


def test_the_port_of_the_numbers_is_named_for_prometheus() -> None:
    ports = container(single(monitors=[{"namespace": "monitoring", "port": 0}]))["ports"]
    assert ports == [{"name": "http", "containerPort": 7860}, {"name": "metrics", "containerPort": 9464}]
    assert container(single())["ports"] == [{"name": "http", "containerPort": 7860}]


@BOTH
def test_a_lost_node_is_left_in_seconds(app: Application) -> None:
    tolerated = {t["key"]: (t["effect"], t["tolerationSeconds"]) for t in pod(app)["tolerations"]}
    assert tolerated == {
        "node.kubernetes.io/not-ready": ("NoExecute", 5),
        "node.kubernetes.io/unreachable": ("NoExecute", 5),
    }


def test_several_pods_are_spread_and_one_is_not() -> None:
    assert "topologySpreadConstraints" not in pod(single())
    spread = pod(scaled())["topologySpreadConstraints"]
    assert [constraint["topologyKey"] for constraint in spread] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    for constraint in spread:
        assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"
        assert constraint["nodeTaintsPolicy"] == "Honor"
        assert constraint["matchLabelKeys"] == ["pod-template-hash"]


def test_init_containers() -> None:
    in_image = stores()
    in_image["database"]["driver"] = "image"
    names = {
        "single": [c["name"] for c in pod(single())["initContainers"]],
        "scaled": [c["name"] for c in pod(scaled())["initContainers"]],
        "scaled, driver in the image": [c["name"] for c in pod(scaled(stores=in_image))["initContainers"]],
    }
    assert names == {
        "single": ["prepare"],
        "scaled": ["prepare", "install-driver", "wait-stores"],
        "scaled, driver in the image": ["prepare", "wait-stores"],
    }


def test_the_driver_is_pinned_by_hash_and_installed_beside_the_image() -> None:
    made = container(scaled(env={"PIP_INDEX_URL": "https://mirror.example.com/simple", "OTHER": "x"}), "install-driver")
    command = " ".join(made["command"])
    assert "--require-hashes --requirement /etc/kotaemon/postgres-driver.txt --target /deps" in command
    assert [variable["name"] for variable in made["env"]] == ["PIP_INDEX_URL"]
    assert not mounts(made)["/deps"].get("readOnly")
    assert mounts(container(scaled()))["/deps"]["readOnly"] is True


def test_waiting_knows_addresses_and_no_secrets() -> None:
    assert container(scaled(), "wait-stores")["env"] == [{"name": "QDRANT_URL", "value": "http://qdrant:6333"}]


def test_resources() -> None:
    assert container(single())["resources"] == {
        "requests": {"cpu": "500m", "memory": "2Gi"},
        "limits": {"memory": "4Gi"},
    }
    given = single(resources={"cpu_request": "2", "memory_request": "4Gi", "memory_limit": "8Gi"})
    assert container(given)["resources"] == {"requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"memory": "8Gi"}}


def test_the_disk_alone_is_enough() -> None:
    app = single(storage=storage(DISK, DISK))
    assert [v["name"] for v in pod(app)["volumes"] if "persistentVolumeClaim" in v] == ["claim-0"]
