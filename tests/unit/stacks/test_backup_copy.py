"""The section `kotaemon:backupCopy`: what is made in the other region or account, what is refused, what a change does."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from plan import collect
from plan.recorder import Registration
from plan.stack_file import ROOT, StackFile
from stacks import backup_copy, changes, existing
from stacks.settings.load import SettingsError
from tests.unit.stacks.test_memory import changed, refused

UNKNOWN = "known at up"
HERE, THERE, ACCOUNT = "eu-central-1", "eu-west-1", "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/kotaemon-copies"
BUCKET = {"bucket": {"name": "acme-cold", "versionDays": 60}}
AWS = {**BUCKET, "backupCopy": {"region": THERE, "bucket": "acme-cold-copy", "days": 90}}
ALICLOUD = {
    **BUCKET,
    "backupCopy": {"region": "cn-shanghai", "bucket": "acme-cold-copy", "key": "key-hzz6540example", "days": 90},
}


def made(file: StackFile) -> dict[str, Registration]:
    """Everything with a name that begins with `copy`, or has it in the middle, by name."""
    return {r.name: r for r in collect.preview(file).registrations if r.custom and "copy-" in r.name}


def of(found: dict[str, Registration], type_: str) -> dict[str, dict[str, Any]]:
    return {name: r.inputs for name, r in found.items() if r.type == type_}


def provider(one: Registration) -> str:
    return one.provider.split("::")[-2] if one.provider else ""


def said(folder: Path, example: str, change: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as told:
        changed(folder, example, change)
    return list(told.value.errors)


def test_aws_copies_the_bucket_and_the_backups_into_another_region(tmp_path: Path) -> None:
    found = made(changed(tmp_path, "aws-single", AWS))
    there = {name for name, one in found.items() if provider(one) == "copy"}
    assert {"copy-bucket", "copy-versioning", "copy-policy", "copy-key", "copy-target-vault"} <= there
    assert {"copy-source-vault", "copy-plan-plan", "copy-replication-rule", "copy-replication-role"} & there == set()
    [rule] = of(found, "aws:s3/bucketReplicationConfig:BucketReplicationConfig").values()
    assert rule["bucket"] == "acme-cold"
    [one] = rule["rules"]
    assert one["deleteMarkerReplication"] == {"status": "Enabled"}
    assert one["sourceSelectionCriteria"] == {"sseKmsEncryptedObjects": {"status": "Enabled"}}
    assert one["destination"]["bucket"] == "arn:aws:s3:::acme-cold-copy"
    assert set(one["destination"]) == {"bucket", "encryptionConfiguration"}
    [plan] = of(found, "aws:backup/plan:Plan").values()
    [daily] = plan["rules"]
    assert [action["lifecycle"] for action in daily["copyActions"]] == [{"deleteAfter": 90}]
    selected = of(found, "aws:backup/selection:Selection")
    [files] = selected["copy-plan-storage"]["resources"]
    assert re.match(f"arn:aws:elasticfilesystem:{HERE}:.*:file-system/|known at up", files)
    tags = selected["copy-plan-disks"]["conditions"][0]["stringEquals"]
    assert {tag["key"]: tag["value"] for tag in tags} == {
        "aws:ResourceTag/app": "kotaemon",
        "aws:ResourceTag/stack": "aws-single",
    }
    kept = [r for r in found.values() if r.type != "aws:kms/alias:Alias"]
    assert all(r.protect and r.retain_on_delete for r in kept), "what holds or makes copies stays"


def test_the_roles_of_the_copies_have_the_boundary_of_the_stack(tmp_path: Path) -> None:
    boundary = "arn:aws:iam::111122223333:policy/boundary"
    roles = of(made(changed(tmp_path, "aws-single", {**AWS, "aws.permissionsBoundary": boundary})), "aws:iam/role:Role")
    assert {name: role.get("permissionsBoundary") for name, role in roles.items()} == {
        "copy-plan-role": boundary,
        "copy-replication-role": boundary,
    }


def test_a_bucket_of_copies_has_the_versions_and_the_lifecycle_of_the_first(tmp_path: Path) -> None:
    found = {r.name: r.inputs for r in collect.preview(changed(tmp_path, "aws-single", AWS)).registrations}
    assert found["copy-lifecycle"]["rules"] == found["bucket-lifecycle"]["rules"]
    assert "60" in json.dumps(found["copy-lifecycle"]["rules"])


def test_another_account_gets_the_copies_as_its_own(tmp_path: Path) -> None:
    change = {**AWS, "backupCopy": {**AWS["backupCopy"], "role": ROLE}}
    file = changed(tmp_path, "aws-single", change)
    registered = collect.preview(file).registrations
    every = {r.name: r for r in registered if r.custom}
    [assumed] = [r.inputs for r in registered if r.type == "pulumi:providers:aws" and r.name == "copy"]
    assert json.loads(assumed["assumeRoles"]) == [{"roleArn": ROLE}]
    assert json.loads(assumed["allowedAccountIds"]) == [ACCOUNT]
    [rule] = every["copy-replication-rule"].inputs["rules"]
    assert rule["destination"]["account"] == ACCOUNT
    assert rule["destination"]["accessControlTranslation"] == {"owner": "Destination"}


def test_the_vault_of_the_copies_is_locked_where_that_is_asked_for(tmp_path: Path) -> None:
    lock = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
    assert of(made(changed(tmp_path, "aws-single", AWS)), lock) == {}
    locked = {**AWS, "backupCopy": {**AWS["backupCopy"], "lock": True}}
    found = made(changed(tmp_path, "aws-single", locked))
    assert list(of(found, lock)) == ["copy-target-lock"]
    assert provider(found["copy-target-lock"]) == "copy"
    (error,) = said(tmp_path, "alicloud-single", {**ALICLOUD, "backupCopy": {**ALICLOUD["backupCopy"], "lock": True}})
    assert error == "kotaemon:backupCopy.lock: is for vaults of AWS Backup; leave it out"


@pytest.mark.parametrize(
    ("example", "change", "endpoint"),
    [
        ("aws-single", AWS, {"aws:endpoints": [{"efs": "https://efs.vpce.eu-central-1.example.com"}]}),
        ("alicloud-single", ALICLOUD, {"alicloud:endpoints": [{"nas": "nas-vpc.cn-hangzhou.aliyuncs.com"}]}),
    ],
)
def test_addresses_of_services_of_one_region_are_not_those_of_another(
    tmp_path: Path, example: str, change: dict[str, Any], endpoint: dict[str, Any]
) -> None:
    """Found by reading as a stranger: requests for the copies went to the services of the stack's own region."""
    file = changed(tmp_path, example, change)
    file = replace(file, config={**file.config, **{key: json.dumps(value) for key, value in endpoint.items()}})
    providers = {r.name: r.inputs for r in collect.preview(file).registrations if r.type.startswith("pulumi:providers")}
    cloud = example.partition("-")[0]
    assert "endpoints" in providers[cloud]
    assert "endpoints" not in providers["copy"]


DISK = {"zone": "cn-hangzhou-h", "size": "40Gi"}
BOTH = ("models", "uploads", "logs", "eval")
DISKS: dict[str, dict[str, Any]] = {
    "ecs-disk": {"storage.claims.disk": {"kind": "ecs-disk", **DISK}},
    "nfs-on-disk": {
        "storage.claims.served": {"kind": "nfs-on-disk", "clients": ["10.0.0.0/16"], **DISK},
        "storage.roles": {role: {"claim": "served" if role == "eval" else "files"} for role in BOTH},
    },
}


@pytest.mark.parametrize("kind", DISKS)
def test_alibaba_cloud_copies_bucket_snapshots_and_vaults(kind: str, tmp_path: Path) -> None:
    change = {**ALICLOUD, **DISKS[kind]}
    found = made(changed(tmp_path, "alicloud-single", change))
    [rule] = of(found, "alicloud:oss/bucketReplication:BucketReplication").values()
    assert (rule["action"], rule["destination"]["location"]) == ("PUT", "oss-cn-shanghai")
    assert rule["encryptionConfiguration"] == UNKNOWN, "the key is read first"
    mirror = found["kotaemon-files-copy-vault"]
    assert provider(mirror) == "copy"
    assert mirror.inputs["replicationSourceRegionId"] == "cn-hangzhou"
    assert (mirror.inputs["encryptType"], mirror.inputs["kmsKeyId"]) == ("KMS", UNKNOWN)
    every = collect.preview(changed(tmp_path, "alicloud-single", change))
    [policy] = [r.inputs for r in every.registrations if r.type == "alicloud:ecs/autoSnapshotPolicy:AutoSnapshotPolicy"]
    assert policy["enableCrossRegionCopy"] is True
    assert policy["targetCopyRegions"] == ["cn-shanghai"]
    assert policy["copiedSnapshotsRetentionDays"] == 90
    assert policy["copyEncryptionConfiguration"] == {"encrypted": True, "kmsKeyId": UNKNOWN}


@pytest.mark.parametrize("example", ["aws-single", "alicloud-single"])
def test_the_blocks_of_the_page_are_plans(example: str, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "backups.md").read_text()
    [block] = re.findall(rf"<!-- {example} -->\n```yaml\n(.*?)```", page, re.DOTALL)
    config = {key.removeprefix("kotaemon:"): value for key, value in yaml.safe_load(block).items()}
    told = collect.make(changed(tmp_path, example, config))
    assert [line for line in told.cost.lines if line.resource == "copy-bucket"]
    assert not [v for v in told.policy if "copy" in v.model_dump_json()], told.policy


def test_without_the_section_nothing_is_copied(tmp_path: Path) -> None:
    assert made(changed(tmp_path, "aws-single", BUCKET)) == {}
    assert made(changed(tmp_path, "alicloud-single", BUCKET)) == {}


NONSENSE = [
    ("aws-single", {"region": HERE}, "region: 'eu-central-1' is the region of the stack"),
    ("aws-single", {"region": "Frankfurt"}, "must be a region of AWS"),
    ("aws-single", {"region": "cn-north-1"}, "is in partition aws-cn"),
    ("aws-single", {"region": THERE, "role": "arn:aws:iam::4444:role/copies"}, "the 12 digits of its account"),
    ("aws-single", {"region": THERE, "role": "arn:aws:iam::111122223333:role/copies"}, "where the stack itself is"),
    ("aws-single", {"region": THERE, "key": "alias/copies"}, "is an alias"),
    (
        "aws-single",
        {"region": THERE, "key": f"arn:aws:kms:{HERE}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
        "storage in eu-west-1 can only use keys of eu-west-1",
    ),
    (
        "aws-single",
        {"region": THERE, "key": f"arn:aws:kms:{THERE}:999988887777:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
        "is of account 999988887777, and the copies are in account 111122223333",
    ),
    ("aws-single", {"region": THERE, "bucket": "acme-cold"}, "is the bucket itself"),
    ("aws-single", {"region": THERE, "bucket": "Acme_Copy"}, "3 to 63 lower-case letters"),
    ("aws-single", {"region": THERE, "bucket": "copies-s3alias"}, "which Amazon keeps for itself"),
    ("aws-single", {"region": THERE, "days": 0}, "backupCopy.days"),
    ("aws-single", {"region": THERE, "days": -1}, "backupCopy.days"),
    ("aws-single", {"region": THERE, "days": 10**9}, "backupCopy.days"),
    ("alicloud-single", {"region": "cn-hangzhou"}, "is the region of the stack"),
    ("alicloud-single", {"region": "cn-shanghai", "role": ROLE}, "role: is for AWS"),
    ("alicloud-single", {"region": "cn-shanghai", "key": "alias/copies"}, "is an alias"),
    ("private-scaled", {"region": THERE}, "platform private has no regions"),
]


@pytest.mark.parametrize(("example", "section", "words"), NONSENSE)
def test_nonsense_is_refused(example: str, section: dict[str, Any], words: str, tmp_path: Path) -> None:
    bucket = {} if example == "private-scaled" else BUCKET
    account = {"aws.account": "111122223333"} if example == "aws-single" else {}
    told = said(tmp_path, example, {**bucket, **account, "backupCopy": section})
    assert [line for line in told if words in line and "backupCopy" in line], told


def test_a_bucket_of_somebody_else_is_not_copied(tmp_path: Path) -> None:
    change = {"bucket": {"name": "acme-cold", "exists": True}, "backupCopy": AWS["backupCopy"]}
    told = said(tmp_path, "aws-single", change)
    assert [line for line in told if "its versions, without which nothing is copied" in line], told
    told = said(tmp_path, "aws-single", {"backupCopy": AWS["backupCopy"]})
    assert [line for line in told if "add the section bucket" in line], told


def test_what_has_no_copy_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = {
        "aws.autoMode": True,
        "aws.drivers": None,
        "aws.clusterRole": "arn:aws:iam::111122223333:role/cluster",
        "storage.claims.files.backup": False,
        "backupCopy": {"region": THERE},
    }
    file = changed(tmp_path, "aws-single", change)
    assert backup_copy.copied_claims(file.settings) == ["files"]
    warned = "\n".join(collect.make(file).warnings)
    assert "nothing of the role sessions is copied" in warned
    assert "nothing of the role uploads is copied" not in warned


def test_copies_stay_when_the_section_goes_or_changes(tmp_path: Path, pulumi_run: Any) -> None:
    before = collect.make(changed(tmp_path, "aws-single", AWS)).memory
    assert before["known"]["backupCopy"]["protected"]
    assert "backupCopy" in refused(changed(tmp_path, "aws-single", BUCKET), before, pulumi_run)
    other = {**AWS, "backupCopy": {**AWS["backupCopy"], "region": "eu-north-1"}}
    assert "backupCopy" in refused(changed(tmp_path, "aws-single", other), before, pulumi_run)


def test_what_a_change_does(tmp_path: Path) -> None:
    def lines(section: dict[str, Any]) -> dict[str, bool]:
        before, after = (
            collect.make(changed(tmp_path, "aws-single", {**AWS, "backupCopy": {**AWS["backupCopy"], **more}})).facts
            for more in ({}, section)
        )
        return {c.key: c.refused for c in changes.between(before, after)}

    assert lines({"days": 30}) == {"kotaemon:backupCopy.days": False}
    assert lines({"region": "eu-north-1"}) == {"kotaemon:backupCopy.region": True}


def test_everything_kept_can_be_taken_up_again(tmp_path: Path) -> None:
    file = changed(tmp_path, "aws-single", AWS)
    kept = {name: "acme-cold-copy" for name, one in made(file).items() if one.protect}
    _, unknown = existing.lines(file.settings, kept)
    assert unknown == []
