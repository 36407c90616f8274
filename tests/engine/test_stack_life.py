"""The life of a stack on the real engine with the real Kubernetes provider. The tests follow each other, in this order."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from deploy import engine, lines, repair
from deploy.engine import Failed
from deploy.kube import Manifest
from plan.stack_file import ROOT, StackFile
from stacks.safety import RefusedByGuard
from tests.cluster.objects import wait
from tests.engine import stack
from tests.engine.conftest import World
from tests.engine.stack import API_KEY, DISK, FILES
from tests.unit.plan.kept import with_lines

NAME = "engine-life"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture
def file(folder: Path) -> StackFile:
    return stack.write(folder, NAME)


def get(world: World, kind: str, name: str, namespace: str = NAME) -> Manifest | None:
    version = "apps/v1" if kind == "Deployment" else "v1"
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return world.kube.get({"apiVersion": version, "kind": kind, "metadata": metadata})


def must(world: World, kind: str, name: str, namespace: str = NAME) -> Manifest:
    found = get(world, kind, name, namespace)
    assert found, f"{kind} {name}"
    return found


def changes(summary: Any) -> dict[str, int]:
    return {str(k): v for k, v in (summary or {}).items() if k != "same"}


def test_a_preview_makes_nothing(world: World, file: StackFile) -> None:
    seen = stack.opened(world, file).preview(color="never")
    assert changes(seen.change_summary).keys() == {"create"}
    assert get(world, "Namespace", NAME, "") is None


def test_up_makes_everything_and_waits_for_the_pod(world: World, file: StackFile) -> None:
    stack.up(world, file)
    assert must(world, "Deployment", "kotaemon")["status"]["availableReplicas"] == 1
    assert must(world, "PersistentVolumeClaim", "kotaemon-disk")["status"]["phase"] == "Bound"


def test_nothing_is_left_to_change(world: World, file: StackFile) -> None:
    stack.opened(world, file).preview(expect_no_changes=True, color="never")
    assert stack.up(world, file).nothing_changed


def test_refresh_finds_no_drift(world: World, file: StackFile) -> None:
    stack.opened(world, file).refresh(expect_no_changes=True, color="never")


def test_its_cost_is_the_cost_of_the_plan(world: World, file: StackFile) -> None:
    assert stack.opened(world, file).outputs()["cost"].value == stack.cost_of_the_plan(file)


def test_no_secret_is_in_clear_in_the_state(world: World, own_cache: Path) -> None:
    password = base64.b64decode(must(world, "Secret", "kotaemon-admin")["data"]["password"]).decode()
    # The files themselves: the automation API exports with --show-secrets. Not `history`, which repeats the stack file,
    # and in this one the key is in clear.
    state = own_cache / "pulumi" / "state" / ".pulumi"
    files = [path for part in ("stacks", "backups") for path in (state / part).rglob("*.json*") if NAME in str(path)]
    kept = "".join(path.read_text() for path in files)
    assert len(password) > 20
    for secret in (password, API_KEY):
        assert secret not in kept
        assert base64.b64encode(secret.encode()).decode() not in kept
    assert "kotaemon-admin" in kept, "it is the state of this stack"


def test_a_disk_grows_in_place(world: World, folder: Path) -> None:
    before = must(world, "PersistentVolumeClaim", "kotaemon-disk")
    larger = stack.write(folder, NAME, files=FILES, disk={**DISK, "size": "15Gi"})
    assert stack.up(world, larger).did == [f"changed PersistentVolumeClaim {NAME}/kotaemon-disk"]
    after = must(world, "PersistentVolumeClaim", "kotaemon-disk")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    wait(
        "the disk has grown",
        lambda: must(world, "PersistentVolumeClaim", "kotaemon-disk")["status"]["capacity"]["storage"] == "15Gi",
    )


def test_what_holds_data_is_never_replaced(world: World, folder: Path) -> None:
    volume = f"{NAME}.kotaemon-files"
    before = must(world, "PersistentVolume", volume, "")
    moved = stack.write(folder, NAME, files={**FILES, "server": "other.example.org"}, disk={**DISK, "size": "15Gi"})
    with pytest.raises(
        RefusedByGuard, match=r"kotaemon:storage\.claims\.files: is path /srv/nfs, server nfs\.example\.org"
    ):
        stack.up(world, moved)
    after = must(world, "PersistentVolume", volume, "")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"]["nfs"]["server"] == "nfs.example.org"
    assert must(world, "Deployment", "kotaemon")["status"]["availableReplicas"] == 1


def test_another_repository_reads_the_outputs(world: World, file: StackFile, tmp_path: Path) -> None:
    read = stack.outputs_of_another_repository(stack.opened(world, file), world.cluster.kubeconfig, tmp_path)
    assert read == {"job": "nightly-eval", "models": "kotaemon-files/models"}


def test_down_keeps_what_holds_data_and_nothing_else(world: World, folder: Path) -> None:
    file = stack.write(folder, NAME, files=FILES, disk={**DISK, "size": "15Gi"})
    outcome, _ = stack.down(world, file)
    assert get(world, "Deployment", "kotaemon") is None
    deleted = [line.split()[1] for line in outcome.did]
    assert all(line.startswith("deleted ") for line in outcome.did)
    # The pods go before what they use.
    assert deleted.index("Deployment") < deleted.index("ConfigMap")
    for kind, name, namespace in (
        ("PersistentVolumeClaim", "kotaemon-disk", NAME),
        ("PersistentVolumeClaim", "kotaemon-files", NAME),
        ("PersistentVolume", f"{NAME}.kotaemon-files", ""),
        ("Secret", "kotaemon-admin", NAME),
        ("Namespace", NAME, ""),
    ):
        must(world, kind, name, namespace)
    assert "kubernetes:apps/v1:Deployment" not in stack.state(file)
    assert stack.opened(world, file).outputs()["namespace"].value == NAME, "other stacks still read them"


def test_up_again_finds_what_was_kept(world: World, folder: Path) -> None:
    file = stack.write(folder, NAME, files=FILES, disk={**DISK, "size": "15Gi"})
    before = must(world, "PersistentVolumeClaim", "kotaemon-disk")
    password = must(world, "Secret", "kotaemon-admin")["data"]
    made = stack.up(world, file).did
    assert f"created Deployment {NAME}/kotaemon" in made
    assert f"created Secret {NAME}/kotaemon-admin" not in made
    assert not [line for line in made if line.split()[1] in ("PersistentVolumeClaim", "PersistentVolume", "Namespace")]
    after = must(world, "PersistentVolumeClaim", "kotaemon-disk")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert must(world, "Secret", "kotaemon-admin")["data"] == password
    assert must(world, "Deployment", "kotaemon")["status"]["availableReplicas"] == 1
    stack.opened(world, file).preview(expect_no_changes=True, color="never")


def test_the_lines_find_it_when_the_state_is_lost(world: World, folder: Path, tmp_path: Path) -> None:
    """Taken down, the state deleted, and up with the lines that taking down has printed: the same disk and password."""
    file = stack.write(folder, NAME, files=FILES, disk={**DISK, "size": "15Gi"})
    before, password = must(world, "PersistentVolumeClaim", "kotaemon-disk"), must(world, "Secret", "kotaemon-admin")
    stack.up(world, file)
    stack.down(world, file)
    lines.tell(file, there := lines.kept(engine.resources(file)), Console(quiet=True))
    engine.checkpoint(file.project, NAME).unlink()
    said = yaml.safe_load(lines.path(file).read_text())["config"]

    made = stack.up(world, with_lines(file, said, tmp_path)).did
    assert lines.kept(engine.resources(file)) == there
    taken = sorted(line.split()[-1] for line in made if line.startswith("taken over "))
    assert taken == sorted(there.values())
    assert not [line for line in made if not line.startswith(("taken over ", "created "))]
    after = must(world, "PersistentVolumeClaim", "kotaemon-disk")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert must(world, "Secret", "kotaemon-admin")["data"] == password["data"]
    assert must(world, "Deployment", "kotaemon")["status"]["availableReplicas"] == 1

    assert not [line for line in stack.up(world, file).did if not line.startswith("changed ")]
    assert lines.kept(engine.resources(file)) == there
    assert must(world, "PersistentVolumeClaim", "kotaemon-disk")["metadata"]["uid"] == before["metadata"]["uid"]
    assert must(world, "Secret", "kotaemon-admin")["data"] == password["data"]
    stack.opened(world, file).preview(expect_no_changes=True, color="never")


def test_what_was_taken_up_takes_changes(world: World, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lost state's provider still owns the fields of what it applied; `make up` sees that, and takes them over."""
    larger = stack.write(folder, NAME, files=FILES, disk={**DISK, "size": "25Gi"})
    with monkeypatch.context() as patch:
        patch.setattr(repair, "has_taken_up", lambda resources: False)
        with pytest.raises(Failed, match="field conflict"):
            stack.up(world, larger)
    assert stack.up(world, larger).did == [f"changed PersistentVolumeClaim {NAME}/kotaemon-disk"]
    claim = must(world, "PersistentVolumeClaim", "kotaemon-disk")
    assert claim["spec"]["resources"]["requests"]["storage"] == "25Gi"
    with monkeypatch.context() as patch:
        patch.setattr(repair, "has_taken_up", lambda resources: False)
        larger = stack.write(folder, NAME, files=FILES, disk={**DISK, "size": "30Gi"})
        assert stack.up(world, larger).did == [f"changed PersistentVolumeClaim {NAME}/kotaemon-disk"], "once is enough"


def test_the_users_stack_file_was_not_touched(folder: Path) -> None:
    assert "encryptionsalt" not in (folder / f"Pulumi.{NAME}.yaml").read_text()
    assert not [name for name in os.listdir(ROOT) if name == f"Pulumi.{NAME}.yaml"]
