"""What the relay knows of Services while the API server is away."""

from pathlib import Path
from typing import Any

import pytest

from devcluster.real import lookup
from devcluster.real.lookup import Lookup

SLICE = {
    "items": [
        {
            "ports": [{"port": 7860}],
            "endpoints": [
                {"addresses": ["10.244.1.2"], "conditions": {"ready": True}},
                {"addresses": ["10.244.2.2"], "conditions": {"ready": False}},
            ],
        }
    ]
}


class Scripted(Lookup):
    """Answers in turn; an exception stands for a server that is away."""

    def __init__(self, *answers: Any) -> None:
        super().__init__(Path(), 0)
        self.answers = list(answers)

    def _ask(self, path: str) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def _nothing_is_kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "CACHE_SECONDS", -1.0)


def test_only_ready_endpoints_are_served() -> None:
    assert Scripted(SLICE).endpoints("a", "web") == [("", "10.244.1.2", 7860)]


def test_while_the_api_server_is_away_the_last_answer_holds() -> None:
    known = Scripted(SLICE, ConnectionRefusedError(), {"items": []})
    assert known.endpoints("a", "web") == known.endpoints("a", "web") == [("", "10.244.1.2", 7860)]
    assert known.endpoints("a", "web") == [], "once it is back, its answer holds"


def test_before_the_first_answer_nothing_is_known() -> None:
    assert Scripted(ConnectionRefusedError()).service("a", "web") is None
