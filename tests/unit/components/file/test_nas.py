"""The NAS file system: encrypted, reachable from the cluster only, kept, backed up, and mounted with the right locks."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.contract import AccessMode, Locks, Medium
from components.file.nas import NasStorage, NasStorageArgs, as_export, mount_options, nas_claim
from components.file.nas_rules import NasEncryption, NasKind, NasProtocol, NasSquash
from components.file.nfs import mount_options as nfs_mount_options
from components.file.preparation import NfsPreparation, NfsPreparationArgs
from plan.recorder import Echo

KEY = "key-hzz6540example"
DOMAIN = "0cd8b4a576-abc12.cn-hangzhou.nas.aliyuncs.com"
FILE_SYSTEM = "alicloud:nas/fileSystem:FileSystem"
GROUP = "alicloud:nas/accessGroup:AccessGroup"
RULE = "alicloud:nas/accessRule:AccessRule"
TARGET = "alicloud:nas/mountTarget:MountTarget"
VAULT = "alicloud:hbr/vault:Vault"
PLAN = "alicloud:hbr/nasBackupPlan:NasBackupPlan"
PV = "kubernetes:core/v1:PersistentVolume"
PVC = "kubernetes:core/v1:PersistentVolumeClaim"


class Cloud(Echo):
    """Knows the domain of a mount target, as NAS does."""

    def new_resource(self, args: Any) -> Any:
        resource_id, outputs = super().new_resource(args)
        return resource_id, outputs | ({"mountTargetDomain": DOMAIN} if args.typ == TARGET else {})


def arguments(**changes: Any) -> NasStorageArgs:
    fixed = {
        "namespace": "kotaemon",
        "cloud_name": "kotaemon-prod",
        "key_id": KEY,
        "zone": "cn-hangzhou-h",
        "vpc_id": "vpc-bp1example",
        "vswitch_id": "vsw-bp1exampleh",
        "client_cidrs": ["10.0.0.0/16"],
    }
    return NasStorageArgs(**{**fixed, **changes})


def made(pulumi_run: Callable[..., Any], **changes: Any) -> Any:
    def program() -> dict[str, Any]:
        storage = NasStorage("files", arguments(**changes))
        return {"server": storage.server, "id": storage.file_system_id}

    return pulumi_run(program, resources=Cloud())


def test_the_claim_is_known_before_anything_is_made() -> None:
    assert nas_claim("files", arguments()) == {
        "name": "files",
        "access_mode": AccessMode.RWX,
        "medium": Medium.FILE,
        "backend": "nas4",
        "size_gib": 100,
        "zones": [],
        "encrypted_by": "KMS, key of your own",
        "locks": Locks.SHARED,
        "fs_group": False,
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("nas4", Locks.SHARED)),
        ({"protocol": NasProtocol.V3}, ("nas3", Locks.NODE_LOCAL)),
        ({"kind": NasKind.EXTREME}, ("nas3", Locks.NODE_LOCAL)),
    ],
)
def test_the_guard_is_told_which_locks_are_real(changes: dict[str, Any], expected: tuple[str, Locks]) -> None:
    claim = nas_claim("files", arguments(**changes))
    assert (claim["backend"], claim["locks"]) == expected


def test_mount_options() -> None:
    both = "hard,proto=tcp,timeo=600,retrans=2,rsize=1048576,wsize=1048576,noatime,noresvport"
    assert ",".join(mount_options(NasProtocol.V4)) == f"vers=4.0,{both}"
    assert ",".join(mount_options(NasProtocol.V3)) == f"vers=3,{both},nolock"


def test_the_file_system(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run, tags={"app": "kotaemon"}, resource_group_id="rg-acfmexample")
    assert run.one(FILE_SYSTEM).inputs == {
        "protocolType": "NFS",
        "fileSystemType": "standard",
        "storageType": "Performance",
        "zoneId": "cn-hangzhou-h",
        "encryptType": 2,
        "kmsKeyId": KEY,
        "recycleBin": {"status": "Enable", "reservedDays": 7},
        "description": "kotaemon-prod-files",
        "resourceGroupId": "rg-acfmexample",
        "tags": {"app": "kotaemon"},
    }
    assert run.outputs["id"].value == "files-file-system-id"
    assert run.outputs["server"].value == DOMAIN


def test_an_extreme_file_system(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run, kind=NasKind.EXTREME, size="1Ti")
    found = run.one(FILE_SYSTEM).inputs
    assert (found["fileSystemType"], found["storageType"], found["capacity"]) == ("extreme", "standard", 1024)
    assert "recycleBin" not in found
    assert run.one(GROUP).inputs["fileSystemType"] == "extreme"
    assert run.one(RULE).inputs["fileSystemType"] == "extreme"
    assert run.one(PV).inputs["spec"]["csi"]["volumeAttributes"] == {"server": DOMAIN, "path": "/share"}


def test_a_key_of_nas_where_there_is_no_other_way(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run, encryption=NasEncryption.NAS_KEY)
    found = run.one(FILE_SYSTEM).inputs
    assert found["encryptType"] == 1
    assert "kmsKeyId" not in found
    assert run.one(VAULT).inputs["kmsKeyId"] == KEY  # backups can be under the own key all the same
    assert nas_claim("files", arguments(encryption=NasEncryption.NAS_KEY))["encrypted_by"] == "a key of NAS"


def test_only_the_cluster_may_mount(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run, client_cidrs=["10.0.0.0/16", "192.168.0.0/20"], squash=NasSquash.ROOT_SQUASH)
    assert run.one(GROUP).inputs == {
        "accessGroupName": "kotaemon-prod-files",
        "accessGroupType": "Vpc",
        "fileSystemType": "standard",
    }
    assert [rule.inputs for rule in run.of(RULE)] == [
        {
            "accessGroupName": "kotaemon-prod-files",
            "fileSystemType": "standard",
            "sourceCidrIp": cidr,
            "rwAccessType": "RDWR",
            "userAccessType": "root_squash",
            "priority": 1,
        }
        for cidr in ("10.0.0.0/16", "192.168.0.0/20")
    ]
    target = run.one(TARGET)
    assert target.inputs == {
        "fileSystemId": "files-file-system-id",
        "accessGroupName": "kotaemon-prod-files",
        "networkType": "Vpc",
        "vpcId": "vpc-bp1example",
        "vswitchId": "vsw-bp1exampleh",
    }
    # A mount that no rule allows yet would hang.
    assert {rule.urn for rule in run.of(RULE)} <= set(target.depends_on)


def test_the_volume_is_mounted_by_the_domain_of_the_mount_target(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run)
    volume, claim = run.one(PV), run.one(PVC)
    assert volume.inputs["metadata"] == {"name": "kotaemon.files"}
    assert volume.inputs["spec"] == {
        "capacity": {"storage": "100Gi"},
        "accessModes": ["ReadWriteMany"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "",
        "volumeMode": "Filesystem",
        "claimRef": {"namespace": "kotaemon", "name": "files"},
        "mountOptions": mount_options(NasProtocol.V4),
        "csi": {
            "driver": "nasplugin.csi.alibabacloud.com",
            "volumeHandle": "kotaemon.files",
            "volumeAttributes": {"server": DOMAIN, "path": "/"},
        },
    }
    assert claim.inputs["spec"]["volumeName"] == "kotaemon.files"
    assert claim.inputs["spec"]["storageClassName"] == ""


def test_destruction_goes_pods_volume_mount_target_file_system(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run)
    assert run.one(FILE_SYSTEM).urn in run.one(TARGET).depends_on
    assert run.one(TARGET).urn in run.one(PV).depends_on
    assert run.one(PV).urn in run.one(PVC).depends_on


def test_a_copy_every_day_under_the_same_key(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run, backup_days=14, tags={"app": "kotaemon"})
    assert run.one(VAULT).inputs == {
        "vaultName": "kotaemon-prod-files",
        "vaultType": "STANDARD",
        "vaultStorageClass": "STANDARD",
        "encryptType": "KMS",
        "kmsKeyId": KEY,
        "description": "Daily copies of a Kotaemon file system",
        "tags": {"app": "kotaemon"},
    }
    assert run.one(PLAN).inputs == {
        "nasBackupPlanName": "kotaemon-prod-files",
        "backupType": "COMPLETE",
        "fileSystemId": "files-file-system-id",
        "vaultId": "files-vault-id",
        "paths": ["/"],
        "retention": "14",
        "schedule": "I|1767290400|P1D",
    }


def test_no_backup_by_choice(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run, backup_days=0)
    assert run.of(VAULT) == run.of(PLAN) == []


@pytest.mark.parametrize("protect", [True, False])
def test_what_holds_data_or_leads_to_it_is_kept(pulumi_run: Callable[..., Any], protect: bool) -> None:
    run = made(pulumi_run, protect=protect)
    for kind in (FILE_SYSTEM, GROUP, RULE, TARGET, VAULT, PLAN, PV, PVC):
        assert (run.one(kind).protect, run.one(kind).retain_on_delete) == (protect, True), kind
    children = [r for r in run.registrations if r.name != "files"]
    assert all([parent.name for parent in run.parents(child)] == ["files"] for child in children)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"client_cidrs": []},
            "NasStorage 'files': client_cidrs: at least one network is needed, or no node can mount",
        ),
        (
            {"client_cidrs": ["0.0.0.0/0"]},
            "NasStorage 'files': client_cidrs '0.0.0.0/0': must be the cluster's private network: stored data is "
            "reachable from it",
        ),
        (
            {"cloud_name": "x" * 60},
            f"NasStorage 'files': cloud_name '{'x' * 60}-files': must have 3 to 64 letters, digits, '-' or '_' and begin "
            "with a letter",
        ),
        (
            {"infrequent_access_days": 30},
            "NasStorage 'files': a lifecycle to Infrequent Access is not available for encrypted file systems, and this "
            "one is always encrypted (NAS FAQ about advanced management features); put cold data into OSS",
        ),
        (
            {"kind": NasKind.EXTREME, "size": "50Gi"},
            "NasStorage 'files': an extreme file system has 100 to 262144 GiB; the claim has 50 GiB",
        ),
    ],
)
def test_wrong_arguments(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        nas_claim("files", arguments(**changes))
    assert str(refused.value) == message


@pytest.mark.parametrize("kind", list(NasKind))
def test_the_preparation_mounts_it_like_the_application(pulumi_run: Callable[..., Any], kind: NasKind) -> None:
    export = as_export("files", arguments(kind=kind), DOMAIN)
    options = nfs_mount_options(export.get("mount_options", []), allow_nolock=export.get("allow_nolock", False))
    protocol = NasProtocol.V3 if kind == NasKind.EXTREME else NasProtocol.V4
    assert set(mount_options(protocol)) <= set(options)
    assert "nconnect=1" in options

    def program() -> None:
        storage = NasStorage("files", arguments(kind=kind))
        args = NfsPreparationArgs(export=as_export("files", arguments(kind=kind), storage.server), folders=["models"])
        NfsPreparation("folders", args)

    run = pulumi_run(program, resources=Cloud())
    assert run.one("kubernetes:batch/v1:Job")
    assert run.one(PV, "folders-volume").inputs["spec"]["nfs"]["server"] == DOMAIN
    assert run.one(TARGET).urn in run.one(PV, "folders-volume").depends_on


def test_nothing_reads_an_unknown(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: {"server": NasStorage("files", arguments()).server}, preview=True)
    assert not run.outputs["server"].known
    assert run.one(PV).unknowns == {"spec"}
