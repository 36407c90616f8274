"""What a change of a setting does to what lives: the rows that stand beside the fields of kinds, stores and platforms.

Each row has its source. stacks/changes.py compares two stack files by these rows, and docs/changes.md lists them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from components.quantity import gib

Values = Mapping[str, Any]
"""The settings of one claim, store or section as plain data: key of the stack file -> value."""


class Effect(str, Enum):
    """What a change of a field does to storage that lives."""

    IN_PLACE = "in place"
    """The living storage takes it."""
    NEW_ONLY = "new only"
    """Only claims made later take it; the living one stays as it is."""
    LOSES_DATA = "would lose data"
    """It needs other, empty storage, or the living storage cannot take it: refused."""


@dataclass(frozen=True)
class When:
    """A condition on the settings before and after a change."""

    words: str
    """The condition in words, for docs/changes.md."""
    holds: Callable[[Values, Values], bool]


@dataclass(frozen=True)
class Row:
    """What a change of one field does, and how that is known."""

    effect: Effect
    source: str
    """Where it is known from: a file of a provider, a page of a vendor, a rule of the API server."""
    says: str = ""
    """What happens to the living storage; for a refused change, the way that keeps the data."""
    cases: "tuple[tuple[When, Row], ...]" = ()
    """Conditions under which another row holds; the first that holds decides."""
    identity: bool = False
    """Whether the field names the storage itself. Such a change is accepted when the stack file says that the data was
    moved."""
    late: bool = False
    """Whether it changes the request of a claim whose volume is made for its first pod: the API server refuses that
    until the claim has a volume."""

    def of(self, before: Values, after: Values) -> "Row":
        """The row that holds for this change."""
        return next((row for when, row in self.cases if when.holds(before, after)), self)


Effects = Mapping[str, Row]
"""Field of a settings model -> its row."""

UNDECLARED = Row(
    Effect.LOSES_DATA,
    "a field without a row counts as `would lose data`",
    "nobody has said what this change does to storage that lives; add a row beside the field",
)
UNBOUND = "the claim has no volume yet, as no pod has mounted it, and the API server changes nothing in its request"
UNBOUND_WAY = (
    "put the old value back, give the claim a role, and change it when that run has ended; or take the claim out "
    "(kotaemon:released), delete it in the cluster, where it holds nothing, and add it with the new value"
)
ANOTHER_PLACE = "another one is another place: make a new stack there, and move the data"
"""The way for a field that says where the whole stack is."""
BESIDE = "add a claim with the new value beside this one, move the data, then give the roles the new claim"
"""The way for a field that a living claim cannot take."""


def in_place(source: str, says: str = "", *cases: tuple[When, Row]) -> Row:
    """A row for a change that the living storage takes."""
    return Row(Effect.IN_PLACE, source, says, cases)


def new_only(source: str, says: str, *cases: tuple[When, Row]) -> Row:
    """A row for a change that only claims made later take. `says`: what the living one keeps."""
    return Row(Effect.NEW_ONLY, source, says, cases)


def refused(source: str, says: str = BESIDE, *cases: tuple[When, Row]) -> Row:
    """A row for a change that the living storage cannot take."""
    return Row(Effect.LOSES_DATA, source, says, cases)


def names(source: str, says: str = BESIDE) -> Row:
    """A row for a field that names the storage: another value is other storage, unless its data was moved there."""
    return Row(Effect.LOSES_DATA, source, says, identity=True)


def words(says: str = "for tables, estimates and the guard; the storage is not touched") -> Row:
    """A row for a field that only describes storage."""
    return in_place("nothing of it is sent to an API", says)


def pods(says: str = "the pods are rolled") -> Row:
    """A row for a field of pods that hold no data themselves."""
    return in_place("Kubernetes, Deployments and StatefulSets: a changed pod template is rolled out", says)


def grows(source: str, *cases: tuple[When, Row], key: str = "size") -> Row:
    """A row for a size that can only grow. `cases`: which other rows hold when it does."""
    smaller = When("it becomes smaller", lambda before, after: _gib(before.get(key)) > _gib(after.get(key)))
    return in_place(source, "it can only grow", (smaller, refused(source, f"it cannot shrink; {BESIDE}")), *cases)


def late(row: Row) -> Row:
    """The row of a claim whose volume is made for its first pod. Cases say what else holds."""
    return replace(row, late=True)


def _gib(size: Any) -> int:
    return gib(str(size), "size")


KIND_ROW = names("another kind makes other resources (stacks/kinds/, stacks/stores/)")
"""The row of the field `kind`, for all kinds and stores."""
CLAIM_GROWS = "API server: a claim on a class with expansion can ask for more, never for less (PersistentVolumeClaim)"
CLAIM_SPEC = "API server: the spec of a PersistentVolumeClaim is immutable; Pulumi would replace it (diff.go)"
VOLUME_SOURCE = "API server: the source of a PersistentVolume is immutable; Pulumi would replace it (diff.go)"
VOLUME_ZONES = "API server: the node affinity of a PersistentVolume is immutable; it is under ignore_changes"
VOLUME_TAKES = "API server: capacity and mount options of a PersistentVolume can change"
CLASS = (
    "API server: parameters, provisioner, reclaim policy and binding mode of a StorageClass are immutable; those of a "
    "living class are under ignore_changes (components/volumes/on_class.py)"
)
"""Sources that several kinds share. What they say of the API server is tried in tests/cluster/test_effects.py; diff.go
is pulumi-kubernetes: provider/pkg/provider/diff.go."""
