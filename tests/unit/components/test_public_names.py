"""The package's public names: what checkers see is what a program gets, and nothing is loaded that is not used."""

import ast
import inspect
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pulumi
import pytest

import components
from plugin.catalogue import COMPONENTS

FOLDER = Path(components.__file__).parent


def for_checkers() -> dict[str, str]:
    """Name -> module, as the imports under TYPE_CHECKING say."""
    tree = ast.parse((FOLDER / "__init__.py").read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 1]
    assert all(alias.asname == alias.name for node in imports for alias in node.names), "X as X: exported to checkers"
    return {alias.name: str(node.module) for node in imports for alias in node.names}


def test_checkers_see_what_a_program_gets() -> None:
    found = {name: getattr(components, name) for name in components.__all__}
    assert for_checkers().keys() == found.keys()
    for name, module in for_checkers().items():
        assert found[name] is getattr(import_module(f"components.{module}"), name), name


def test_every_component_is_public_with_its_arguments() -> None:
    for component in COMPONENTS:
        assert {component.__name__, component.__init__.__annotations__["args"].__name__} <= set(components.__all__)


def test_an_unknown_name_is_no_attribute_and_folders_still_are() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'EfsStorages'"):
        _ = components.EfsStorages
    assert inspect.ismodule(import_module("components.kotaemon"))
    assert "EfsStorage" in dir(components)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("import components", []),
        ("from components import Claim, Role, StorageMap", []),
        ("from components import ClusterImposes", ["pulumi"]),
        ("from components import Kotaemon, NfsStorage", ["pulumi", "pulumi_kubernetes"]),
        ("from components import EfsStorage", ["pulumi", "pulumi_aws", "pulumi_kubernetes"]),
        ("from components import NasStorage", ["pulumi", "pulumi_alicloud", "pulumi_kubernetes"]),
    ],
)
def test_no_sdk_is_loaded_that_is_not_used(statement: str, expected: list[str]) -> None:
    watched = ["pulumi", "pulumi_alicloud", "pulumi_aws", "pulumi_kubernetes"]
    code = f"{statement}; import sys, json; print(json.dumps([m for m in {watched} if m in sys.modules]))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=FOLDER.parent)
    assert json.loads(ran.stdout) == expected


def test_names_of_the_package_are_no_modules_of_pulumi() -> None:
    assert not [name for name in components.__all__ if hasattr(pulumi, name)]
