"""The plugin's schema: inferred from the components, pinned here. `python -m plugin.schema` renews it.

An addition (optional input, output, component) is fine. What is removed, renamed, retyped or newly required breaks every
program that uses the package: it needs a new major version and a line in CHANGELOG.md.
"""

import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pulumi
import pytest

import components
from plan.stack_file import ROOT
from plugin.catalogue import COMPONENTS
from plugin.provider import PACKAGE, VERSION
from plugin.schema import FILE, text


@cache
def inferred() -> dict[str, Any]:
    return json.loads(text())


def test_it_is_pinned() -> None:
    assert json.loads(FILE.read_text()) == inferred(), "changed on purpose? python -m plugin.schema"


def test_every_component_is_hosted() -> None:
    found: set[type] = set()
    for module in pkgutil.walk_packages(components.__path__, "components."):
        if ".runtime" in module.name:  # files that run inside pods
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(value) and issubclass(value, pulumi.ComponentResource):
                found.add(value)
    assert {c.__name__ for c in found - {pulumi.ComponentResource}} == {c.__name__ for c in COMPONENTS}


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.__name__)
def test_a_components_own_token_is_the_plugins(component: type[pulumi.ComponentResource]) -> None:
    """The URN's type comes from the component, the schema's from the plugin."""
    token = f"{PACKAGE}:index:{component.__name__}"
    assert token in inferred()["resources"]
    assert f'super().__init__("{token}"' in re.sub(r"\(\s+", "(", inspect.getsource(component))


def test_the_manifest_and_the_version() -> None:
    assert f"name: {PACKAGE}\n" in (ROOT / "plugin" / "PulumiPlugin.yaml").read_text()
    assert f'\nversion = "{VERSION}"\n' in (ROOT / "pyproject.toml").read_text()
    assert inferred()["version"] == VERSION


def properties(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "$ref" in value or isinstance(value.get("type"), str):
            yield value
        for inner in value.values():
            yield from properties(inner)


def test_there_is_no_fractional_number() -> None:
    """Whole numbers arrive as floats, and are made whole again: plugin/inputs.py."""
    assert not [p for p in properties(inferred()) if p.get("type") == "number"]


def test_what_a_component_gives_another_one_takes() -> None:
    """`storage.models.claim` is a claim of another component, so it must not be plain, nor what holds it."""
    kotaemon = inferred()["resources"]["kotaemon:index:Kotaemon"]["inputProperties"]
    for prop in (kotaemon["storage"], kotaemon["storage"]["additionalProperties"], kotaemon["stores"]):
        assert "plain" not in prop
    for name in ("RoleMount", "Claim", "Stores", "DatabaseStore"):
        assert not [p for p in inferred()["types"][f"kotaemon:index:{name}"]["properties"].values() if "plain" in p]


def test_what_a_component_gives_has_no_enum_in_it() -> None:
    """Pulumi YAML would refuse to hand it to another component: plugin.provider.connected."""
    types = inferred()["types"]
    reached: set[str] = set()
    new = {ref for r in inferred()["resources"].values() for ref in references(r["properties"])}
    while new - reached:
        reached |= new
        new = {ref for name in new for ref in references(types[name].get("properties", {}))}
    assert {"kotaemon:index:Claim", "kotaemon:index:DatabaseStore", "kotaemon:index:SecretKey"} <= reached
    assert not [name for name in reached if "enum" in types[name]]
    claim = types["kotaemon:index:Claim"]["properties"]
    assert claim["locks"] == {"type": "string", "description": "One of: one-node, shared, node-local, none."}


def references(value: Any) -> set[str]:
    return {p["$ref"].removeprefix("#/types/") for p in properties(value) if "$ref" in p}


def test_what_decides_whether_something_is_made_stays_plain() -> None:
    kotaemon = inferred()["resources"]["kotaemon:index:Kotaemon"]["inputProperties"]
    assert kotaemon["replicas"]["plain"]
    assert kotaemon["profile"]["plain"]


def test_every_reference_is_there_and_described() -> None:
    schema = inferred()
    for prop in properties(schema):
        if ref := prop.get("$ref", "").removeprefix("#/types/"):
            assert ref in schema["types"] or ref.startswith(("pulumi.json", "/")), ref
    assert all(resource["description"] for resource in schema["resources"].values())
