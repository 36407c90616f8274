"""Two resources for one object on the real engine: the run stops with a sentence before anything is registered.

`engine.up` runs without a preview, as `make up` does, so nothing but the rehearsal can find it in time.
"""

from pathlib import Path
from typing import Any

import pulumi_kubernetes as k8s
import pytest

from deploy import engine
from deploy.workspace import latest
from stacks import program
from stacks.safety import RefusedByGuard
from tests.engine import stack
from tests.engine.conftest import World
from tests.engine.engines import SILENT

NAME = "engine-twice"


def test_two_resources_for_one_object_stop_the_run_before_the_first_is_made(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = program.make

    def with_two_of_a_name(*args: Any, **more: Any) -> dict[str, Any]:
        for name in ("first", "second"):
            k8s.core.v1.ConfigMap(name, metadata={"namespace": "default", "name": "engine-twice"})
        return make(*args, **more)

    monkeypatch.setattr(program, "make", with_two_of_a_name)
    project = stack.project(world, stack.write(tmp_path, NAME))
    with pytest.raises(RefusedByGuard) as caught:
        engine.up(project, world.kube, SILENT)
    assert str(caught.value).splitlines() == [
        f"Pulumi.{NAME}.yaml: refused by the guard, nothing was created:",
        "  - ConfigMap default/engine-twice: is described by first and by second; rename one of their claims or stores",
    ]
    made = {r["type"] for r in latest(project.checkpoint).get("resources") or ()}
    assert made <= {"pulumi:pulumi:Stack", "pulumi:providers:pulumi"}
    metadata = {"name": NAME, "namespace": "default"}
    assert world.kube.get({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}) is None
    assert world.kube.list("v1", "Secret", NAME) == []
