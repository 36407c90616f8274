"""How components say what is wrong, and that each of them says it before anything is registered."""

import inspect
import sys
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.refusal import because, refuse, refused_folder, refused_label, require
from plugin.catalogue import COMPONENTS
from tests.unit.components.wrong_arguments import WRONG


def test_one_mistake_is_one_line_and_more_are_a_list() -> None:
    refuse("NfsStorage", "files", [])
    with pytest.raises(pulumi.RunError) as one:
        refuse("NfsStorage", "files", ["size: no"])
    assert str(one.value) == "NfsStorage 'files': size: no"
    with pytest.raises(pulumi.RunError) as two:
        refuse("NfsStorage", "files", ["size: no", "path: no"])
    assert str(two.value) == "NfsStorage 'files' cannot be made like this:\n  - size: no\n  - path: no"


def test_reasons_get_their_key_and_empty_ones_are_none() -> None:
    assert because("tags", "", "first", "second") == ["tags: first", "tags: second"]


def test_the_first_reason_there_is() -> None:
    require("Key 'k'", "", "")
    with pytest.raises(pulumi.RunError, match=r"^Key 'k': first$"):
        require("Key 'k'", "", "first", "second")


@pytest.mark.parametrize("folder", ["", "/models", "../models", "a/../b", "a//b", "./a"])
def test_what_is_no_folder_in_a_claim(folder: str) -> None:
    assert (
        refused_folder(folder)
        == f"{folder!r} is not a folder inside the claim; it must be relative, for example models"
    )
    assert refused_folder("a/b-c") == ""


@pytest.mark.parametrize("name", ["", "Kotaemon", "a.b", "-a", "a" * 64, "a\n"])
def test_what_is_no_label(name: str) -> None:
    assert "lower-case letters" in refused_label(name)
    assert refused_label("kotaemon-2") == ""


def checks(component: type[pulumi.ComponentResource]) -> list[str]:
    """Functions beside the component that check arguments of its type."""
    args = component.__init__.__annotations__["args"]
    beside = [
        module for name, module in sys.modules.items() if name.startswith(component.__module__.rpartition(".")[0])
    ]
    return [
        f"{module.__name__}.{name}"
        for module in beside
        for name, found in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("check")
        and found.__module__ == module.__name__
        and found.__annotations__ == {"name": str, "args": args, "return": list[str]}
    ]


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.__name__)
def test_every_component_has_a_check_of_its_arguments(component: type[pulumi.ComponentResource]) -> None:
    assert len(checks(component)) == 1, "def check(name, args) -> list[str], in the component's module"


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.__name__)
def test_a_mistake_is_told_before_anything_is_registered(
    pulumi_run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, component: Any
) -> None:
    registered: list[str] = []
    original = pulumi.Resource.__init__

    def spy(self: Any, kind: str, *rest: Any, **named: Any) -> None:
        registered.append(kind)
        original(self, kind, *rest, **named)

    monkeypatch.setattr(pulumi.Resource, "__init__", spy)
    with pytest.raises(pulumi.RunError, match=rf"^{component.__name__} "):
        pulumi_run(lambda: component("wrong", WRONG[component.__name__]) and None)
    assert [kind for kind in registered if kind != "pulumi:pulumi:Stack"] == []
