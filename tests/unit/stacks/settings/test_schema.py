"""stacks/schema.json is what editors check stack files with."""

import json
from pathlib import Path

import pytest

from stacks.settings import schema

ROOT = Path(__file__).parents[4]
STACK_FILES = sorted(ROOT.glob("Pulumi.*.yaml"))


def test_it_is_fresh() -> None:
    assert schema.PATH.read_text() == schema.text(), "run `make schema`"


def test_every_key_is_described() -> None:
    def undescribed(name: str, node: dict[str, object]) -> list[str]:
        properties = node.get("properties", {})
        assert isinstance(properties, dict)
        return [f"{name}.{k}" for k, v in properties.items() if "description" not in v and "const" not in v]

    document = json.loads(schema.text())
    definitions = {"config": document["properties"]["config"], **document["definitions"]}
    assert [
        x for name, node in definitions.items() for x in undescribed(name, node) if not x.startswith("Secure.")
    ] == []


@pytest.mark.parametrize("path", STACK_FILES, ids=lambda p: p.name)
def test_every_example_points_the_editor_at_it(path: Path) -> None:
    assert path.read_text().startswith("# yaml-language-server: $schema=./stacks/schema.json\n")


def test_every_secret_may_be_encrypted_however_deep_it_stands() -> None:
    document = json.loads(schema.text())
    assert '"format": "password"' not in schema.text()
    secure = {"anyOf": [{"type": "string"}, {"$ref": "#/definitions/Secure"}]}
    keys = document["properties"]["config"]["properties"]["kotaemon:apiKeys"]["anyOf"][0]
    assert keys["additionalProperties"] == secure
    password = document["properties"]["config"]["properties"]["kotaemon:adminPassword"]["anyOf"][0]
    assert secure["anyOf"] == password["anyOf"][0]["anyOf"]
