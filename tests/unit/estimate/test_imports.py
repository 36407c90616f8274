"""The folder stands alone: it knows the words of storage, and neither Pulumi nor any other folder of the project."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "estimate"
FILES = sorted(FOLDER.rglob("*.py"))
OURS = {path.name for path in FOLDER.parent.iterdir() if path.is_dir()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_it_imports_only_the_contract(path: Path) -> None:
    tree = ast.parse(path.read_text())
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    known = {module for module in modules if module.split(".")[0] in OURS}
    assert {module for module in known if not module.startswith("estimate")} <= {"components.contract"}


def test_it_loads_no_pulumi() -> None:
    modules = ", ".join(str(p.relative_to(FOLDER.parent).with_suffix("")).replace("/", ".") for p in FILES)
    program = f"import sys, {modules}; print([m for m in sys.modules if m.startswith(('pulumi', 'guard', 'stacks'))])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=FOLDER.parent
    )
    assert done.stdout == "[]\n"
