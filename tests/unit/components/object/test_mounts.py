"""The mounts of a bucket: what each volume says to its driver, who may reach the objects, and what is refused."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.ack.rrsa import bucket_document, trust_document
from components.contract import AccessMode, Locks, Medium
from components.object.juicefs import (
    JuicefsStorage,
    JuicefsStorageArgs,
    juicefs_claim,
    option_refused,
)
from components.object.mountpoint import MountpointStorage, MountpointStorageArgs, access_policy, mountpoint_claim
from components.object.ossfs import OssfsStorage, OssfsStorageArgs, ossfs_claim
from components.object.s3_files import (
    S3FilesStorage,
    S3FilesStorageArgs,
    file_system_policy,
    s3_files_claim,
    synchronization_policy,
)
from components.object.s3_files import (
    check as check_s3_files,
)

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
PV, PVC = "kubernetes:core/v1:PersistentVolume", "kubernetes:core/v1:PersistentVolumeClaim"


def mountpoint(**changes: Any) -> MountpointStorageArgs:
    values: dict[str, Any] = {"namespace": "app", "bucket_name": "acme-cold", "region": "eu-central-1"}
    return MountpointStorageArgs(**{**values, **changes})


def ossfs(**changes: Any) -> OssfsStorageArgs:
    values: dict[str, Any] = {"namespace": "app", "bucket_name": "acme-cold", "region": "cn-hangzhou"}
    values |= {"role_name": "shop-cold"}
    return OssfsStorageArgs(**{**values, **changes})


def juicefs(**changes: Any) -> JuicefsStorageArgs:
    values: dict[str, Any] = {"namespace": "app", "secret_name": "jfs"}
    return JuicefsStorageArgs(**{**values, **changes})


def spec(pulumi_run: Callable[..., Any], make: Callable[[], object]) -> dict[str, Any]:
    run = pulumi_run(lambda: make() and None)
    volume, claim = run.one(PV), run.one(PVC)
    for one in (volume, claim):
        assert (one.protect, one.retain_on_delete) == (True, True)
    assert claim.inputs["spec"]["storageClassName"] == volume.inputs["spec"]["storageClassName"] == ""
    assert volume.inputs["spec"]["claimRef"] == {"namespace": "app", "name": "cold"}
    assert volume.inputs["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert "nodeAffinity" not in volume.inputs["spec"]
    return volume.inputs["spec"]


@pytest.mark.parametrize("claim", [mountpoint_claim("cold", mountpoint()), ossfs_claim("cold", ossfs())])
def test_a_mounted_bucket_is_shared_and_has_no_locks(claim: dict[str, Any]) -> None:
    assert claim["medium"] == Medium.OBJECT
    assert claim["backend"] == "object"
    assert claim["access_mode"] == AccessMode.RWX
    assert claim["locks"] == Locks.NONE
    assert claim["zones"] == []
    assert claim["size_gib"] == 1024
    assert claim["fs_group"] is False


def test_mountpoint_says_whose_the_files_are(pulumi_run: Callable[..., Any]) -> None:
    found = spec(pulumi_run, lambda: MountpointStorage("cold", mountpoint(uid=2000, gid=3000)))
    assert found["csi"] == {
        "driver": "s3.csi.aws.com",
        "volumeHandle": "app.cold",
        "volumeAttributes": {"bucketName": "acme-cold", "authenticationSource": "driver"},
    }
    assert found["mountOptions"] == [
        "region eu-central-1",
        "prefix files/",
        "uid=2000",
        "gid=3000",
        "allow-other",
        "file-mode=0640",
        "dir-mode=0750",
        "allow-delete",
        "allow-overwrite",
    ]
    assert found["accessModes"] == ["ReadWriteMany"]


def test_mountpoint_that_only_reads(pulumi_run: Callable[..., Any]) -> None:
    found = spec(pulumi_run, lambda: MountpointStorage("cold", mountpoint(read_only=True)))
    assert found["accessModes"] == ["ReadOnlyMany"]
    assert found["mountOptions"][-1] == "read-only"
    assert not {"allow-delete", "allow-overwrite"} & set(found["mountOptions"])
    actions = [
        action for one in access_policy(mountpoint(read_only=True), KEY)["Statement"] for action in one["Action"]
    ]
    assert "s3:PutObject" not in actions
    assert "kms:GenerateDataKey" not in actions


def test_the_role_of_the_driver_reaches_the_prefix_and_the_key_and_nothing_else(
    pulumi_run: Callable[..., Any],
) -> None:
    args = mountpoint(role_name="driver", key_arn=KEY, prefix="cold/")
    run = pulumi_run(lambda: MountpointStorage("cold", args) and None)
    policy = run.one("aws:iam/rolePolicy:RolePolicy")
    assert (policy.protect, policy.retain_on_delete) == (True, True)
    assert policy.inputs["role"] == "driver"
    assert json.loads(policy.inputs["policy"])["Statement"] == [
        {
            "Sid": "ListThePrefix",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::acme-cold",
            "Condition": {"StringLike": {"s3:prefix": ["cold/", "cold/*"]}},
        },
        {
            "Sid": "ObjectsOfThePrefix",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"],
            "Resource": "arn:aws:s3:::acme-cold/cold/*",
        },
        {
            "Sid": "KeyOfTheBucket",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": KEY,
            "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}},
        },
    ]
    assert len(access_policy(args, "")["Statement"]) == 2, "a bucket without a key of its own needs no right to one"


def test_ossfs_takes_a_role_and_speaks_tls(pulumi_run: Callable[..., Any]) -> None:
    found = spec(pulumi_run, lambda: OssfsStorage("cold", ossfs()))
    assert found["csi"] == {
        "driver": "ossplugin.csi.alibabacloud.com",
        "volumeHandle": "app.cold",
        "volumeAttributes": {
            "bucket": "acme-cold",
            "url": "https://oss-cn-hangzhou-internal.aliyuncs.com",
            "path": "/files",
            "fuseType": "ossfs",
            "authType": "rrsa",
            "roleName": "shop-cold",
            "sigVersion": "v4",
            "region": "cn-hangzhou",
            "otherOpts": "-o uid=1001 -o gid=1001 -o umask=007 -o mp_umask=007 -o allow_other",
        },
    }
    assert "akId" not in json.dumps(found), "no key stands anywhere"


def test_the_role_of_ossfs_trusts_the_pods_that_mount_and_nobody_else(pulumi_run: Callable[..., Any]) -> None:
    issuer, provider = "https://oidc.example.com/c1", "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1"
    args = ossfs(cluster={"oidc_issuer": issuer, "oidc_provider_arn": provider}, key_id="key-hzz1")
    run = pulumi_run(lambda: OssfsStorage("cold", args) and None)
    role = run.one("alicloud:ram/role:Role")
    assert role.inputs["assumeRolePolicyDocument"] == trust_document(issuer, provider, "ack-csi-fuse", "csi-fuse-ossfs")
    document = run.one("alicloud:ram/policy:Policy").inputs["policyDocument"]
    assert document == bucket_document("acme-cold", "files/", read_only=False, key_id="key-hzz1")
    assert json.loads(document)["Statement"][1]["Resource"] == ["acs:kms:*:*:key/key-hzz1"]
    assert all(r.protect and r.retain_on_delete for r in run.registrations if r.type.startswith("alicloud:ram/"))


def test_juicefs_is_a_file_system_with_its_metadata_dumped_every_hour(pulumi_run: Callable[..., Any]) -> None:
    claim = juicefs_claim("cold", juicefs())
    assert (claim["backend"], claim["locks"], claim["medium"]) == ("juicefs", Locks.SHARED, Medium.OBJECT)
    args = juicefs(mount_options=["cache-size=1024"], mount_service_account="jfs-cold")
    found = spec(pulumi_run, lambda: JuicefsStorage("cold", args))
    assert found["csi"] == {
        "driver": "csi.juicefs.com",
        "volumeHandle": "app.cold",
        "fsType": "juicefs",
        "volumeAttributes": {"juicefs/mount-service-account": "jfs-cold"},
        "nodePublishSecretRef": {"name": "jfs", "namespace": "app"},
    }
    assert found["mountOptions"] == ["cache-size=1024", "backup-meta=1h"]
    own = spec(pulumi_run, lambda: JuicefsStorage("cold", juicefs(mount_options=["backup-meta=20m"])))
    assert own["mountOptions"] == ["backup-meta=20m"]


@pytest.mark.parametrize(
    "option",
    [
        "writeback",
        "--writeback",
        "writeback=true",
        "upload-delay=1h",
        "backup-meta=0",
        "--backup-meta 0",
        "backup-meta=",
        "backup-meta=4m59s",  # the mount ends with an error
        "backup-meta=60",  # seconds
        "backup-meta=1 hour",  # JuiceFS takes what it cannot read for 0, and only writes that into its log
        "backup-meta=1w",
        "backup-meta=-1h",
        "read-only,writeback",
    ],
)
def test_options_of_juicefs_that_lose_data(option: str, pulumi_run: Callable[..., Any]) -> None:
    with pytest.raises(pulumi.RunError, match="is not allowed"):
        pulumi_run(lambda: JuicefsStorage("cold", juicefs(mount_options=[option])) and None)


@pytest.mark.parametrize(
    "option",
    [
        "writeback_cache",
        "writeback=false",
        "backup-meta=30m",
        "backup-meta=1h30m",
        "backup-meta=0.5d",
        "cache-size=204800",
    ],
)
def test_options_of_juicefs_that_do_not(option: str) -> None:
    assert option_refused(option) == ""


@pytest.mark.parametrize("prefix", ["files", "/files/", "a/../b/"])
def test_a_prefix_is_a_folder(prefix: str) -> None:
    for make in (
        lambda: mountpoint_claim("cold", mountpoint(prefix=prefix)),
        lambda: ossfs_claim("cold", ossfs(prefix=prefix)),
    ):
        with pytest.raises(pulumi.RunError, match="must be a folder of the bucket"):
            make()


def s3_files(**changes: Any) -> S3FilesStorageArgs:
    values: dict[str, Any] = {
        "namespace": "app",
        "bucket_name": "acme-cold",
        "account": "111122223333",
        "region": "eu-central-1",
        "key_arn": KEY,
        "vpc_id": "vpc-1",
        "subnets": {"eu-central-1a": "subnet-a", "eu-central-1b": "subnet-b"},
        "client_security_groups": {"nodes": "sg-1"},
        "claim_name": "cold",
    }
    return S3FilesStorageArgs(**{**values, **changes})


def test_s3_files_is_judged_as_a_bucket_and_names_itself_to_the_driver(pulumi_run: Callable[..., Any]) -> None:
    claim = s3_files_claim("cold", s3_files())
    assert (claim["backend"], claim["locks"], claim["medium"]) == ("object", Locks.NONE, Medium.OBJECT)
    run = pulumi_run(lambda: S3FilesStorage("kotaemon-cold", s3_files()) and None)
    volume = run.one(PV).inputs["spec"]["csi"]
    assert volume["driver"] == "efs.csi.aws.com"
    assert volume["volumeHandle"].startswith("s3files:")
    assert volume["volumeHandle"].count("::") == 1
    files = run.one("aws:s3/filesFileSystem:FilesFileSystem")
    assert (files.inputs["bucket"], files.inputs["prefix"]) == ("arn:aws:s3:::acme-cold", "files/")
    assert files.inputs["kmsKeyId"] == KEY
    assert (files.protect, files.retain_on_delete) == (True, True)
    point = run.one("aws:s3/filesAccessPoint:FilesAccessPoint").inputs
    assert point["posixUsers"] == [{"uid": 1001, "gid": 1001}]
    [root] = point["rootDirectories"]
    assert root["creationPermissions"] == [{"ownerUid": 1001, "ownerGid": 1001, "permissions": "0770"}]
    targets = [r for r in run.registrations if r.type == "aws:s3/filesMountTarget:FilesMountTarget"]
    assert sorted(t.inputs["subnetId"] for t in targets) == ["subnet-a", "subnet-b"]


def test_s3_files_works_on_the_prefix_alone(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: S3FilesStorage("kotaemon-cold", s3_files(prefix="eval/")) and None)
    policy = json.loads(run.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    assert policy == synchronization_policy(s3_files(prefix="eval/"), "111122223333", KEY)
    found = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert found["ObjectsOfThePrefix"]["Resource"] == "arn:aws:s3:::acme-cold/eval/*"
    assert found["KeyThroughS3"]["Condition"]["StringLike"]["kms:ViaService"] == "s3.eu-central-1.amazonaws.com"
    assert found["OwnRulesOfEventBridge"]["Resource"].startswith(
        "arn:aws:events:eu-central-1:111122223333:rule/DO-NOT-"
    )
    [trust] = json.loads(run.one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}


def test_s3_files_is_mounted_through_its_access_point_and_never_as_root(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: S3FilesStorage("kotaemon-cold", s3_files(mount_role_arn="arn:aws:iam::1:role/n")) and None)
    point = "arn:aws:s3files:eu-central-1:111122223333:file-system/fs-1/access-point/fsap-1"
    assert run.one("aws:s3/filesFileSystemPolicy:FilesFileSystemPolicy").protect
    other, root = file_system_policy(point)["Statement"]
    assert other["Effect"] == root["Effect"] == "Deny"
    assert other["Condition"] == {"ArnNotEquals": {"s3files:AccessPointArn": point}}
    assert (root["Action"], "Condition" in root) == ("s3files:ClientRootAccess", False)
    allowed = file_system_policy(point, "arn:aws:iam::1:role/n")["Statement"][-1]
    assert allowed["Principal"] == {"AWS": "arn:aws:iam::1:role/n"}
    assert allowed["Action"] == ["s3files:ClientMount", "s3files:ClientWrite"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"subnets": {}}, "each zone with pods needs a mount target"),
        ({"subnets": {"us-east-1a": "subnet-x"}}, "is not an availability zone of region eu-central-1"),
        ({"bucket_name": "Acme"}, "3 to 63 lower-case"),
        ({"prefix": "files"}, "must be a folder of the bucket"),
    ],
)
def test_s3_files_nonsense(changes: dict[str, Any], words: str) -> None:
    assert [line for line in check_s3_files("cold", s3_files(**changes)) if words in line]
