"""The example stacks on the real engine: the real Kubernetes provider, stand-ins for the clouds' own.

The tests of an example follow each other, in this order.
"""

import base64
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import automation as auto

from deploy.kube import Manifest
from tests.cluster.objects import wait
from tests.engine import stack
from tests.engine.examples.conftest import Steps, World
from tests.engine.examples.table import PV, PVC

PODS = ("Deployment", "StatefulSet")
FILE_SYSTEMS = ("FileSystem", "OpenZfsFileSystem", "LustreFileSystem")


def changes(summary: Any) -> set[str]:
    return {op.value if hasattr(op, "value") else str(op) for op, n in summary.items() if n} - {"same"}


def test_a_preview_makes_nothing(world: World) -> None:
    steps = Steps()
    summary = world.stack.preview(color="never", on_event=steps).change_summary
    assert changes(summary) <= {"create", "read"}
    assert steps.outputs["cost"] == stack.cost_of_the_plan(world.file)
    assert world.calls("create") == []
    assert world.kube.list("v1", "PersistentVolumeClaim", world.name) == []


def test_up_makes_everything(world: World) -> None:
    world.stack.up(color="never")
    assert {type_ for type_, _ in world.calls("create")} >= world.example.retained
    assert claims(world).keys() == world.example.claims
    metadata = {"name": "kotaemon", "namespace": world.name}
    found = world.kube.get({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata})
    assert found
    assert found["status"]["availableReplicas"] == world.example.replicas


def claims(world: World) -> dict[str, Manifest]:
    """Claims of the namespace, by name."""
    return {c["metadata"]["name"]: c for c in world.kube.list("v1", "PersistentVolumeClaim", world.name)}


def kept(world: World) -> dict[str, str]:
    """Claims of the namespace with their volumes, and the Secrets that cannot be made again, each by its identity."""
    volumes = {v["metadata"]["name"]: v["metadata"]["uid"] for v in world.kube.list("v1", "PersistentVolume")}
    found = {name: (c["metadata"]["uid"], c["spec"]["volumeName"]) for name, c in claims(world).items()}
    identities = {f"claim {name}": f"{uid} {volume} {volumes[volume]}" for name, (uid, volume) in found.items()}
    for secret in world.kube.list("v1", "Secret", world.name):
        if (name := secret["metadata"]["name"]) in world.example.secrets:
            identities[f"secret {name}"] = f"{secret['metadata']['uid']} {secret['data']}"
    assert len(identities) == len(world.example.claims | world.example.secrets)
    return identities


def capacities(world: World) -> dict[str, str]:
    """Claims of the namespace -> size of the volume."""
    volumes = {
        v["metadata"]["name"]: v["spec"]["capacity"]["storage"] for v in world.kube.list("v1", "PersistentVolume")
    }
    return {name: volumes[c["spec"]["volumeName"]] for name, c in claims(world).items()}


def deleted(world: World) -> set[str]:
    """Types of the cloud's resources that were deleted and hold data."""
    return {type_ for type_, _ in world.calls("delete")} & world.example.retained


def test_its_cost_is_the_cost_of_the_plan(world: World) -> None:
    assert world.stack.outputs()["cost"].value == stack.cost_of_the_plan(world.file)


def test_nothing_is_left_to_change(world: World) -> None:
    before = world.calls("create")
    world.stack.preview(color="never", expect_no_changes=True)
    world.stack.up(color="never", expect_no_changes=True)
    assert world.calls("create") == before
    assert world.calls("update") == world.calls("delete") == []


def test_refresh_finds_no_drift(world: World) -> None:
    world.stack.refresh(color="never", expect_no_changes=True)


def test_no_secret_is_in_clear_in_the_state(world: World) -> None:
    """Neither in what `pulumi stack export` prints nor in any file of the backend."""
    texts = [exported(world), *(path.read_text() for path in world.state.rglob("*") if path.is_file())]
    assert all(any(f"pulumi:{world.name}::kotaemon" in text for text in part) for part in (texts[:1], texts[1:]))
    known = secrets_of(world)
    for secret in known:
        for form in (secret, base64.b64encode(secret.encode()).decode()):
            assert not any(form in text for text in texts), "a secret is in clear"


def exported(world: World) -> str:
    """The state as the command line exports it. `export_stack` of the Automation API decrypts."""
    environment = {**os.environ, **world.stack.workspace.env_vars}
    command = [world.engine.command.command, "stack", "export", "--stack", world.name]
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


def test_sizes_grow_in_place(world: World) -> None:
    before, steps = kept(world), Steps()
    world.change(world.example.grown)
    world.stack.up(color="never", on_event=steps)
    assert set(steps.started) == {("update", type_, name) for type_, name in world.example.updates}
    assert kept(world) == before
    wait("the volumes have grown", lambda: capacities(world).items() >= world.example.sizes.items())
    assert world.stack.outputs()["cost"].value == stack.cost_of_the_plan(world.file)
    world.stack.refresh(color="never", expect_no_changes=True)


def test_what_holds_data_is_never_replaced(world: World) -> None:
    config, before = world.config.read_text(), kept(world)
    world.change(world.example.moved)
    try:
        with pytest.raises(auto.CommandError, match="refused by the guard, because data would be left behind"):
            world.stack.up(color="never")
    finally:
        world.config.write_text(config)
    assert not deleted(world)
    assert kept(world) == before


def test_another_repository_reads_the_outputs(world: World, tmp_path: Path) -> None:
    read = stack.outputs_of_another_repository(world.stack, world.kubeconfig, tmp_path)
    assert read == {"job": "nightly-eval", "models": world.example.models}


def test_taking_down_leaves_what_holds_data_in_the_state_and_up_makes_the_rest(world: World) -> None:
    before, outputs = kept(world), world.stack.outputs()["storage"].value
    steps = Steps()
    world.stack.destroy(exclude_protected=True, color="never", on_event=steps)
    assert places(steps, "end", *PODS)
    assert not deleted(world)
    assert kept(world) == before
    assert world.stack.outputs()["storage"].value == outputs, "other repositories still read them"
    assert world.kube.list("apps/v1", "Deployment", world.name) == []

    again = Steps()
    world.stack.up(color="never", on_event=again)
    assert {op for op, _, _ in again.started} == {"create"}
    assert not {type_ for _, type_, _ in again.started} & ({PV, PVC} | world.example.retained)
    assert kept(world) == before
    world.stack.preview(color="never", expect_no_changes=True)


def test_what_holds_data_is_not_deleted_while_it_is_protected(world: World) -> None:
    """The engine refuses at the end: it has then deleted what nothing needs, such as the pods and a key's alias."""
    before = kept(world)
    with pytest.raises(auto.CommandError, match="protect"):
        world.stack.destroy(color="never")
    assert not deleted(world)
    assert kept(world) == before


def test_destroy_unmounts_before_it_deletes_and_keeps_what_holds_data(world: World) -> None:
    before = kept(world)
    world.change({"protect": False})
    world.stack.up(color="never")
    steps = Steps()
    world.stack.destroy(color="never", on_event=steps)

    pods, volumes = places(steps, "end", *PODS), places(steps, "end", "PersistentVolume")
    claimed, targets = places(steps, "start", "PersistentVolumeClaim"), places(steps, "start", "MountTarget")
    systems = places(steps, "start", *FILE_SYSTEMS)
    assert pods
    assert volumes
    assert max(pods) < min(claimed + targets + systems)
    assert bool(systems) == any(type_.endswith(FILE_SYSTEMS) for type_ in world.example.retained)
    assert all(volume < place for volume in volumes for place in targets + systems)
    assert all(target < system for target in targets for system in systems)
    assert not deleted(world)
    assert kept(world) == before
    assert not (world.stack.export_stack().deployment or {}).get("resources")


def places(steps: Steps, phase: str, *kinds: str) -> list[int]:
    """When each deletion of these kinds started or ended."""
    return [n for n, (at, type_, _) in enumerate(steps.deletions) if at == phase and type_.rpartition(":")[2] in kinds]
