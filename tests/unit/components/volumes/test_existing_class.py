"""The claim on an existing StorageClass."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.contract import AccessMode, Locks, Medium
from components.volumes.existing_class import ExistingClassClaim, ExistingClassClaimArgs, existing_class_claim

ARGS = ExistingClassClaimArgs(namespace="kotaemon", storage_class="fast")
PVC = "kubernetes:core/v1:PersistentVolumeClaim"


def test_the_claim_is_known_before_anything_is_made() -> None:
    assert existing_class_claim("disk", ARGS) == {
        "name": "disk",
        "access_mode": AccessMode.RWOP,
        "medium": Medium.BLOCK,
        "backend": "disk",
        "size_gib": 20,
        "zones": [],
        "encrypted_by": "nobody known",
        "locks": Locks.ONE_NODE,
        "fs_group": True,
    }


def test_given_values() -> None:
    args = ExistingClassClaimArgs(
        **ARGS, claim_name="data", size="1Ti", access_mode=AccessMode.RWO, zones=["zone-a"], encrypted_by="Ceph"
    )
    claim = existing_class_claim("disk", args)
    assert (claim["name"], claim["size_gib"], claim["access_mode"]) == ("data", 1024, AccessMode.RWO)
    assert (claim["zones"], claim["encrypted_by"]) == (["zone-a"], "Ceph")


def test_a_disk_is_not_shared() -> None:
    with pytest.raises(pulumi.RunError) as refused:
        existing_class_claim("disk", ExistingClassClaimArgs(**ARGS, access_mode=AccessMode.RWX))
    assert str(refused.value) == (
        "ExistingClassClaim 'disk': access_mode: 'ReadWriteMany' is not allowed for a disk; it is ReadWriteOncePod or "
        "ReadWriteOnce: a file system that two nodes mount at once is corrupt at once"
    )


@pytest.mark.parametrize(
    ("backend", "mode", "medium", "locks", "fs_group"),
    [
        ("cephfs", AccessMode.RWX, Medium.FILE, Locks.SHARED, False),
        ("nfs4", AccessMode.RWO, Medium.FILE, Locks.SHARED, False),
        ("node", AccessMode.RWO, Medium.NODE, Locks.ONE_NODE, True),
        ("unknown", AccessMode.RWOP, Medium.BLOCK, Locks.ONE_NODE, True),
        ("unknown", AccessMode.RWX, Medium.FILE, Locks.NODE_LOCAL, False),
    ],
)
def test_a_class_is_what_its_driver_makes(
    backend: str, mode: AccessMode, medium: Medium, locks: Locks, fs_group: bool
) -> None:
    claim = existing_class_claim("data", ExistingClassClaimArgs(**ARGS, backend=backend, access_mode=mode))
    assert (claim["medium"], claim["locks"], claim["fs_group"]) == (medium, locks, fs_group)
    assert (claim["backend"], claim["access_mode"]) == (backend, mode)


def test_a_folder_on_one_node_is_not_shared() -> None:
    with pytest.raises(pulumi.RunError, match="is not allowed for a folder on one node"):
        existing_class_claim("data", ExistingClassClaimArgs(**ARGS, backend="node", access_mode=AccessMode.RWX))


def test_object(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: ExistingClassClaim("disk", ARGS) and None)
    made = run.one(PVC)
    assert made.inputs["metadata"] == {"name": "disk", "namespace": "kotaemon"}
    assert made.inputs["spec"] == {
        "accessModes": ["ReadWriteOncePod"],
        "resources": {"requests": {"storage": "20Gi"}},
        "storageClassName": "fast",
    }
    assert (made.protect, made.retain_on_delete) == (True, True)
    assert [parent.type for parent in run.parents(made)] == ["kotaemon:index:ExistingClassClaim"]


def test_protection_can_be_lifted_and_the_claim_is_kept_still(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: ExistingClassClaim("disk", ExistingClassClaimArgs(**ARGS, protect=False)) and None)
    assert (run.one(PVC).protect, run.one(PVC).retain_on_delete) == (False, True)
