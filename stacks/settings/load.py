"""Makes Settings from the configuration of a stack. All mistakes of a stack file are in one error."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import config as runtime_config
from pydantic import ValidationError

from stacks.names import NAMESPACE
from stacks.settings import checks, model
from stacks.settings.errors import line, nearest
from stacks.settings.fields import SECRET_TEXT
from stacks.settings.settings import Settings

PROVIDER_KEYS = ("encryptionsalt", "encryptedkey", "secretsprovider", "environment", "config")


class SettingsError(pulumi.RunError):
    """The stack file has mistakes. The message lists each with its key, its value and what is allowed."""

    def __init__(self, file: str, errors: list[str]) -> None:
        self.errors = errors
        count = f"{len(errors)} error" + ("s" if len(errors) > 1 else "")
        super().__init__("\n".join([f"{file}: {count}, nothing was created:", *(f"  - {e}" for e in errors)]))


def stack_file(stack: str) -> str:
    """File name of a stack's configuration."""
    return f"Pulumi.{stack}.yaml"


def from_runtime() -> tuple[dict[str, str], set[str]]:
    """The configuration that Pulumi gave to this run, and the names of its secret keys."""
    values = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    secret = {*runtime_config.get_config_secret_keys_env(), *(k for k in values if runtime_config.is_config_secret(k))}
    return values, secret


def from_file(path: Path) -> tuple[dict[str, str], list[str]]:
    """The configuration in a stack file in the form that a Pulumi program gets, and the names of its secret keys.

    Encrypted values are not decrypted but replaced by SECRET_TEXT. Raises SettingsError.
    """
    try:
        text = path.read_text()
    except FileNotFoundError:
        raise SettingsError(path.name, [f"the file is not in {path.parent.resolve()}"]) from None
    try:
        document: object = yaml.load(text, _NoDuplicates)  # noqa: S506 the loader is a SafeLoader
    except yaml.YAMLError as error:
        raise SettingsError(path.name, [f"it is not valid YAML: {' '.join(str(error).split())}"]) from None
    if document is None:
        document = {}
    if not isinstance(document, dict) or not isinstance(document.get("config") or {}, dict):
        raise SettingsError(path.name, ["it must be a mapping with the key `config`"])
    if unknown := [str(k) for k in document if k not in PROVIDER_KEYS]:
        raise SettingsError(path.name, [f"{k}: unknown key{nearest(k, PROVIDER_KEYS)}" for k in unknown])
    values, secret = dict[str, str](), list[str]()
    for key, value in (document.get("config") or {}).items():
        name = (
            key if ":" in str(key) else f"{NAMESPACE}:{key}"
        )  # Pulumi's rule: a key without a namespace has the project's
        hidden = _hide(value)
        if hidden != value:
            secret.append(name)
        values[name] = hidden if isinstance(hidden, str) else json.dumps(hidden)
    return values, secret


def load(values: Mapping[str, str], secret: set[str], file: str) -> Settings:
    """Validate the keys of the namespace `kotaemon`. Raises SettingsError with all mistakes at once."""
    prefix = f"{NAMESPACE}:"
    ours = {k.removeprefix(prefix): _sorted(_parsed(v)) for k, v in values.items() if k.startswith(prefix)}
    settings = _validated(ours, {k.removeprefix(prefix) for k in secret}, file)
    if found := list(checks.mistakes(settings)):
        raise SettingsError(file, found)
    return settings


def _sorted(value: Any) -> Any:
    """The value with the keys of every mapping sorted, as the engine hands it over.

    So a plan, which reads the file itself, and the engine show the same, and nothing can depend on the order.
    """
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=str)}
    return [_sorted(part) for part in value] if isinstance(value, list) else value


def _validated(ours: Mapping[str, Any], secret: set[str], file: str) -> Settings:
    wanted = model.model_of(ours)
    try:
        return (wanted or model.whole_model()).model_validate(ours)
    except ValidationError:
        pass  # validated again below: messages name every existing kind, not only those of this file
    whole = model.whole_model()
    try:
        return whole.model_validate(ours)
    except ValidationError as error:
        found = [line(whole, dict(e), secret) for e in error.errors(include_url=False)]
        raise SettingsError(file, found) from None


class _NoDuplicates(yaml.SafeLoader):
    """Refuses a key that is given twice, as Pulumi does.

    The loader of the YAML library would silently use the last one.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if twice := [str(k) for k in keys if keys.count(k) > 1]:
            raise yaml.constructor.ConstructorError(
                problem=f"the key {twice[0]} is given twice", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep)


def _hide(value: object) -> Any:
    if isinstance(value, dict):
        return SECRET_TEXT if set(value) == {"secure"} else {k: _hide(v) for k, v in value.items()}
    return [_hide(v) for v in value] if isinstance(value, list) else value


def _parsed(value: str) -> object:
    # Objects and lists arrive as JSON, scalars as text: whether "3" is a number or a name is decided by the field.
    try:
        parsed: object = json.loads(value)
    except ValueError:
        return value
    return parsed if isinstance(parsed, dict | list) else value
