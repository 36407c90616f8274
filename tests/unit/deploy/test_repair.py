"""What a killed run leaves: locks, and operations without an end."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy import repair


def lock(folder: Path, content: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "a.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_without_a_lock_nothing_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    assert not repair.free_lock(tmp_path / "none", said.append)
    assert said == []


@pytest.mark.parametrize("content", [{"pid": 2**22 + 1}, '{"pid": 1', ""], ids=["dead", "half", "empty"])
def test_the_lock_of_a_dead_run_is_removed_and_said(tmp_path: Path, content: object) -> None:
    path, said = lock(tmp_path, content), list[str]()
    assert repair.free_lock(tmp_path, said.append)
    assert said == ["An earlier run was killed and left the stack locked: the lock is removed."]
    assert not path.exists()


def test_another_program_that_has_got_the_id_is_left_alone(tmp_path: Path) -> None:
    path = lock(tmp_path, {"pid": os.getppid()})  # pytest's parent: a shell, or make
    said: list[str] = []
    repair.free_lock(tmp_path, said.append)
    assert said == ["An earlier run was killed and left the stack locked: the lock is removed."]
    assert not path.exists()


def test_an_engine_that_still_works_is_cancelled_first(tmp_path: Path) -> None:
    text = "import signal, sys, time; signal.signal(2, lambda *_: sys.exit(0)); print(1, flush=True); time.sleep(60)"
    orphan = subprocess.Popen([sys.executable, "-c", text, "pulumi"], stdout=subprocess.PIPE)
    assert orphan.stdout
    orphan.stdout.readline()
    lock(tmp_path, {"pid": orphan.pid})
    said: list[str] = []
    reaper = threading.Thread(target=orphan.wait)
    reaper.start()
    began = time.monotonic()
    assert repair.free_lock(tmp_path, said.append)
    reaper.join()
    assert orphan.returncode == 0, "it had the time to write its state"
    assert time.monotonic() - began < repair.ORPHAN_SECONDS
    assert said == [f"An earlier run was killed, and its engine (process {orphan.pid}) still works: ending it."]


def test_an_engine_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "ORPHAN_SECONDS", 0.3)
    text = "import signal, time; signal.signal(2, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    orphan = subprocess.Popen([sys.executable, "-c", text, "pulumi"], stdout=subprocess.PIPE)
    assert orphan.stdout
    orphan.stdout.readline()
    reaper = threading.Thread(target=orphan.wait)
    reaper.start()
    lock(tmp_path, {"pid": orphan.pid})
    repair.free_lock(tmp_path, lambda _: None)
    reaper.join()
    assert orphan.returncode == -signal.SIGKILL


def test_a_process_that_ends_while_it_is_looked_at_is_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def lives(pid: int, sign: int) -> None:
        """It lived a moment ago."""

    monkeypatch.setattr(repair.os, "kill", lives)
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert not repair._is_engine(ended.pid)  # pyright: ignore[reportPrivateUsage]


def test_the_plugins_of_a_dead_engine_are_ended(tmp_path: Path) -> None:
    """The engine's session is named after it; the plugin has a process group of its own in it."""
    plugin = tmp_path / "pulumi-resource-kubernetes"
    plugin.symlink_to("/bin/sleep")
    text = f"import os, subprocess; print(subprocess.Popen(['{plugin}', '60'], preexec_fn=os.setpgrp).pid, flush=True)"
    engine = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, start_new_session=True)
    assert engine.stdout
    orphan = int(engine.stdout.readline())
    engine.wait()
    assert Path(f"/proc/{orphan}").exists()
    lock(tmp_path / "locks", {"pid": engine.pid})
    repair.free_lock(tmp_path / "locks", lambda _: None)
    deadline = time.monotonic() + 30
    while Path(f"/proc/{orphan}/stat").exists() and ") Z" not in Path(f"/proc/{orphan}/stat").read_text():
        assert time.monotonic() < deadline, "the plugin lives on"
        time.sleep(0.05)


def resource(kind: str, name: str, namespace: str = "ns") -> dict[str, Any]:
    type_ = f"kubernetes:core/v1:{kind}"
    inputs = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}}
    return {"urn": f"urn:pulumi:dev::kotaemon::{type_}::{name}", "type": type_, "inputs": inputs, "protect": True}


class Stack:
    """An engine's stack with this state."""

    def __init__(self, resources: list[Any], pending: list[Any]) -> None:
        self.deployment: Any = {"resources": resources, "pending_operations": pending}

    def export_stack(self) -> Any:
        return SimpleNamespace(version=3, deployment=self.deployment)

    def import_stack(self, state: Any) -> None:
        self.deployment = state.deployment


class Cluster:
    """An API server with these objects."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def get(self, manifest: Any) -> object:
        return manifest if manifest["metadata"]["name"] in self.names else None


def finish(tmp_path: Path, stack: Stack, cluster: Cluster) -> tuple[bool, list[str]]:
    checkpoint, said = tmp_path / "dev.json", list[str]()
    checkpoint.write_text(json.dumps({"checkpoint": {"latest": stack.deployment}}))
    return repair.finish_pending(stack, cluster, said.append, checkpoint), said  # type: ignore[arg-type]


def test_a_state_without_such_operations_is_not_even_asked_for(tmp_path: Path) -> None:
    checkpoint = tmp_path / "dev.json"
    assert not repair.finish_pending(None, None, print, checkpoint)  # type: ignore[arg-type]
    checkpoint.write_text('{"checkpoint": {"latest": {"resources": []}}}')
    assert not repair.finish_pending(None, None, print, checkpoint)  # type: ignore[arg-type]


def test_what_was_being_made_is_taken_over_where_it_is_there(tmp_path: Path) -> None:
    there, gone, changing = resource("Secret", "there"), resource("Secret", "gone"), resource("ConfigMap", "changing")
    operations = [
        {"resource": there, "type": "creating"},
        {"resource": gone, "type": "creating"},
        {"resource": changing, "type": "updating"},
    ]
    stack = Stack([changing], operations)
    assert finish(tmp_path, stack, Cluster("there", "changing")) == (
        True,
        [
            "An earlier run was interrupted; 3 of its operations had no end:",
            "  Secret ns/there was being created: it is there, and taken over as it is",
            "  Secret ns/gone was being created: it is not there, and made again",
            "  ConfigMap ns/changing was updating: asking the cluster what became of it",
        ],
    )
    taken = {**there, "id": "ns/there", "outputs": there["inputs"]}
    assert stack.deployment == {"resources": [changing, taken], "pending_operations": []}


def test_what_is_in_the_state_already_is_not_taken_twice(tmp_path: Path) -> None:
    there = resource("Secret", "there")
    stack = Stack([there], [{"resource": there, "type": "creating"}])
    finish(tmp_path, stack, Cluster("there"))
    assert stack.deployment["resources"] == [there]


def test_a_component_or_a_provider_is_made_again(tmp_path: Path) -> None:
    provider = {"urn": "urn:pulumi:dev::kotaemon::pulumi:providers:kubernetes::cluster", "inputs": {}}
    stack = Stack([], [{"resource": {**provider, "type": "pulumi:providers:kubernetes"}, "type": "creating"}])
    _, said = finish(tmp_path, stack, Cluster())
    assert said[1:] == ["  kubernetes cluster was being created: it is not there, and made again"]
    assert stack.deployment == {"resources": [], "pending_operations": []}


def applied_by(*managers: str) -> list[dict[str, str]]:
    """The entries of an object that these have applied, and one that only wrote its status."""
    return [{"manager": name, "operation": "Apply"} for name in managers] + [
        {"manager": "pulumi-kubernetes-status", "operation": "Update"}
    ]


def test_it_keeps_the_name_under_which_the_killed_run_has_applied_it(tmp_path: Path) -> None:
    there = resource("Secret", "there")

    class Applied(Cluster):
        def get(self, manifest: Any) -> object:
            fields = applied_by("kubectl", "pulumi-kubernetes-1a2b3c4d")
            return {**manifest, "metadata": {**manifest["metadata"], "managedFields": fields}}

    stack = Stack([], [{"resource": there, "type": "creating"}])
    finish(tmp_path, stack, Applied("there"))
    assert stack.deployment["resources"][0]["outputs"] == {
        **there["inputs"],
        "__fieldManager": "pulumi-kubernetes-1a2b3c4d",
    }


@pytest.mark.parametrize(
    ("managers", "taken_up"),
    [
        (["pulumi-kubernetes-1a2b3c4d"], True),
        (["pulumi-kubernetes-ours"], False),
        (["pulumi-kubernetes-ours", "pulumi-kubernetes-1a2b3c4d"], False),
        (["kubectl"], False),
        ([], False),
    ],
    ids=["of another state", "ours", "ours since", "somebody's", "nobody's"],
)
def test_an_object_of_another_state_is_known_by_who_applied_it(managers: list[str], taken_up: bool) -> None:
    outputs = {"metadata": {"managedFields": applied_by(*managers)}, "__fieldManager": "pulumi-kubernetes-ours"}
    state = [{**resource("Secret", "there"), "outputs": outputs}, {"type": "kotaemon:index:Kotaemon"}]
    assert repair.has_taken_up(state) == taken_up
