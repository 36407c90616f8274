"""A stack file of the tests' own, and the engine's stack behind it."""

import json
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation as auto

from runner import engine, stack
from runner.stack import StackFile
from tests.engine.conftest import World

FILES = {"kind": "nfs", "server": "nfs.example.org", "path": "/srv/nfs", "encryptedBy": "simulated"}
DISK = {"kind": "storage-class", "storageClass": "dev-block", "size": "10Gi", "encryptedBy": "simulated"}
API_KEY = "sk-this-is-a-secret-of-the-tests"


def write(folder: Path, name: str, **claims: Any) -> StackFile:
    """The stack `name` with these claims, as stack dev has them."""
    ours = {
        "platform": "private",
        "namespace": name,
        "apiKeys": {"OPENAI_API_KEY": API_KEY},
        "storage": {"claims": claims or {"files": FILES, "disk": DISK}},
    }
    path = folder / f"Pulumi.{name}.yaml"
    path.write_text(yaml.safe_dump({"config": {f"kotaemon:{key}": value for key, value in ours.items()}}))
    return stack.read(name, folder)


def opened(world: World, file: StackFile) -> auto.Stack:
    """The engine's stack, as the engine road opens it."""
    return engine._stack(world.command, file, world.cluster)


def up(world: World, file: StackFile) -> list[str]:
    """`make up`; what it printed."""
    engine.up(world.command, file, world.cluster, world.kube, world.console)
    return world.heard()


def state(world: World, file: StackFile) -> str:
    """The state as the backend keeps it: the Automation API's export decrypts the secrets."""
    opened(world, file)
    kept = engine._home() / "state" / ".pulumi" / "stacks" / file.project / f"{file.name}.json"
    return json.dumps(json.loads(kept.read_text())["checkpoint"].get("latest") or {})
