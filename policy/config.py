"""The configuration of the rules: the same file for `make plan` and for `pulumi preview --policy-pack-config`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from policy.resource import at
from policy.rule import Level, Rule

PROJECT_FILE = "policy.json"
"""Name of the configuration file, beside Pulumi.yaml and the stack files."""
LEVEL_KEY = "enforcementLevel"
LEVELS = [level.value for level in Level]
_TYPES: dict[str, type | tuple[type, ...]] = {"object": Mapping, "array": list, "boolean": bool, "integer": int}


class ConfigError(ValueError):
    """The policy configuration has mistakes; the message lists all of them."""

    exit_code = 1
    """Exit code of the command. plan/exits.py takes an error that has one for a mistake of the user."""


def load_config(file: Path) -> dict[str, Any]:
    """Read a configuration file. Raises ConfigError when it is not a JSON object; `check` finds all other mistakes."""
    try:
        value: Any = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: cannot be read as JSON: {error}") from None
    if not isinstance(value, dict):
        raise ConfigError(f"{file}: must be a JSON object, rule -> settings")
    return value


def project_config(folder: Path) -> dict[str, Any]:
    """The configuration of a project: its policy.json, empty without one. Raises ConfigError as `load_config` does."""
    file = folder / PROJECT_FILE
    return load_config(file) if file.exists() else {}


def checked(config: Mapping[str, Any], rules: Sequence[Rule]) -> dict[str, tuple[Level, Mapping[str, Any]]]:
    """The level and the settings of each rule, with defaults filled in. Raises ConfigError with every mistake."""
    by_name = {rule.name: rule for rule in rules}
    mistakes: list[str] = []
    # The Pulumi engine does the same: the level of `all` also holds for a rule that has settings but no level of its
    # own.
    everywhere = config.get("all")
    common: Any = everywhere if isinstance(everywhere, str) else at(everywhere, LEVEL_KEY)
    for name in config:
        if name != "all" and name not in by_name:
            mistakes.append(f"{name}: no such rule; the rules are {', '.join(by_name)}")
    if common is not None and common not in LEVELS:
        mistakes.append(f"all: {common!r} is not allowed; allowed: {', '.join(LEVELS)}")
    found: dict[str, tuple[Level, Mapping[str, Any]]] = {}
    for rule in rules:
        given = config.get(rule.name, {})
        entry: Any = {LEVEL_KEY: given} if isinstance(given, str) else given
        if not isinstance(entry, Mapping):
            mistakes.append(f"{rule.name}: {entry!r} is not allowed; it must be a level or an object")
            continue
        mistakes += [f"{rule.name}.{m}" for m in _mistakes(entry, rule)]
        level = entry.get(LEVEL_KEY, common or rule.level.value)
        if level in LEVELS:
            found[rule.name] = Level(level), {k: v for k, v in entry.items() if k != LEVEL_KEY}
    if mistakes:
        raise ConfigError(
            "\n".join(["the policy configuration (policy.json) has mistakes:", *(f"  - {m}" for m in mistakes)])
        )
    return found


def _mistakes(entry: Mapping[str, Any], rule: Rule) -> list[str]:
    found: list[str] = []
    for key, value in entry.items():
        if key == LEVEL_KEY:
            if value not in LEVELS:
                found.append(f"{key}: {value!r} is not allowed; allowed: {', '.join(LEVELS)}")
        elif key not in rule.schema:
            found.append(f"{key}: no such property; {rule.name} has {', '.join(rule.schema)}")
        elif not _is_of(value, rule.schema[key]["type"]):
            found.append(f"{key}: {value!r} is not allowed; it must be of type {rule.schema[key]['type']}")
        elif key == "except":
            found += [
                f"except.{name}: the reason {reason!r} is too short; give a reason of at least ten characters"
                for name, reason in value.items()
                if not isinstance(reason, str) or len(reason.strip()) < 10
            ]
    return found


def _is_of(value: Any, kind: str) -> bool:
    # A bool is an int in Python, and the Pulumi engine passes every number as a float.
    number = kind == "integer" and isinstance(value, float) and value.is_integer()
    return number or (isinstance(value, _TYPES[kind]) and isinstance(value, bool) == (kind == "boolean"))
