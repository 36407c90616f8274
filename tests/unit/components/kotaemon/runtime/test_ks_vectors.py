"""ks_vectors.py: a search gets a bound, and a failure is counted instead of hanging or vanishing."""

import time
from typing import Any

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import runtime_module


def store(search: Any) -> Any:
    kind = type("Store", (), {"query": lambda self, *values, **named: search(*values, **named)})
    return kind()


def test_an_answer_in_time_is_passed_on() -> None:
    vectors, made = runtime_module("ks_vectors"), store(lambda embedding, top_k: ([embedding], [0.5], [str(top_k)]))
    before = vectors.FAILURES.count
    vectors.bound_searches(made)
    vectors.bound_searches(made)  # a second collection with a store of the same class
    assert made.query([1.0], top_k=3) == ([[1.0]], [0.5], ["3"])
    assert vectors.FAILURES.count == before


def test_a_store_that_hangs_costs_seconds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    vectors, made = runtime_module("ks_vectors"), store(lambda: time.sleep(30))
    monkeypatch.setenv("KS_VECTOR_SECONDS", "1")
    before = vectors.FAILURES.count
    vectors.bound_searches(made)
    begun = time.monotonic()
    assert made.query() == ([], [], [])
    assert time.monotonic() - begun < 5
    assert vectors.FAILURES.count == before + 1
    assert "warning: the vector store did not answer: TimeoutError: no answer within 1 s" in capsys.readouterr().out


def test_an_error_of_the_store_is_counted_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ConnectionError("refused")

    vectors, made = runtime_module("ks_vectors"), store(fail)
    before = vectors.FAILURES.count
    vectors.bound_searches(made)
    assert made.query() == ([], [], [])
    assert vectors.FAILURES.count == before + 1
    assert "ConnectionError: refused" in capsys.readouterr().out
