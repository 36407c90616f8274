"""The workflows: linted by actionlint, and what makes them safe."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from devcluster.paths import cache_root
from plan.stack_file import ROOT

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = ROOT / ".github" / "actions" / "stack" / "action.yml"
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"


def workflow(name: str) -> Path:
    return ROOT / ".github" / "workflows" / f"{name}.yml"


def read(file: Path) -> dict[Any, Any]:
    return yaml.safe_load(file.read_text())


def steps_of(file: Path) -> list[dict[str, Any]]:
    content = read(file)
    jobs = content["jobs"].values() if "jobs" in content else [content["runs"]]
    return [step for job in jobs for step in job["steps"]]


@cache
def actionlint() -> str:
    """The linter: from PATH, from the cache, or built there once. Empty: it cannot be had."""
    if found := shutil.which("actionlint"):
        return found
    folder = cache_root() / "tools" / ACTIONLINT.rpartition("@")[2]
    program = folder / "actionlint"
    if not program.exists() and shutil.which("go"):
        environment = {**os.environ, "GOBIN": str(folder)}
        subprocess.run(["go", "install", ACTIONLINT], env=environment, capture_output=True, timeout=300, check=False)
    return str(program) if program.exists() else ""


def test_actionlint() -> None:
    program = actionlint()
    if not program:
        pytest.skip("NOT RUN: actionlint is not on PATH and cannot be built here (Go, and its module proxy)")
    done = subprocess.run(
        [program, "-no-color", *map(str, FILES)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("file", [*FILES, ACTION], ids=lambda file: file.stem)
def test_actions_are_pinned_by_commit(file: Path) -> None:
    used = [line.strip() for line in file.read_text().splitlines() if "uses:" in line]
    assert used
    for line in used:
        assert re.search(r"uses: (\./\.github/actions/\w+|[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+.*)$", line), line


def test_one_commit_for_each_action() -> None:
    used = {m for file in [*FILES, ACTION] for m in re.findall(r"uses: ([\w/-]+)@([0-9a-f]{40})", file.read_text())}
    assert len(used) == len({name for name, _ in used}), used


@pytest.mark.parametrize("file", [*FILES, ACTION], ids=lambda file: file.stem)
def test_steps_are_one_line_and_take_values_from_the_environment(file: Path) -> None:
    for step in steps_of(file):
        if "run" in step:
            assert step["run"].strip().count("\n") == 0, step["run"]
            # An expression inside a command is text of the event inside a shell.
            assert "${{" not in step["run"], step["run"]
            # `echo` succeeds whatever the command inside it does: its failure would be an empty value.
            assert not re.search(r"echo [^|;&]*\$\(", step["run"]), step["run"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_jobs_have_few_rights_and_end(file: Path) -> None:
    content = read(file)
    assert content["permissions"] in ({}, {"contents": "read"})
    triggers = content[True]  # YAML 1.1 reads `on` as true
    assert "pull_request_target" not in triggers
    for name, job in content["jobs"].items():
        assert job["timeout-minutes"] > 0, name
        rights = job.get("permissions", {})
        writes = {right for right, level in rights.items() if level == "write"}
        assert writes <= {"id-token", "pull-requests", "issues"} | ({"contents"} if file.stem == "release" else set())
        assert not {"id-token", "pull-requests"} <= writes, f"{name}: credentials and the right to comment, in one job"
        for step in job["steps"]:
            if str(step.get("uses", "")).startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, name


def test_the_plan_knows_no_secret_and_no_account() -> None:
    text = workflow("plan").read_text()
    assert "secrets." not in text
    assert "id-token" not in text
    assert read(workflow("plan"))["jobs"]["plan"].get("environment") is None


def test_the_comment_on_a_fork_runs_no_code_of_it() -> None:
    content = read(workflow("plan-comment"))
    (checkout,) = [
        s for s in steps_of(workflow("plan-comment")) if str(s.get("uses", "")).startswith("actions/checkout@")
    ]
    assert "ref" not in checkout["with"], "the default branch, which workflow_run checks out by itself"
    (download,) = [s for s in steps_of(workflow("plan-comment")) if "download-artifact" in str(s.get("uses", ""))]
    assert download["with"]["path"].startswith("${{ runner.temp }}/")
    assert content["permissions"] == {}


@pytest.mark.parametrize("name", ["preview", "drift"])
def test_only_deploy_changes_anything(name: str) -> None:
    commands = [step["run"] for step in steps_of(workflow(name)) if "run" in step]
    kinds = [match[1] for run in commands if (match := re.search(r"pulumi_step\.py (\w+)", run))]
    assert kinds == [name]
    assert not [run for run in commands if re.search(r"\bpulumi\b(?!_step)", run)]
    assert "DEPLOY_ROLE" not in workflow(name).read_text()


def test_previews_never_run_the_code_of_a_fork() -> None:
    jobs = read(workflow("preview"))["jobs"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in jobs["stacks"]["if"]
    assert jobs["preview"]["needs"] == "stacks"


def test_a_running_deploy_is_never_cancelled_and_is_approved() -> None:
    deploy = read(workflow("deploy"))["jobs"]["deploy"]
    assert deploy["concurrency"] == {"group": "deploy-${{ matrix.stack }}", "cancel-in-progress": False}
    assert deploy["environment"] == "deploy-${{ matrix.stack }}"
    assert read(workflow("deploy")).get("concurrency") is None, (
        "a group of the whole workflow would cancel waiting approvals"
    )
    runs = [step["run"] for step in deploy["steps"] if "pulumi_step.py" in step.get("run", "")]
    assert runs == ['exec .venv/bin/python .github/scripts/pulumi_step.py deploy "$STACK" build/deploy'], (
        "without exec the shell gets the signal of a cancelled job, and pulumi is killed"
    )


def test_the_matrix_is_what_pyproject_promises() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text()
    matrix = read(workflow("ci"))["jobs"]["unit"]["strategy"]["matrix"]["python"]
    assert matrix == re.findall(r'"Programming Language :: Python :: (3\.\d+)"', pyproject)
    oldest = matrix[0]
    assert f'requires-python = ">={oldest}"' in pyproject
    assert f'target-version = "py{oldest.replace(".", "")}"' in pyproject, "ruff would let newer syntax pass"
    assert f'pythonVersion = "{oldest}"' in pyproject, "the type checker would let newer modules pass"
    assert f"--python-version={oldest}" in (ROOT / "Makefile").read_text(), "the lock would leave out what it needs"


def test_a_release_is_made_by_hand_from_main_and_what_may_write_runs_no_code_of_the_project() -> None:
    content = read(workflow("release"))
    assert content[True] == {"workflow_dispatch": None}
    build, publish = content["jobs"]["build"], content["jobs"]["publish"]
    assert build["if"] == "github.ref == 'refs/heads/main'"
    assert "permissions" not in build
    assert publish["needs"] == "build"
    assert publish["permissions"] == {"contents": "write"}
    assert publish["environment"] == "release"
    assert not [step for step in publish["steps"] if "checkout" in str(step.get("uses", ""))]
    assert [step["run"].split()[:3] for step in publish["steps"] if "run" in step] == [["gh", "release", "create"]]


def test_the_tests_pass_before_a_wheel_is_built() -> None:
    runs = [step["run"] for step in read(workflow("release"))["jobs"]["build"]["steps"] if "run" in step]
    assert runs[1:] == ["make lint types unit", ".venv/bin/uv build --wheel --out-dir build/release"]


def test_every_script_is_used_and_every_used_script_is_there() -> None:
    scripts = {file.name for file in (ROOT / ".github" / "scripts").iterdir() if file.is_file()}
    text = "".join(file.read_text() for file in [*FILES, ACTION])
    used = set(re.findall(r"\.github/scripts/([\w.]+)", text))
    assert used <= scripts
    assert scripts - used == {"redact.py"}, "imported by pulumi_step.py"


def test_the_gitlab_example() -> None:
    file = ROOT / "docs" / "gitlab-ci.example.yml"
    content = read(file)
    assert {"plan", "preview", "deploy", "drift"} <= set(content)
    assert content["deploy"]["interruptible"] is False
    assert content["deploy"]["resource_group"] == "deploy-$STACK"
    assert "ROLE" not in content["plan"].get("variables", {})
    for script in re.findall(r"\.github/scripts/([\w.]+)", file.read_text()):
        assert (ROOT / ".github" / "scripts" / script).exists()
    assert not [line for line in content["preview"]["script"] + content["drift"]["script"] if " deploy " in line]
