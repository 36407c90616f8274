"""One contract for the storage of every platform: the same typed claim, and the same guarantees.

A row for each component. What a private cluster cannot promise (somebody else runs its server) is None there.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from components.aws import OpenZfsDeployment
from components.block.ebs import EbsStorage, EbsStorageArgs, ebs_claim
from components.block.ebs_volume import EbsVolume, EbsVolumeArgs, ebs_volume_claim
from components.block.ecs_disk import EcsDiskStorage, EcsDiskStorageArgs, ecs_disk_claim
from components.block.essd import EssdStorage, EssdStorageArgs, essd_claim
from components.contract import AccessMode, Claim, Locks, Medium
from components.essd_rules import DiskType
from components.file.efs import EfsStorage, EfsStorageArgs, efs_claim
from components.file.efs_dynamic import EfsDynamicStorage, EfsDynamicStorageArgs, efs_dynamic_claim
from components.file.lustre import LustreStorage, LustreStorageArgs, lustre_claim
from components.file.nas import NasStorage, NasStorageArgs, nas_claim
from components.file.nfs import NfsStorage, NfsStorageArgs, nfs_claim
from components.file.openzfs import OpenZfsStorage, OpenZfsStorageArgs, openzfs_claim
from components.nfs_server.alicloud_instance import NfsOnEssd, NfsOnEssdArgs
from components.nfs_server.aws_instance import NfsOnEbs, NfsOnEbsArgs
from components.nfs_server.exports import NfsExport
from components.nfs_server.on_disk import NfsServing
from components.volumes.existing_class import ExistingClassClaim, ExistingClassClaimArgs, existing_class_claim
from plan.recorder import Echo, Registration, Run

PV = "kubernetes:core/v1:PersistentVolume"
PVC = "kubernetes:core/v1:PersistentVolumeClaim"
CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
SNAPSHOTS = "kubernetes:snapshot.storage.k8s.io/v1:VolumeSnapshotClass"
NETWORK = "10.0.0.0/16"
GROUP = "sg-0000000a"
TAGS = {"cost": "rag"}

ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
AWS_ZONES = ["eu-central-1a", "eu-central-1b"]
AWS: dict[str, Any] = {
    "namespace": "kotaemon",
    "key_arn": ARN,
    "region": "eu-central-1",
    "vpc_id": "vpc-00000001",
    "client_security_groups": {"nodes": GROUP},
    "tags": TAGS,
}
SUBNETS = {"subnets": {"eu-central-1a": "subnet-0000000a", "eu-central-1b": "subnet-0000000b"}}

KEY_ID = "key-hzz6540example"
ALI_ZONES = ["cn-hangzhou-h", "cn-hangzhou-i"]
ALI: dict[str, Any] = {"namespace": "kotaemon", "key_id": KEY_ID, "tags": TAGS}
NAS: dict[str, Any] = {
    "cloud_name": "kotaemon-prod",
    "zone": "cn-hangzhou-h",
    "vpc_id": "vpc-bp1example",
    "vswitch_id": "vsw-bp1example",
    "client_cidrs": [NETWORK],
}


def only(args: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: args[name] for name in names}


@dataclass(frozen=True)
class Row:
    """A component of a platform."""

    name: str
    make: Callable[[], Any]
    planned: Callable[[], Claim]
    medium: Medium
    key: str | None = None
    """The customer's key."""
    place: list[str] | None = None
    """Zones, subnets or vSwitches that the storage itself has to be in; None: a disk that is in no zone."""
    backed_up: str | None = None
    """Type of the resource by which there are copies."""


def private(name: str, component: Any, args: Any, plan: Any, medium: Medium) -> Row:
    return Row(name, lambda: component("data", args), lambda: plan("data", args), medium)


def aws(name: str, component: Any, args: Any, plan: Any, medium: Medium, place: list[str], backed_up: str) -> Row:
    return Row(name, lambda: component("data", args), lambda: plan("data", args), medium, ARN, place, backed_up)


def alicloud(
    name: str, component: Any, args: Any, plan: Any, medium: Medium, place: list[str] | None, backed_up: str
) -> Row:
    return Row(name, lambda: component("data", args), lambda: plan("data", args), medium, KEY_ID, place, backed_up)


BLOCK, FILE = Medium.BLOCK, Medium.FILE
ZFS: dict[str, Any] = {**AWS, **SUBNETS, "client_networks": [NETWORK]}
EXPORT = NfsExport(path="/srv/nfs/kotaemon", clients=[NETWORK], folders=[])


def on_it(server: Any) -> NfsStorageArgs:
    """The claim on a server whose disk has our key."""
    return NfsStorageArgs(namespace="kotaemon", server=server, path=EXPORT["path"], encrypted_by="KMS, key of your own")


def served(name: str, args: Any) -> NfsStorage:
    """The server on AWS and the claim on it, as the kind makes them."""
    return NfsStorage(name, on_it(NfsOnEbs(name, args).address))


def served_by_ecs(name: str, args: Any) -> NfsStorage:
    """The same on Alibaba Cloud."""
    return NfsStorage(name, on_it(NfsOnEssd(name, args).address))


def served_claim(name: str, args: Any) -> Claim:
    return nfs_claim(name, on_it(""))


ROWS = [
    private(
        "private-nfs",
        NfsStorage,
        NfsStorageArgs(namespace="kotaemon", server="nfs.example.com", path="/srv/nfs"),
        nfs_claim,
        FILE,
    ),
    private(
        "private-class",
        ExistingClassClaim,
        ExistingClassClaimArgs(namespace="kotaemon", storage_class="fast"),
        existing_class_claim,
        BLOCK,
    ),
    aws(
        "aws-ebs",
        EbsStorage,
        EbsStorageArgs(**only(AWS, "namespace", "key_arn", "tags"), zones=AWS_ZONES, snapshot_class=True),
        ebs_claim,
        BLOCK,
        AWS_ZONES,
        SNAPSHOTS,
    ),
    aws(
        "aws-ebs-volume",
        EbsVolume,
        EbsVolumeArgs(**only(AWS, "namespace", "key_arn", "tags", "region"), zone="eu-central-1b"),
        ebs_volume_claim,
        BLOCK,
        ["eu-central-1b"],
        "aws:ebs/volume:Volume",  # its final snapshot; schedules are made over all disks with the tag
    ),
    aws(
        "aws-efs",
        EfsStorage,
        EfsStorageArgs(**AWS, **SUBNETS),
        efs_claim,
        FILE,
        list(SUBNETS["subnets"].values()),
        "aws:efs/backupPolicy:BackupPolicy",
    ),
    aws(
        "aws-efs-dynamic",
        EfsDynamicStorage,
        EfsDynamicStorageArgs(**AWS, **SUBNETS),
        efs_dynamic_claim,
        FILE,
        list(SUBNETS["subnets"].values()),
        "aws:efs/backupPolicy:BackupPolicy",
    ),
    aws(
        "aws-openzfs",
        OpenZfsStorage,
        OpenZfsStorageArgs(**ZFS, deployment=OpenZfsDeployment.MULTI_AZ_1, throughput=160),
        openzfs_claim,
        FILE,
        list(SUBNETS["subnets"].values()),
        "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
    ),
    aws(
        "aws-nfs-on-disk",
        served,
        NfsOnEbsArgs(
            **only(AWS, "key_arn", "region", "vpc_id", "tags"),
            cloud_name="kotaemon-prod",
            zone="eu-central-1a",
            subnet="subnet-0000000a",
            serving=NfsServing(export=EXPORT),
            image="ami-0a1b2c3d4e5f60718",
        ),
        served_claim,
        FILE,
        ["subnet-0000000a"],
        "aws:dlm/lifecyclePolicy:LifecyclePolicy",
    ),
    aws(
        "aws-lustre",
        LustreStorage,
        LustreStorageArgs(**AWS, zone="eu-central-1a", subnet="subnet-0000000a"),
        lustre_claim,
        FILE,
        ["subnet-0000000a"],
        "aws:fsx/lustreFileSystem:LustreFileSystem",
    ),
    alicloud(
        "alicloud-essd",
        EssdStorage,
        EssdStorageArgs(**ALI, zones=ALI_ZONES, snapshot_class=True),
        essd_claim,
        BLOCK,
        ALI_ZONES,
        SNAPSHOTS,
    ),
    alicloud(
        "alicloud-regional-essd",
        EssdStorage,
        EssdStorageArgs(**ALI, zones=ALI_ZONES, types=[DiskType.REGIONAL], snapshot_class=True),
        essd_claim,
        BLOCK,
        None,
        SNAPSHOTS,
    ),
    alicloud(
        "alicloud-ecs-disk",
        EcsDiskStorage,
        EcsDiskStorageArgs(**ALI, cloud_name="kotaemon-prod", zone="cn-hangzhou-h"),
        ecs_disk_claim,
        BLOCK,
        ["cn-hangzhou-h"],
        "alicloud:ecs/ecsAutoSnapshotPolicyAttachment:EcsAutoSnapshotPolicyAttachment",
    ),
    alicloud(
        "alicloud-nas",
        NasStorage,
        NasStorageArgs(**ALI, **NAS),
        nas_claim,
        FILE,
        ["vsw-bp1example"],
        "alicloud:hbr/nasBackupPlan:NasBackupPlan",
    ),
    alicloud(
        "alicloud-nfs-on-disk",
        served_by_ecs,
        NfsOnEssdArgs(
            **only(ALI, "key_id", "tags"),
            **only(NAS, "cloud_name", "zone", "vpc_id", "vswitch_id"),
            region="cn-hangzhou",
            serving=NfsServing(export=EXPORT),
            image="m-bp1example",
        ),
        served_claim,
        FILE,
        ["vsw-bp1example"],
        "alicloud:ecs/ecsAutoSnapshotPolicyAttachment:EcsAutoSnapshotPolicyAttachment",
    ),
]
MANAGED = [row for row in ROWS if row.key is not None]
every_row = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
every_managed_row = pytest.mark.parametrize("row", MANAGED, ids=[row.name for row in MANAGED])


class Cloud(Echo):
    """Gives what only a cloud can tell."""

    def new_resource(self, args: Any) -> Any:
        resource_id, outputs = super().new_resource(args)
        if args.custom and not args.typ.startswith("kubernetes:"):
            told = ("arn", "privateIp", "primaryIpAddress", "dnsName", "mountName", "mountTargetDomain")
            outputs = dict.fromkeys(told, f"known-{args.name}") | outputs
        return resource_id, outputs


def made(pulumi_run: Callable[..., Run], row: Row) -> Run:
    return pulumi_run(lambda: {"claim": row.make().claim}, resources=Cloud())


def cloud_side(run: Run) -> list[Registration]:
    return [r for r in run.registrations if r.custom and not r.type.startswith("kubernetes:")]


def storage_side(run: Run) -> list[Registration]:
    """What the data really lies in, or is made from: file systems, disks, their classes, and backup vaults."""
    words = ("FileSystem", "Vault", "EcsDisk", ":Volume")
    # A class that gives out folders of a file system makes nothing that has a key or tags of its own.
    classes = [c for c in run.of(CLASS) if "fileSystemId" not in c.inputs["parameters"]]
    return [r for r in cloud_side(run) if r.type.endswith(words)] + classes


@every_row
def test_the_same_typed_claim(pulumi_run: Callable[..., Run], row: Row) -> None:
    claim = row.planned()
    assert set(claim) == set(Claim.__annotations__)
    kinds = {key: type(value) for key, value in claim.items()}
    assert kinds == {
        "name": str,
        "access_mode": AccessMode,
        "medium": Medium,
        "backend": str,
        "size_gib": int,
        "zones": list,
        "encrypted_by": str,
        "locks": Locks,
        "fs_group": bool,
    }
    assert claim["medium"] == row.medium
    told = made(pulumi_run, row).outputs["claim"].value
    assert told == claim  # the plan and the component say the same


@every_row
def test_disks_have_one_writer_and_files_are_shared(row: Row) -> None:
    claim = row.planned()
    shared = (AccessMode.RWX, False)
    alone = (AccessMode.RWOP, True)
    assert (claim["access_mode"], claim["locks"] == Locks.ONE_NODE) == (alone if row.medium == BLOCK else shared)


@every_row
def test_the_claim_object_is_what_the_claim_says(pulumi_run: Callable[..., Run], row: Row) -> None:
    claim, found = row.planned(), made(pulumi_run, row).one(PVC).inputs
    assert found["metadata"] == {"name": claim["name"], "namespace": "kotaemon"}
    assert found["spec"]["accessModes"] == [claim["access_mode"].value]
    assert found["spec"]["resources"]["requests"]["storage"] == f"{claim['size_gib']}Gi"


@every_row
def test_data_is_retained(pulumi_run: Callable[..., Run], row: Row) -> None:
    run = made(pulumi_run, row)
    for holder in [*run.of(PV), *run.of(PVC), *run.of(CLASS), *storage_side(run)]:
        assert (holder.protect, holder.retain_on_delete) == (True, True), holder.name
    policies = [v.inputs["spec"]["persistentVolumeReclaimPolicy"] for v in run.of(PV)]
    policies += [c.inputs["reclaimPolicy"] for c in run.of(CLASS)]
    assert set(policies) <= {"Retain"}


@every_managed_row
def test_encrypted_with_our_key(pulumi_run: Callable[..., Run], row: Row) -> None:
    holders = storage_side(made(pulumi_run, row))
    assert holders
    for holder in holders:
        assert row.key in list(strings(holder.inputs)), holder.name
    assert row.planned()["encrypted_by"] == "KMS, key of your own"


@every_managed_row
def test_in_the_right_zones(pulumi_run: Callable[..., Run], row: Row) -> None:
    run = made(pulumi_run, row)
    if row.medium == FILE:
        assert row.place is not None
        said = [s for r in cloud_side(run) for s in strings(r.inputs)]
        assert set(row.place) <= set(said)
        return
    assert row.planned()["zones"] == (row.place or [])
    terms = [t for c in run.of(CLASS) for t in c.inputs.get("allowedTopologies", [])]
    terms += [
        {"matchLabelExpressions": t["matchExpressions"]}
        for v in run.of(PV)
        for t in v.inputs["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    ]
    tied = [(e["key"], e["values"]) for t in terms for e in t["matchLabelExpressions"]]
    assert tied == ([] if row.place is None else [("topology.kubernetes.io/zone", row.place)])
    for storage_class in run.of(CLASS):
        assert storage_class.inputs["volumeBindingMode"] == "WaitForFirstConsumer"


@every_managed_row
def test_not_reachable_from_elsewhere(pulumi_run: Callable[..., Run], row: Row) -> None:
    run = made(pulumi_run, row)
    ingress = [r for r in cloud_side(run) if r.type.endswith(("AccessRule", "IngressRule", "SecurityGroupRule"))]
    if row.medium == BLOCK:
        assert ingress == []
        return
    assert ingress
    for rule in ingress:
        ours = {NETWORK, GROUP} | {f"{r.name}-id" for r in cloud_side(run) if r.type.endswith("SecurityGroup")}
        who = {rule.inputs.get(k) for k in ("sourceCidrIp", "cidrIp", "cidrIpv4", "referencedSecurityGroupId")} - {None}
        assert who
        assert who <= ours, rule.name
        assert "0.0.0.0/0" not in json.dumps(rule.inputs)


@every_managed_row
def test_backed_up(pulumi_run: Callable[..., Run], row: Row) -> None:
    copies = made(pulumi_run, row).of(row.backed_up or "")
    assert copies
    if row.backed_up == SNAPSHOTS:
        assert [c.inputs["deletionPolicy"] for c in copies] == ["Retain"]
    for copy in copies:
        if copy.type.startswith("aws:fsx"):
            assert copy.inputs["automaticBackupRetentionDays"] > 0
        if copy.type == "aws:ebs/volume:Volume":
            assert copy.inputs["finalSnapshot"] is True


@every_managed_row
def test_tagged(pulumi_run: Callable[..., Run], row: Row) -> None:
    for holder in storage_side(made(pulumi_run, row)):
        said = json.dumps(holder.inputs)
        assert "cost" in said, holder.name
        assert "rag" in said, holder.name


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
