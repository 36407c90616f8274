"""`python -m drills drill`: exit codes, the record, and a lost API server told in one line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from drills import cli, command, program, record
from drills.program import Section
from drills.results import Result

GREEN, RED = Result("fine", {"lost": "0"}), Result("bad", {"lost": "3"}, ["3 turns are lost"])
Sections = Callable[..., list[Section]]


def drills(*results: Result) -> Sections:
    def run_all(full: bool, seed: int, report: Callable[[str], None]) -> list[Section]:
        for result in results:
            report(result.line)
        return [Section(f"seed {seed}", list(results))]

    return run_all


def test_green(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(program, "run_all", drills(GREEN))
    monkeypatch.setattr(record, "write", lambda *_: pytest.fail("the short form writes no record"))
    assert cli.main(["drill"]) == 0
    assert capsys.readouterr().out == "ok   fine: lost 0\nAll drills went as promised.\n"


def test_red(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(program, "run_all", drills(GREEN, RED))
    assert cli.main(["drill"]) == 1
    assert capsys.readouterr().out.endswith("FAIL bad: 3 turns are lost; lost 3\n1 drills are red: bad\n")


def test_the_full_form_writes_the_record(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "run_all", drills(GREEN))
    monkeypatch.setattr(record, "run_suites", dict)
    monkeypatch.setattr(record, "FILE", tmp_path / "record.md")
    assert cli.main(["drill", "--full", "--seed", "4"]) == 0
    text = (tmp_path / "record.md").read_text()
    assert ", seed 4. 1 of 1 drills went as promised." in text


LOST: list[tuple[HTTPError, str]] = [
    (
        MaxRetryError(None, "/api", NewConnectionError(None, "refused: [Errno 111] Connection refused")),  # type: ignore[arg-type]
        "[Errno 111] Connection refused",
    ),
    (HTTPError("Connection broken: gone"), "gone"),
]


@pytest.mark.parametrize(("error", "reason"), LOST, ids=["refused", "broken"])
def test_an_api_server_that_goes_away_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: HTTPError, reason: str
) -> None:
    def lost(*_: object) -> int:
        raise error

    monkeypatch.setattr(command, "drill", lost)
    assert cli.main(["drill"]) == 1
    said = capsys.readouterr().err
    assert said == f"error: the API server does not answer any more ({reason}); run the same again\n"
