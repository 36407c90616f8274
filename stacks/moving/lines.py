"""Writes a move into the text of a stack file: the role's claim, and `kotaemon:moved`. Comments and layout stay.

PyYAML reads where each value begins and ends, so only those characters change. What came out is read again and compared
with what was meant; a file that is written in a way which this does not know is refused, and the lines are printed.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

STORAGE, MOVED = "kotaemon:storage", "kotaemon:moved"


class Unwritable(Exception):
    """The stack file is laid out in a way that is not written into; the message has the lines to write by hand."""


def moved(text: str, roles: Mapping[str, Mapping[str, str]], name: str, from_: str, to: str) -> str:
    """The text with the places of roles, and with the line of `kotaemon:moved` for one kind of data.

    `roles`: role -> what to set of `claim` and `subPath`. Raises Unwritable.
    """
    wanted = meant(text, roles, name, from_, to)
    try:
        found = text
        for role, place in roles.items():
            for key, value in place.items():
                found = _set(found, ["config", STORAGE, "roles", role, key], value)
        for key, value in (("to", to), ("from", from_)):  # the last is inserted as the first
            found = _set(found, ["config", MOVED, name, key], value)
        if yaml.safe_load(found) == wanted:
            return found
    except (yaml.YAMLError, LookupError, TypeError):
        pass  # a file in a form that cannot be edited line by line: its owner writes it
    raise Unwritable("write this by hand:\n" + "\n".join(by_hand(roles, name, from_, to)))


def by_hand(roles: Mapping[str, Mapping[str, str]], name: str, from_: str, to: str) -> list[str]:
    """The lines as a person writes them."""
    return [
        f"  {STORAGE}:",
        "    roles:",
        *(f"      {role}: {_flow(place)}" for role, place in roles.items()),
        f"  {MOVED}:",
        f"    {name}: {_flow({'from': from_, 'to': to})}",
    ]


def meant(text: str, roles: Mapping[str, Mapping[str, str]], name: str, from_: str, to: str) -> Any:
    """The stack file as a document, with what `moved` writes into its text."""
    document: Any = deepcopy(yaml.safe_load(text))
    config = document["config"]
    for role, place in roles.items():
        known = config[STORAGE].get("roles") or {}
        config[STORAGE]["roles"] = {**known, role: {**(known.get(role) or {}), **place}}
    config[MOVED] = {**(config.get(MOVED) or {}), name: {"from": from_, "to": to}}
    return document


def _set(text: str, path: list[str], value: Any) -> str:
    """The text with a value at a path of keys; missing mappings on the way are made."""
    node: Node = yaml.compose(text, yaml.SafeLoader)
    for depth, key in enumerate(path):
        if not isinstance(node, MappingNode):
            raise LookupError(key)
        found = _value(node, key)
        if found is None:
            for missing in reversed(path[depth + 1 :]):
                value = {missing: value}
            return _insert(text, node, key, value)
        node = found
    start, end = node.start_mark.index, node.end_mark.index
    if not isinstance(node, ScalarNode) and not (isinstance(node, MappingNode) and node.flow_style):
        raise LookupError(path[-1])
    return text[:start] + _flow(value) + text[end:]


def _value(node: MappingNode, key: str) -> Node | None:
    pairs = cast("list[tuple[Node, Node]]", node.value)
    return next((value for name, value in pairs if isinstance(name, ScalarNode) and name.value == key), None)


def _insert(text: str, node: MappingNode, key: str, value: Any) -> str:
    """A new first key of a mapping."""
    pairs = cast("list[tuple[Node, Node]]", node.value)
    if node.flow_style:
        at = node.start_mark.index + 1
        return f"{text[:at]}{key}: {_flow(value)}{', ' if pairs else ''}{text[at:]}"
    first = pairs[0][0].start_mark
    at = first.index - first.column
    return f"{text[:at]}{' ' * first.column}{key}: {_flow(value)}\n{text[at:]}"


def _flow(value: Any) -> str:
    """A value in one line, as the refusals of the guard print it: names as they are, sentences in quotation marks."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in items) + "}"
    plain = str(value).replace("-", "").replace("_", "").replace("/", "")
    is_name = plain.isascii() and plain.isalnum() and yaml.safe_load(str(value)) == value
    return str(value) if is_name else json.dumps(value, ensure_ascii=False)
