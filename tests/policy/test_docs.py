"""docs/policy.md is written from the rules, and every rule says what it does not look at."""

import pytest

from policy import RULES, docs
from policy.rule import Rule


def test_the_page_is_up_to_date() -> None:
    assert docs.PATH.read_text() == docs.text(), "run `python -m policy.docs`"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_says_what_it_does_not_look_at(rule: Rule) -> None:
    assert len(rule.blind.split()) > 3 or rule.blind.startswith("As "), rule.blind
    assert rule.source.startswith("https://")
