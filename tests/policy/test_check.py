"""Configuration, exceptions and levels."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plan.plain import UNKNOWN_TEXT
from plan.stack_file import ROOT
from policy import RULES, ConfigError, Level, check, load_config, project_config
from policy.resource import UNKNOWN
from tests.policy.resources import CLAIM, RWO_CLAIM, resource

LOOSE = resource(CLAIM, RWO_CLAIM, "files", protect=False)


def test_unknown_is_what_the_recorder_writes() -> None:
    assert UNKNOWN == UNKNOWN_TEXT


def test_a_violation_in_one_line() -> None:
    (found,) = check([LOOSE])
    assert found.stops
    expected = "mandatory: data-is-kept, PersistentVolumeClaim files: is not protected: set the option protect"
    assert found.line == expected


@pytest.mark.parametrize(
    ("config", "level"),
    [
        ({}, Level.MANDATORY),
        ({"data-is-kept": "advisory"}, Level.ADVISORY),
        ({"all": "advisory"}, Level.ADVISORY),
        ({"all": "advisory", "data-is-kept": {"except": {}}}, Level.ADVISORY),
        ({"all": "advisory", "data-is-kept": {"enforcementLevel": "mandatory"}}, Level.MANDATORY),
    ],
)
def test_level(config: dict[str, Any], level: Level) -> None:
    (found,) = check([LOOSE], config)
    assert (found.level, found.stops) == (level, level == Level.MANDATORY)


@pytest.mark.parametrize("config", [{"data-is-kept": "disabled"}, {"all": "disabled"}])
def test_a_disabled_rule_is_not_asked(config: dict[str, Any]) -> None:
    assert check([LOOSE], config) == []


def test_an_exception_next_to_what_it_is_about() -> None:
    reason = "thrown away after the demonstration"
    inputs = {**RWO_CLAIM, "metadata": {"annotations": {"policy.kotaemon.dev/data-is-kept": reason}}}
    (found,) = check([resource(CLAIM, inputs, protect=False)])
    assert (found.excepted, found.stops) == (reason, False)
    assert found.line.endswith(f"(exception: {reason})")


def test_an_exception_by_name() -> None:
    config = {"data-is-kept": {"except": {"fil*": "thrown away after the demonstration"}}}
    assert [v.stops for v in check([LOOSE, resource(CLAIM, RWO_CLAIM, "disk", protect=False)], config)] == [False, True]


@pytest.mark.parametrize(
    ("config", "mistake"),
    [
        ({"data-is-keept": "advisory"}, "data-is-keept: no such rule; the rules are customer-key, bucket-key, "),
        ({"data-is-kept": "strict"}, "'strict' is not allowed; allowed: mandatory, advisory, disabled"),
        ({"all": "strict"}, "all: 'strict' is not allowed; allowed: mandatory, advisory, disabled"),
        ({"data-is-kept": 3}, "data-is-kept: 3 is not allowed; it must be a level or an object"),
        (
            {"data-is-kept": {"protekt": False}},
            "data-is-kept.protekt: no such property; data-is-kept has protect, except",
        ),
        ({"data-is-kept": {"protect": "no"}}, "data-is-kept.protect: 'no' is not allowed; it must be of type boolean"),
        ({"pod-user": {"runAsUser": True}}, "pod-user.runAsUser: True is not allowed; it must be of type integer"),
        (
            {"pod-user": {"except": {"a": "because"}}},
            "pod-user.except.a: the reason 'because' is too short; give a reason of at least ten",
        ),
    ],
)
def test_mistakes_in_the_configuration(config: dict[str, Any], mistake: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check([], config)
    assert mistake in str(raised.value)


def test_all_mistakes_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        check([], {"nothing": "advisory", "image-pinned": {"digest": "yes"}})
    assert str(raised.value).count("\n  - ") == 2


def test_the_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    with pytest.raises(ConfigError, match=r"policy\.json: cannot be read as JSON: "):
        load_config(file)
    file.write_text("[]")
    with pytest.raises(ConfigError, match=r"policy\.json: must be a JSON object, rule -> settings"):
        load_config(file)
    file.write_text(json.dumps({"all": "advisory"}))
    assert load_config(file) == {"all": "advisory"}
    assert project_config(tmp_path) == {"all": "advisory"}
    assert project_config(tmp_path / "elsewhere") == {}


def test_the_rules_need_nothing_but_the_standard_library() -> None:
    """The pack runs them, and the guard's table of drivers, in an environment without the program's packages."""
    code = "from policy import RULES, check; check([]); print(len(RULES))"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == f"{len(RULES)}\n", done.stderr
