"""What one run leaves for the next, in the project's cache folder: the outputs of each stack."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devcluster.paths import cache_root
from plan.recorder import StackOutput


def _file(project: str, stack: str) -> Path:
    return cache_root() / "outputs" / project / f"{stack}.json"


def write_outputs(project: str, stack: str, outputs: Mapping[str, StackOutput]) -> None:
    """Save the outputs for StackReferences of the monitor road. Secret ones are left out: the file is plain text."""
    file = _file(project, stack)
    file.parent.mkdir(parents=True, exist_ok=True)
    plain = {name: output.value for name, output in outputs.items() if not output.secret}
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(plain, indent=2, sort_keys=True) + "\n")
    temporary.replace(file)


def read_outputs(full_name: str) -> dict[str, Any]:
    """Outputs of `organization/project/stack` as its last `make up` wrote them. Raises LookupError."""
    parts = full_name.split("/")
    if len(parts) != 3:
        raise LookupError(f"the full name has three parts, organization/project/stack, not {full_name!r}")
    file = _file(parts[1], parts[2])
    if not file.exists():
        known = sorted(f"organization/{f.parent.name}/{f.stem}" for f in file.parent.parent.glob("*/*.json"))
        raise LookupError(f"no `make up` of that stack has written outputs; known here: {', '.join(known) or 'none'}")
    return json.loads(file.read_text())


def forget_outputs(project: str, stack: str) -> None:
    """Remove the outputs of a stack that was taken down."""
    _file(project, stack).unlink(missing_ok=True)
