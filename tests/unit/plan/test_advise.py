"""The command `advise`: what it takes, what it writes, and that its stack files are what it said."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from components.contract import Platform
from estimate.advisor import Load
from plan import cli, collect
from plan import stack_file as stack_files
from plan.advice_files import stack_file
from stacks.advice import ask
from stacks.settings import load as loading

CASES = [
    Load(Platform.AWS),
    Load(Platform.AWS, budget=700, model_gib=100),
    Load(Platform.AWS, pods=3, zones=3, survives_zone=True),
    Load(Platform.AWS, pods=3, zones=2, budget=900),
    Load(Platform.ALICLOUD, zones=3, survives_zone=True),
    Load(Platform.ALICLOUD, pods=3, zones=2),
    Load(Platform.PRIVATE),
    Load(Platform.PRIVATE, pods=3),
]


def loaded(text: str) -> None:
    """Validate a stack file as `stacks.load` does. Raises SettingsError."""
    document = yaml.safe_load(text)
    values = {k: v if isinstance(v, str) else json.dumps(v) for k, v in document["config"].items()}
    loading.load(values, set(), "Pulumi.x.yaml")


def test_every_advice_of_every_case_is_a_valid_stack_file() -> None:
    seen = set[str]()
    for case in CASES:
        for asked in (case, replace(case, model_gib=200)):
            for advice in ask(asked).accepted:
                text = stack_file(advice, asked)
                if text not in seen:
                    loaded(text)
                seen.add(text)
    assert len(seen) > 100


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.platform.value}-{case.pods}-{case.budget}")
def test_the_plan_of_an_advised_stack_costs_and_gives_what_was_said(case: Load, tmp_path: Path) -> None:
    for number, advice in enumerate(ask(case).accepted[:2]):
        (tmp_path / f"Pulumi.a{number}.yaml").write_text(stack_file(advice, case))
        plan = collect.make(stack_files.read(f"a{number}", tmp_path))
        assert plan.cost.total.known == pytest.approx(float(advice.cost.known), abs=0.005)
        assert plan.cost.total.unknown == advice.cost.unknown
        assert plan.budget.verdict != "over"
        assert [v for v in plan.guard if v.severity == "refuse"] == []
        assert [pod.pod for pod in plan.zones.pods if pod.state != "schedulable"] == []
        models = next(c for c in plan.performance.claims if "models" in c.roles)
        expected = None if advice.load_seconds is None else pytest.approx(advice.load_seconds, abs=0.06)
        assert models.load_seconds == expected


def test_the_command_writes_stack_files_and_every_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("load.yaml").write_text("platform: aws\nmodelGib: 5\nzones: 3\n")
    assert cli.main(["advise", "--load", "load.yaml", "--budget", "300"]) == 0
    printed = capsys.readouterr().out
    assert max(len(line) for line in printed.splitlines()) <= 100
    assert "fastest within the budget first" in printed
    assert sorted(path.name for path in Path("build/advice").iterdir()) == [
        "Pulumi.advice-1.yaml",
        "Pulumi.advice-2.yaml",
        "Pulumi.advice-3.yaml",
        "advice.md",
    ]
    everything = Path("build/advice/advice.md").read_text()
    assert "- model_gib: 5.0\n" in everything
    assert "above the budget" in everything
    text = Path("build/advice/Pulumi.advice-1.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=./stacks/schema.json\n# Advice: ")
    assert yaml.safe_load(text)["config"]["kotaemon:budget"] == 300


def test_nothing_suits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["advise", "--platform", "aws", "--budget", "1", "--out", str(tmp_path)]) == 1
    assert "0 of 190 storage maps suit" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["advice.md"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--platform", "gcp"], "advise: the load has mistakes:\n  - platform: 'gcp': Input should be 'private', 'aws' or 'alicloud'"),
        (["--platform", "aws", "--pods", "0"], "  - pods: '0': Input should be greater than or equal to 1"),
        (["--budget", "5"], "  - platform: {'budget': '5'}: Field required"),
        (["--platform", "private", "--budget", "5"], "advise: budget: platform private has no prices; leave it out"),
        (["--load", "none.yaml"], "none.yaml: [Errno 2] No such file or directory: 'none.yaml'"),
    ],
)  # fmt: skip
def test_a_wrong_load_is_told_in_words(flags: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["advise", *flags]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("text", "message"), [("- aws\n", "must be a mapping"), ("platform: [", "while parsing")])
def test_a_file_that_is_no_load(tmp_path: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "load.yaml"
    path.write_text(text)
    assert cli.main(["advise", "--load", str(path)]) == 1
    assert message in capsys.readouterr().err
    path.write_text("platform: aws\nmodelsGib: 4\n")
    assert cli.main(["advise", "--load", str(path)]) == 1
    assert "  - modelsGib: 4: Extra inputs are not permitted" in capsys.readouterr().err
