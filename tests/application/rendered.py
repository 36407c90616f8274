"""The objects that a stack file of the project renders: the pod, its ConfigMap, its Secrets."""

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from plan import collect, stack_file
from plan.manifests import manifest
from plan.recorder import Registration


class Rendered(NamedTuple):
    """What the kubelet would be given."""

    pod: dict[str, Any]
    """The pod template's spec."""
    config_maps: dict[str, dict[str, str]]
    """Name -> file name -> text."""
    secrets: dict[str, dict[str, str]]
    """Name -> key -> value."""


def render(folder: Path, source: Path, **settings: Any) -> Rendered:
    """Render a stack file of the project, with some settings more, without an engine or a cluster.

    In a process of its own: the program's run and the browser's driver both want this thread's event loop.
    """
    content = yaml.safe_load(source.read_text())
    content["config"] |= {f"kotaemon:{name}": value for name, value in settings.items()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / source.name).write_text(yaml.safe_dump(content))
    command = [sys.executable, "-m", __name__, str(folder), source.stem.partition(".")[2]]
    done = subprocess.run(command, cwd=stack_file.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Rendered(*json.loads(done.stdout.splitlines()[-1]))


def objects_of(folder: Path, name: str) -> Rendered:
    """Run the program of a stack file with nothing behind it, and pick the objects."""
    run = collect.preview(stack_file.read(name, folder))
    objects = [manifest(r) for r in run.registrations if r.type.startswith("kubernetes:core/v1:")]
    (deployment,) = (r for r in run.registrations if _is_application(r))
    return Rendered(
        manifest(deployment)["spec"]["template"]["spec"],
        {o["metadata"]["name"]: o["data"] for o in objects if o["kind"] == "ConfigMap"},
        {o["metadata"]["name"]: _values(o) for o in objects if o["kind"] == "Secret"},
    )


def _is_application(registration: Registration) -> bool:
    if registration.type != "kubernetes:apps/v1:Deployment":
        return False
    containers = registration.inputs["spec"]["template"]["spec"]["containers"]
    return any(container["name"] == "kotaemon" for container in containers)


def _values(secret: Mapping[str, Any]) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in (secret.get("data") or {}).items()}


if __name__ == "__main__":
    print(json.dumps(objects_of(Path(sys.argv[1]), sys.argv[2])))
