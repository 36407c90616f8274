"""The memory of a stack on the real engine: read before anything is registered, written by the end of the workload's switch.

The tests follow each other, in this order.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi import automation as auto
from pulumi.runtime import register_resource_transform

from deploy import engine
from deploy.engine import Failed
from deploy.workspace import latest
from plan import collect
from plan.stack_file import StackFile
from stacks import intent, memory, own_outputs
from stacks.safety import RefusedByGuard
from tests.engine import stack
from tests.engine.conftest import World
from tests.engine.engines import SILENT
from tests.engine.stack import DISK, FILES

NAME = "engine-memory"
ARCHIVE = {**FILES, "path": "/srv/archive"}
ROLES = ("models", "uploads", "logs", "eval")
SPOILED: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "before the switch": (
        "kubernetes:core/v1:ServiceAccount",
        lambda props: props["metadata"].update(name="NOT VALID"),
    ),
    "at the switch": ("kubernetes:apps/v1:Deployment", lambda props: props["spec"].update(replicas=-1)),
    # The roll-out itself goes well, and the engine goes on waiting for what never comes.
    "after the switch": (
        "kubernetes:apps/v1:Deployment",
        lambda props: props["metadata"].update(annotations={"pulumi.com/waitFor": "jsonpath={.status.never}=so"}),
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


def file(folder: Path, uploads: str = "files", moved: dict[str, Any] | None = None, name: str = NAME) -> StackFile:
    """Write the stack with two file claims and the uploads on one of them. What is written last is what is run."""
    roles = {role: {"claim": "files"} for role in ROLES} | {"uploads": {"claim": uploads}}
    claims = {"files": FILES, "archive": ARCHIVE, "disk": DISK}
    return stack.write(folder, name, roles=roles, more={"moved": moved or {}}, **claims)


HELD = {"before the switch": "kubernetes:core/v1:ServiceAccount", "at the switch": "kubernetes:apps/v1:Deployment"}
"""Where a run is killed -> the object for which it waits then. The pods are switched before the wait for them."""


def held(type_: str) -> tuple[str, Callable[[dict[str, Any]], Any]]:
    """An object that is made at once, and for which the engine waits for ever."""
    never = {"pulumi.com/waitFor": "jsonpath={.status.never}=so"}
    return type_, lambda props: props["metadata"].update(annotations=never)


def up(
    world: World,
    file: StackFile,
    spoil_: tuple[str, Callable[[dict[str, Any]], Any]] | None = None,
    patience: float | None = None,
) -> engine.Outcome:
    """`make up`, with one object that is spoiled."""
    project = stack.project(world, file)
    program = project.program

    def spoiling() -> object:
        assert spoil_ is not None
        type_, spoil = spoil_

        def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
            if args.type_ != type_:
                return None
            props: Any = json.loads(json.dumps(args.props))
            spoil(props)
            return pulumi.ResourceTransformResult(props, args.opts)

        register_resource_transform(transform)
        return program()

    if spoil_:
        project.program = spoiling
    return engine.up(project, world.kube, SILENT, patience=patience)


def failed(world: World, file: StackFile, when: str) -> None:
    """`make up` that fails."""
    with pytest.raises(Failed):
        up(world, file, SPOILED[when], patience=5)


def killed(world: World, file: StackFile, when: str) -> None:
    """`make up` whose engine is killed while it waits."""
    kind = HELD[when].rpartition(":")[2]
    over = threading.Thread(target=kill_the_engine, args=(stack.project(world, file), kind))
    over.start()
    with pytest.raises(Failed):
        up(world, file, held(HELD[when]), patience=120)
    over.join()
    assert latest(stack.project(world, file).checkpoint).get("pending_operations"), "it had no time to tidy up"


def kill_the_engine(project: engine.Project, kind: str) -> None:
    """Once it has begun with an object of a kind, and the API server has it."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        pending = latest(project.checkpoint).get("pending_operations") or ()
        if any(op["resource"]["type"].endswith(f":{kind}") for op in pending):
            break
        time.sleep(0.1)
    time.sleep(2)
    for lock in engine.locks_of(project.name, project.stack).rglob("*.json"):
        os.kill(json.loads(lock.read_text())["pid"], signal.SIGKILL)


def outputs(world: World, file: StackFile) -> dict[str, Any]:
    """The stack's outputs in the state as the backend keeps it. Asking the engine takes seconds."""
    resources: list[Any] = latest(stack.project(world, file).checkpoint)["resources"]
    return next(r for r in resources if r["type"] == "pulumi:pulumi:Stack").get("outputs") or {}


def objects(world: World, file: StackFile) -> list[str]:
    """The names of all that the engine knows of."""
    return sorted(r["urn"] for r in latest(stack.project(world, file).checkpoint)["resources"])


def known() -> memory.Memory:
    """What the program knows when it begins."""
    found = own_outputs.read()
    return intent.merged(memory.remembered(found), found)


def remembered(world: World, file: StackFile) -> dict[str, Any]:
    """What the next `up` knows, by the engine's own answer."""
    seen: list[Any] = []

    def look() -> None:
        seen.append(memory.to_plain(known()))
        raise pulumi.RunError("looked")

    asked = stack.project(world, file)
    asked.program = look
    with pytest.raises(pulumi.RunError, match="looked"):
        engine.up(asked, world.kube, SILENT)
    return seen[0]


def places(world: World, file: StackFile) -> tuple[str, list[str]]:
    """Claim of the uploads since the last run that ended well, and the claims of runs that did not."""
    data = remembered(world, file)["data"]["uploads"]
    return (data["at"] or {}).get("claim", ""), [place["claim"] for place in data["maybe"]]


def refused(world: World, file: StackFile) -> str:
    """The refusal by what the engine has kept, without the engine: one test asks the engine itself."""
    with pytest.raises(RefusedByGuard) as caught:
        collect.make(file, remembered(world, file))
    return str(caught.value)


def move(text: str) -> dict[str, Any]:
    """The lines of the refusal, as they are pasted into the stack file."""
    return yaml.safe_load(text[text.index("    kotaemon:moved:") :])["kotaemon:moved"]


def test_the_engines_function_reads_nothing_on_a_first_run(world: World, folder: Path) -> None:
    seen: list[Any] = []
    first = stack.project(world, file(folder))
    program = first.program
    first.program = lambda: (seen.append(known()), program())[1]
    first.open().preview(color="never")
    assert seen == [memory.Memory()]


def test_up_remembers_the_place_of_everything_with_the_id_of_its_volume(world: World, folder: Path) -> None:
    up(world, file(folder))
    data = remembered(world, file(folder))["data"]
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "kotaemon-disk", "namespace": NAME},
    }
    found = world.kube.get(claim)
    assert found
    assert data["sessions"]["at"]["id"] == found["spec"]["volumeName"], "known before it is bound, by the uid"
    assert data["uploads"] == {
        "at": {
            "key": "storage.claims.files",
            "claim": "kotaemon-files",
            "folder": "uploads",
            "words": {"server": "nfs.example.org", "path": "/srv/nfs"},
            "id": "",
        },
        "maybe": [],
    }


def test_it_is_read_in_a_preview_and_in_up_and_nothing_is_left_to_change(world: World, folder: Path) -> None:
    seen: list[Any] = []
    again = stack.project(world, file(folder))
    program = again.program
    again.program = lambda: (seen.append(memory.to_plain(known())), program())[1]
    again.open().preview(color="never", expect_no_changes=True)
    assert engine.up(again, world.kube, SILENT).nothing_changed
    assert seen == [remembered(world, file(folder))] * 2


def test_the_engine_refuses_another_claim_registers_nothing_and_reverting_changes_nothing(
    world: World, folder: Path
) -> None:
    before = outputs(world, file(folder))
    moved = file(folder, "archive")
    resources = objects(world, moved)
    with pytest.raises(auto.CommandError, match="refused by the guard"):
        stack.opened(world, moved).preview(color="never")
    with pytest.raises(RefusedByGuard, match=r"uploads: is on kotaemon:storage\.claims\.files"):
        stack.up(world, moved)
    assert objects(world, moved) == resources
    assert outputs(world, moved) == before, "other repositories still read them"
    assert up(world, file(folder)).nothing_changed


@pytest.mark.parametrize(("end", "when"), [(failed, when) for when in SPOILED] + [(killed, when) for when in HELD])
def test_a_run_that_did_not_end_well_leaves_both_places_and_the_way_back_is_said_as_well(
    world: World, folder: Path, end: Callable[..., None], when: str
) -> None:
    before = outputs(world, file(folder))["memory"]
    end(world, file(folder, "archive", move(refused(world, file(folder, "archive")))), when)
    assert outputs(world, file(folder))["memory"] == before, "only a run that ends well writes it"
    assert places(world, file(folder)) == ("kotaemon-files", ["kotaemon-archive"])
    with pytest.raises(RefusedByGuard, match="uploads: may be on, since a run that did not end well") as caught:
        up(world, file(folder))
    with pytest.raises(auto.CommandError, match="may be on, since a run that did not end well"):
        stack.opened(world, file(folder)).preview(color="never")
    up(world, file(folder, "files", move(str(caught.value))))
    assert places(world, file(folder)) == ("kotaemon-files", [])


@pytest.mark.parametrize("end", [failed, killed])
def test_a_switch_that_did_not_end_goes_on_when_it_is_said(
    world: World, folder: Path, end: Callable[..., None]
) -> None:
    on = move(refused(world, file(folder, "archive")))
    end(world, file(folder, "archive", on), "at the switch")
    up(world, file(folder, "archive", on))
    assert places(world, file(folder)) == ("kotaemon-archive", [])
    assert "uploads: is on kotaemon:storage.claims.archive" in refused(world, file(folder))
    assert up(world, file(folder, "archive")).nothing_changed, "the line can go"
    up(world, file(folder, "files", move(refused(world, file(folder)))))


@pytest.mark.parametrize("end", [failed, killed])
def test_a_first_run_that_did_not_end_counts(world: World, folder: Path, end: Callable[..., None]) -> None:
    name = f"{NAME}-{end.__name__}"
    end(world, file(folder, name=name), "at the switch")
    made = [r["type"] for r in latest(stack.project(world, file(folder, name=name)).checkpoint)["resources"]]
    first = made[: made.index(intent.TYPE)]
    assert set(first) <= {"pulumi:pulumi:Stack", "pulumi:providers:pulumi"}, "nothing is there before the intent"
    assert places(world, file(folder, name=name)) == ("", ["kotaemon-files"])
    with pytest.raises(RefusedByGuard, match="may be on"):
        up(world, file(folder, "archive", name=name))
    with pytest.raises(auto.CommandError, match="uploads: may be on, since a run that did not end well"):
        stack.opened(world, file(folder, "archive", name=name)).preview(color="never")
    stack.opened(world, file(folder, name=name)).preview(color="never")
    up(world, file(folder, name=name))
    assert places(world, file(folder, name=name)) == ("kotaemon-files", [])
    assert up(world, file(folder, name=name)).nothing_changed


def test_what_a_killed_run_was_about_to_do_is_kept_when_the_stack_is_taken_down(world: World, folder: Path) -> None:
    killed(world, file(folder, "archive", move(refused(world, file(folder, "archive")))), "at the switch")
    stack.down(world, file(folder))
    assert places(world, file(folder)) == ("kotaemon-files", ["kotaemon-archive"])
