"""Devclusters of all platforms, and the engine with stand-ins for the plugins of both clouds."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import automation as auto

from components.contract import Platform
from deploy import engine
from deploy.engine import Project
from deploy.find import Engine
from deploy.kube import Kube
from devcluster.cluster import Cluster
from plan import stack_file
from plan.stack_file import ROOT, StackFile
from stacks.settings.existing import URL
from tests.engine import engines
from tests.engine.examples.table import BRIEF, EXAMPLES, Example
from tests.engine.stack import change
from tests.unit.plan.kept import merge


@dataclass
class Steps:
    """What the engine did in one run, in its order."""

    started: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Operation, type and name of every change."""
    deletions: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Phase (`start` or `end`), type and name of every deletion."""
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    """Of the stack, also in a preview."""

    def __call__(self, happened: auto.EngineEvent) -> None:
        for phase, event in (("start", happened.resource_pre_event), ("end", happened.res_outputs_event)):
            if event is None:
                continue
            op, type_, name = event.metadata.op.value, event.metadata.type, event.metadata.urn.rpartition("::")[2]
            if phase == "start" and op != "same":
                self.started.append((op, type_, name))
            if type_ == "pulumi:pulumi:Stack" and event.metadata.new:
                self.outputs = dict(event.metadata.new.outputs or {})
            if op == "delete":
                self.deletions.append((phase, type_, name))


@dataclass
class World:
    """One example on the engine, with a devcluster of its platform."""

    example: Example
    engine: Engine
    project: Project
    stack: auto.Stack
    kube: Kube
    config: Path
    log: Path
    state: Path
    kubeconfig: Path

    @property
    def name(self) -> str:
        """Name of the stack, and of its namespace."""
        return self.example.name

    @property
    def file(self) -> StackFile:
        """The stack file as it is now."""
        return stack_file.read(self.name, self.config.parent)

    def change(self, values: dict[str, Any]) -> None:
        """Set values of the configuration; a path with dots goes into objects."""
        change(self.config, values)

    def add(self, config: dict[str, Any]) -> None:
        """Put lines into the configuration, as somebody does who pastes them."""
        document = yaml.safe_load(self.config.read_text())
        merge(document["config"], config)
        self.config.write_text(yaml.safe_dump(document, sort_keys=False))

    def remove_lines(self) -> None:
        """Remove every `existing`, all but `url` of a database."""
        document = yaml.safe_load(self.config.read_text())
        self.config.write_text(yaml.safe_dump(_without_lines(document), sort_keys=False))

    def lose_the_state(self) -> None:
        """As if somebody had deleted its files."""
        for path in self.project.checkpoint.parent.glob(f"{self.name}.json*"):
            path.unlink()
        self.stack = self.project.reopen()

    def calls(self, verb: str) -> list[tuple[str, str]]:
        """Type and name of what the clouds' stand-ins were asked to create, update or delete."""
        if not self.log.exists():
            return []
        lines = (json.loads(line) for line in self.log.read_text().splitlines())
        return [(type_, name) for what, type_, name, *_ in lines if what == verb]


def _without_lines(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    rest = {key: _without_lines(inner) for key, inner in value.items()}
    for key in [key for key in rest if key.rpartition(":")[2] == "existing"]:
        rest[key] = {URL: rest[key][URL]} if URL in rest[key] else {}
    return rest


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(example, id=example.name, marks=() if example.name in BRIEF else pytest.mark.long)
        for example in EXAMPLES
    ],
)
def world(
    request: pytest.FixtureRequest,
    cluster_for: Callable[[Platform], Cluster],
    tmp_path_factory: pytest.TempPathFactory,
) -> World:
    """The example in a folder of its own, as it stands but for its namespace."""
    example: Example = request.param
    cluster = cluster_for(example.platform)
    folder = tmp_path_factory.mktemp(example.name)
    file = f"Pulumi.{example.name}.yaml"
    document = yaml.safe_load((ROOT / file).read_text())
    document["config"]["kotaemon:namespace"] = example.name
    (folder / file).write_text(yaml.safe_dump(document, sort_keys=False))
    found = engines.with_clouds(folder, cluster.kubeconfig)
    project = engines.of(found, stack_file.read(example.name, folder), cluster)
    opened = project.open()
    made = World(
        example,
        found,
        project,
        opened,
        engines.kube(cluster),
        project.file,
        folder / "calls.jsonl",
        engine.state(),
        cluster.kubeconfig,
    )
    if example.platform == Platform.ALICLOUD:
        made.change({"cluster": None})  # found through clusterId, as the example has it
    return made
