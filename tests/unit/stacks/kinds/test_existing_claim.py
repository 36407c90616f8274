"""Kind `existing-claim`: the claim of somebody else is read, judged as it is said, and never changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.contract import Locks, Medium
from plan import collect, stack_file
from plan.recorder import Run
from stacks import kinds
from stacks.effects import Effect
from stacks.facts import NO_FACT
from stacks.kinds.base import Context
from stacks.safety import RefusedByGuard
from stacks.settings import load

RunProgram = Callable[..., Run]
MODELS = {
    "kind": "existing-claim",
    "claim": "team-models",
    "accessMode": "ReadWriteMany",
    "standsOn": "nfs4",
    "size": "500Gi",
    "encryptedBy": "the storage team",
}
DISK = {"kind": "storage-class", "storageClass": "fast", "encryptedBy": "LUKS"}


def on(claim: str, *roles: str) -> dict[str, Any]:
    """Roles that name this claim."""
    return {role: {"claim": claim} for role in roles}


def write(folder: Path, claim: dict[str, Any], **roles: Any) -> stack_file.StackFile:
    ours = {
        "platform": "private",
        "storage": {"claims": {"shared": claim, "disk": DISK}, "roles": roles},
    }
    path = folder / "Pulumi.x.yaml"
    path.write_text(yaml.safe_dump({"config": {f"kotaemon:{k}": v for k, v in ours.items()}}, sort_keys=False))
    return stack_file.read("x", folder)


def test_the_application_mounts_the_claim_by_its_own_name(tmp_path: Path) -> None:
    plan = collect.make(write(tmp_path, MODELS))
    assert {role: mount.claim for role, mount in plan.storage.items()} == {
        "models": "team-models",
        "indexes": "kotaemon-disk",
        "sessions": "kotaemon-disk",
        "uploads": "team-models",
        "logs": "team-models",
        "eval": "team-models",
    }
    assert plan.storage["models"].encrypted_by == "the storage team"
    assert [r.object for r in plan.resources if r.kind == "PersistentVolumeClaim"] == ["kotaemon/kotaemon-disk"]
    assert [(line.resource, line.claim) for line in plan.cost.lines] == [
        ("kotaemon-disk-claim", "kotaemon-disk"),
        ("team-models", "team-models"),
    ]


def test_its_folders_are_made_by_the_pod_on_the_claim_itself(tmp_path: Path) -> None:
    run = collect.preview(write(tmp_path, MODELS))
    pod = run.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]
    claims = [v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v]
    assert claims == ["team-models", "kotaemon-disk"]
    prepare = next(c for c in pod["initContainers"] if c["name"] == "prepare")
    assert "/claims/team-models" in prepare["env"][0]["value"]


def test_the_claim_is_looked_for_and_nothing_of_it_is_registered(tmp_path: Path, pulumi_run: RunProgram) -> None:
    file = write(tmp_path, MODELS)
    run = pulumi_run(file.program, stack="x", config=file.config)
    component = run.one("kotaemon:index:ExistingClaim")
    assert [r for r in run.registrations if r.parent == component.urn] == []


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"standsOn": "disk"}, "accessMode: 'ReadWriteMany' is not allowed for a disk; it is ReadWriteOncePod or"),
        ({"standsOn": "nfs"}, "standsOn: 'nfs' is not allowed; allowed: disk, node, nfs3, nfs4, efs, openzfs, lustre"),
        ({"claim": "No_Name"}, "claim: 'No_Name' must be the name of a Kubernetes object"),
        (
            {"accessMode": "ReadOnlyMany"},
            "accessMode: ReadOnlyMany, but the role models is written; set kotaemon:storage.roles.models.readOnly: true",
        ),
        ({"accessMode": None}, "accessMode: None is not allowed"),
    ],
)
def test_mistakes_name_the_key(tmp_path: Path, said: dict[str, Any], message: str) -> None:
    with pytest.raises(load.SettingsError) as caught:
        write(tmp_path, {**MODELS, **said})
    assert caught.value.errors[0].removeprefix("kotaemon:storage.claims.shared").lstrip(".: ").startswith(message)


def test_what_it_stands_on_is_judged_by_the_guard(tmp_path: Path, pulumi_run: RunProgram) -> None:
    nolock = {**MODELS, "standsOn": "nfs3", "realLocks": False}
    file = write(tmp_path, nolock, **on("shared", "models", "sessions", "uploads", "logs", "eval"))
    with pytest.raises(RefusedByGuard, match="sqlite-on-node-local-locks, role sessions, claim shared"):
        pulumi_run(file.program, stack="x", config=file.config)


def test_two_claims_of_the_file_are_not_one_claim_of_the_cluster(tmp_path: Path, pulumi_run: RunProgram) -> None:
    file = write(tmp_path, {**MODELS, "claim": "kotaemon-disk"})
    with pytest.raises(
        pulumi.RunError, match=r"shared: is the PersistentVolumeClaim kotaemon-disk, as storage\.claims\.disk is"
    ):
        pulumi_run(file.program, stack="x", config=file.config)


def context(tmp_path: Path, **said: Any) -> Context[Any]:
    databases = on("disk", "indexes", "sessions")
    files = on("shared", "models", "uploads", "logs", "eval")
    settings = write(tmp_path, {**MODELS, **said}, **databases, **files).settings
    return Context("shared", settings.storage.claims["shared"], settings, None, "kotaemon", "")


@pytest.mark.parametrize(
    ("said", "medium", "locks", "fs_group"),
    [
        ({}, Medium.FILE, Locks.SHARED, False),
        ({"realLocks": False}, Medium.FILE, Locks.NODE_LOCAL, False),
        ({"standsOn": "disk", "accessMode": "ReadWriteOncePod"}, Medium.BLOCK, Locks.ONE_NODE, True),
        ({"standsOn": "node", "accessMode": "ReadWriteOnce"}, Medium.NODE, Locks.ONE_NODE, True),
        ({"standsOn": "object"}, Medium.OBJECT, Locks.NONE, False),
    ],
)
def test_planned(tmp_path: Path, said: dict[str, Any], medium: Medium, locks: Locks, fs_group: bool) -> None:
    claim = kinds.kind("existing-claim").planned(context(tmp_path, **said))
    assert (claim["name"], claim["size_gib"]) == ("team-models", 500)
    assert (claim["medium"], claim["locks"], claim["fs_group"]) == (medium, locks, fs_group)


def test_identity_and_effects(tmp_path: Path) -> None:
    kind = kinds.kind("existing-claim")
    assert kind.identity(context(tmp_path)) == {"claim": "kotaemon/team-models"}
    assert set(kind.effects) == set(kind.settings.model_fields) - {NO_FACT}
    assert {field for field, row in kind.effects.items() if row.effect == Effect.LOSES_DATA} == {"claim", "kind"}
