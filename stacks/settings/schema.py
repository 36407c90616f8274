"""Write the JSON Schema of a stack file, made from Settings: `python -m stacks.settings.schema`."""

import json
import re
from pathlib import Path
from typing import Any

from stacks.names import NAMESPACE
from stacks.settings.load import PROVIDER_KEYS
from stacks.settings.model import whole_model

PATH = Path(__file__).parents[1] / "schema.json"
"""Path of the schema. The first line of a stack file names it as stacks/schema.json."""


def stack_file_schema() -> dict[str, Any]:
    """Schema of `Pulumi.<stack>.yaml`. It checks the keys of the namespace `kotaemon`; keys of providers are free."""
    settings = whole_model().model_json_schema(by_alias=True)
    definitions = settings.pop("$defs")
    ours = {f"{NAMESPACE}:{key}": _or_secure(value) for key, value in settings["properties"].items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Stack file of Kotaemon storage",
        "type": "object",
        "additionalProperties": False,
        "required": ["config"],
        "properties": {
            **dict.fromkeys(PROVIDER_KEYS, True),
            "config": {
                "type": "object",
                "required": [f"{NAMESPACE}:{key}" for key in settings["required"]],
                "properties": ours,
                "patternProperties": {f"^(?!{NAMESPACE}:).+:.+$": True},
                "additionalProperties": False,
            },
        },
        "definitions": {**_renamed(definitions), "Secure": _SECURE},
    }


_SECURE = {
    "type": "object",
    "description": "An encrypted value, written by `pulumi config set --secret`.",
    "required": ["secure"],
    "properties": {"secure": {"type": "string"}},
    "additionalProperties": False,
}


def _or_secure(value: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [_renamed(value), {"$ref": "#/definitions/Secure"}], "description": value.get("description", "")}


def _renamed(value: Any) -> Any:
    # pydantic writes the newer $defs, but the YAML plug-ins of editors read draft 7.
    return _with_secure(json.loads(re.sub(r"#/\$defs/", "#/definitions/", json.dumps(value))))


def _with_secure(node: Any) -> Any:
    """Allow an encrypted value wherever a secret may be, at every depth."""
    if isinstance(node, list):
        return [_with_secure(part) for part in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "password":
        kept = {k: node[k] for k in ("description", "title", "default") if k in node}
        return {"anyOf": [{"type": "string"}, {"$ref": "#/definitions/Secure"}], **kept}
    return {key: _with_secure(part) for key, part in node.items()}


def text() -> str:
    """The text of stacks/schema.json."""
    return json.dumps(stack_file_schema(), indent=2) + "\n"


if __name__ == "__main__":
    PATH.write_text(text())
