"""The components as a provider that the engine talks to."""

import json
from collections.abc import Sequence
from enum import Enum
from typing import Any

import pulumi
from pulumi import ComponentResource, Inputs, ResourceOptions
from pulumi.provider import ConstructResult
from pulumi.provider.experimental.analyzer import TypeDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError, main

from plugin.catalogue import COMPONENTS
from plugin.inputs import Opened, Part
from plugin.mistakes import as_input_errors

PACKAGE = "kotaemon"
"""Also the first part of every component's type token. It can never change: it is in the URNs of every consumer."""
VERSION = "0.1.0"
"""Of pyproject.toml; a test compares them."""


class KotaemonProvider(ComponentProvider):
    """ComponentProvider, with what it leaves out: opened structures, whole numbers, enums in outputs, named inputs."""

    def __init__(self, components: Sequence[type[ComponentResource]] = tuple(COMPONENTS)) -> None:
        super().__init__(list(components), PACKAGE, version=VERSION)
        self.schema = json.dumps(connected(json.loads(self.schema or "{}")))

    def construct(
        self, name: str, resource_type: str, inputs: Inputs, options: ResourceOptions | None = None
    ) -> ConstructResult:
        """Make a component. Raises InputPropertyError and InputPropertiesError, which the engine shows at the input."""
        self.validate_resource_type(PACKAGE, resource_type)
        kind = resource_type.rpartition(":")[2]
        shape = self._components[kind].__init__.__annotations__["args"]
        opened = Opened()
        given: Any = opened.fields(Part(dict(inputs)), shape)
        options = options or ResourceOptions()
        if opened.resources:
            options.depends_on = [*_listed(options.depends_on), *opened.resources]
        try:
            return super().construct(name, resource_type, given, options)
        except ComponentInitError as error:
            if isinstance(error.inner, pulumi.RunError):
                raise as_input_errors(str(error.inner), list(self._component_defs[kind].inputs)) from None
            raise

    def map_complex_output(self, instance_val: Any, type_def: TypeDefinition) -> Any:
        """An enum inside a structure is its value; the SDK makes an empty object of it."""
        if type_def.enum and not isinstance(instance_val, pulumi.Output):
            return instance_val.value if isinstance(instance_val, Enum) else instance_val
        return super().map_complex_output(instance_val, type_def)


def connected(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, with Outputs allowed wherever an input has a type that a component gives as an output.

    The SDK calls them plain, since the components take them as plain values; then no claim of one component could be
    handed to another one outside of Python. `Opened` opens them.
    """
    given = {ref for r in schema["resources"].values() for ref in _refs(r.get("properties", {}))}
    while wider := {
        name for name, t in schema["types"].items() if name not in given and given & _refs(t.get("properties", {}))
    }:
        given |= wider
    owners = [r.get("inputProperties", {}) for r in schema["resources"].values()]
    owners += [schema["types"][name].get("properties", {}) for name in sorted(given)]
    for properties in owners:
        for prop in properties.values():
            if _refs({"": prop}) & given:
                _allow_outputs(prop)
    for name in given:
        for prop in schema["types"][name].get("properties", {}).values():
            _allow_outputs(prop)
    return schema


def _refs(properties: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for prop in properties.values():
        if ref := prop.get("$ref", "").removeprefix("#/types/"):
            found.add(ref)
        found |= _refs({k: prop[k] for k in ("items", "additionalProperties") if k in prop})
    return found


def _allow_outputs(prop: dict[str, Any]) -> None:
    prop.pop("plain", None)
    for key in ("items", "additionalProperties"):
        if key in prop:
            _allow_outputs(prop[key])


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def serve(arguments: list[str]) -> None:
    """Serve until the engine ends the process."""
    main(KotaemonProvider(), arguments)
