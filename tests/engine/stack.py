"""A stack file of the tests' own, the engine's stack behind it, and what every stack is asked."""

import json
import runpy
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation as auto

from deploy import engine
from deploy.engine import Outcome, Project
from deploy.workspace import latest
from plan import collect, stack_file
from plan.document import CostSummary
from plan.stack_file import ROOT, StackFile
from tests.engine import engines
from tests.engine.conftest import World
from tests.engine.engines import SILENT

FILES = {"kind": "nfs", "server": "nfs.example.org", "path": "/srv/nfs", "encryptedBy": "simulated"}
DISK = {"kind": "storage-class", "storageClass": "dev-block", "size": "10Gi", "encryptedBy": "simulated"}
API_KEY = "sk-this-is-a-secret-of-the-tests"


def write(
    folder: Path, name: str, *, roles: dict[str, Any] | None = None, more: dict[str, Any] | None = None, **claims: Any
) -> StackFile:
    """The stack `name` with these claims, as stack dev has them. `roles`: places of roles; `more`: keys of the top level."""
    ours = {
        "platform": "private",
        "namespace": name,
        "apiKeys": {"OPENAI_API_KEY": API_KEY},
        "storage": {"claims": claims or {"files": FILES, "disk": DISK}, "roles": roles or {}},
        **(more or {}),
    }
    path = folder / f"Pulumi.{name}.yaml"
    path.write_text(yaml.safe_dump({"config": {f"kotaemon:{key}": value for key, value in ours.items()}}))
    return stack_file.read(name, folder)


def change(path: Path, values: dict[str, Any]) -> None:
    """Set values in a stack file; a key with dots goes into objects, None removes."""
    document = yaml.safe_load(path.read_text())
    for key, value in values.items():
        first, *rest = key.split(".")
        place, last = document["config"], f"kotaemon:{first}"
        for name in rest:
            place, last = place.setdefault(last, {}), name
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def project(world: World, file: StackFile) -> Project:
    """The stack file as `make up` hands it to the engine."""
    return engines.of(world.engine, file, world.cluster)


def opened(world: World, file: StackFile) -> auto.Stack:
    """The engine's stack, as `make up` opens it."""
    return project(world, file).open()


def up(world: World, file: StackFile) -> Outcome:
    """`make up`."""
    return engine.up(project(world, file), world.kube, SILENT)


def down(world: World, file: StackFile) -> tuple[Outcome, list[str]]:
    """`make down`."""
    return engine.down(project(world, file), world.kube, SILENT)


def state(file: StackFile) -> str:
    """The state as the backend keeps it: the Automation API's export decrypts the secrets."""
    return json.dumps(latest(engine.checkpoint(file.project, file.name)))


def cost_of_the_plan(file: StackFile) -> dict[str, Any]:
    """What `make plan` estimates for a stack file, as the output `cost` has it."""
    cost = collect.make(file).cost.model_dump(mode="json")
    return {key: cost[key] for key in CostSummary.model_fields}


def outputs_of_another_repository(of: auto.Stack, kubeconfig: Path, folder: Path) -> dict[str, Any]:
    """Bring the example repository up for real (StackReference, and a Job with the role mounted) and down again."""
    work = shutil.copytree(ROOT / "examples" / "app-repo", folder / "app-repo")
    (work / "Pulumi.dev.yaml").unlink()
    environment = {**of.workspace.env_vars, "KUBECONFIG": str(kubeconfig)}
    workspace = auto.LocalWorkspace(
        str(work),
        program=lambda: program_of(work),
        pulumi_command=of.workspace.pulumi_command,
        env_vars=environment,
    )
    reader = auto.Stack.create(of.name, workspace)
    reader.set_config("kotaemon", auto.ConfigValue(f"organization/kotaemon/{of.name}"))
    reader.set_config("image", auto.ConfigValue("example.com/eval:1"))
    outputs = reader.up(color="never").outputs
    reader.destroy(color="never", remove=True)
    return {name: output.value for name, output in outputs.items()}


def program_of(folder: Path) -> None:
    """Run the program of another repository, with its modules."""
    before, known = list(sys.path), set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        runpy.run_path(str(folder / "__main__.py"), run_name="__main__")
    finally:
        sys.path[:] = before
        for name in set(sys.modules) - known:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
                del sys.modules[name]
