"""Turns pydantic's errors about a stack file into words: the key, the value, and what is allowed."""

import difflib
import re
from collections.abc import Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from stacks.names import NAMESPACE
from stacks.settings.fields import SECRET_TEXT, Strict

_MAPPING = "must be a mapping: keys with values, indented below it"
_FORMS = {
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type"), _MAPPING),
    "list_type": "must be a list: a line with `- ` for each",
    "too_short": "must have at least one entry",
}
"""Kind of an error about the form of a value -> what is allowed, in the words of a YAML file."""


def line(settings: type[BaseModel], error: dict[str, Any], secret: set[str]) -> str:
    """The message for one error. `secret`: top-level keys whose values are never shown."""
    # pydantic marks a bad key of a mapping by "[key]". A union adds its tag, which is not a key of the file.
    loc = [p for p in error["loc"] if p != "[key]"]
    model, path = _walk(settings, loc)
    key = f"{NAMESPACE}:" + ".".join(str(p) for p in path)
    kind, given = error["type"], error["input"]
    # The name of a claim is no secret, though a claim may hold one.
    holds = "[key]" not in error["loc"] and _holds_secret(_annotation(settings, loc))
    hidden = given is not None and loc and (loc[0] in secret or holds)
    shown = SECRET_TEXT if hidden else re.sub(r"://[^/@\s'\"]+@", f"://{SECRET_TEXT}@", repr(given))
    if kind == "extra_forbidden":
        if model and issubclass(model, Strict) and (now := model.renamed.get(str(loc[-1]))):
            return f"{key}: is not a key any more; write {now.format(given)}"
        known = list(_keys(model)) if model else []
        return f"{key}: unknown key{nearest(str(loc[-1]), known)}; known here: {', '.join(known)}"
    if kind == "missing":
        return f"{key}: missing{_described(model, str(loc[-1]))}"
    if kind == "union_tag_not_found":
        return f"{key}.kind: missing; allowed: {', '.join(_kinds(_annotation(settings, loc)))}"
    if kind == "union_tag_invalid":
        return (
            f"{key}.kind: {error['ctx']['tag']!r} is not allowed; allowed: {_unquoted(error['ctx']['expected_tags'])}"
        )
    if kind == "string_type" and isinstance(given, bool | int | float) and not hidden:
        # YAML makes them of words that Kubernetes wants as text.
        written = str(given).lower() if isinstance(given, bool) else str(given)
        return f'{key}: {written} must be a text, so in quotation marks: write "{written}"'
    if kind in ("enum", "literal_error"):
        expected = error["ctx"]["expected"]
        hint = nearest(str(given), [t.strip("' ") for t in expected.replace(" or ", ",").split(",")])
        return f"{key}: {shown} is not allowed; allowed: {_unquoted(expected)}{hint}"
    if kind == "value_error":
        # A rule about several keys has no single value to show.
        message = str(error["ctx"]["error"])
        return f"{key}: {message}" if isinstance(given, dict) else f"{key}: {shown} {message}"
    if kind in _FORMS:
        return f"{key}: {_FORMS[kind]}" if given in (None, {}, []) else f"{key}: {shown} is not allowed; {_FORMS[kind]}"
    return f"{key}: {shown} is not allowed: {_range(model, str(loc[-1])) or _lower(error['msg'])}"


def _annotation(settings: type[BaseModel], loc: list[Any]) -> Any:
    """The type that the value at `loc` of the stack file must have."""
    return _descend(settings, loc)[2]


def _holds_secret(annotation: Any) -> bool:
    """Whether a wrong value of this type may be or contain a secret."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return any(_holds_secret(field.annotation) for field in annotation.model_fields.values())
    return annotation is SecretStr or any(_holds_secret(part) for part in get_args(annotation))


def _kinds(annotation: Any) -> list[str]:
    """The value of `kind` for every member of a tagged union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return list(get_args(annotation.model_fields["kind"].annotation))
    return [kind for part in get_args(annotation) if _is_model_or_union(part) for kind in _kinds(part)]


def _is_model_or_union(part: Any) -> bool:
    return bool(get_args(part)) or (isinstance(part, type) and issubclass(part, BaseModel))


def _walk(settings: type[BaseModel], loc: list[Any]) -> tuple[type[BaseModel] | None, list[Any]]:
    """The model that holds the last element of `loc`, and `loc` without the tags of unions."""
    return _descend(settings, loc)[:2]


def _descend(settings: type[BaseModel], loc: list[Any]) -> tuple[type[BaseModel] | None, list[Any], Any]:
    annotation: Any = settings
    model: type[BaseModel] | None = None
    path: list[Any] = []
    for part in loc:
        annotation, tagged = _pick(annotation, part)
        if tagged:
            continue
        path.append(part)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
            annotation = next((f.annotation for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        else:
            model, annotation = None, (get_args(annotation) or (None,))[-1]
    return model, path, annotation


def _pick(annotation: Any, part: Any) -> tuple[Any, bool]:
    """Resolve Annotated, optional and tagged unions down to the type that `part` is looked up in."""
    while get_origin(annotation) not in (None, dict, list, Union, UnionType):
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        members = [m for m in get_args(annotation) if m is not type(None)]
        if len(members) > 1 and not any(map(_tagged, members)):
            # One value or a list of them: `part` names the form that was tried.
            lists = [m for m in members if get_origin(m) is list and str(part).startswith("list")]
            return [*lists, *members][0], True
        for member in members:
            if len(members) > 1 and part in get_args(member.model_fields["kind"].annotation):
                return member, True
        return _pick(members[0], part)
    return annotation, False


def _tagged(member: Any) -> bool:
    return isinstance(member, type) and issubclass(member, BaseModel)


def _keys(model: type[BaseModel]) -> Iterator[str]:
    return (field.alias or name for name, field in model.model_fields.items())


def _described(model: type[BaseModel] | None, key: str) -> str:
    for name, field in model.model_fields.items() if model else ():
        if key in (name, field.alias):
            choices = [m.value for m in getattr(field.annotation, "__members__", {}).values()]
            allowed = f"; allowed: {', '.join(choices)}" if choices else ""
            return f": {(field.description or '').rstrip('.')}{allowed}"
    return ""


def _range(model: type[BaseModel] | None, key: str) -> str:
    for name, field in model.model_fields.items() if model else ():
        if key in (name, field.alias):
            low = next((m.ge for m in field.metadata if hasattr(m, "ge")), None)
            high = next((m.le for m in field.metadata if hasattr(m, "le")), None)
            if low is not None:
                return f"must be a whole number from {low}" + (f" to {high}" if high is not None else " up")
    return ""


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _unquoted(tags: str) -> str:
    return ", ".join(t.strip("' ") for t in tags.replace(" or ", ",").split(","))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
