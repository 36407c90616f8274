"""Stack files on StorageClasses: refused, warned of and placed as what the driver of the class makes."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from guard.classes import ClassFacts
from plan import collect, stack_file
from plan.document import Plan
from plan.recorder import Run
from stacks import changes
from stacks import planned as planning
from stacks.classes import Classes
from stacks.cluster_facts import ClusterFacts, FoundClass, Wanted
from stacks.program import settings_of_this_run
from stacks.safety import RefusedByGuard
from stacks.settings import load

RunProgram = Callable[..., Run]
NFS = {"kind": "nfs", "server": "files.example.net", "path": "/x", "encryptedBy": "LUKS"}
INGRESS = {"hostname": "k.example.net", "className": "nginx"}


def on(name: str, **more: Any) -> dict[str, Any]:
    return {"kind": "storage-class", "storageClass": name, "encryptedBy": "LUKS", **more}


def write(folder: Path, claims: dict[str, Any], classes: dict[str, Any], **more: Any) -> stack_file.StackFile:
    ours = {"platform": "private", "storage": {"claims": claims, "classes": classes}, **more}
    path = folder / "Pulumi.x.yaml"
    path.write_text(yaml.safe_dump({"config": {f"kotaemon:{k}": v for k, v in ours.items()}}, sort_keys=False))
    return stack_file.read("x", folder)


def scaled(folder: Path, database: str, vectors: str, classes: dict[str, Any]) -> stack_file.StackFile:
    stores = {
        "database": {"kind": "bundled", "storageClass": database, "encryptedBy": "LUKS"},
        "vectorStore": {"kind": "qdrant-bundled", "storageClass": vectors, "encryptedBy": "LUKS"},
    }
    return write(folder, {"files": NFS}, classes, profile="scaled", replicas=3, stores=stores, ingress=INGRESS)


def of_classes(verdicts: Iterable[Any]) -> list[Any]:
    """Verdicts but those on backups, which these stacks do not have."""
    return [verdict for verdict in verdicts if verdict.rule != "no-backup"]


def rules(plan: Plan) -> list[str]:
    return [verdict.rule for verdict in of_classes(plan.guard)]


def test_databases_on_a_disk_that_follows_its_pod(tmp_path: Path) -> None:
    disk = {"block": {"provisioner": "shop.rbd.csi.ceph.com"}}
    plan = collect.make(write(tmp_path, {"files": NFS, "disk": on("block")}, disk))
    assert rules(plan) == []
    assert "kotaemon: when its node or its zone is lost, it moves to another node" in plan.zones.lines


def test_sqlite_on_a_class_of_nas_is_refused_as_on_kind_nas(tmp_path: Path, pulumi_run: RunProgram) -> None:
    nas = {"cheap": {"provisioner": "nasplugin.csi.alibabacloud.com", "parameters": {"volumeAs": "sharepath"}}}
    file = write(tmp_path, {"disk": on("cheap")}, nas)
    with pytest.raises(RefusedByGuard, match="sqlite-on-node-local-locks, role sessions, claim disk: SQLite on NAS v3"):
        pulumi_run(file.program, stack="x", config=file.config)


@pytest.mark.parametrize("where", ["database", "vectors"])
def test_a_bundled_server_on_files_is_refused(tmp_path: Path, pulumi_run: RunProgram, where: str) -> None:
    known = {"good": {"provisioner": "rbd.csi.ceph.com"}, "bad": {"provisioner": "nfs.csi.k8s.io"}}
    used = {"database": "good", "vectors": "good", where: "bad"}
    file = scaled(tmp_path, used["database"], used["vectors"], known)
    key = {"database": "stores.database: PostgreSQL", "vectors": "stores.vectorStore: Qdrant"}[where]
    with pytest.raises(RefusedByGuard, match=rf"server-on-network: {key} on class bad \(NFS by csi-driver-nfs"):
        pulumi_run(file.program, stack="x", config=file.config)


def test_shared_files_of_a_class_that_exists(tmp_path: Path) -> None:
    known = {"fs": {"provisioner": "shop.cephfs.csi.ceph.com"}}
    claims = {"files": on("fs", accessMode="ReadWriteMany", size="300Gi"), "disk": on("d")}
    plan = collect.make(write(tmp_path, claims, {**known, "d": {"provisioner": "ebs.csi.aws.com"}}))
    assert rules(plan) == []
    assert {role: mount.medium for role, mount in plan.storage.items() if role != "eval"} == {
        "models": "file",
        "indexes": "block",
        "sessions": "block",
        "uploads": "file",
        "logs": "file",
    }
    assert plan.storage["models"].locks == "shared"


def test_an_unknown_class_is_told_and_nothing_is_promised_of_it(tmp_path: Path) -> None:
    plan = collect.make(write(tmp_path, {"files": NFS, "disk": on("gold")}, {}))
    (verdict,) = of_classes(plan.guard)
    assert (verdict.rule, verdict.claim) == ("class-unknown", "disk")
    assert verdict.fix.startswith("kotaemon:storage.classes.gold: provisioner and parameters")
    assert not any("moves" in line for line in plan.zones.lines)
    assert plan.zones.pods[0].not_known == ["kotaemon-disk"]


def test_a_class_on_the_node_ties_the_pod_to_it(tmp_path: Path) -> None:
    plan = collect.make(write(tmp_path, {"disk": on("lvm")}, {"lvm": {"provisioner": "topolvm.io"}}))
    assert rules(plan) == ["node-local-data"]
    assert "kotaemon: when its node is lost, it stays Pending until that node is back" in plan.zones.lines


@pytest.mark.parametrize(
    ("provisioner", "mode"),
    [("rbd.csi.ceph.com", "ReadWriteMany"), ("cluster.local/a-nfs-subdir-external-provisioner", "ReadWriteOncePod")],
)
def test_an_access_mode_that_the_class_does_not_make(
    tmp_path: Path, pulumi_run: RunProgram, provisioner: str, mode: str
) -> None:
    file = write(tmp_path, {"data": on("c", accessMode=mode)}, {"c": {"provisioner": provisioner}})
    with pytest.raises(
        pulumi.RunError, match=rf"kotaemon:storage.claims.data.accessMode: '{mode}' is not allowed: class"
    ):
        pulumi_run(file.program, stack="x", config=file.config)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "give provisioner (with parameters), or standsOn"),
        ({"standsOn": "disk", "parameters": {"a": "b"}}, "parameters and mountOptions go with provisioner"),
        ({"standsOn": "glusterfs"}, "standsOn: 'glusterfs' is not allowed; allowed: disk, node"),
        ({"standsOn": "disk", "boundTo": "rack"}, "boundTo: 'rack' is not allowed; allowed: nothing, zone, node"),
    ],
)
def test_mistakes_in_the_words_about_a_class(tmp_path: Path, said: dict[str, Any], message: str) -> None:
    with pytest.raises(load.SettingsError) as caught:
        write(tmp_path, {"disk": on("c")}, {"c": said})
    assert caught.value.errors[0].removeprefix("kotaemon:storage.classes.c").lstrip(".: ").startswith(message)


def asked(
    pulumi_run: RunProgram, file: stack_file.StackFile, answers: dict[str, FoundClass | None]
) -> planning.Planned:
    """The stack as it is planned when the cluster answers so."""
    found: list[planning.Planned] = []
    names: list[str] = []

    def ask(wanted: Wanted) -> ClusterFacts:
        names.extend(wanted.classes)
        return ClusterFacts(answers)

    pulumi_run(lambda: found.append(planning.planned(settings_of_this_run(), ask)), stack="x", config=file.config)
    assert sorted(names) == sorted(answers), "asked once, for what the stack uses"
    return found[0]


def test_the_cluster_is_asked_before_anything_is_made(tmp_path: Path, pulumi_run: RunProgram) -> None:
    file = scaled(tmp_path, "block", "lvm", {})
    answers = {"block": FoundClass("rbd.csi.ceph.com"), "lvm": FoundClass("topolvm.io")}
    stack = asked(pulumi_run, file, answers)
    assert {verdict.rule for verdict in of_classes(stack.report.verdicts)} == {
        "lancedb-many-writers",
        "node-local-data",
    }
    with pytest.raises(RefusedByGuard, match=r"stores\.database: PostgreSQL on class block"):
        asked(pulumi_run, file, {**answers, "block": FoundClass("efs.csi.aws.com")})


def test_a_class_that_the_cluster_lacks_is_a_mistake(tmp_path: Path, pulumi_run: RunProgram) -> None:
    with pytest.raises(
        pulumi.RunError, match=r"claims\.disk\.storageClass: 'fats' is not a StorageClass of the cluster"
    ):
        asked(pulumi_run, write(tmp_path, {"disk": on("fats")}, {}), {"fats": None})


def test_a_class_of_efs_without_owner_is_told(tmp_path: Path, pulumi_run: RunProgram) -> None:
    """Files belong to an id that the driver takes; of a class without provisioningMode it makes none at all."""
    claims = {"files": on("shared", accessMode="ReadWriteMany"), "disk": on("block")}
    classes = {
        "shared": {"provisioner": "efs.csi.aws.com", "parameters": {"provisioningMode": "efs-ap"}},
        "block": {"provisioner": "ebs.csi.aws.com"},
    }
    run = run_of(pulumi_run, write(tmp_path, claims, classes))
    told = [line for line in run.warnings if "StorageClass shared" in line]
    assert len(told) == 1
    assert "has no uid" in told[0]
    assert "chown fails" in told[0]


def run_of(pulumi_run: RunProgram, file: stack_file.StackFile) -> Run:
    return pulumi_run(file.program, stack="x", preview=True, config=file.config)


LOCAL = {
    "slow": {"provisioner": "rancher.io/local-path"},
    "hetzner": {"provisioner": "csi.hetzner.cloud"},
    "block": {"provisioner": "shop.rbd.csi.ceph.com"},
}


def test_snapshots_of_a_class_without_any_are_told_and_are_no_backup(tmp_path: Path, pulumi_run: RunProgram) -> None:
    backup = {"snapshots": {"snapshotClass": "snap", "copyClass": "block", "encryptedOnly": False}}
    with_none = run_of(pulumi_run, write(tmp_path, {"files": NFS, "disk": on("hetzner")}, LOCAL, backup=backup))
    told = [line for line in with_none.warnings if line.startswith("kotaemon:backup.snapshots")]
    assert len(told) == 1
    assert "no VolumeSnapshot of kotaemon-disk can be made: class hetzner (a volume of Hetzner" in told[0]
    assert [line for line in with_none.warnings if line.startswith("no-backup") and "claim disk" in line]
    with_some = run_of(pulumi_run, write(tmp_path, {"files": NFS, "disk": on("block")}, LOCAL, backup=backup))
    assert not [line for line in with_some.warnings if line.startswith("kotaemon:backup.snapshots")]
    assert not [line for line in with_some.warnings if line.startswith("no-backup") and "claim disk" in line]


@pytest.mark.parametrize(("name", "grows"), [("slow", False), ("block", True), ("unknown", True)])
def test_a_claim_grows_where_its_class_lets_it(name: str, grows: bool, tmp_path: Path) -> None:
    """`unknown`: nothing is known of it, so nothing is refused."""
    plans = [
        collect.make(write(tmp_path, {"files": NFS, "disk": on(name, size=size)}, LOCAL)) for size in ("20Gi", "40Gi")
    ]
    (change,) = [found for found in changes.between(plans[0].facts, plans[1].facts) if found.name == "size"]
    assert change.refused != grows
    if not grows:
        assert "class slow (local-path" in change.row.says
        assert "lets no volume grow" in change.row.says


def test_a_bundled_store_grows_where_its_class_lets_it(tmp_path: Path) -> None:
    plans = [
        collect.make(scaled(tmp_path, "block", "block", LOCAL)).facts,
        collect.make(scaled(tmp_path, "slow", "block", LOCAL)).facts,
    ]
    assert "stiff" not in plans[0]
    assert list(plans[1]["stiff"]) == ["kotaemon-database"]


def test_what_the_object_of_a_class_says_goes_with_its_driver() -> None:
    def facts(**said: bool) -> ClassFacts:
        found = FoundClass("ebs.csi.aws.com", **said)
        return Classes({}, ClusterFacts(classes={"gp": found})).facts("gp")

    assert facts().expands is True
    assert facts().lacks == {}
    assert facts(expands=False).expands is False
    assert "not be able to run" in facts(at_once=True).lacks["WaitForFirstConsumer"]
    everywhere = FoundClass("shop.rbd.csi.ceph.com", at_once=True)
    assert Classes({}, ClusterFacts(classes={"c": everywhere})).facts("c").lacks == {}
