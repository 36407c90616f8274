"""Text of a pull request from a fork does no harm in a comment that the project itself writes."""

import importlib.util
import sys
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.workflows.fakes import SCRIPTS


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(SCRIPTS))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(SCRIPTS))
    return module


comment = load("comment")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("# Plan\n\n| a | b |", "# Plan\n\n| a | b |"),
        ("thanks @everybody", "thanks @&#8203;everybody"),
        ("![x](https://evil.example)", "&#33;[x](https://evil.example)"),
        ("<img src=x>", "&lt;img src=x&gt;"),
        ("<!-- kotaemon-preview -->", "&lt;!-- kotaemon-preview --&gt;"),
        ("<details>\n<summary>one</summary>", "<details>\n<summary>one</summary>"),
        ("<details open onclick=x>", "&lt;details open onclick=x&gt;"),
        ("\n```mermaid\na --> b<br/>@c\n```\n@d", "\n```mermaid\na --> b<br/>@c\n```\n@&#8203;d"),
        ("text\n```\n@a", "text\n```\n@&#8203;a"),  # no empty line before: GitHub may take it for part of HTML
        ("\n```\n@a\n````\n@b", "\n```\n@a\n```\n@&#8203;b"),  # a longer fence ends the code for GitHub
        ("\n```a`b\n@c", "\n```a`b\n@&#8203;c"),  # no fence at all for GitHub
        ("\n```\nnever closed", "\n```\nnever closed\n```"),
        ("a\x00b\x1b[31m\u202ec", "ab[31mc"),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert comment.clean(text) == cleaned


def outside_of_code(text: str) -> list[str]:
    """The lines that GitHub renders, by the rules of its Markdown: closing fences are at least as long."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        if line.strip().startswith("```") and "`" not in line.strip()[3:]:
            inside = not inside
        elif not inside:
            lines.append(line)
    return lines


@given(st.text(alphabet="`<>@![]a \n~-", max_size=60))
def test_nothing_outside_of_code_mentions_or_draws(text: str) -> None:
    rendered = "\n".join(outside_of_code(comment.clean(text)))
    assert "![" not in rendered
    assert "<a" not in rendered
    assert "@" not in rendered.replace("@&#8203;", "")


def test_a_long_text_is_cut_and_its_code_is_closed() -> None:
    text = comment.body("plan", "\n```\n" + "x\n" * 100_000, "")
    assert len(text) < 65_536
    assert text.endswith("\n```\n\n... cut; the whole text is in the workflow's artifact.")
