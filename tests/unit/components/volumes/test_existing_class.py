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
        "ExistingClassClaim 'disk': access_mode: 'ReadWriteMany' is not allowed; a disk is ReadWriteOncePod or ReadWriteOnce"
    )


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
