"""A volume on a class of the cluster gets the verdict of the same storage under its own kind: there is no other door."""

from typing import Any

import pytest

from components.contract import AccessMode, Claim, Locks, Profile, Role, RoleMount
from components.file.efs import efs_claim
from components.file.lustre import lustre_claim
from components.file.nas import nas_claim
from components.file.nfs import nfs_claim
from components.file.openzfs import openzfs_claim
from components.volumes.csi_volume import csi_volume_claim
from components.volumes.existing_class import existing_class_claim
from guard.classes import facts_of
from guard.drivers import DRIVERS
from guard.safety import Pods, check

CLOUD: Any = {
    "namespace": "kotaemon",
    "key_arn": "arn:aws:kms:eu-central-1:111122223333:key/1",
    "region": "eu-central-1",
    "vpc_id": "vpc-1",
    "subnets": {"eu-central-1a": "subnet-1"},
    "client_security_groups": {"nodes": "sg-1"},
}
TWO = {"eu-central-1a": "subnet-1", "eu-central-1b": "subnet-2"}
LUSTRE: Any = {**{k: v for k, v in CLOUD.items() if k != "subnets"}, "zone": "eu-central-1a", "subnet": "subnet-1"}
NAS: Any = {
    "namespace": "kotaemon",
    "cloud_name": "kotaemon-files",
    "key_id": "key-1",
    "zone": "cn-hangzhou-h",
    "vpc_id": "vpc-1",
    "vswitch_id": "vsw-1",
    "client_cidrs": ["10.0.0.0/8"],
}
NFS: Any = {"namespace": "kotaemon", "server": "files.example.net", "path": "/x"}
CEPHFS: Any = {
    "namespace": "kotaemon",
    "driver": "cephfs.csi.ceph.com",
    "handle": "h",
    "access_mode": AccessMode.RWX,
    "backend": "cephfs",
    "shared_locks": True,
}
OWN: dict[str, tuple[Claim, str, list[str]]] = {
    "NFS": (nfs_claim("files", NFS), "nfs.csi.k8s.io", []),
    "NFS 3": (nfs_claim("files", {**NFS, "mount_options": ["vers=3"]}), "nfs.csi.k8s.io", ["vers=3"]),
    "NFS without locks": (
        nfs_claim("files", {**NFS, "mount_options": ["vers=3", "nolock"], "allow_nolock": True}),
        "nfs.csi.k8s.io",
        ["vers=3", "nolock"],
    ),
    "EFS": (efs_claim("files", CLOUD), "efs.csi.aws.com", []),
    "FSx for OpenZFS": (
        openzfs_claim("files", {**CLOUD, "client_networks": ["10.0.0.0/16"], "subnets": TWO}),
        "fsx.openzfs.csi.aws.com",
        [],
    ),
    "FSx for Lustre": (lustre_claim("files", LUSTRE), "fsx.csi.aws.com", ["flock"]),
    "NAS": (nas_claim("files", NAS), "nasplugin.csi.alibabacloud.com", ["vers=4.0"]),
    "CephFS": (csi_volume_claim("files", CEPHFS), "rook-ceph.cephfs.csi.ceph.com", []),
}
"""Storage -> the claim of its own kind, and driver and mount options of a class that makes the same."""


def same(claim: Claim, profile: Profile, replicas: int) -> list[tuple[str, str, str]]:
    roles = [role for role in Role if role != Role.SESSIONS or profile == Profile.SINGLE_WRITER]
    storage = {role.value: RoleMount(claim=claim, sub_path=role.value, read_only=False) for role in roles}
    report = check(storage, Pods(profile=profile, replicas=replicas))
    told = [(verdict.rule, verdict.severity.value, verdict.role) for verdict in report.verdicts]
    return sorted(line for line in told if line[0] != "encryption-unknown")


def on_class(provisioner: str, options: list[str]) -> Claim:
    facts = facts_of("shared", provisioner, DRIVERS, {}, options, AccessMode.RWX)
    return existing_class_claim(
        "files",
        {
            "namespace": "kotaemon",
            "storage_class": "shared",
            "size": "20Gi",
            "access_mode": AccessMode.RWX,
            "backend": facts.backend,
            "shared_locks": facts.locks == Locks.SHARED,
        },
    )


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(("profile", "replicas"), [(Profile.SINGLE_WRITER, 1), (Profile.SCALED, 3)])
def test_the_verdict_is_the_same(name: str, profile: Profile, replicas: int) -> None:
    own, provisioner, options = OWN[name]
    # Zones are those of the file system itself; a class says what binds its volumes in another place.
    own = Claim(**{**own, "zones": []})
    found = same(own, profile, replicas)
    assert same(on_class(provisioner, options), profile, replicas) == found
    assert profile == Profile.SCALED or [rule for rule, _, role in found if role == Role.SESSIONS.value], (
        "SQLite is told"
    )
