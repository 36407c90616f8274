"""A stack that lives on the real engine, with stand-ins for the clouds, and what a changed stack file would do to it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation as auto

from components.contract import Platform
from deploy import engine
from deploy.kube import Kube
from deploy.workspace import latest, outputs
from devcluster.cluster import Cluster
from plan import stack_file
from plan.stack_file import StackFile
from tests.engine import engines
from tests.engine.engines import PROJECT
from tests.engine.examples.conftest import Steps
from tests.engine.stack import change

Step = tuple[str, str, str]
"""Operation, type and name of a change."""
CIPHERTEXT = re.compile(r'"ciphertext": "[^"]*"')
CHANGING = ("update", "replace", "create-replacement", "delete-replaced", "delete", "create")


@dataclass
class Living:
    """A stack with its file."""

    name: str
    stack: auto.Stack
    config: Path
    kube: Kube
    clouds: Path
    """Where the stand-ins of the clouds write down what they are asked for."""

    @property
    def file(self) -> StackFile:
        """The stack file as it is now."""
        return stack_file.read(self.name, self.config.parent)

    def resources(self) -> list[dict[str, Any]]:
        """What the state knows."""
        return latest(engine.checkpoint(PROJECT, self.name)).get("resources") or []

    def held(self) -> set[tuple[str, str]]:
        """Type and name of everything that stays when the stack is taken down."""
        resources = self.resources()
        # What is retained and goes with another resource is gone with that.
        kept = (r for r in resources if r.get("protect") or (r.get("retainOnDelete") and not r.get("deletedWith")))
        return {(r["type"], r["urn"].rpartition("::")[2]) for r in kept}

    def state(self) -> dict[str, str]:
        """URN -> what was asked for, of everything. Each run encrypts secrets anew, so their text is left out."""
        return {r["urn"]: CIPHERTEXT.sub("", json.dumps(r.get("inputs"))) for r in self.resources()}

    def memory(self) -> dict[str, Any]:
        """Where the data is, as the stack remembers it."""
        return outputs(engine.checkpoint(PROJECT, self.name))["memory"]["data"]

    def calls(self) -> list[tuple[str, str, str]]:
        """Verb, type and name of every call that the stand-ins of the clouds got, in their order."""
        notes = (json.loads(line) for line in self.clouds.read_text().splitlines())
        return [(verb, type_, name) for verb, type_, name, _id, _inputs in notes]

    def change(self, values: dict[str, Any]) -> None:
        """Set values of the configuration; a path with dots goes into objects, None removes."""
        change(self.config, values)

    def preview(self) -> set[Step]:
        """What `up` would do."""
        steps = Steps()
        self.stack.preview(color="never", on_event=steps)
        return changing(steps)

    def up(self) -> set[Step]:
        """What `up` did."""
        steps = Steps()
        self.stack.up(color="never", on_event=steps)
        return changing(steps)


def changing(steps: Steps) -> set[Step]:
    """The changes of resources, without components, providers and the outputs of the stack."""
    return {step for step in steps.started if step[0] in CHANGING and not step[1].startswith(("pulumi:", "kotaemon:"))}


def brought_up(
    name: str, ours: dict[str, Any], platform: Platform, folder: Path, cluster_for: Callable[[Platform], Cluster]
) -> Living:
    """A stack with these settings, opened and not yet up."""
    cluster = cluster_for(platform)
    path = folder / f"Pulumi.{name}.yaml"
    config = {f"kotaemon:{key}": value for key, value in {"namespace": name, **ours}.items()}
    path.write_text(yaml.safe_dump({"config": config}, sort_keys=False))
    found = engines.with_clouds(folder, cluster.kubeconfig)
    project = engines.of(found, stack_file.read(name, folder), cluster)
    opened = project.open()
    return Living(name, opened, project.file, engines.kube(cluster), folder / "calls.jsonl")
