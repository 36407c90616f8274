"""The policy pack with the real pulumi_policy, which lives in an environment of its own."""

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from plan.stack_file import ROOT
from policy import RULES, check
from policy.resource import Given
from tests.policy.other_people import FARGATE_ON_EFS, KOREAN_CHART

PACK = ROOT / "policy" / "pack"


@cache
def python_with_pulumi_policy() -> str:
    """The Python of `make policy`, or the one named by KOTAEMON_POLICY_PYTHON; empty: there is none."""
    for python in (os.environ.get("KOTAEMON_POLICY_PYTHON", ""), str(PACK / "venv" / "bin" / "python")):
        if python and Path(python).exists():
            return python
    return ""


@cache
def answer() -> dict[str, Any]:
    """What the pack reports about the fixtures of in_pack.py."""
    python = python_with_pulumi_policy()
    if not python:
        pytest.skip("NOT RUN: pulumi_policy is not installed; `make policy` installs it into policy/pack/venv")
    script = Path(__file__).with_name("in_pack.py")
    done = subprocess.run([python, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_manifest() -> None:
    manifest = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())
    assert manifest["runtime"]["name"] == "python"
    assert manifest["runtime"]["options"]["virtualenv"] == "venv"
    assert manifest["version"], "without it every version of the pack is 0.0.1"


def test_every_rule_is_a_policy() -> None:
    assert answer()["policies"] == [rule.name for rule in RULES]


@pytest.mark.parametrize(("name", "resources"), [("korean chart", KOREAN_CHART), ("fargate on efs", FARGATE_ON_EFS)])
def test_the_pack_says_what_the_plan_says(name: str, resources: list[Given]) -> None:
    planned = [[v.rule, v.level.value, v.message] for v in check(resources)]
    # The engine does not tell a pack whether a resource is retained.
    wanted = [line for line in planned if "retainOnDelete" not in line[2]]
    assert answer()["reported"][name] == wanted


def test_what_is_known_is_judged_beside_what_is_not() -> None:
    """pulumi_policy itself would give up the whole rule at the first unknown value, and only advise."""
    assert answer()["reported"]["unknown key"] == [
        ["customer-key", "mandatory", "parameters.encrypted is missing; it must be true"]
    ]


def test_the_configuration_arrives() -> None:
    told = answer()["reported"]["configured"]
    assert not [line for line in told if line[0] == "data-is-kept"]
    assert ["image-pinned", "mandatory"] in [line[:2] for line in told]
    assert "image-pinned.digest: 1 is not allowed; it must be of type boolean" in " ".join(line[2] for line in told)


def test_the_pack_starts_and_serves() -> None:
    """As the CLI does it: the first line on standard output is the port."""
    python = python_with_pulumi_policy()
    if not python:
        pytest.skip("NOT RUN: pulumi_policy is not installed; `make policy` installs it into policy/pack/venv")
    command = [python, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(PACK)]
    with subprocess.Popen(command, cwd=PACK, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        try:
            assert int(served.stdout.readline()) > 0
            assert served.poll() is None
        finally:
            served.terminate()
