"""From configuration to Settings, with every mistake of a stack file in one error."""

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pulumi
import yaml
from pulumi.runtime import config as runtime_config
from pydantic import BaseModel, SecretStr, ValidationError

from stacks.fields import SECRET_TEXT
from stacks.names import NAMESPACE
from stacks.settings import Settings

PROVIDER_KEYS = ("encryptionsalt", "encryptedkey", "secretsprovider", "environment", "config")


class SettingsError(pulumi.RunError):
    """The stack file is wrong. The message lists every error: key, value, what is allowed, file."""

    def __init__(self, file: str, errors: list[str]) -> None:
        self.errors = errors
        count = f"{len(errors)} error" + ("s" if len(errors) > 1 else "")
        super().__init__("\n".join([f"{file}: {count}, nothing was created:", *(f"  - {e}" for e in errors)]))


def stack_file(stack: str) -> str:
    """Name of the stack file of a stack."""
    return f"Pulumi.{stack}.yaml"


def from_runtime() -> tuple[dict[str, str], set[str]]:
    """The configuration Pulumi gave to this run, and the names of its secret keys."""
    values = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    secret = {*runtime_config.get_config_secret_keys_env(), *(k for k in values if runtime_config.is_config_secret(k))}
    return values, secret


def from_file(path: Path) -> tuple[dict[str, str], list[str]]:
    """The configuration in a stack file, as Pulumi hands it to a program, and the names of its secret keys.

    Encrypted values are not decrypted: SECRET_TEXT stands in their place. Raises SettingsError.
    """
    try:
        text = path.read_text()
    except FileNotFoundError:
        raise SettingsError(path.name, [f"there is no such file in {path.parent.resolve()}"]) from None
    try:
        document: object = yaml.load(text, _NoDuplicates)  # noqa: S506 it is a SafeLoader
    except yaml.YAMLError as error:
        raise SettingsError(path.name, [f"it is not YAML: {' '.join(str(error).split())}"]) from None
    if document is None:
        document = {}
    if not isinstance(document, dict) or not isinstance(document.get("config") or {}, dict):
        raise SettingsError(path.name, ["it must be a mapping with the key `config`"])
    if unknown := [str(k) for k in document if k not in PROVIDER_KEYS]:
        raise SettingsError(path.name, [f"{k}: unknown key{_nearest(k, PROVIDER_KEYS)}" for k in unknown])
    values, secret = dict[str, str](), list[str]()
    for key, value in (document.get("config") or {}).items():
        name = key if ":" in str(key) else f"{NAMESPACE}:{key}"  # Pulumi's own rule: no namespace is the project's
        hidden = _hide(value)
        if hidden != value:
            secret.append(name)
        values[name] = hidden if isinstance(hidden, str) else json.dumps(hidden)
    return values, secret


def load(values: Mapping[str, str], secret: set[str], file: str) -> Settings:
    """Validate the keys of our namespace. Raises SettingsError with all errors at once."""
    prefix = f"{NAMESPACE}:"
    ours = {k.removeprefix(prefix): _parsed(v) for k, v in values.items() if k.startswith(prefix)}
    try:
        return Settings.model_validate(ours)
    except ValidationError as error:
        lines = [_line(dict(e), {k.removeprefix(prefix) for k in secret}) for e in error.errors(include_url=False)]
        raise SettingsError(file, lines) from None


class _NoDuplicates(yaml.SafeLoader):
    """Of two equal keys YAML's own loader silently takes the last; Pulumi's refuses them."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if twice := [str(k) for k in keys if keys.count(k) > 1]:
            raise yaml.constructor.ConstructorError(
                problem=f"the key {twice[0]} stands there twice", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep)


def _hide(value: object) -> Any:
    if isinstance(value, dict):
        return SECRET_TEXT if set(value) == {"secure"} else {k: _hide(v) for k, v in value.items()}
    return [_hide(v) for v in value] if isinstance(value, list) else value


def _parsed(value: str) -> object:
    # Objects and lists arrive as JSON, scalars as they stand: "3" may be a number or a name, the field decides.
    try:
        parsed: object = json.loads(value)
    except ValueError:
        return value
    return parsed if isinstance(parsed, dict | list) else value


def _line(error: dict[str, Any], secret: set[str]) -> str:
    # "[key]" is pydantic's mark for a bad key of a mapping; a union adds its tag, which is no key of the file.
    loc = [p for p in error["loc"] if p != "[key]"]
    model, path = _walk(loc)
    key = f"{NAMESPACE}:" + ".".join(str(p) for p in path)
    kind, given = error["type"], error["input"]
    hidden = given is not None and loc and (loc[0] in secret or _holds_secret(_annotation(loc)))
    shown = SECRET_TEXT if hidden else repr(given)
    if kind == "extra_forbidden":
        known = list(_keys(model)) if model else []
        return f"{key}: unknown key{_nearest(str(loc[-1]), known)}; known here: {', '.join(known)}"
    if kind == "missing":
        return f"{key}: missing{_described(model, str(loc[-1]))}"
    if kind == "union_tag_not_found":
        return f"{key}.kind: missing; allowed: {', '.join(_kinds(_annotation(loc)))}"
    if kind == "union_tag_invalid":
        return (
            f"{key}.kind: {error['ctx']['tag']!r} is not allowed; allowed: {_unquoted(error['ctx']['expected_tags'])}"
        )
    if kind in ("enum", "literal_error"):
        expected = error["ctx"]["expected"]
        hint = _nearest(str(given), [t.strip("' ") for t in expected.replace(" or ", ",").split(",")])
        return f"{key}: {shown} is not allowed; allowed: {_unquoted(expected)}{hint}"
    if kind == "value_error":
        # A rule over several keys has no single value to show.
        message = str(error["ctx"]["error"])
        return f"{key}: {message}" if isinstance(given, dict) else f"{key}: {shown} {message}"
    return f"{key}: {shown} is not allowed: {_range(model, str(loc[-1])) or _lower(error['msg'])}"


def _annotation(loc: list[Any]) -> Any:
    """The type that the file's value at `loc` has to have."""
    return _descend(loc)[2]


def _holds_secret(annotation: Any) -> bool:
    """Whether a wrong value of this type may be a secret, or hold one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return any(_holds_secret(field.annotation) for field in annotation.model_fields.values())
    return annotation is SecretStr or any(_holds_secret(part) for part in get_args(annotation))


def _kinds(annotation: Any) -> list[str]:
    """Every `kind` of a tagged union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return list(get_args(annotation.model_fields["kind"].annotation))
    return [kind for part in get_args(annotation) if _is_model_or_union(part) for kind in _kinds(part)]


def _is_model_or_union(part: Any) -> bool:
    return bool(get_args(part)) or (isinstance(part, type) and issubclass(part, BaseModel))


def _walk(loc: list[Any]) -> tuple[type[BaseModel] | None, list[Any]]:
    """The model that holds the last element of `loc`, and `loc` without the tags of unions."""
    return _descend(loc)[:2]


def _descend(loc: list[Any]) -> tuple[type[BaseModel] | None, list[Any], Any]:
    annotation: Any = Settings
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
        for member in members:
            if len(members) > 1 and part in get_args(member.model_fields["kind"].annotation):
                return member, True
        return _pick(members[0], part)
    return annotation, False


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


def _nearest(word: str, known: list[str] | tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _unquoted(tags: str) -> str:
    return ", ".join(t.strip("' ") for t in tags.replace(" or ", ",").split(","))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
