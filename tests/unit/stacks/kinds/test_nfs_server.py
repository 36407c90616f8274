"""Kind `nfs-server`: the host is set up before the volume, its secrets stay secret, mistakes name their keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from plan import collect, stack_file
from plan.recorder import Run
from stacks import kinds
from stacks.effects import Effect
from stacks.facts import NO_FACT
from stacks.kinds.base import Context
from stacks.settings import load

RunProgram = Callable[..., Run]
FILES: dict[str, Any] = {
    "kind": "nfs-server",
    "server": "nfs.example.com",
    "hostKey": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJGnPHmxample0example0example0example0example0",
    "privateKey": "planted-private-key",
    "clients": ["10.0.0.0/16"],
    "device": "/dev/disk/by-id/virtio-data",
}
DISK = {"kind": "storage-class", "storageClass": "fast", "encryptedBy": "LUKS"}


def write(folder: Path, **changes: Any) -> stack_file.StackFile:
    said = {key: value for key, value in {**FILES, **changes}.items() if value is not None}
    ours = {"platform": "private", "storage": {"claims": {"files": said, "disk": DISK}}}
    path = folder / "Pulumi.x.yaml"
    path.write_text(yaml.safe_dump({"config": {f"kotaemon:{k}": v for k, v in ours.items()}}, sort_keys=False))
    return stack_file.read("x", folder)


def test_the_host_is_set_up_and_the_claim_is_on_its_export(tmp_path: Path) -> None:
    file = write(tmp_path, uid=None)
    run = collect.preview(file)
    command, volume = run.one("command:remote:Command"), run.one("kubernetes:core/v1:PersistentVolume")
    assert command.inputs["connection"]["host"] == "nfs.example.com"
    assert volume.inputs["spec"]["nfs"] == {"server": "nfs.example.com", "path": "/srv/nfs/kotaemon"}
    assert run.registrations.index(command) < run.registrations.index(volume)


def test_no_secret_is_in_the_plan(tmp_path: Path) -> None:
    file = write(tmp_path, encrypt=True, luksPassphrase="planted-passphrase")
    text = collect.make(file).model_dump_json()
    assert "planted" not in text
    command = collect.preview(file).one("command:remote:Command")
    assert {"connection", "stdin"} <= set(command.secret_keys)


def test_an_encrypted_disk_is_said_in_the_storage_table(tmp_path: Path) -> None:
    plan = collect.make(write(tmp_path, encrypt=True, luksPassphrase="x"))
    assert plan.storage["models"].encrypted_by == "LUKS on the server"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clients": ["0.0.0.0/0"]}, "clients: '0.0.0.0/0' is too wide"),
        ({"clients": ["10.0.0.0/16", "10.0.1.0/24"]}, "clients: '10.0.0.0/16' and '10.0.1.0/24' overlap"),
        ({"device": "/dev/sdb"}, "device: '/dev/sdb' must be a path that always means the same disk"),
        ({"path": "/etc"}, "path: '/etc' belongs to the system"),
        ({"hostKey": "SHA256:abc"}, "hostKey: must be the public key of the host"),
        ({"leaseSeconds": 5}, "leaseSeconds: 5 is not allowed; it must be 10 to 3600"),
        ({"encrypt": True}, "luksPassphrase: belongs to `encrypt: true`"),
        ({"encrypt": True, "device": None, "luksPassphrase": "x"}, "encrypt: needs `device`"),
        ({"mountOptions": ["soft"]}, "mountOptions holds 'soft'"),
        ({"server": "nfs.kotaemon.svc"}, "server: 'nfs.kotaemon.svc' is a name that only pods can resolve"),
    ],
)
def test_mistakes_name_the_key(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(load.SettingsError) as caught:
        write(tmp_path, **changes)
    assert message in caught.value.errors[0]
    assert caught.value.errors[0].startswith("kotaemon:storage.claims.files")


def test_two_claims_on_one_host_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path).path
    text = yaml.safe_load(path.read_text())
    text["config"]["kotaemon:storage"]["claims"]["more"] = {**FILES, "path": "/srv/nfs/more"}
    text["config"]["kotaemon:storage"]["roles"] = {
        role: {"claim": "files"} for role in ("models", "uploads", "logs", "eval")
    }
    path.write_text(yaml.safe_dump(text))
    with pytest.raises(load.SettingsError, match=r"host: 'nfs\.example\.com' is also the host of claim more"):
        stack_file.read("x", tmp_path)


def test_identity_and_effects(tmp_path: Path) -> None:
    kind, settings = kinds.kind("nfs-server"), write(tmp_path).settings
    at = Context("files", settings.storage.claims["files"], settings, None, "kotaemon", "")
    assert kind.identity(at) == {
        "server": "nfs.example.com",
        "path": "/srv/nfs/kotaemon",
        "host": "nfs.example.com",
        "device": "/dev/disk/by-id/virtio-data",
    }
    assert set(kind.effects) == set(kind.settings.model_fields) - {NO_FACT}
    assert kind.effects["host"].effect == Effect.LOSES_DATA
