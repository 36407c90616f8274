"""Write docs/changes.md from the rows beside the fields: `python -m stacks.changes_page`. A test checks it."""

from collections.abc import Iterator
from pathlib import Path

from pydantic.alias_generators import to_camel

from stacks import backup, backup_copy, bucket, kinds, platforms, stores
from stacks.effects import Effects, Row
from stacks.settings.effects import ROLES, SETTINGS

PATH = Path(__file__).parent.parent / "docs" / "changes.md"
_INTRO = """\
# What a change does to storage that lives

<!-- Written by `python -m stacks.changes_page` from the rows beside the fields. Do not edit. -->

Every field of a stack file has a row beside it in the code: what its change does, and how that is known.

| effect | means |
|---|---|
| in place | the living storage takes it |
| new only | claims made later take it, and the living one stays as it is; the run and the plan say so |
| **would lose data** | it needs other, empty storage, or the living storage cannot take it: refused, with the way |

`make plan STACK=s AGAINST=build/plan/s.json` compares a stack file with an earlier plan of the same stack. It needs no
account and no cluster, lists each change as `in place`, `new, old stays` or `refused`, and ends with exit code 2 when
one is refused. What stays as it is, because its change is refused or only for new claims, is in no sum of the cost.

*Once it has a volume*: the volume is made for the first pod, and until then the API server changes nothing in the
request of the claim. A claim with a role has its volume. About another one `pulumi preview` and `up` ask the cluster,
and refuse the change of one that has none; `make plan` says that it needs a pod first.

A field that says *names the storage* is refused as well, unless the stack file says that the data was moved.

What the API server accepts was tried, field by field, on the devcluster (`tests/cluster/test_effects.py`). What the
clouds accept was read in the sources that are named; nothing was changed in an account.
"""
_HEAD = "\n| field | effect | living storage | source |\n|---|---|---|---|\n"


def text() -> str:
    """The text of docs/changes.md."""
    return "".join(_parts())


def _parts() -> Iterator[str]:
    yield _INTRO
    yield "\n## Keys at the top\n" + _HEAD + _rows(SETTINGS)
    yield "\n## Roles (`storage.roles.<role>`)\n" + _HEAD + _rows(ROLES)
    yield "\n## Claims (`storage.claims.<name>`)\n"
    for name in kinds.NAMES:
        kind = kinds.kind(name)
        yield f"\n### `{name}`\n" + _HEAD + _rows(kind.effects)
        if kind.section_effects:
            yield "\nWhat a change in the section of the platform does to a claim of this kind:\n"
            yield _HEAD + _rows(kind.section_effects)
    yield "\n## Section `bucket`\n" + _HEAD + _rows(bucket.EFFECTS)
    yield "\n## Section `backup`\n" + _HEAD + _rows(backup.EFFECTS)
    yield "\n## Section `backupCopy`\n" + _HEAD + _rows(backup_copy.EFFECTS)
    yield "\n## Stores (`stores`)\n"
    for place, names in stores.NAMES.items():
        for name in names:
            yield f"\n### `{stores.KEYS[place]}`: `{name}`\n" + _HEAD + _rows(stores.store(place, name).effects)
    for name in platforms.NAMES:
        platform = platforms.platform(name)
        if platform.section is not None:
            yield f"\n## Section `{name}`\n" + _HEAD + _rows(platform.effects)
        if platform.own_store is not None:
            yield f"\n### `{name}.database`\n" + _HEAD + _rows(platform.own_store.effects)


def _rows(rows: Effects) -> str:
    return "".join(_row(to_camel(field), row) for field, row in rows.items())


def _row(field: str, row: Row) -> str:
    lines = f"| `{field}` | {_effect(row)} | {row.says} | {row.source} |\n"
    return lines + "".join(
        f"| &nbsp;&nbsp;when {when.words} | {_effect(other)} | {other.says} | {other.source} |\n"
        for when, other in row.cases
    )


def _effect(row: Row) -> str:
    effect = f"**{row.effect.value}**" if row.effect.value == "would lose data" else row.effect.value
    return effect + (", names the storage" if row.identity else "") + (", once it has a volume" if row.late else "")


if __name__ == "__main__":
    PATH.write_text(text())
