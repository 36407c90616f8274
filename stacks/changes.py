"""What changes between the facts of two plans of a stack, and what each change does to storage that lives. Pure.

Each field is judged by the row beside it (stacks/effects.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic.alias_generators import to_camel

from stacks import backup, backup_copy, bucket, kinds, platforms, stores
from stacks.effects import BESIDE, CLAIM_GROWS, KIND_ROW, UNBOUND, UNBOUND_WAY, UNDECLARED, Effect, Effects, Row, Values
from stacks.facts import STIFF, Facts
from stacks.names import NAMESPACE, claim_name
from stacks.settings.effects import ROLES, SETTINGS

WORDS = {Effect.IN_PLACE: "in place", Effect.NEW_ONLY: "new, old stays", Effect.LOSES_DATA: "refused"}
"""Effect -> what a comparison says of it."""


_SECTIONS = (
    (bucket.NAME, bucket.EFFECTS),
    (backup.NAME, backup.EFFECTS),
    (backup_copy.NAME, backup_copy.EFFECTS),
)
"""Sections that are no claim, store or platform, and their rows."""


@dataclass(frozen=True)
class At:
    """Where a field is, and whom its change is about."""

    prefix: str
    """What is before the field's key in the stack file."""
    about: str = ""
    """Name of a claim, where the key is not the claim's own."""
    subject: str = ""
    """Component of the claim or store that changes; empty: the stack as a whole."""


@dataclass(frozen=True)
class Changed:
    """One field that changes."""

    at: At
    name: str
    """The field's own key."""
    before: Any
    after: Any
    row: Row

    @property
    def key(self) -> str:
        """Full key in the stack file."""
        return f"{self.at.prefix}{self.name}"

    @property
    def refused(self) -> bool:
        """Whether the living storage cannot take it."""
        return self.row.effect == Effect.LOSES_DATA

    @property
    def stays(self) -> bool:
        """Whether it is a field of the claim's own that the living one does not take."""
        return self.row.effect == Effect.NEW_ONLY and not self.at.about and bool(self.at.subject)

    @property
    def line(self) -> str:
        """The change and what it does, in one sentence."""
        about = f" (claim {self.at.about})" if self.at.about else ""
        says = f": {self.row.says}" if self.row.says else ""
        return f"{self.key}{about}: {' -> '.join(self.shown)}, {WORDS[self.row.effect]}{says}"

    @property
    def shown(self) -> tuple[str, str]:
        """The values before and after, in words; of two mappings only what differs."""
        old, new = self.before, self.after
        if isinstance(old, dict) and isinstance(new, dict):
            return _shown(_without(old, new)), _shown(_without(new, old))
        return _shown(old), _shown(new)


def between(before: Facts, after: Facts, bound: Mapping[str, bool] | None = None) -> list[Changed]:
    """Every field that changes, with the row that holds for it.

    `bound`: name of a claim -> whether the cluster says that it has a volume; without a key it is not known.

    A claim, a store or a role that is in one of the two only has no line: nothing that lives has a field that changes.
    """
    # What an earlier release did not compare is taken as it is.
    compared = {key: value for key, value in after["settings"].items() if key in before["settings"]}
    found = list(_fields(At(f"{NAMESPACE}:"), before["settings"], compared, SETTINGS))
    platform = after["settings"]["platform"]
    if platform != before["settings"]["platform"]:
        return found  # nothing else can be compared
    found += _section(platform, before, after)
    for name, claim in _both(before["claims"], after["claims"]):
        at = At(f"{NAMESPACE}:storage.claims.{name}.", subject=claim_name(name))
        fields = _fields(at, *claim, kinds.kind(claim[1]["kind"]).effects)
        # A role's claim has its volume: the facts are written when the application is ready.
        used = any(place["claim"] == name for place in before["roles"].values())
        found += fields if used else [_without_a_pod(change, (bound or {}).get(name)) for change in fields]
    # The facts of an earlier release have none of these sections.
    for name, rows in _SECTIONS:
        if (ours := before.get(name)) and (wanted := after.get(name)):
            found += _fields(At(f"{NAMESPACE}:{name}."), ours, wanted, rows)
    for place, chosen in _both(before["stores"], after["stores"]):
        found += _store(platform, place, *chosen)
    for role, place in _both(before["roles"], after["roles"]):
        subject = claim_name(place[1]["claim"])
        found += _fields(At(f"{NAMESPACE}:storage.roles.{role}.", subject=subject), *place, ROLES)
    return [_stiff(change, after.get(STIFF, {})) for change in found]


def refused(found: Sequence[Changed]) -> list[str]:
    """Sentences about changes that the living storage cannot take, and that no move of its data makes possible."""
    return [change.line for change in found if change.refused and not change.row.identity]


def kept(found: Sequence[Changed]) -> list[str]:
    """Sentences about changes that only claims made later take."""
    return [change.line for change in found if change.row.effect == Effect.NEW_ONLY]


def _without_a_pod(change: Changed, bound: bool | None) -> Changed:
    """The change of a claim that no role was on. `bound`: whether it has a volume; None: it is not known."""
    if not change.row.late or bound:
        return change
    if bound is None:
        says = f"{change.row.says}; " if change.row.says else ""
        return replace(change, row=replace(change.row, says=f"{says}only when a pod has mounted the claim once"))
    return replace(change, row=replace(change.row, effect=Effect.LOSES_DATA, says=f"{UNBOUND}; {UNBOUND_WAY}"))


def _stiff(change: Changed, stiff: Mapping[str, str]) -> Changed:
    """The change of a size that the volume's class does not take."""
    if change.name != "size" or change.row.effect != Effect.IN_PLACE or change.at.subject not in stiff:
        return change
    says = f"its {stiff[change.at.subject]} lets no volume grow; {BESIDE}"
    return replace(change, row=replace(change.row, effect=Effect.LOSES_DATA, source=CLAIM_GROWS, says=says))


def _section(platform: str, before: Facts, after: Facts) -> Iterator[Changed]:
    """A field of the section, and each claim to which it does something else than to the rest."""
    prefix, old, new = f"{NAMESPACE}:{platform}.", before["section"], after["section"]
    yield from _fields(At(prefix), old, new, platforms.platform(platform).effects)
    for name, claim in _both(before["claims"], after["claims"]):
        rows = kinds.kind(claim[1]["kind"]).section_effects
        keys = {to_camel(field) for field in rows}
        # A row of a kind may ask for the claim's own fields as well; they come first, as `zones` of an OpenZFS claim.
        both = ({**old, **claim[0]}, {**new, **claim[1]})
        found = _fields(At(prefix, name, claim_name(name)), *both, rows)
        yield from (change for change in found if change.name in keys)


def _store(platform: str, place: str, before: Values, after: Values) -> Iterator[Changed]:
    own, subject = platforms.platform(platform).own_store, claim_name(place)
    there = At(f"{NAMESPACE}:stores.{stores.KEYS[place]}.", subject=subject)
    if "kind" in after and "kind" in before:
        yield from _fields(there, before, after, stores.store(place, after["kind"]).effects)
    elif own is not None and "kind" not in after and "kind" not in before:
        yield from _fields(At(f"{NAMESPACE}:{platform}.{place}.", subject=subject), before, after, own.effects)
    else:
        yield Changed(there, "kind", before.get("kind", platform), after.get("kind", platform), KIND_ROW)


def _fields(at: At, before: Values, after: Values, rows: Effects) -> Iterator[Changed]:
    known = {to_camel(field): row for field, row in rows.items()}
    # Of another kind nothing else can be compared.
    other = before.get("kind") != after.get("kind")
    for key in ["kind"] if other else sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        # A field that the release before did not know, and that the stack file leaves out, changes nothing.
        unset = key not in before and not new
        if old != new and not unset:
            yield Changed(at, key, old, new, known.get(key, UNDECLARED).of(before, after))


def _both(before: Mapping[str, Values], after: Mapping[str, Values]) -> Iterator[tuple[str, tuple[Values, Values]]]:
    yield from ((name, (before[name], after[name])) for name in sorted(before.keys() & after.keys()))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"  # the engine hands every number over as one with a fraction
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_shown(part)}" for key, part in value.items()) or "none"
    return "none" if value in (None, [], "") else str(value)


def _without(found: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if other.get(key) != value}
