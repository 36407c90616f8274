"""The examples in other languages, against the plugin's schema. Neither the engine nor a compiler is needed."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from plan.stack_file import ROOT
from plugin.provider import PACKAGE, VERSION
from plugin.schema import FILE

SCHEMA: dict[str, Any] = json.loads(FILE.read_text())
YAML = ROOT / "examples" / "yaml" / "Pulumi.yaml"
TYPESCRIPT = ROOT / "examples" / "typescript"
PROGRAM: dict[str, Any] = yaml.safe_load(YAML.read_text())
REFERENCE = re.compile(r"^\$\{(\w+)(?:\.(\w+))?\}$")


def shape(prop: dict[str, Any]) -> str:
    """The type of a property, short: a name, `array of x`, `map of x`."""
    if "$ref" in prop:
        return prop["$ref"].removeprefix("#/types/")
    if "items" in prop:
        return f"array of {shape(prop['items'])}"
    return f"map of {shape(prop['additionalProperties'])}" if "additionalProperties" in prop else prop["type"]


def wrong(value: Any, prop: dict[str, Any], path: str) -> Iterator[str]:
    """What does not fit the schema."""
    if isinstance(value, str) and (reference := REFERENCE.match(value)):
        yield from wrong_reference(reference, shape(prop), path)
    elif "$ref" in prop:
        kind = SCHEMA["types"][shape(prop)]
        if "enum" in kind:
            if value not in [member["value"] for member in kind["enum"]]:
                yield f"{path}: {value!r} is no {shape(prop)}"
        else:
            yield from wrong_object(value, kind["properties"], kind.get("required", []), path)
    elif "items" in prop:
        for number, item in enumerate(value):
            yield from wrong(item, prop["items"], f"{path}[{number}]")
    elif "additionalProperties" in prop:
        for key, item in value.items():
            yield from wrong(item, prop["additionalProperties"], f"{path}.{key}")
    else:
        kinds = {"string": str, "boolean": bool, "integer": int}
        if type(value) is not kinds[prop["type"]]:
            yield f"{path}: {value!r} is no {prop['type']}"


def wrong_object(value: dict[str, Any], properties: dict[str, Any], required: list[str], path: str) -> Iterator[str]:
    yield from (f"{path}: {name} is missing" for name in required if name not in value)
    for name, inner in value.items():
        if name not in properties:
            yield f"{path}: {name} is unknown"
        else:
            yield from wrong(inner, properties[name], f"{path}.{name}")


def wrong_reference(reference: re.Match[str], wanted: str, path: str) -> Iterator[str]:
    name, output = reference.groups()
    if output is None:
        found = PROGRAM["config"].get(name, {}).get("type")
    else:
        resource = PROGRAM["resources"].get(name, {"type": ""})
        found = SCHEMA["resources"].get(resource["type"], {"properties": {}})["properties"].get(output)
        found = shape(found) if found else None
    if found != wanted:
        yield f"{path}: {reference[0]} is {found}, not {wanted}"


def mistakes(resources: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for name, resource in resources.items():
        if resource["type"].startswith("pulumi:providers:"):
            continue
        known = SCHEMA["resources"].get(resource["type"])
        if known is None:
            found.append(f"{name}: the type {resource['type']} is unknown")
            continue
        found += wrong_object(resource["properties"], known["inputProperties"], known["requiredInputs"], name)
        for key in ("providers", "dependsOn"):
            for reference in resource.get("options", {}).get(key, []):
                if not (match := REFERENCE.match(reference)) or match[1] not in resources:
                    found.append(f"{name}: {key}: {reference} is unknown")
    return found


def test_the_yaml_program() -> None:
    assert mistakes(PROGRAM["resources"]) == []
    for reference in PROGRAM["outputs"].values():
        match = REFERENCE.match(reference)
        assert match
        assert match[2] in SCHEMA["resources"][PROGRAM["resources"][match[1]]["type"]]["properties"]


def test_the_check_finds_mistakes() -> None:
    resources = json.loads(json.dumps(PROGRAM["resources"]))
    resources["files"]["properties"] |= {"sise": "3Gi", "protect": "yes"}
    del resources["files"]["properties"]["path"]
    resources["app"]["properties"]["profile"] = "clustered"
    resources["app"]["properties"]["storage"]["models"]["claim"] = "${space.namespace}"
    resources["disk"]["type"] = "kotaemon:index:Disk"
    assert mistakes(resources) == [
        "files: path is missing",
        "files.protect: 'yes' is no boolean",
        "files: sise is unknown",
        "disk: the type kotaemon:index:Disk is unknown",
        "app.storage.models.claim: ${space.namespace} is string, not kotaemon:index:Claim",
        "app.profile: 'clustered' is no kotaemon:index:Profile",
    ]


def test_both_name_the_plugin() -> None:
    for file in (YAML, TYPESCRIPT / "Pulumi.yaml"):
        text = file.read_text()
        source = yaml.safe_load(text)["packages"][PACKAGE]
        assert (file.parent / source / "PulumiPlugin.yaml").exists()
        assert f"plugin@{VERSION}, tag v{VERSION}" in text


def typescript_components(text: str) -> Iterator[tuple[str, str]]:
    """Component and the text of its arguments."""
    for match in re.finditer(r"new kotaemon\.(\w+)\(\"\w+\", \{\n(.*?)\n\}, ", text, re.DOTALL):
        yield match[1], match[2]


def test_the_typescript_program() -> None:
    text = (TYPESCRIPT / "index.ts").read_text()
    used = list(typescript_components(text))
    assert len(used) == text.count("new kotaemon.") == 5
    variables = dict(re.findall(r"const (\w+) = new kotaemon\.(\w+)\(", text))
    for component, arguments in used:
        known = SCHEMA["resources"][f"{PACKAGE}:index:{component}"]
        names = set(re.findall(r"^  (\w+)[:,]", arguments, re.MULTILINE))
        assert names <= set(known["inputProperties"]), component
        assert set(known["requiredInputs"]) <= names, component
    for variable, output in re.findall(r"\b(\w+)\.(\w+)\b", text):
        if variable in variables:
            assert output in SCHEMA["resources"][f"{PACKAGE}:index:{variables[variable]}"]["properties"], output
    for enum, member in re.findall(r"kotaemon\.(\w+)\.(\w+)", text):
        assert member in [m["name"] for m in SCHEMA["types"][f"{PACKAGE}:index:{enum}"]["enum"]]
