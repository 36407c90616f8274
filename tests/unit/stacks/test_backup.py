"""What protects each claim of a stack file, what the guard says of the rest, and what is made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plan import collect
from plan.recorder import Echo, Run
from stacks import backup, kinds
from stacks.settings.load import SettingsError
from stacks.stores.servers import backup_clients
from tests.unit.stacks.test_monitoring import read

URL = "s3:https://s3.example.com/backups/kotaemon"
TO = {"url": URL, "secretName": "bucket"}
PAGE = Path(__file__).parents[3] / "docs/backups.md"


def made(folder: Path, stack: str, **section: Any) -> Any:
    return collect.make(read(folder, stack, **({"backup": section} if section else {})))


def names(plan: Any) -> set[str]:
    return {f"{r.type.rpartition(':')[2]} {r.name}" for r in plan.resources}


def findings(plan: Any) -> dict[str, str]:
    return {v.claim: v.role for v in plan.guard if v.rule == "no-backup"}


def test_a_claim_without_a_backup_is_a_finding_until_something_protects_it(tmp_path: Path) -> None:
    assert set(findings(made(tmp_path, "private-scaled"))) == {"files"}
    assert findings(made(tmp_path, "private-scaled", to=TO)) == {}
    elsewhere = read(tmp_path, "private-scaled", overrides={"no-backup": "the array's own snapshots"})
    assert [v.overridden for v in collect.make(elsewhere).guard if v.rule == "no-backup"] == [
        "the array's own snapshots"
    ]


def test_what_the_platform_backs_up_is_no_finding(tmp_path: Path) -> None:
    found = findings(made(tmp_path, "aws-single"))
    assert set(found) == {"disk"}, "EFS has AWS Backup, and the disk has nothing"
    with_snapshots = made(tmp_path, "aws-single", snapshots={"snapshotClass": "kept"})
    assert findings(with_snapshots) == {}
    assert "CronJob kotaemon-snapshots-job" in names(with_snapshots)


@pytest.mark.parametrize(
    ("stack", "section"),
    [
        ("private-scaled", {"to": TO}),
        ("aws-single", {"to": TO, "snapshots": {"snapshotClass": "kept", "copyClass": "gone"}}),
    ],
)
def test_no_policy_stops_what_it_makes(tmp_path: Path, stack: str, section: Any) -> None:
    ours = ("kotaemon-backup", "kotaemon-snapshots")
    assert [
        str(found) for found in made(tmp_path, stack, **section).policy if found.stops and found.name.startswith(ours)
    ] == []


def test_the_folder_of_a_repository_is_prepared_where_only_root_writes(tmp_path: Path) -> None:
    settings = read(tmp_path, "private-scaled", backup={"to": {"claim": "second", "folder": "copies"}}).settings
    assert (backup.folders(settings, "second"), backup.folders(settings, "files")) == (["copies"], [])


def test_a_scaled_stack_has_one_run_of_stores_and_files(tmp_path: Path) -> None:
    plan = made(tmp_path, "private-scaled", to=TO)
    assert {"CronJob kotaemon-backup-job", "CronJob kotaemon-backup-drill-job"} <= names(plan)
    settings = read(tmp_path, "private-scaled", backup={"to": TO}).settings
    assert backup_clients(settings) == [
        {"app.kubernetes.io/name": "kotaemon-protection", "app.kubernetes.io/instance": "kotaemon-backup"}
    ]


def test_bundled_stores_let_the_backup_in(tmp_path: Path, pulumi_run: Callable[..., Run]) -> None:
    file = read(tmp_path, "private-scaled", backup={"to": TO})
    run = pulumi_run(file.program, config=file.config, preview=True, secret_keys=file.secret_keys)
    policies = {
        p.inputs["metadata"]["name"]: str(p.inputs["spec"].get("ingress"))
        for p in run.of("kubernetes:networking.k8s.io/v1:NetworkPolicy")
    }
    for store in ("kotaemon-database", "kotaemon-vectors"):
        assert "kotaemon-protection" in policies[store], store


def pods_of(pulumi_run: Callable[..., Run], file: Any) -> dict[str, Any]:
    """Name of each CronJob -> `spec` of its pod."""
    run = pulumi_run(file.program, config=file.config, preview=True, secret_keys=file.secret_keys)
    return {
        j.inputs["metadata"]["name"]: j.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        for j in run.of("kubernetes:batch/v1:CronJob")
    }


def test_a_disk_of_one_pod_is_read_from_a_copy_of_its_snapshot(tmp_path: Path, pulumi_run: Callable[..., Run]) -> None:
    file = read(tmp_path, "aws-single", backup={"to": TO, "snapshots": {"snapshotClass": "kept", "copyClass": "gone"}})
    jobs = pods_of(pulumi_run, file)
    claims = {
        v["persistentVolumeClaim"]["claimName"]
        for v in jobs["kotaemon-backup"]["volumes"]
        if "persistentVolumeClaim" in v
    }
    assert "kotaemon-disk-copy" in claims
    assert "kotaemon-disk" not in claims, "the living disk is not mounted"
    env = {v["name"]: v.get("value") for v in jobs["kotaemon-backup"]["containers"][0]["env"]}
    assert env["KS_STILL"] == "1"


def test_a_living_disk_whose_name_ends_like_a_copy_is_no_copy(tmp_path: Path, pulumi_run: Callable[..., Run]) -> None:
    disk = {
        "kind": "storage-class",
        "storageClass": "dev-block",
        "encryptedBy": "simulated",
        "accessMode": "ReadWriteOnce",
    }
    storage = {"claims": {"own-copy": disk}, "classes": {"dev-block": {"standsOn": "disk", "boundTo": "zone"}}}
    file = read(tmp_path, "dev", storage=storage, backup={"to": TO})
    assert findings(collect.make(file)) == {}
    pod = pods_of(pulumi_run, file)["kotaemon-backup"]
    assert "KS_STILL" not in {v["name"] for v in pod["containers"][0]["env"]}
    assert pod["affinity"]["podAffinity"], "it runs beside the application, on the node that has the disk"


def test_the_output_says_where_the_result_of_a_drill_is(tmp_path: Path) -> None:
    settings = read(tmp_path, "private-scaled", backup={"to": TO}).settings
    said = backup.output(settings, Echo())  # pyright: ignore # any value stands for what the cluster says
    assert said["schedules"] == ["kotaemon-backup"]
    assert (said["record"], said["secret"]) == ("kotaemon/kotaemon-backup-drill", "kotaemon/kotaemon-backup")
    assert backup.output(read(tmp_path, "private-scaled").settings, None)["drill"] == {}


def test_the_bucket_of_the_stack_is_the_repository(tmp_path: Path, pulumi_run: Callable[..., Run]) -> None:
    ours = {"name": "acme-kotaemon", "endpoint": "https://minio.example.com:9000", "credentialsSecret": "minio"}
    server = {"cidr": "10.1.2.3/32", "port": 9000}
    to = {"bucket": True, "endpoint": server}
    file = read(tmp_path, "private-scaled", bucket=ours, backup={"to": to})
    run = pulumi_run(file.program, config=file.config, preview=True, secret_keys=file.secret_keys)
    job = next(j for j in run.of("kubernetes:batch/v1:CronJob") if j.inputs["metadata"]["name"] == "kotaemon-backup")
    (container,) = job.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    env = {v["name"]: v.get("value") for v in container["env"]}
    assert env["RESTIC_REPOSITORY"] == "s3:https://minio.example.com:9000/acme-kotaemon/backups/restic"
    assert container["envFrom"] == [{"secretRef": {"name": "minio"}}]
    with pytest.raises(Exception, match="at port 9000"):
        collect.make(read(tmp_path, "private-scaled", bucket=ours, backup={"to": {"bucket": True}}))
    archive = ours | {"exists": True, "archived": ["backups/"]}
    with pytest.raises(Exception, match="the drill reads them back"):
        collect.make(read(tmp_path, "private-scaled", bucket=archive, backup={"to": to}))


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ({}, "kotaemon:backup: give `to`, a repository, or `snapshots`"),
        ({"to": TO, "keep": {"daily": 0}}, "kotaemon:backup.keep.daily: 0 is not allowed"),
        ({"to": TO, "schedule": "99 2 * * *"}, "kotaemon:backup: schedule: '99 2 * * *' is not allowed"),
        ({"to": {"url": "s3://backups"}}, "kotaemon:backup.to.url"),
        ({"to": {}}, "kotaemon:backup.to: give exactly one of bucket: true, url and claim"),
        ({"to": TO, "drill": {"read": "all"}}, "kotaemon:backup.drill: read: 'all' is not allowed"),
        ({"snapshots": {"snapshotClass": "kept", "keep": 0}}, "kotaemon:backup.snapshots.keep: 0 is not allowed"),
        ({"to": TO, "retention": 3}, "kotaemon:backup.retention: unknown key"),
    ],
)
def test_mistakes_of_the_section(tmp_path: Path, section: Any, line: str) -> None:
    with pytest.raises(SettingsError) as found:
        _ = read(tmp_path, "private-scaled", backup=section).settings
    assert line in str(found.value), str(found.value)


@pytest.mark.parametrize(
    ("stack", "section", "line"),
    [
        (
            "private-scaled",
            {"to": {"claim": "other"}},
            "kotaemon:backup.to.claim: is 'other', but the claims are: files",
        ),
        ("private-scaled", {"to": {"bucket": True}}, "kotaemon:backup.to.bucket: the stack has none"),
        ("private-scaled", {"to": {"url": URL}}, "kotaemon:backup.to: who may write to the bucket is missing"),
        ("private-scaled", {"to": {"claim": "files"}}, "holds the role indexes, and would be lost with it"),
        ("private-scaled", {"snapshots": {"snapshotClass": "kept"}}, "no claim is a disk"),
    ],
)
def test_mistakes_with_the_rest_of_the_file(tmp_path: Path, stack: str, section: Any, line: str) -> None:
    with pytest.raises(Exception, match="cannot be made") as found:
        made(tmp_path, stack, **section)
    assert line in str(found.value)


def test_the_page_lists_every_kind() -> None:
    text = PAGE.read_text()
    missing = [name for name in kinds.NAMES if f"`{name}`" not in text]
    assert missing == []


def test_a_kind_that_backs_up_says_so_in_the_page() -> None:
    """Whoever adds a backup to a kind writes it into the table of the page."""
    own = {name for name in kinds.NAMES if type(kinds.kind(name)).own_backup is not kinds.Kind.own_backup}
    row = next(line for line in PAGE.read_text().splitlines() if line.startswith("| comes with the storage"))
    assert own == {name for name in kinds.NAMES if f"`{name}`" in row}
