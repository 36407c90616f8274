"""The two READMEs: their commands exist, and both show the same ones."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh-CN.md")
GOLDEN = ROOT / "tests/unit/plan/golden/dev.txt"


def blocks(name: str) -> list[str]:
    """Everything between ``` marks."""
    return re.findall(r"^ *```\w+\n.*?^ *```$", (ROOT / name).read_text(), re.S | re.M)


def commands(name: str) -> set[str]:
    """What a reader may type: make, pulumi and kubectl lines in back quotes or in blocks."""
    text = (ROOT / name).read_text()
    quoted = re.findall(r"`((?:make|pulumi|kubectl) [^`]+)`", text)
    typed = re.findall(r"^ *((?:make|pulumi|kubectl) .*?)(?: *#.*)?$", text, re.M)
    return {" ".join(command.split()) for command in quoted + typed}


def test_both_languages_have_the_same_blocks_and_commands() -> None:
    assert blocks("README.md") == blocks("README.zh-CN.md")
    assert commands("README.zh-CN.md") <= commands("README.md")
    assert {c for c in commands("README.md") if c.startswith("make")} - commands("README.zh-CN.md") <= {"make advise"}


@pytest.mark.parametrize("name", READMES)
def test_every_target_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    used = {command.split()[1] for command in commands(name) if command.startswith("make ")}
    assert {"up", "test", "plan", "down"} <= used <= targets


@pytest.mark.parametrize("name", READMES)
def test_every_link_leads_somewhere(name: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / name).read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("name", READMES)
def test_the_plan_shown_is_what_it_prints(name: str) -> None:
    assert GOLDEN.read_text() in (ROOT / name).read_text(), "run `make golden` and copy the plan of stack dev"
