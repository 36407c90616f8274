"""Which nodes the `nodeSelector` and the required node affinity of a pod allow. Pure; the rules are the scheduler's.

https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple


class Requirement(NamedTuple):
    """One requirement on the labels of a node."""

    key: str
    operator: str
    values: tuple[str, ...]

    @property
    def text(self) -> str:
        """The requirement in words, for a note."""
        values = ", ".join(self.values)
        match self.operator:
            case "In":
                return f"{self.key}={' or '.join(self.values)}"
            case "Exists" | "DoesNotExist":
                return f"{self.key} {self.operator}"
            case _:
                return f"{self.key} {self.operator} {values}"

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether a node with these labels fulfils it."""
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value in self.values
            case "NotIn":
                return value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
            case "Gt" | "Lt":
                return _compared(self.operator, value, self.values)
            case _:
                return False


def _compared(operator: str, value: str | None, values: tuple[str, ...]) -> bool:
    try:
        found, limit = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return found > limit if operator == "Gt" else found < limit


def alternatives(spec: Mapping[str, Any]) -> list[list[Requirement]]:
    """What a pod asks of its node: one of the lists has to hold, with every requirement in it. [[]]: nothing."""
    selector = [Requirement(key, "In", (str(value),)) for key, value in (spec.get("nodeSelector") or {}).items()]
    node = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = node.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms = [list(_requirements(term)) for term in required.get("nodeSelectorTerms") or ()]
    return [[*selector, *term] for term in terms or [[]]]


def _requirements(term: Mapping[str, Any]) -> Iterator[Requirement]:
    for found in term.get("matchExpressions") or ():
        yield Requirement(found["key"], found["operator"], tuple(map(str, found.get("values") or ())))


def fits(asked: Sequence[Sequence[Requirement]], labels: Mapping[str, str], known: Sequence[str] | None) -> bool:
    """Whether a node with these labels is allowed.

    `known`: the only keys whose labels are known; requirements on others are assumed to hold. None: every label is.
    """
    return any(all(_open(r, known) or r.holds(labels) for r in requirements) for requirements in asked)


def assumed(asked: Sequence[Sequence[Requirement]], known: Sequence[str] | None) -> list[str]:
    """The requirements, in words, that `fits` assumes to hold, because it does not know the labels."""
    return list(dict.fromkeys(r.text for requirements in asked for r in requirements if _open(r, known)))


def _open(requirement: Requirement, known: Sequence[str] | None) -> bool:
    return known is not None and requirement.key not in known
