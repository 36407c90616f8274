"""The memory of a stack on the real engine: read before anything is registered, written by the end of the workload's switch.

The tests follow each other, in this order.
"""

import json
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
from stacks import memory, own_outputs
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


def up(world: World, file: StackFile, spoiled: str = "") -> engine.Outcome:
    """`make up`, with one object that cannot be made."""
    project = stack.project(world, file)
    program = project.program

    def spoiling() -> object:
        type_, spoil = SPOILED[spoiled]

        def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
            if args.type_ != type_:
                return None
            props: Any = json.loads(json.dumps(args.props))
            spoil(props)
            return pulumi.ResourceTransformResult(props, args.opts)

        register_resource_transform(transform)
        return program()

    if spoiled:
        project.program = spoiling
    return engine.up(project, world.kube, SILENT, patience=5 if spoiled else None)


def outputs(world: World, file: StackFile) -> dict[str, Any]:
    """The stack's outputs in the state as the backend keeps it. Asking the engine takes seconds."""
    resources: list[Any] = latest(stack.project(world, file).checkpoint)["resources"]
    return next(r for r in resources if r["type"] == "pulumi:pulumi:Stack").get("outputs") or {}


def objects(world: World, file: StackFile) -> list[str]:
    """The names of all that the engine knows of."""
    return sorted(r["urn"] for r in latest(stack.project(world, file).checkpoint)["resources"])


def remembered(world: World, file: StackFile) -> dict[str, Any]:
    return outputs(world, file)["memory"]


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
    first.program = lambda: (seen.append(memory.remembered(own_outputs.read())), program())[1]
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
    again.program = lambda: (seen.append(memory.to_plain(memory.remembered(own_outputs.read()))), program())[1]
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


@pytest.mark.parametrize("when", SPOILED)
def test_a_failed_switch_leaves_both_places(world: World, folder: Path, when: str) -> None:
    on = move(refused(world, file(folder, "archive")))
    with pytest.raises(Failed):
        up(world, file(folder, "archive", on), spoiled=when)
    assert places(world, file(folder)) == ("kotaemon-files", ["kotaemon-archive"])


def test_the_way_back_is_said_as_well(world: World, folder: Path) -> None:
    back = move(text := refused(world, file(folder)))
    assert "uploads: may be on, since a run that did not end well, kotaemon:storage.claims.archive" in text
    up(world, file(folder, "files", back))
    assert places(world, file(folder)) == ("kotaemon-files", [])


def test_a_failed_switch_goes_on_when_it_is_said(world: World, folder: Path) -> None:
    on = move(refused(world, file(folder, "archive")))
    with pytest.raises(Failed):
        up(world, file(folder, "archive", on), spoiled="after the switch")
    up(world, file(folder, "archive", on))
    assert places(world, file(folder)) == ("kotaemon-archive", [])
    assert "uploads: is on kotaemon:storage.claims.archive" in refused(world, file(folder))
    assert up(world, file(folder, "archive")).nothing_changed, "the line can go"


def test_a_first_run_that_failed_counts(world: World, folder: Path) -> None:
    name = f"{NAME}-first"
    with pytest.raises(Failed):
        up(world, file(folder, name=name), spoiled="after the switch")
    assert places(world, file(folder, name=name)) == ("", ["kotaemon-files"])
    assert "may be on" in refused(world, file(folder, "archive", name=name))
    up(world, file(folder, name=name))
    assert places(world, file(folder, name=name)) == ("kotaemon-files", [])
