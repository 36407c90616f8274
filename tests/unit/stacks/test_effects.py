"""Every field of every settings model says what its change does, and how that is known. A new field without a row fails."""

from collections.abc import Iterator

import pytest

from stacks import backup, bucket, kinds, platforms, stores
from stacks.changes_page import PATH, text
from stacks.effects import UNDECLARED, Effect, Effects, Row, When, grows, in_place, new_only
from stacks.facts import NO_FACT
from stacks.settings.backup import BackupSettings
from stacks.settings.bucket import BucketSettings
from stacks.settings.effects import ROLES, SETTINGS
from stacks.settings.model import whole_model
from stacks.settings.storage import RoleStorage

SECTIONS = {name for name in platforms.NAMES if platforms.platform(name).section}


def tables() -> Iterator[tuple[str, Effects, set[str]]]:
    yield "settings", SETTINGS, set(whole_model().model_fields) - SECTIONS
    yield "role", ROLES, set(RoleStorage.model_fields)
    yield "bucket", bucket.EFFECTS, set(BucketSettings.model_fields)
    yield "backup", backup.EFFECTS, set(BackupSettings.model_fields)
    for name in kinds.NAMES:
        yield f"claim {name}", kinds.kind(name).effects, set(kinds.kind(name).settings.model_fields)
    for place, names in stores.NAMES.items():
        for name in names:
            store = stores.store(place, name)
            yield f"store {name}", store.effects, set(store.settings.model_fields)
    for name in platforms.NAMES:
        platform = platforms.platform(name)
        if platform.section is not None:
            yield f"section {name}", platform.effects, set(platform.section.model_fields)
        if platform.own_store is not None:
            yield f"database {name}", platform.own_store.effects, set(platform.own_store.settings.model_fields)


TABLES = list(tables())
ROWS = [(table, field, row) for table, rows, _ in TABLES for field, row in rows.items()]


@pytest.mark.parametrize(("name", "rows", "fields"), TABLES, ids=[name for name, _, _ in TABLES])
def test_every_field_declares_what_its_change_does(name: str, rows: Effects, fields: set[str]) -> None:
    assert rows.keys() == fields - {NO_FACT}


def test_every_model_with_fields_of_storage_has_a_table() -> None:
    assert len(TABLES) == 4 + len(kinds.NAMES) + sum(map(len, stores.NAMES.values())) + 2 * len(SECTIONS)


@pytest.mark.parametrize(("table", "field", "row"), ROWS, ids=[f"{table}-{field}" for table, field, _ in ROWS])
def test_every_row_names_its_source_and_says_the_way(table: str, field: str, row: Row) -> None:
    for one in (row, *(other for _, other in row.cases)):
        assert len(one.source) > 8
        assert one.says or one.effect == Effect.IN_PLACE, "what stays, or the way that keeps the data"


@pytest.mark.parametrize("name", kinds.NAMES)
def test_a_row_for_the_section_is_of_a_field_of_the_section(name: str) -> None:
    kind = kinds.kind(name)
    sections = [platforms.platform(platform.value).section for platform in kind.platforms]
    fields = {field for section in sections if section is not None for field in section.model_fields}
    assert set(kind.section_effects) <= fields


def test_a_field_without_a_row_counts_as_losing_data() -> None:
    assert UNDECLARED.effect == Effect.LOSES_DATA


def test_a_size_can_only_grow() -> None:
    row = grows("a source")
    assert row.of({"size": "1Ti"}, {"size": "1025Gi"}).effect == Effect.IN_PLACE
    assert row.of({"size": "1Ti"}, {"size": "1023Gi"}).effect == Effect.LOSES_DATA


def test_the_first_case_that_holds_decides() -> None:
    never, always = When("never", lambda before, after: False), When("always", lambda before, after: True)
    other = in_place("another source")
    row = new_only("a source", "it stays", (never, UNDECLARED), (always, other), (always, UNDECLARED))
    assert row.of({}, {}) is other
    assert new_only("a source", "it stays", (never, other)).of({}, {}).effect == Effect.NEW_ONLY


def test_the_page_is_up_to_date() -> None:
    assert PATH.read_text() == text(), "run `make schema`"
