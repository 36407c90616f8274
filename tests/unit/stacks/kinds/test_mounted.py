"""Claims on a bucket in a stack file: what the stack makes of them, and which roles and rules the guard refuses."""

from pathlib import Path
from typing import Any

import pytest

from plan import collect
from stacks.safety import RefusedByGuard
from stacks.settings.load import SettingsError
from tests.unit.stacks.test_memory import changed

COLD = {"storage.claims.cold": {"kind": "mountpoint-s3"}, "storage.roles.eval": {"claim": "cold"}}
AWS = {**COLD, "bucket": {"name": "acme-cold"}}
OSS = {
    "storage.claims.cold": {"kind": "ossfs", "roleName": "cold"},
    "storage.roles.eval": {"claim": "cold"},
    "bucket": {"name": "acme-cold"},
}
FILES = {**AWS, "storage.claims.cold": {"kind": "s3-files"}}
INSTALLED = {"aws.cluster": "prod", "aws.drivers.s3": {"mode": "install"}}


def said(folder: Path, example: str, change: dict[str, Any]) -> str:
    with pytest.raises(SettingsError) as told:
        changed(folder, example, change)
    return "\n".join(told.value.errors)


@pytest.mark.parametrize(
    ("example", "change", "driver"),
    [
        ("aws-single", AWS, "s3.csi.aws.com"),
        ("aws-scaled", AWS, "s3.csi.aws.com"),
        ("aws-single", FILES, "efs.csi.aws.com"),
        ("alicloud-single", OSS, "ossplugin.csi.alibabacloud.com"),
        (
            "private-scaled",
            {
                "storage.claims.cold": {"kind": "juicefs", "secret": "jfs", "metadata": "postgresql"},
                "storage.roles.eval": {"claim": "cold"},
            },
            "csi.juicefs.com",
        ),
    ],
)
def test_the_role_eval_is_on_it(example: str, change: dict[str, Any], driver: str, tmp_path: Path) -> None:
    plan = collect.make(changed(tmp_path, example, change))
    assert plan.storage["eval"].claim == "kotaemon-cold"
    assert plan.storage["eval"].medium == "object"
    assert [r for r in plan.resources if r.name == "kotaemon-cold-volume"]
    assert not [verdict for verdict in plan.guard if verdict.role == "eval" and verdict.severity == "refuse"]


def test_an_installed_driver_gets_the_right_to_the_prefix_only(tmp_path: Path) -> None:
    file = changed(tmp_path, "aws-single", {**AWS, **INSTALLED})
    run = collect.preview(file)
    addon = run.one("aws:eks/addon:Addon", "aws-mountpoint-s3-csi-driver-addon-addon")
    assert addon.inputs["podIdentityAssociations"][0]["serviceAccount"] == "s3-csi-driver-sa"
    assert run.one("aws:iam/rolePolicy:RolePolicy", "kotaemon-cold-access")
    attached = [r.inputs.get("policyArn", "") for r in run.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")]
    assert not [arn for arn in attached if "S3" in str(arn)], "no managed policy for every bucket"
    assert not [line for line in run.warnings if "has to have this policy" in line]


def test_for_an_adopted_driver_the_policy_is_told(tmp_path: Path) -> None:
    run = collect.preview(changed(tmp_path, "aws-single", AWS))
    assert run.of("aws:iam/rolePolicy:RolePolicy") == []
    [line] = [line for line in run.warnings if "has to have this policy" in line]
    assert "arn:aws:s3:::acme-cold/files/*" in line


def test_a_bucket_with_another_owners_key(tmp_path: Path) -> None:
    key = "arn:aws:kms:eu-central-1:999988887777:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    section = {"name": "acme-cold", "exists": True, "key": key}
    run = collect.preview(changed(tmp_path, "aws-single", {**AWS, **INSTALLED, "bucket": section}))
    assert key in run.one("aws:iam/rolePolicy:RolePolicy", "kotaemon-cold-access").inputs["policy"]
    wrong = {**section, "key": key.replace("eu-central-1", "eu-west-1")}
    assert "storage in eu-central-1 can only use keys" in said(tmp_path, "aws-single", {**AWS, "bucket": wrong})


@pytest.mark.parametrize(
    ("role", "rule"),
    [
        ("models", "hf-cache-on-object"),
        ("uploads", "uploads-on-object"),
        ("logs", "log-on-object"),
        ("indexes", "lancedb-on-object"),
        ("sessions", "sqlite-on-object"),
    ],
)
def test_roles_that_need_more_than_a_bucket_are_refused(role: str, rule: str, tmp_path: Path) -> None:
    file = changed(tmp_path, "aws-single", {**AWS, f"storage.roles.{role}": {"claim": "cold"}})
    with pytest.raises(RefusedByGuard, match=rule):
        collect.make(file)


def test_without_the_section_bucket_nothing_can_be_mounted(tmp_path: Path) -> None:
    told = said(tmp_path, "aws-single", COLD)
    assert "kotaemon:storage.claims.cold.kind: mountpoint-s3 mounts the stack's bucket; add the section bucket" in told


def test_what_the_lifecycle_archives_cannot_be_mounted(tmp_path: Path) -> None:
    archive = {"backups/": {"afterDays": 90, "storageClass": "DEEP_ARCHIVE"}}
    change = {**AWS, "bucket": {"name": "acme-cold", "lifecycle": archive}}
    collect.make(changed(tmp_path, "aws-single", change))
    below = {**change, "storage.claims.cold": {"kind": "mountpoint-s3", "prefix": "backups/files/"}}
    told = said(tmp_path, "aws-single", below)
    assert "kotaemon:storage.claims.cold.prefix: 'backups/files/' cannot be mounted: the lifecycle" in told
    theirs = {**AWS, "bucket": {"name": "acme-cold", "exists": True, "archived": ["files/old/"]}}
    assert "moves files/old/ to a class" in said(tmp_path, "aws-single", theirs)


def test_a_role_of_the_stacks_own_needs_to_know_the_cluster(tmp_path: Path) -> None:
    change = {**OSS, "storage.claims.cold": {"kind": "ossfs"}}
    assert "roleName: missing; give a RAM role that is there, or" in said(tmp_path, "alicloud-single", change)
    known = {
        **change,
        "alicloud.account": "1234567890123456",
        "alicloud.clusterId": "c" + "0" * 32,
        "alicloud.oidcIssuer": "https://oidc-ack-cn-hangzhou.oss-cn-hangzhou.aliyuncs.com/c1",
    }
    run = collect.preview(changed(tmp_path, "alicloud-single", known))
    assert "ack-rrsa-c0000" in run.one("alicloud:ram/role:Role").inputs["assumeRolePolicyDocument"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"mountOptions": ["writeback"]}, "acknowledges a write before it is in the bucket"),
        ({"metadata": "mysql"}, "metadata"),
        ({"secret": "Not A Secret"}, "secret"),
    ],
)
def test_bad_input_of_juicefs(more: dict[str, Any], message: str, tmp_path: Path) -> None:
    claim = {"kind": "juicefs", "secret": "jfs", "metadata": "postgresql", **more}
    change = {"storage.claims.cold": claim, "storage.roles.eval": {"claim": "cold"}}
    assert message in said(tmp_path, "private-scaled", change)


def test_redis_is_warned_of(tmp_path: Path) -> None:
    claim = {"kind": "juicefs", "secret": "jfs", "metadata": "redis"}
    change = {"storage.claims.cold": claim, "storage.roles.eval": {"claim": "cold"}}
    warned = collect.preview(changed(tmp_path, "private-scaled", change)).warnings
    assert [line for line in warned if "storage.claims.cold.metadata: redis loses acknowledged" in line]


def test_the_role_of_s3_files_has_the_boundary_of_the_stack(tmp_path: Path) -> None:
    boundary = "arn:aws:iam::111122223333:policy/boundary"
    run = collect.preview(changed(tmp_path, "aws-single", {**FILES, "aws.permissionsBoundary": boundary}))
    [role] = run.of("aws:iam/role:Role")
    assert role.inputs["permissionsBoundary"] == boundary


def test_s3_files_lets_the_named_role_mount_or_says_what_it_needs(tmp_path: Path) -> None:
    [line] = [line for line in collect.preview(changed(tmp_path, "aws-single", FILES)).warnings if "mountRole" in line]
    assert "s3files:ClientMount" in line
    named = {"kind": "s3-files", "mountRole": "arn:aws:iam::111122223333:role/efs-csi-node"}
    run = collect.preview(changed(tmp_path, "aws-single", {**FILES, "storage.claims.cold": named}))
    assert not [line for line in run.warnings if "mountRole" in line]
    targets = run.of("aws:s3/filesMountTarget:FilesMountTarget")
    assert len(targets) == len(run.of("aws:efs/mountTarget:MountTarget")) >= 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bucket": {"name": "acme-cold", "exists": True}}, "needs a bucket with versions"),
        ({"bucket": None}, "add the section bucket"),
        ({"aws.cluster": "prod", "aws.drivers.efs": {"mode": "install", "version": "v2.1.15-eksbuild.1"}}, "raise it"),
        ({"storage.claims.cold": {"kind": "s3-files", "mountRole": "efs-csi-node"}}, "must be the ARN of an IAM role"),
        (
            {
                "bucket": {
                    "name": "acme-cold",
                    "lifecycle": {"files/": {"afterDays": 30, "storageClass": "GLACIER"}},
                }
            },
            "is only allowed below backups/",
        ),
        (
            {
                "bucket": {
                    "name": "acme-cold",
                    "lifecycle": {"backups/": {"afterDays": 30, "storageClass": "GLACIER"}},
                },
                "storage.claims.cold": {"kind": "s3-files", "prefix": "backups/old/"},
            },
            "cannot be mounted",
        ),
    ],
)
def test_s3_files_nonsense(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    assert words in said(tmp_path, "aws-single", {**FILES, **change})
