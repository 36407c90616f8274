"""Flags, read as the application reads them."""

import subprocess
import sys

import pytest

from components.kotaemon.switches import FALSE, TRUE, graphs_switched_on, is_true, refused_flag


@pytest.mark.parametrize("value", sorted(TRUE | FALSE))
@pytest.mark.parametrize("spelled", [str, str.upper])
def test_what_python_decouple_takes(value: str, spelled: type[str]) -> None:
    assert is_true(spelled(value)) == (value in TRUE)
    assert refused_flag(spelled(value)) == ""


@pytest.mark.parametrize("value", [" true", "enabled", "2"])
def test_what_it_does_not_take_is_no_flag(value: str) -> None:
    assert not is_true(value)
    assert refused_flag(value) == (
        f"{value!r} is no flag, and the application would not start; "
        "allowed: 1, on, t, true, y, yes, or 0, f, false, n, no, off"
    )


def test_graphs_that_an_environment_turns_on() -> None:
    assert graphs_switched_on({"USE_LIGHTRAG": "y", "USE_MS_GRAPHRAG": "no", "OTHER": "1"}) == ["USE_LIGHTRAG"]


def test_stack_files_are_checked_without_pulumi() -> None:
    code = "import components.kotaemon.switches, components.contract, components.pod.names, sys; print('pulumi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
