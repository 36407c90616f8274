"""One room for one kind, one store, one platform: nobody but its own file and the registry knows it by name."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from stacks import kinds, platforms, stores
from stacks.kinds.base import Kind
from stacks.stores.base import Store

ROOT = Path(__file__).parents[4]
CODE = ("components", "estimate", "guard", "policy", "plan", "deploy", "drills", "stacks", "plugin", "devcluster")
KINDS = {name: kinds.kind(name) for name in kinds.NAMES}
STORES = {(place, name): stores.store(place, name) for place in stores.KEYS for name in stores.NAMES[place]}
OWN_DATABASES = ("stacks.stores.rds", "stacks.stores.apsaradb")
"""Stores that a platform's section asks for: the platform's folder names them."""


def file_of(room: Any) -> Path:
    return ROOT / f"{type(room).__module__.replace('.', '/')}.py"


def named(tree: ast.AST) -> Iterator[str]:
    """Names and texts of a module."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name):
                yield name
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{name.name}" for name in names)
            case ast.Constant(value=str(text)):
                yield text
            case _:
                pass


TREES = {path: ast.parse(path.read_text()) for folder in CODE for path in (ROOT / folder).rglob("*.py")}
WORDS = {path: set(named(tree)) for path, tree in TREES.items()}
COMPARISONS = [(path, node) for path, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, ast.Compare)]
ROOMS = [*KINDS.values(), *STORES.values()]


def ids(room: Any) -> str:
    return type(room).__name__


@pytest.mark.parametrize("room", ROOMS, ids=ids)
def test_the_class_of_a_kind_or_store_is_named_in_its_own_file_only(room: Kind[Any] | Store[Any]) -> None:
    own = file_of(room)
    private = {type(room).__name__, room.settings.__name__, type(room).__module__}
    found = [str(path.relative_to(ROOT)) for path, words in WORDS.items() if path != own and words & private]
    # The command line, messages and documentation may say a kind's name in a text; code that asks for its class may not.
    assert found == []


def test_only_its_platform_names_a_store_that_its_section_asks_for() -> None:
    """And what asks an account of that platform about it, before a first `up`."""
    found = {
        module: {path.relative_to(ROOT).parts[:3] for path, words in WORDS.items() if module in words}
        for module in OWN_DATABASES
    }
    assert found == {
        "stacks.stores.rds": {("stacks", "platforms", "aws"), ("deploy", "first_up", "aws_products.py")},
        "stacks.stores.apsaradb": {("stacks", "platforms", "alicloud"), ("deploy", "first_up", "alicloud_products.py")},
    }


@pytest.mark.parametrize("name", kinds.NAMES)
def test_nobody_compares_with_the_name_of_a_kind(name: str) -> None:
    """A branch by kind is a comparison or a `case` with its name, outside of its own file."""
    own = file_of(KINDS[name])
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, node in COMPARISONS
        if path != own
        and any(isinstance(part, ast.Constant) and part.value == name for part in (node.left, *node.comparators))
        and "kind" in ast.unparse(node)
    ]
    assert found == []


def test_every_file_is_registered() -> None:
    files = {path.stem for path in (ROOT / "stacks/kinds").glob("*.py")}
    assert {file_of(kind).stem for kind in KINDS.values()} <= files
    assert files - {file_of(kind).stem for kind in KINDS.values()} == {"__init__", "base"} | SHARED
    assert {path.name for path in (ROOT / "stacks/platforms").iterdir() if path.is_dir()} - {"__pycache__"} == set(
        platforms.NAMES
    )


SHARED = {
    "nfs_nodes",
    "nfs_pair",
    "nfs_export",
    "nfs_machine",
    "nfs_on_alicloud",
    "nfs_on_aws",
    "folders",
    "foreign",
    "mounted",
}
"""Modules that several kinds or clouds share and that are no kind."""


@pytest.mark.parametrize("name", kinds.NAMES)
def test_a_kind_is_called_as_its_settings_say(name: str) -> None:
    assert get_args(KINDS[name].settings.model_fields["kind"].annotation) == (name,)


@pytest.mark.parametrize("room", ROOMS, ids=ids)
def test_an_effect_belongs_to_a_field_that_there_is(room: Kind[Any] | Store[Any]) -> None:
    assert set(room.effects) <= set(room.settings.model_fields)
