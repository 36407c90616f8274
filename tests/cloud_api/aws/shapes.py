"""Checks a call against the service model that botocore ships: types, required members, enumerations, ranges, patterns.

botocore's own validator stops at types and lower bounds, because the service says the rest.
"""

import re
from typing import Any

import botocore.session
from botocore.model import Shape
from botocore.validate import ParamValidator

from tests.cloud_api.aws.calls import Call

_SESSION = botocore.session.get_session()


def refused(call: Call) -> list[str]:
    """Why the service would refuse the call, as far as its model says."""
    shape = _SESSION.get_service_model(call.service).operation_model(call.operation).input_shape
    report = ParamValidator().validate(call.parameters, shape)
    errors = report.generate_report().splitlines() if report.has_errors() else []
    return errors + _constraints(call.parameters, shape, call.operation)


def _constraints(value: Any, shape: Shape, where: str) -> list[str]:
    if shape.type_name == "structure":
        found = [_constraints(v, shape.members[k], f"{where}.{k}") for k, v in value.items() if k in shape.members]
        return [error for errors in found for error in errors]
    if shape.type_name == "list":
        errors = _bounds(len(value), shape, f"{where}: items")
        return errors + [error for v in value for error in _constraints(v, shape.member, f"{where}[]")]
    if shape.type_name == "string":
        return _text(value, shape, where)
    if shape.type_name in ("integer", "long"):
        return _bounds(value, shape, where)
    return []


def _text(value: str, shape: Shape, where: str) -> list[str]:
    errors = _bounds(len(value), shape, f"{where}: length")
    if shape.enum and value not in shape.enum:
        errors.append(f"{where}: {value!r} is none of {', '.join(shape.enum)}")
    if (pattern := shape.metadata.get("pattern")) and not re.search(_python(pattern), value):
        errors.append(f"{where}: {value!r} does not match {pattern}")
    return errors


def _bounds(value: int, shape: Shape, where: str) -> list[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and value < low) or (high is not None and value > high):
        return [f"{where}: {value} is outside {low} to {high}"]
    return []


def _python(pattern: str) -> str:
    # The models' patterns are Java's, and only some of them are anchored: an API matches the whole value.
    return (
        f"^(?:{pattern})$".replace(r"\p{L}", "a-zA-Z")
        .replace(r"\p{Z}", r"\s")
        .replace(r"\p{N}", "0-9")
        .replace(r"\p{all}", r"\s\S")
    )
