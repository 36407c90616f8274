"""A user's mistake, told by a component, as the engine attributes it to an input."""

import re

from pulumi import InputPropertiesError, InputPropertyErrorDetails

from plugin.inputs import camel

_LIST = re.compile(r"^  - (?P<where>[\w.\[\]]+): (?P<why>.*)$", re.MULTILINE)
_ONE = re.compile(r"^\w+ '[^']*': (?P<where>\w+)[:\s]\s*(?P<why>.*)$", re.DOTALL)


def as_input_errors(text: str, inputs: list[str]) -> InputPropertiesError:
    """The message of a RunError, with the input that it names where it names one.

    Components write `NfsStorage 'files': size: '3' is not allowed ...`, or a list of `  - replicas: 3 is not ...`.
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
    """The path in the schema's names; empty when it begins with no input."""
    path = re.sub(r"[a-z]+(_[a-z]+)+", lambda word: camel(word[0]), where)
    return path if re.split(r"[.\[]", path)[0] in inputs else ""
