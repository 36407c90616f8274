"""What a stack pays for at its start: the SDK modules of the types that it registers, and no others."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import components

ROOT = Path(components.__file__).parents[1]


@pytest.mark.parametrize(
    ("modules", "loaded"),
    [
        (["kotaemon.kotaemon", "file.nfs", "volumes.existing_class"], ["apps.v1", "core.v1", "networking.v1"]),
        (["state.stores", "state.backup", "pod.args"], []),
        (["file.preparation"], ["batch.v1", "core.v1", "networking.v1"]),
    ],
)
def test_only_the_sdk_modules_that_are_used(modules: list[str], loaded: list[str]) -> None:
    imports = "\n".join(f"import components.{module}" for module in modules)
    watched = ["apps.v1", "autoscaling.v2", "batch.v1", "core.v1", "networking.v1", "storage.v1"]
    code = f"{imports}\nimport json, sys\nprint(json.dumps([m for m in {watched} if f'pulumi_kubernetes.{{m}}' in sys.modules]))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(ran.stdout) == loaded
