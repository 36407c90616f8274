"""Two resources for one object on the real engine: the run stops with a sentence, and not with "already exists"."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import register_resource_transform

from deploy import engine
from deploy.engine import Failed
from tests.engine import stack
from tests.engine.conftest import World
from tests.engine.engines import SILENT

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


def renamed(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Gives every claim the name of one."""
    if args.type_ != CLAIM:
        return None
    props: Any = json.loads(json.dumps(args.props))
    props["metadata"]["name"] = "kotaemon-disk"
    return pulumi.ResourceTransformResult(props, args.opts)


def test_the_second_resource_for_an_object_stops_the_run(world: World, tmp_path: Path) -> None:
    project = stack.project(world, stack.write(tmp_path, "engine-twice"))
    program = project.program

    def spoiled() -> object:
        register_resource_transform(renamed)
        return program()

    project.program = spoiled
    claim = r"PersistentVolumeClaim engine-twice/kotaemon-disk"
    named = "kotaemon-disk-claim and by kotaemon-files-claim; rename one of their claims or stores"
    with pytest.raises(Failed, match=f"\n  - {claim}: is described by {named}$"):
        engine.up(project, world.kube, SILENT)
