"""Outputs that one `make up` leaves for StackReferences."""

from pathlib import Path

import pytest

from deploy import saved
from plan.recorder import StackOutput


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOTAEMON_CACHE", str(tmp_path))


def test_plain_outputs_are_found_again_and_secret_ones_are_never_written(tmp_path: Path) -> None:
    outputs = {"url": StackOutput("http://x", False, True), "key": StackOutput("hidden", True, True)}
    saved.write_outputs("kotaemon", "dev", outputs)
    assert saved.read_outputs("organization/kotaemon/dev") == {"url": "http://x"}
    assert "hidden" not in "".join(f.read_text() for f in tmp_path.rglob("*.json"))


def test_an_unknown_stack_is_named_with_the_known_ones() -> None:
    saved.write_outputs("kotaemon", "dev", {})
    with pytest.raises(
        LookupError, match="no `make up` of that stack has written outputs; known here: organization/kotaemon/dev"
    ):
        saved.read_outputs("organization/kotaemon/prod")


def test_a_short_name_is_refused() -> None:
    with pytest.raises(LookupError, match="the full name has three parts"):
        saved.read_outputs("dev")


def test_a_stack_that_was_taken_down_is_forgotten() -> None:
    saved.write_outputs("kotaemon", "dev", {})
    saved.forget_outputs("kotaemon", "dev")
    saved.forget_outputs("kotaemon", "dev")
    with pytest.raises(LookupError, match="known here: none"):
        saved.read_outputs("organization/kotaemon/dev")
