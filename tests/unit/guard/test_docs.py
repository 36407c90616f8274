"""docs/guard.md and docs/storage-classes.md say what the code does."""

from guard import class_docs, docs
from guard.drivers import DRIVERS
from guard.rules import RULES


def test_the_page_is_fresh() -> None:
    assert docs.PATH.read_text() == docs.text(), "run `python -m guard.docs`"


def test_the_page_lists_every_rule() -> None:
    for rule in RULES:
        assert f"| `{rule}` |" in docs.text()


def test_tables_have_whole_rows() -> None:
    for line in docs.text().splitlines():
        if line.startswith("|"):
            assert line.count("|") in (4, 6), line


def test_the_page_of_the_classes_is_fresh_and_has_every_driver() -> None:
    text = class_docs.text()
    assert class_docs.PATH.read_text() == text, "run `python -m guard.class_docs`"
    for provisioner in {name for row in DRIVERS for name in row.provisioners}:
        assert f"`{provisioner}`" in text
    rows = [line for line in text.splitlines() if line.startswith("| `") and "](http" in line]
    assert len(rows) == len(DRIVERS)
    assert {line.count(" | ") for line in rows} == {7}
