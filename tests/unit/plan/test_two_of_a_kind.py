"""Two claims of every kind in one stack describe no object twice; names that meet are found before anything is made."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from components.contract import Role
from plan import collect, stack_file
from stacks import kinds
from stacks.safety import RefusedByGuard

OWN = {"encryptedBy": "LUKS", "accessMode": "ReadWriteMany", "standsOn": "nfs4"}
TWO: dict[str, tuple[str, dict[str, Any]]] = {
    "nfs": ("dev", {"server": "nfs.example.org", "path": "/srv", "rootOwner": "root"}),
    "nfs-server": (
        "dev",
        {
            "server": "{}.example.org",
            "hostKey": "ssh-ed25519 AAAA",
            "privateKey": "a key",
            "clients": ["10.0.0.0/16"],
        },
    ),
    "nfs-ha": (
        "dev",
        {
            "virtualAddress": "10.0.<>.10/24",
            "server": "{}.example.org",
            "nodes": [
                {"name": "{}-a", "address": "10.0.<>.11", "hostKey": "ssh-ed25519 AAAA"},
                {"name": "{}-b", "address": "10.0.<>.12", "hostKey": "ssh-ed25519 AAAA"},
            ],
            "witness": {"name": "{}-q", "address": "10.0.<>.13", "hostKey": "ssh-ed25519 AAAA"},
            "privateKey": "a key",
            "secret": "0123456789abcdef",
            "clients": ["10.0.0.0/16"],
            "device": "/dev/vg0/nfs",
            "stateDevice": "/dev/vg0/nfs-state",
        },
    ),
    "nfs-on-disk": ("aws-single", {"clients": ["10.0.0.0/16"]}),
    "storage-class": ("dev", {"storageClass": "fast"}),
    "ebs": ("aws-single", {"attributesClass": True, "snapshotClass": True}),
    "efs": ("aws-single", {}),
    "openzfs": ("aws-scaled", {}),
    "lustre": ("aws-scaled", {}),
    "essd": ("alicloud-single", {"snapshotClass": True}),
    "ecs-disk": ("alicloud-single", {}),
    "nas": ("alicloud-single", {}),
    "mountpoint-s3": ("aws-single", {"prefix": "{}/"}),
    "s3-files": ("aws-single", {"prefix": "{}/"}),
    "ossfs": ("alicloud-single", {"prefix": "{}/", "roleName": "kotaemon-cold"}),
    "juicefs": ("dev", {"secret": "{}-jfs", "metadata": "postgresql"}),
    "existing-claim": ("dev", {**OWN, "claim": "{}-theirs"}),
    "csi-volume": ("dev", {**OWN, "driver": "csi.example.org", "handle": "{}"}),
}


def with_claims(folder: Path, example: str, **claims: dict[str, Any]) -> stack_file.StackFile:
    """The example with more claims. Every role names the claim that it is on."""
    document = yaml.safe_load((stack_file.ROOT / f"Pulumi.{example}.yaml").read_text())
    storage = document["config"]["kotaemon:storage"]
    settings = stack_file.read(example).settings
    roles = {
        role: {"claim": settings.storage.found_claim(role, settings.profile) or next(iter(settings.storage.claims))}
        for role in settings.storage.roles.keys() | set(Role)
    }
    storage["roles"] = {role.value: place for role, place in roles.items()}
    storage["claims"] |= claims
    if any(kinds.kind(claim["kind"]).bucket_prefix(SimpleNamespace(prefix="x/")) for claim in claims.values()):
        document["config"]["kotaemon:bucket"] = {"name": "acme-cold"}
    (folder / f"Pulumi.{example}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return stack_file.read(example, folder)


def test_the_table_has_every_kind() -> None:
    assert set(TWO) == set(kinds.NAMES)


@pytest.mark.parametrize("kind", TWO)
def test_two_of_a_kind_are_two_of_everything(tmp_path: Path, kind: str) -> None:
    example, said = TWO[kind]
    text = yaml.safe_dump({"kind": kind, **said})
    claims = {
        name: yaml.safe_load(text.replace("{}", name).replace("<>", str(number)))
        for number, name in enumerate(("one", "two"))
    }
    plan = collect.make(with_claims(tmp_path, example, **claims))
    components = " ".join(resource.component for resource in plan.resources)
    assert kind == "existing-claim" or {"kotaemon-one", "kotaemon-two"} <= set(components.replace("/", " ").split())


def same_name(_namespace: object, _name: str) -> str:
    return "the-same"


def test_names_that_meet_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from components.volumes import static

    monkeypatch.setattr(static, "cluster_wide", same_name)
    claims = {name: {"kind": "nfs", "server": "nfs.example.org", "path": f"/srv/{name}"} for name in ("one", "two")}
    with pytest.raises(RefusedByGuard, match="PersistentVolume the-same: is described by kotaemon-"):
        collect.make(with_claims(tmp_path, "dev", **claims))
