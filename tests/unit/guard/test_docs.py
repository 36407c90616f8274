"""docs/guard.md says what the code does."""

from guard import docs
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
