"""Pulumi's own configuration of a cloud's provider (`aws:profile`, `alicloud:endpoints`), for the provider of a stack.

The engine applies it to default providers only. A stack has a provider of its own, which its region comes from.
"""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pydantic.alias_generators import to_camel

from stacks.settings.errors import nearest
from stacks.settings.load import from_runtime


@dataclass(frozen=True)
class Given:
    """The keys of one cloud's namespace in the configuration of this run."""

    cloud: str
    """Namespace: `aws`, `alicloud`."""
    values: Mapping[str, str]
    """Key without the namespace -> value as Pulumi hands it over."""
    secret: frozenset[str]
    """Keys whose values are secret."""

    def mistakes(self, known: Callable[..., Any], region: str) -> Iterator[str]:
        """Keys that the provider does not have, values of another form, and another region than the stack's.

        `known`: the function whose parameters are the provider's keys.
        """
        for name, value in self.values.items():
            form = _forms(known).get(name)
            if form is None:
                yield f"{self.cloud}:{name}: unknown key{nearest(name, list(_forms(known)))}"
            elif isinstance(_parsed(form, value), str) and form not in ("text", "list or mapping"):
                yield f"{self.cloud}:{name}: {value!r} is not allowed; it must be a {form}"
            elif form == "list or mapping" and isinstance(_parsed(form, value), str):
                yield f"{self.cloud}:{name}: must be a {form}"
        if (other := self.values.get("region", region)) != region:
            yield (
                f"{self.cloud}:region: {other!r}, but kotaemon:{self.cloud}.region is {region!r}; leave "
                f"{self.cloud}:region out"
            )

    def arguments(self, known: Callable[..., Any]) -> dict[str, Any]:
        """The arguments of the provider, all but its region."""
        forms = _forms(known)
        found: dict[str, Any] = {}
        for name in self.values.keys() & forms.keys() - {"region"}:
            value = _parsed(forms[name], self.values[name])
            found[_parameters(known)[name]] = pulumi.Output.secret(value) if name in self.secret else value
        return found


def given(cloud: str) -> Given:
    """What the configuration of this run says of a cloud's provider."""
    values, secret = from_runtime()
    prefix = f"{cloud}:"
    return Given(
        cloud,
        {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)},
        frozenset(key.removeprefix(prefix) for key in secret if key.startswith(prefix)),
    )


def _parameters(known: Callable[..., Any]) -> dict[str, str]:
    """Key of the configuration -> the parameter."""
    names = [name for name in inspect.signature(known).parameters if not name.startswith("_")]
    return {to_camel(name): name for name in names}


def _forms(known: Callable[..., Any]) -> dict[str, str]:
    """Key of the configuration -> what its value has to be."""
    found = inspect.signature(known).parameters
    return {key: _form(str(found[name].annotation)) for key, name in _parameters(known).items()}


def _form(annotation: str) -> str:
    if "Sequence" in annotation or "Mapping" in annotation or "Args" in annotation:
        return "list or mapping"
    if "bool" in annotation:
        return "boolean"
    return "number" if "int" in annotation.replace("Input", "") else "text"


def _parsed(form: str, value: str) -> Any:
    """The value in its form; the text itself where it has another one."""
    if form == "text":
        return value
    try:
        found = json.loads(value)
    except ValueError:
        return value
    wanted = {"boolean": bool, "number": int, "list or mapping": (list, dict)}[form]
    return found if isinstance(found, wanted) and (form == "boolean" or not isinstance(found, bool)) else value
