"""A change that takes a protected resource out of the program, on the real engine: refused before anything is registered,
also without a preview, and possible on the way that the refusal names."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.engine import Outcome
from plan.stack_file import StackFile
from stacks.safety import RefusedByGuard
from tests.engine import stack
from tests.engine.conftest import World

NAME = "engine-protected"


def file(folder: Path, **settings: Any) -> StackFile:
    return stack.write(folder, NAME, more=settings)


def up(world: World, folder: Path, **settings: Any) -> Outcome:
    return stack.up(world, file(folder, **settings))


def resources(folder: Path) -> set[str]:
    """URNs of what the state has."""
    return {one["urn"] for one in json.loads(stack.state(file(folder)))["resources"]}


def test_a_namespace_leaves_the_stack_only_on_the_way_that_is_named(world: World, tmp_path: Path) -> None:
    up(world, tmp_path)
    before = resources(tmp_path)
    with pytest.raises(RefusedByGuard, match=r"nothing was changed:\n  - Namespace kotaemon-namespace\n"):
        up(world, tmp_path, namespaceExists=True)
    assert resources(tmp_path) == before
    up(world, tmp_path, protect=False)
    up(world, tmp_path, protect=False, namespaceExists=True)
    last = up(world, tmp_path, namespaceExists=True)
    assert not [line for line in last.did if line.startswith(("created", "deleted", "replaced"))]
    there = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME}}
    assert (world.kube.get(there) or {})["status"]["phase"] == "Active"
    assert not any(urn.endswith("::kotaemon-namespace") for urn in resources(tmp_path))
