"""Turns a component's message about a user's mistake into an error that the engine shows at the input."""

import re

from pulumi import InputPropertiesError, InputPropertyErrorDetails

from plugin.inputs import camel

_LIST = re.compile(r"^  - (?P<where>[\w.\[\]]+): (?P<why>.*)$", re.MULTILINE)
_ONE = re.compile(r"^\w+ '[^']*': (?P<where>\w+)[:\s]\s*(?P<why>.*)$", re.DOTALL)


def as_input_errors(text: str, inputs: list[str]) -> InputPropertiesError:
    """The message of a RunError as an error of the input that it names, or of the whole component.

    Components write `NfsStorage 'files': size: '3' is not allowed ...`, or lines `  - replicas: 3 is not ...`.
    """
    found = [(match["where"], match["why"]) for match in _LIST.finditer(text)]
    if not found and (one := _ONE.match(text)):
        found = [(one["where"], one["why"])]
    details: list[InputPropertyErrorDetails] = [
        {"property_path": path, "reason": why} for where, why in found if (path := _path(where, inputs))
    ]
    if not details or len(details) < len(found):
        return InputPropertiesError(text)
    return InputPropertiesError(text.partition("\n")[0] if len(details) > 1 else "", details)


def _path(where: str, inputs: list[str]) -> str:
    """The path of an input in the names of the schema. Empty when the text does not begin with the name of an input."""
    path = re.sub(r"[a-z]+(_[a-z]+)+", lambda word: camel(word[0]), where)
    return path if re.split(r"[.\[]", path)[0] in inputs else ""
