"""The components of protection: who may do what, what is mounted, in which order, and what is refused."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.contract import AccessMode, Role
from components.pod.args import Endpoint, SecretKey
from components.protection import backups, names, snapshots
from components.protection.args import (
    BackupRepository,
    BackupsArgs,
    DatabaseSource,
    VectorSource,
    VolumeSnapshotsArgs,
)
from components.protection.backups import Backups
from components.protection.snapshots import VolumeSnapshots
from components.protection.volumes import volume_name
from components.state import postgres, qdrant
from plan.recorder import Run
from stacks.manifests import manifest
from tests.unit.components.kotaemon.samples import DISK, FILES, on

BUCKET = BackupRepository(url="s3:https://s3.example.com/backups/kotaemon", credentials="bucket")
ARGS = BackupsArgs(
    namespace="kotaemon",
    roles={role.value: on(FILES, role) for role in (Role.INDEXES, Role.UPLOADS)},
    repository=BUCKET,
)
SCALED = BackupsArgs(
    **ARGS,
    database=DatabaseSource(
        url=SecretKey(secret_name="db", key="url"), endpoint=Endpoint(cidr="10.0.0.1/32", port=5432)
    ),
    vectors=VectorSource(
        url="http://qdrant:6333",
        api_key=SecretKey(secret_name="vectors", key="api-key"),
        endpoint=Endpoint(cidr="10.0.0.2/32", port=6333),
    ),
)
DISKS = VolumeSnapshotsArgs(namespace="kotaemon", claims=["kotaemon-data"], snapshot_class="kept")


def container(pod: Any, name: str) -> Any:
    return next(one for one in (*pod.get("initContainers", []), *pod["containers"]) if one["name"] == name)


def both(args: BackupsArgs) -> list[Any]:
    return [manifest(spec) for spec in backups.pods("backup", args)][:2]


def test_images_are_those_of_the_stores() -> None:
    assert (names.POSTGRES_IMAGE, names.QDRANT_IMAGE) == (postgres.POSTGRES_IMAGE, qdrant.QDRANT_IMAGE)


def test_the_restic_of_the_tests_is_that_of_the_image() -> None:
    module = (Path(__file__).parents[3] / "programs/go/restic/go.mod").read_text()
    found = re.search(r"^(?:require)?\s*github.com/restic/restic v(\S+)", module, re.MULTILINE)
    assert found
    assert names.RESTIC_IMAGE.endswith(f":{found[1]}")


def test_every_mount_of_a_role_is_read_only_and_the_drill_has_none() -> None:
    for args in (ARGS, SCALED):
        backup, drill = both(args)
        for one in (*backup["initContainers"], *backup["containers"]):
            for mount in one.get("volumeMounts", []):
                assert mount["name"] != f"claim-{FILES['name']}" or mount["readOnly"] is True
        assert [v for v in drill["volumes"] if "persistentVolumeClaim" in v] == []
        assert backup["securityContext"]["runAsUser"] == drill["securityContext"]["runAsUser"] == 1001
        assert backup["automountServiceAccountToken"] is drill["automountServiceAccountToken"] is False


def test_the_order_is_that_of_the_containers() -> None:
    backup, drill = both(SCALED)
    assert [one["name"] for one in backup["initContainers"]] == ["tools", "look", "connection", "database"]
    assert [one["name"] for one in backup["containers"]] == ["backup"]
    assert [one["name"] for one in drill["initContainers"]] == ["tools", "restore", "postgres", "qdrant", "database"]
    assert container(drill, "postgres")["restartPolicy"] == "Always"
    assert "127.0.0.1" in str(container(drill, "postgres")["args"])


def test_the_databases_url_reaches_one_container_and_no_command_line() -> None:
    backup, _ = both(SCALED)
    holders = [one["name"] for one in (*backup["initContainers"], *backup["containers"]) if "'db'" in str(one)]
    assert holders == ["connection"]
    assert "$(" not in str([one["command"] for one in backup["initContainers"]])


def test_the_token_is_the_drills_alone() -> None:
    backup, drill = both(ARGS)
    assert [v["name"] for v in drill["volumes"] if "projected" in v] == ["token"]
    assert [v for v in backup["volumes"] if "projected" in v] == []
    rules = manifest(backups.drill_rules("backup-drill"))
    assert rules == [
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["backup-drill"], "verbs": ["patch"]}
    ]


def test_what_is_made_and_what_is_kept(pulumi_run: Callable[..., Run]) -> None:
    run = pulumi_run(lambda: {"secret": Backups("backup", ARGS).secret})
    secret = run.one("kubernetes:core/v1:Secret")
    assert secret.protect
    assert secret.retain_on_delete
    assert list(secret.ignore_changes) == ["data"]
    jobs = {job.inputs["metadata"]["name"]: job.inputs["spec"] for job in run.of("kubernetes:batch/v1:CronJob")}
    assert set(jobs) == {"backup", "backup-drill", "backup-restore"}
    assert jobs["backup-restore"]["suspend"] is True, "a restore is made by somebody"
    assert {"backup", "backup-drill"} == {name for name, job in jobs.items() if not job.get("suspend")}
    assert all(job["concurrencyPolicy"] == "Forbid" for job in jobs.values())
    assert jobs["backup"]["schedule"] == "45 2 * * *"
    policies = {
        p.inputs["metadata"]["name"]: p.inputs["spec"] for p in run.of("kubernetes:networking.k8s.io/v1:NetworkPolicy")
    }
    assert policies["backup"]["policyTypes"] == ["Ingress", "Egress"]
    assert "6443" not in str(policies["backup"]), "the backup does not talk to the API server"
    assert run.outputs["secret"].value == "backup"


def test_a_disk_of_one_node_is_read_beside_the_application() -> None:
    disk = on(DISK | {"access_mode": AccessMode.RWO}, Role.SESSIONS)
    labels = {"app.kubernetes.io/name": "kotaemon"}
    given: Any = {"affinity": {"nodeAffinity": {"x": 1}}}
    args = BackupsArgs(**{**ARGS, "roles": {"sessions": disk}, "neighbour": labels, "cluster_imposes": given})
    backup, drill = both(args)
    affinity = backup["affinity"]
    (term,) = affinity["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["labelSelector"] == {"matchLabels": labels}
    assert affinity["nodeAffinity"] == {"x": 1}
    assert "podAffinity" not in drill["affinity"], "the drill goes where there is room"


def test_a_restore_makes_the_folders_of_a_new_volume_first_and_no_others() -> None:
    models = on(FILES, Role.MODELS)
    models["read_only"] = True
    roles = {**ARGS["roles"], "models": models, "sessions": on(DISK, Role.SESSIONS)}
    restore = manifest(backups.pods("backup", BackupsArgs(**{**ARGS, "restore_to": roles}))[2])
    assert [one["name"] for one in restore["initContainers"]] == ["prepare", "tools"]
    prepare = container(restore, "prepare")
    (told,) = (json.loads(v["value"]) for v in prepare["env"] if v["name"] == "KS_PREPARE")
    made = {claim["root"]: claim["folders"] for claim in told["claims"]}
    assert sorted(made.values()) == [["indexes", "uploads"], ["sessions"]]
    mounted = {mount["mountPath"] for mount in prepare["volumeMounts"] if "subPath" not in mount}
    assert set(made) <= mounted
    assert "prepare.py" in names.scripts()


def test_a_restore_writes_to_the_claim_and_not_to_its_copy() -> None:
    disk = on(DISK | {"access_mode": AccessMode.RWOP}, Role.SESSIONS)
    copied = {"claim": names.copy_of(disk["claim"]), "sub_path": "sessions", "read_only": True}
    args = BackupsArgs(**{**ARGS, "roles": {"sessions": copied}, "restore_to": {"sessions": disk}, "still": True})
    assert backups.check("backup", args) == []
    restore = manifest(backups.pods("backup", args)[2])
    claims = [v["persistentVolumeClaim"]["claimName"] for v in restore["volumes"] if "persistentVolumeClaim" in v]
    assert claims == [DISK["name"]]
    (container_,) = restore["containers"]
    (mount,) = [m for m in container_["volumeMounts"] if m["mountPath"] == "/data/sessions"]
    assert not mount.get("readOnly")


def test_a_repository_on_another_claim_and_a_drill_on_a_class() -> None:
    other = FILES | {"name": "other"}
    args = BackupsArgs(**{**ARGS, "repository": BackupRepository(claim=other), "scratch_class": "fast"})
    assert backups.check("backup", args) == []
    _, drill = both(args)
    assert {"name": "repository", "persistentVolumeClaim": {"claimName": "other"}} in drill["volumes"]
    (scratch,) = [v for v in drill["volumes"] if v["name"] == "scratch"]
    assert scratch["ephemeral"]["volumeClaimTemplate"]["spec"]["storageClassName"] == "fast"
    env = {v["name"]: v.get("value") for v in drill["containers"][0]["env"]}
    assert drill["securityContext"]["fsGroup"] == 1001, "the root of a new disk belongs to root"
    assert env["RESTIC_REPOSITORY"] == "/repository/kotaemon-backup"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"keep": {"daily": 0}}, "keep.daily: 0 is not allowed; it must be 1 or more"),
        ({"schedule": "61 2 * * *"}, "schedule: '61 2 * * *' is not allowed because of '61'"),
        ({"schedule": "nightly"}, "schedule: 'nightly' is not allowed"),
        ({"drill": {"read": "0%"}}, "drill.read: '0%' is not allowed"),
        ({"roles": {}}, "roles: nothing is backed up"),
        ({"repository": BackupRepository()}, "repository: give either url or claim"),
        ({"repository": BackupRepository(url="s3://bucket")}, "repository.url: 's3://bucket' is not allowed"),
        ({"repository": BackupRepository(url="s3:https://a:b@c/d")}, "repository.url: 's3:https://a:b@c/d' is not"),
        ({"repository": BackupRepository(claim=FILES)}, f"repository.claim: {FILES['name']} holds the role indexes"),
        ({"repository": BackupRepository(claim=DISK)}, f"repository.claim: {DISK['name']} is no file claim"),
        ({"scratch_size": "10GB"}, "scratch_size: '10GB' is not allowed"),
        (
            {"roles": {"sessions": on(DISK | {"access_mode": AccessMode.RWOP}, Role.SESSIONS)}},
            "roles.sessions: the claim",
        ),
        (
            {"roles": {"sessions": on(DISK | {"access_mode": AccessMode.RWO}, Role.SESSIONS)}},
            "roles.sessions: the claim",
        ),
    ],
)
def test_what_is_refused(change: Any, line: str) -> None:
    args = BackupsArgs(**{**ARGS, **change})
    assert any(found.startswith(line) for found in backups.check("backup", args)), backups.check("backup", args)
    with pytest.raises(pulumi.RunError):
        Backups("backup", args)


def test_what_is_not_refused() -> None:
    assert backups.check("backup", ARGS) == backups.check("backup", SCALED) == snapshots.check("disks", DISKS) == []


@pytest.mark.parametrize(
    "line",
    [
        "15 2 * * *",
        "*/5 0-6,22 1 jan-mar mon",
        "0 0 * * 7",
        "0 0 1-7/2 * ?",
        "0 0 29 2 *",
        "0 0 31 2,3 *",
        "0 0 31 2 mon",
    ],
)
def test_cron_lines(line: str) -> None:
    assert names.refused_cron(line) == ""


@pytest.mark.parametrize(
    "line",
    [
        "* * * *",
        "@daily",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "*/0 * * * *",
        "5-2 * * * *",
        "0 2 31 2 *",
        "0 2 31 4,6 *",
    ],
)
def test_no_cron_lines(line: str) -> None:
    assert "it must be a cron line of five fields" in names.refused_cron(line)


def test_snapshots_remove_no_claim_but_their_own_copies() -> None:
    with_copies = VolumeSnapshotsArgs(**DISKS, copy_class="deleted")
    rules = manifest(snapshots.rules(with_copies))
    deletes = [rule for rule in rules if "delete" in rule["verbs"]]
    assert [rule.get("resourceNames") for rule in deletes] == [None, ["kotaemon-data-copy"]]
    assert deletes[0]["resources"] == ["volumesnapshots"]
    assert manifest(snapshots.rules(DISKS)) == rules[:1]
    assert manifest(snapshots.cluster_rules(DISKS))[0]["resourceNames"] == ["kept"]


def test_the_pod_of_snapshots_mounts_no_claim(pulumi_run: Callable[..., Run]) -> None:
    run = pulumi_run(lambda: VolumeSnapshots("disks", DISKS) and {})
    (job,) = run.of("kubernetes:batch/v1:CronJob")
    pod = job.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert [v for v in pod["volumes"] if "persistentVolumeClaim" in v] == []
    assert run.one("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole").inputs["metadata"]["name"] == "kotaemon-disks"


@pytest.mark.parametrize("change", [{"keep": 0}, {"claims": []}, {"schedule": "x"}])
def test_snapshots_that_are_refused(change: Any) -> None:
    key = next(iter(change))
    assert [
        line for line in snapshots.check("disks", VolumeSnapshotsArgs(**{**DISKS, **change})) if line.startswith(key)
    ]


def test_the_volumes_of_claims_with_long_names_differ() -> None:
    long = "kotaemon-" + "x" * 80
    found = {volume_name(claim) for claim in (f"{long}-a", f"{long}-b", "a.b", "a-b")}
    assert len(found) == 4
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name) for name in found)
    assert "claim-a-b" in found
