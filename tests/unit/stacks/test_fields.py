"""The table of changes that the engine is held to (tests/engine/effects/test_fields.py): every field is in it, once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic.alias_generators import to_camel

from plan import collect
from stacks import kinds, platforms, stores
from stacks.facts import NO_FACT
from stacks.settings.backup import BackupSettings
from stacks.settings.backup_copy import BackupCopySettings
from stacks.settings.bucket import BucketSettings
from stacks.settings.fields import Strict
from stacks.settings.model import whole_model
from stacks.settings.storage import RoleStorage
from tests.engine.effects.expected import expected, written
from tests.engine.effects.fields import FIELDS, LEFT_OUT, STACKS, Case, cases

SECTIONS = {name for name in platforms.NAMES if platforms.platform(name).section}


def models() -> Iterator[tuple[tuple[str, str], type[Strict]]]:
    for name in kinds.NAMES:
        yield ("claim", name), kinds.kind(name).settings
    for place, names in stores.NAMES.items():
        for name in names:
            yield (place, name), stores.store(place, name).settings
    for name in platforms.NAMES:
        platform = platforms.platform(name)
        if platform.section is not None:
            yield ("section", name), platform.section
        if platform.own_store is not None:
            yield ("store of", name), platform.own_store.settings
    yield ("top", ""), whole_model()
    yield ("role", ""), RoleStorage
    yield ("bucket", ""), BucketSettings
    yield ("backup", ""), BackupSettings
    yield ("backupCopy", ""), BackupCopySettings


MODELS = dict(models())


@pytest.mark.parametrize("table", MODELS, ids=["-".join(table) for table in MODELS])
def test_every_field_is_changed_or_left_out_with_a_reason(table: tuple[str, str]) -> None:
    fields = {field.alias or to_camel(name) for name, field in MODELS[table].model_fields.items()}
    left_out = LEFT_OUT.get(table, {})
    if "" in left_out:
        assert table not in FIELDS
        return
    changed = FIELDS[table][2].keys()
    assert not changed & left_out.keys()
    assert changed | left_out.keys() == fields - {NO_FACT} - (SECTIONS if table == ("top", "") else set())


def test_every_table_is_of_a_model() -> None:
    assert FIELDS.keys() <= MODELS.keys()
    assert LEFT_OUT.keys() <= MODELS.keys()


@pytest.mark.parametrize("name", STACKS)
def test_the_stacks_are_planned_as_they_stand(name: str, tmp_path: Path) -> None:
    collect.make(written(name, tmp_path))


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_each_change_is_one_that_the_rows_know(case: Case, tmp_path: Path) -> None:
    """A change that is not refused is one in place or only for new claims: none that loses data goes through."""
    found = expected(case, tmp_path)
    assert found.refused or not [change for change in found.changed if change.refused], case.id
