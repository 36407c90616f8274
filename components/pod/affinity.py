"""The shape of a pod's affinity, so that a field at the wrong place is found before anything is made.

The user writes it with the keys of Kubernetes, and the API server refuses what it does not know
(https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#scheduling).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .labels import refused_key

_NODE_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
_LABEL_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_MUST = ("key", "operator", "topologyKey", "nodeSelectorTerms", "weight", "preference", "podAffinityTerm")
"""Fields that are required wherever they can be."""


def _expression(operators: tuple[str, ...]) -> dict[str, Any]:
    return {"key": str, "operator": operators, "values": [str]}


_TERM = {"matchExpressions": [_expression(_NODE_OPERATORS)], "matchFields": [_expression(_NODE_OPERATORS)]}
_SELECTOR = {"matchLabels": Mapping, "matchExpressions": [_expression(_LABEL_OPERATORS)]}
_POD_TERM = {
    "topologyKey": str,
    "labelSelector": _SELECTOR,
    "namespaces": [str],
    "namespaceSelector": _SELECTOR,
    "matchLabelKeys": [str],
    "mismatchLabelKeys": [str],
}
_PODS = {_REQUIRED: [_POD_TERM], _PREFERRED: [{"weight": int, "podAffinityTerm": _POD_TERM}]}
_SHAPE: Mapping[str, Any] = {
    "nodeAffinity": {
        _REQUIRED: {"nodeSelectorTerms": [_TERM]},
        _PREFERRED: [{"weight": int, "preference": _TERM}],
    },
    "podAffinity": _PODS,
    "podAntiAffinity": _PODS,
}
"""Field -> what it holds: a mapping of fields, a list of one thing, a type, or the values that are allowed."""
_WORDS = {str: "a text", int: "a whole number", Mapping: "a mapping"}


def affinity_mistakes(affinity: Mapping[str, Any]) -> Iterator[str]:
    """What in an affinity the API server would refuse, each with its place."""
    yield from _mistakes(affinity, _SHAPE, "")


def _mistakes(given: Any, shape: Any, place: str) -> Iterator[str]:
    at = f"{place}: " if place else ""
    if isinstance(shape, tuple):
        if given not in shape:
            yield f"{at}{given!r} is not allowed; allowed: {', '.join(shape)}"
    elif isinstance(shape, list):
        if not isinstance(given, list):
            yield f"{at}must be a list, each entry on a line of its own after '-'"
            return
        for number, entry in enumerate(given):
            yield from _mistakes(entry, shape[0], f"{place}[{number}]")
    elif isinstance(shape, Mapping):
        yield from _fields(given, shape, place)
    elif not isinstance(given, shape) or isinstance(given, bool):
        yield f"{at}{given!r} must be {_WORDS[shape]}"


def _fields(given: Any, shape: Mapping[str, Any], place: str) -> Iterator[str]:
    at = f"{place}: " if place else ""
    if not isinstance(given, Mapping):
        yield f"{at}must be a mapping with {', '.join(shape)}"
        return
    for key, value in given.items():
        if key in shape:
            yield from _mistakes(value, shape[key], f"{place}.{key}" if place else str(key))
        else:
            yield f"{at}{key!r} is no field here; the fields are {', '.join(shape)}"
    yield from (f"{at}{key} is missing" for key in shape if key in _MUST and key not in given)
    if "operator" in shape and isinstance(given.get("key"), str):
        yield from (f"{at}{reason}" for reason in (refused_key(given["key"]), _refused_values(given)) if reason)


def _refused_values(given: Mapping[str, Any]) -> str:
    values, operator = given.get("values") or [], given.get("operator")
    if operator in ("Exists", "DoesNotExist") and values:
        return f"{operator} takes no values"
    if operator in ("In", "NotIn") and not values:
        return f"{operator} needs values"
    if operator in ("Gt", "Lt") and len(values) != 1:
        return f"{operator} needs one value, a whole number in quotation marks"
    return ""
