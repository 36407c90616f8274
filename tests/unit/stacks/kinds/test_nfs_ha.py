"""Kind `nfs-ha`: the pair before the volume, the volume on the address that follows, secrets, clouds, mistakes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.contract import Platform
from plan import collect, stack_file
from plan.recorder import Run
from stacks import kinds
from stacks.effects import Effect
from stacks.facts import NO_FACT
from stacks.kinds.base import Context
from stacks.settings import load

RunProgram = Callable[..., Run]
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJGnPHmxample0example0example0example0example0"


def host(name: str, number: int) -> dict[str, Any]:
    return {"name": name, "address": f"10.0.0.{number}", "hostKey": HOST_KEY}


FILES: dict[str, Any] = {
    "kind": "nfs-ha",
    "virtualAddress": "10.0.0.10/24",
    "nodes": [host("nfs-a", 11), host("nfs-b", 12)],
    "witness": host("nfs-q", 13),
    "privateKey": "planted-private-key",
    "secret": "planted-secret-of-the-pair",
    "clients": ["10.0.0.0/16"],
    "device": "/dev/vg0/nfs",
    "stateDevice": "/dev/vg0/nfs-state",
}
DISK = {"kind": "storage-class", "storageClass": "fast", "encryptedBy": "LUKS"}


GLUSTER: dict[str, Any] = {
    **dict.fromkeys(("device", "stateDevice", "secret")),
    "glusterfs": {"brick": "/srv/brick/kotaemon"},
}
"""What makes it a pair on GlusterFS."""


def write(folder: Path, **changes: Any) -> stack_file.StackFile:
    said = {key: value for key, value in {**FILES, **changes}.items() if value is not None}
    ours = {"platform": "private", "storage": {"claims": {"files": said, "disk": DISK}}}
    path = folder / "Pulumi.x.yaml"
    path.write_text(yaml.safe_dump({"config": {f"kotaemon:{k}": v for k, v in ours.items()}}, sort_keys=False))
    return stack_file.read("x", folder)


def test_the_pair_is_set_up_and_the_claim_is_on_its_address(tmp_path: Path) -> None:
    run = collect.preview(write(tmp_path))
    commands = [one for one in run.registrations if one.type == "command:remote:Command"]
    volume = run.one("kubernetes:core/v1:PersistentVolume")
    assert [one.inputs["connection"]["host"] for one in commands] == ["10.0.0.13", "10.0.0.12", "10.0.0.11"]
    assert volume.inputs["spec"]["nfs"] == {"server": "10.0.0.10", "path": "/srv/nfs/kotaemon"}
    assert run.registrations.index(commands[-1]) < run.registrations.index(volume)


def test_a_name_that_resolves_to_the_address_is_mounted_instead(tmp_path: Path) -> None:
    run = collect.preview(write(tmp_path, server="files.example.com"))
    assert run.one("kubernetes:core/v1:PersistentVolume").inputs["spec"]["nfs"]["server"] == "files.example.com"


@pytest.mark.parametrize(
    ("changes", "hosts"),
    [
        ({}, ["10.0.0.13", "10.0.0.12", "10.0.0.11"]),
        ({"glusterfs": {"volume": "gv0"}, "witness": None}, ["10.0.0.12", "10.0.0.11"]),
    ],
    ids=["made", "that exists"],
)
def test_a_pair_on_glusterfs(tmp_path: Path, changes: dict[str, Any], hosts: list[str]) -> None:
    run = collect.preview(write(tmp_path, **{**GLUSTER, **changes}))
    commands = [one for one in run.registrations if one.type == "command:remote:Command"]
    assert [one.inputs["connection"]["host"] for one in commands] == hosts
    assert run.one("kubernetes:core/v1:PersistentVolume").inputs["spec"]["nfs"]["server"] == "10.0.0.10"
    assert run.one("kotaemon:index:NfsGlusterPair")


def test_no_secret_is_in_the_plan(tmp_path: Path) -> None:
    assert "planted" not in collect.make(write(tmp_path)).model_dump_json()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"witness": None}, "witness: missing; two nodes that lose each other cannot tell"),
        ({"virtualAddress": "10.1.0.10/24"}, "virtualAddress: 10.1.0.10/24 is outside of the network"),
        ({"nodes": [host("nfs-a", 11), host("nfs-b", 11)]}, "nodes[1].address: 10.0.0.11 is also nodes[0].address"),
        ({"nodes": [host("nfs-a", 11), host("nfs-b", 10)]}, "nodes[1].address: 10.0.0.10 is also the virtual address"),
        ({"device": "/dev/sdb"}, "device: '/dev/sdb' must be a path that always means the same disk"),
        ({"clients": ["0.0.0.0/0"]}, "clients: '0.0.0.0/0' is too wide"),
        ({"secret": "short"}, "secret: must be 8 to 64"),
        ({"witness": {**host("nfs-q", 13), "hostKey": "SHA256:x"}}, "hostKey: must be a public key"),
        ({"server": "nfs.kotaemon.svc"}, "server: 'nfs.kotaemon.svc' is a name that only pods can resolve"),
        ({"haVip": "havip-bp1"}, "haVip: only Alibaba Cloud has HaVips"),
        ({"device": None}, "device: missing; a pair needs it, unless it serves a GlusterFS volume"),
        ({"secret": None}, "secret: missing; a pair needs it"),
        (
            {**GLUSTER, "device": "/dev/vg0/nfs"},
            "device: only means something with DRBD; leave it out beside glusterfs",
        ),
        ({**GLUSTER, "drbd": "9"}, "drbd: only means something with DRBD"),
        ({**GLUSTER, "threads": 16}, "threads: only means something with DRBD"),
        ({**GLUSTER, "fileSystem": "xfs"}, "fileSystem: only means something with DRBD"),
        ({**GLUSTER, "witness": None}, "witness: missing; two bricks that lose each other"),
        ({**GLUSTER, "glusterfs": {}}, "witness: only means something beside brick"),
        ({**GLUSTER, "glusterfs": {"brick": "brick"}}, "brick: 'brick' must be an absolute path"),
        ({**GLUSTER, "security": "krb5p"}, "security: krb5p is not set up for NFS-Ganesha here"),
        ({**GLUSTER, "leaseSeconds": 200}, "leaseSeconds: 200 is not allowed; NFS-Ganesha takes 120 at most"),
    ],
)
def test_mistakes_name_the_key(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(load.SettingsError) as caught:
        write(tmp_path, **changes)
    assert message in caught.value.errors[0]
    assert caught.value.errors[0].startswith("kotaemon:storage.claims.files")


def of(example: str, folder: Path, **changes: Any) -> stack_file.StackFile:
    document = yaml.safe_load((stack_file.ROOT / f"Pulumi.{example}.yaml").read_text())
    storage = document["config"]["kotaemon:storage"]
    storage["claims"]["pair"] = {**FILES, **changes}
    roles = storage.setdefault("roles", {})
    for role in ("models", "uploads", "logs", "eval"):
        roles[role] = {**roles.get(role, {}), "claim": "pair"}
    (folder / f"Pulumi.{example}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return stack_file.read(example, folder)


def test_in_a_vpc_a_virtual_address_does_not_move_by_itself(tmp_path: Path) -> None:
    with pytest.raises(load.SettingsError, match=r"claims\.pair\.kind: a VPC of AWS delivers no gratuitous ARP.*efs"):
        of("aws-single", tmp_path)
    with pytest.raises(load.SettingsError, match=r"claims\.pair\.haVip: a VPC of Alibaba Cloud"):
        of("alicloud-single", tmp_path)
    assert of("alicloud-single", tmp_path, haVip="havip-bp1").settings.platform == Platform.ALICLOUD


def test_two_claims_on_one_host_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path).path
    text = yaml.safe_load(path.read_text())
    claims = text["config"]["kotaemon:storage"]["claims"]
    claims["more"] = {**FILES, "virtualAddress": "10.0.0.20/24", "nodes": [host("nfs-c", 12), host("nfs-d", 22)]}
    text["config"]["kotaemon:storage"]["roles"] = {
        role: {"claim": "files"} for role in ("models", "uploads", "logs", "eval")
    }
    path.write_text(yaml.safe_dump(text))
    with pytest.raises(load.SettingsError, match=r"nodes: 10\.0\.0\.12 is also a host of claim more"):
        stack_file.read("x", tmp_path)


def test_identity_and_effects(tmp_path: Path) -> None:
    kind, settings = kinds.kind("nfs-ha"), write(tmp_path).settings
    at = Context("files", settings.storage.claims["files"], settings, None, "kotaemon", "")
    assert kind.identity(at) == {
        "server": "10.0.0.10",
        "path": "/srv/nfs/kotaemon",
        "nodes": "nfs-a nfs-b",
        "device": "/dev/vg0/nfs",
    }
    assert set(kind.effects) == set(kind.settings.model_fields) - {NO_FACT}
    row = kind.effects["nodes"]
    before = {"nodes": FILES["nodes"]}
    assert row.of(before, {"nodes": [host("nfs-a", 11), host("nfs-c", 12)]}).effect == Effect.LOSES_DATA
    assert row.of(before, {"nodes": [host("nfs-a", 31), host("nfs-b", 32)]}).effect == Effect.IN_PLACE


def test_another_thing_below_the_export_has_other_data(tmp_path: Path) -> None:
    kind, settings = kinds.kind("nfs-ha"), write(tmp_path, **GLUSTER).settings
    at = Context("files", settings.storage.claims["files"], settings, None, "kotaemon", "")
    assert kind.identity(at)["device"] == "glusterfs:kotaemon"
    row = kind.effects["glusterfs"]
    volume = {"glusterfs": GLUSTER["glusterfs"]}
    assert row.of(FILES, volume).effect == row.of(volume, FILES).effect == Effect.LOSES_DATA
    nodes = {**volume, "nodes": FILES["nodes"]}, {**volume, "nodes": [host("nfs-a", 31), host("nfs-b", 32)]}
    assert kind.effects["nodes"].of(*nodes).effect == Effect.LOSES_DATA  # a brick is known by its address
    assert kind.effects["witness"].of(*nodes).effect == Effect.LOSES_DATA
    assert kind.effects["witness"].of(FILES, FILES).effect == Effect.IN_PLACE
