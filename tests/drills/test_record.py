"""The record: dated, with versions, and with what is red."""

import re
from pathlib import Path

from drills import record
from drills.program import Section
from drills.results import Result

SECTIONS = [
    Section(
        "Node loss",
        [Result("file", {"ready": "13.1 s", "lost": "0"}), Result("block", {"ready": "-", "lost": "3"}, ["3 lost"])],
    ),
    Section("Interrupted runs", [Result("killed", {"objects": "11"})]),
]


def test_the_record_says_when_what_and_what_is_red() -> None:
    text = record.text(SECTIONS, {"Real engine": "12 passed in 80 s"}, seed=3)
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d UTC, \S+ \S+, \d+ CPUs, Python 3\S+, seed 3\.", text, re.MULTILINE)
    assert "2 of 3 drills went as promised; not: block." in text
    assert "| block | - | 3 | 3 lost |" in text
    assert "| file | 13.1 s | 0 | as promised |" in text
    assert "| Real engine | 12 passed in 80 s |" in text
    assert "| etcd | v3" in text


def test_the_record_in_the_repository_was_made_by_the_drills(tmp_path: Path) -> None:
    record.write(SECTIONS, {}, 3, tmp_path / "record.md")
    made, kept = (tmp_path / "record.md").read_text(), record.FILE.read_text()
    assert kept.splitlines()[:3] == made.splitlines()[:3]
    assert "went as promised" in kept


def test_one_section_is_renewed_and_the_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "record.md"
    record.write(SECTIONS, {"Real engine": "12 passed in 80 s"}, 3, page)
    before = page.read_text()
    record.renew(Section("A single writer on real nodes", [Result("lost", {"lost": "0"})]), 5, page)
    record.renew(Section("A single writer on real nodes", [Result("lost", {"lost": "1"}, ["1 lost"])]), 5, page)
    after = page.read_text()
    assert after.count("## A single writer on real nodes") == 1
    assert "0 of 1 drills went as promised." in after
    assert "| lost | 1 | 1 lost |" in after
    assert [line for line in before.splitlines() if line and line not in after] == []


def test_one_line_for_people() -> None:
    assert SECTIONS[0].results[1].line == "FAIL block: 3 lost; ready -, lost 3"
