"""The components as a provider for the engine."""

import json
from collections.abc import Sequence
from enum import Enum
from typing import Any, cast

import pulumi
from pulumi import ComponentResource, InputPropertyError, Inputs, ResourceOptions
from pulumi.provider import ConstructResult
from pulumi.provider.experimental.analyzer import TypeDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError, main

from plugin.catalogue import COMPONENTS
from plugin.inputs import Opened, Part
from plugin.mistakes import as_input_errors

PACKAGE = "kotaemon"
"""Package name, and the first part of every component's type token. It can never change: it is in the URNs of all
users."""
VERSION = "0.1.0"
"""Version of the plugin, the same as in pyproject.toml; a test compares them."""


class KotaemonProvider(ComponentProvider):
    """The SDK's ComponentProvider, with opened structures, whole numbers, enums in lists and errors at inputs."""

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

    def map_input_properties(
        self, inputs: Inputs, properties: Any, mapping: dict[str, str], component_name: str, property_path: str
    ) -> Inputs:
        """Map a list of enums to a list of their members; the SDK alone would make a list of empty objects."""
        mapped: Any = super().map_input_properties(inputs, properties, mapping, component_name, property_path)
        for key, prop in properties.items():
            kind = self.get_type_definition(prop.items) if prop.items and prop.items.ref else None
            if kind and kind.enum and isinstance(given := cast("dict[str, Any]", inputs).get(key), list):
                path = f"{property_path}.{key}" if property_path else key
                members = [_member(kind.python_type, value, f"{path}[{n}]") for n, value in enumerate(given)]
                mapped[mapping[key]] = members
        return mapped

    def map_complex_output(self, instance_val: Any, type_def: TypeDefinition) -> Any:
        """Map an enum inside a structure to its value; the SDK alone would make an empty object."""
        if type_def.enum and not isinstance(instance_val, pulumi.Output):
            return instance_val.value if isinstance(instance_val, Enum) else instance_val
        return super().map_complex_output(instance_val, type_def)


def _member(enum: Any, value: Any, path: str) -> Enum:
    try:
        return enum(value)
    except ValueError:
        allowed = ", ".join(member.value for member in enum)
        raise InputPropertyError(path, f"{value!r} is not allowed; allowed: {allowed}") from None


def connected(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, with Outputs allowed for every input whose type is also a type of a component's output.

    The SDK marks such inputs as plain, because the components take them as plain values. Then a claim of one component
    could not be given to another one from other languages; `Opened` makes that possible. Enums in these types are
    strings in the schema, because Pulumi YAML refuses to assign an enum from an output even to the same enum
    (pulumi-yaml: analyser.go, isAssignable, 1.38.1).
    """
    types = schema["types"]
    given = {ref for r in schema["resources"].values() for ref in _refs(r.get("properties", {}))}
    _enums_as_text(given, types)
    while wider := {name for name, t in types.items() if name not in given and given & _refs(t.get("properties", {}))}:
        given |= wider
    owners = [r.get("inputProperties", {}) for r in schema["resources"].values()]
    owners += [types[name].get("properties", {}) for name in sorted(given)]
    for properties in owners:
        for prop in properties.values():
            if _refs({"": prop}) & given:
                _allow_outputs(prop)
    for name in given:
        for prop in types[name].get("properties", {}).values():
            _allow_outputs(prop)
    return schema


def _enums_as_text(names: set[str], types: dict[str, Any]) -> None:
    """Replace enums by strings in these types and in the types inside them."""
    reached = set(names)
    while inner := {ref for name in reached for ref in _refs(types[name].get("properties", {}))} - reached:
        reached |= inner
    for prop in (p for name in reached for p in types[name].get("properties", {}).values()):
        if members := types.get(prop.get("$ref", "").removeprefix("#/types/"), {}).get("enum"):
            del prop["$ref"]
            values = ", ".join(member["value"] for member in members)
            prop |= {"type": "string", "description": f"{prop.get('description', '')} One of: {values}.".strip()}


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
