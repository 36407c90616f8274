"""The four examples of the clouds on the real engine: the real Kubernetes provider, stand-ins for the clouds' own.

The tests of an example follow each other, in this order.
"""

import base64
import os
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from pulumi import automation as auto

from tests.engine.clouds.conftest import API_KEY, Steps, World

if shutil.which("pulumi") is None:
    pytest.skip("real engine: not run: pulumi is not on PATH", allow_module_level=True)

RETAINED = {
    "aws:kms/key:Key",
    "aws:efs/fileSystem:FileSystem",
    "aws:efs/accessPoint:AccessPoint",
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
    "aws:fsx/lustreFileSystem:LustreFileSystem",
    "aws:rds/instance:Instance",
    "alicloud:kms/key:Key",
    "alicloud:nas/fileSystem:FileSystem",
    "alicloud:nas/mountTarget:MountTarget",
    "alicloud:hbr/vault:Vault",
    "alicloud:rds/instance:Instance",
    "alicloud:rds/rdsAccount:RdsAccount",
    "alicloud:rds/database:Database",
}
FILE_SYSTEMS = ("FileSystem", "OpenZfsFileSystem", "LustreFileSystem")
MOVED = {
    "aws-single": {"storage.claims.files.oneZone": "eu-central-1b"},
    "aws-scaled": {"storage.claims.weights.zone": "eu-central-1b"},
    "alicloud-single": {"storage.claims.files.zone": "cn-hangzhou-i"},
    "alicloud-scaled": {"storage.claims.files.zone": "cn-hangzhou-i"},
}
"""Another zone: a new file system, and an empty one."""


def changes(summary: Any) -> set[str]:
    return {op.value if hasattr(op, "value") else str(op) for op, n in summary.items() if n} - {"same"}


def test_a_preview_makes_nothing(world: World) -> None:
    assert changes(world.stack.preview(color="never").change_summary) <= {"create", "read"}
    assert world.calls("create") == []


def test_up_makes_everything(world: World) -> None:
    world.stack.up(color="never")
    made = {type_ for type_, _ in world.calls("create")}
    assert made & RETAINED
    metadata = {"name": "kotaemon", "namespace": world.name}
    found = world.kube.get({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata})
    assert found
    assert found["status"]["availableReplicas"] == (3 if "scaled" in world.name else 1)


def test_up_again_changes_nothing(world: World) -> None:
    before = world.calls("create")
    world.stack.up(color="never", expect_no_changes=True)
    assert world.calls("create") == before
    assert world.calls("update") == world.calls("delete") == []


def test_no_secret_is_in_clear_in_the_state(world: World) -> None:
    """Neither in what `pulumi stack export` prints nor in any file of the backend."""
    texts = [exported(world), *(path.read_text() for path in world.state.rglob("*") if path.is_file())]
    assert all(any(f"pulumi:{world.name}::kotaemon" in text for text in part) for part in (texts[:1], texts[1:]))
    known = secrets_of(world)
    if "scaled" in world.name:
        assert API_KEY in known
    for secret in known:
        for form in (secret, base64.b64encode(secret.encode()).decode()):
            assert not any(form in text for text in texts), "a secret is in clear"


def exported(world: World) -> str:
    """The state as the command line exports it. `export_stack` of the Automation API decrypts."""
    environment = {**os.environ, **world.stack.workspace.env_vars}
    command = ["pulumi", "stack", "export", "--stack", world.name]
    done = subprocess.run(command, cwd=world.config.parent, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def secrets_of(world: World) -> set[str]:
    """The long values of all Secrets of the namespace, and the credentials of the cluster."""
    values = (v for secret in world.kube.list("v1", "Secret", world.name) for v in (secret.get("data") or {}).values())
    found = {text for v in values if len(text := base64.b64decode(v).decode()) >= 16}
    assert found, "the administrator's password at least"
    users = yaml.safe_load(world.kubeconfig.read_text())["users"]
    credentials = {str(v) for user in users for k, v in user["user"].items() if k in ("token", "client-key-data")}
    assert credentials
    return found | credentials


def test_what_holds_data_is_never_replaced(world: World) -> None:
    before = world.config.read_text()
    world.change(MOVED[world.name])
    try:
        with pytest.raises(auto.CommandError, match="protect"):
            world.stack.up(color="never")
    finally:
        world.config.write_text(before)
    assert not {type_ for type_, _ in world.calls("delete")} & RETAINED


def test_what_holds_data_is_not_deleted_while_it_is_protected(world: World) -> None:
    """The engine refuses at the end: it has then deleted what nothing needs, such as the pods and a key's alias."""
    before = uids(world)
    steps = Steps()
    with pytest.raises(auto.CommandError, match="protect"):
        world.stack.destroy(color="never", on_event=steps)
    assert not {type_ for type_, _ in world.calls("delete")} & RETAINED
    assert uids(world) == before


def uids(world: World) -> dict[str, str]:
    """Claims of the namespace and the volumes that they are bound to."""
    claims = world.kube.list("v1", "PersistentVolumeClaim", world.name)
    assert claims
    return {c["metadata"]["name"]: f"{c['metadata']['uid']} {c['spec']['volumeName']}" for c in claims}


def test_destroy_unmounts_before_it_deletes_and_keeps_what_holds_data(world: World) -> None:
    before = uids(world)
    world.change({"protect": False})
    world.stack.up(color="never")
    steps = Steps()
    world.stack.destroy(color="never", on_event=steps)
    order = [(phase, type_.rpartition(":")[2]) for phase, type_, _ in steps.order]
    stopped = order.index(("end", "Deployment"))
    volumes = [place for place, step in enumerate(order) if step == ("end", "PersistentVolume")]
    targets = [place for place, step in enumerate(order) if step == ("start", "MountTarget")]
    systems = [place for place, (phase, kind) in enumerate(order) if phase == "start" and kind in FILE_SYSTEMS]
    assert systems
    assert stopped < min(order.index(("start", "PersistentVolumeClaim")), *targets, *systems)
    assert all(volume < min(targets + systems) for volume in volumes)
    assert all(max(targets) < system for system in systems if targets)
    assert not {type_ for type_, _ in world.calls("delete")} & RETAINED
    assert uids(world) == before
    assert not (world.stack.export_stack().deployment or {}).get("resources")
