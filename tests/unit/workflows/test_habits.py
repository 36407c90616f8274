"""The files that keep contributors and their tools in step: hooks, owners, forms, updates, container, decisions."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.tree import ROOT

FORMS = [f for f in sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")) if f.name != "config.yml"]
LOCKS = {"requirements.lock": "requirements-dev.txt", "requirements-cloud-api.lock": "requirements-cloud-api.txt"}
"""Each lock, and what it is made from."""
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
MAKEFILE = (ROOT / "Makefile").read_text()


def json_with_comments(file: Path) -> dict[str, Any]:
    """JSON whose comments are whole lines."""
    return json.loads(re.sub(r"^\s*//.*$", "", file.read_text(), flags=re.MULTILINE))


def targets() -> set[str]:
    return set(re.findall(r"^([\w./-]+):", MAKEFILE.replace("$(INSTALLED)", ".venv/.installed"), re.MULTILINE))


def test_the_hooks_run_what_ci_runs_and_fetch_nothing() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert [hook["entry"] for hook in hooks] == ["make lint", "make types"]
    assert [hook["pass_filenames"] for hook in hooks] == [False, False], "make would take the files for targets"
    assert {stage for hook in hooks for stage in hook.get("stages", [])} <= set(config["default_install_hook_types"])


def test_every_owned_path_is_there() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    lines = (ROOT / ".github" / "CODEOWNERS").read_text().splitlines()
    patterns = [line.split()[0] for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    assert [p for p in patterns[1:] if not any(file.startswith(p.lstrip("/")) for file in tracked)] == []
    assert all("@" in line for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_issue_forms_are_what_github_takes(form: Path) -> None:
    """https://docs.github.com/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema"""
    content = yaml.safe_load(form.read_text())
    assert set(content) == {"name", "description", "labels", "body"}
    asked = [item for item in content["body"] if item["type"] != "markdown"]
    assert {item["type"] for item in asked} <= {"input", "textarea", "dropdown", "checkboxes"}
    ids = [item["id"] for item in asked]
    assert len(ids) == len(set(ids))
    assert all(item["attributes"]["label"] for item in asked)
    for item in asked:
        assert "validations" not in item or set(item["validations"]) == {"required"}
        if item["type"] in ("dropdown", "checkboxes"):
            assert item["attributes"]["options"]


def test_the_bug_form_knows_every_platform_and_profile() -> None:
    body = {item.get("id"): item for item in yaml.safe_load((FORMS[0]).read_text())["body"]}
    schema = (ROOT / "stacks" / "schema.json").read_text()
    for field in ("platform", "profile"):
        for option in body[field]["attributes"]["options"]:
            assert option == "devcluster" or f'"{option}"' in schema


def test_there_is_a_lock_for_each_environment_and_renovate_finds_it() -> None:
    (pattern,) = json.loads((ROOT / "renovate.json").read_text())["pip-compile"]["managerFilePatterns"]
    assert {lock.name for lock in ROOT.glob("*.lock")} == set(LOCKS)
    assert [lock for lock in LOCKS if not re.search(pattern.strip("/"), lock)] == []


@pytest.mark.parametrize(("lock", "source"), LOCKS.items())
def test_the_command_in_the_lock_is_the_one_of_the_makefile(lock: str, source: str) -> None:
    """Renovate runs the header's command, and reads options with a value only when they are written with `=`."""
    header = (ROOT / lock).read_text().splitlines()[1].removeprefix("#").strip()
    options = re.search(r"^LOCK := \$\(VENV\)/bin/(.*)$", MAKEFILE, re.MULTILINE)
    assert options is not None
    assert header == f"{options[1].replace('--quiet ', '')} {source} --output-file={lock}"
    assert f"$(LOCK) {source} --output-file={lock}" in MAKEFILE
    assert re.findall(r" --\S+ (?!-)(?!requirements)", header) == [], "an option without `=`"


def test_sources_of_a_lock_are_not_renewed_without_it() -> None:
    rules = json.loads((ROOT / "renovate.json").read_text())["packageRules"]
    (off,) = [rule for rule in rules if rule.get("enabled") is False]
    assert off["matchManagers"] == ["pip_requirements"]
    assert sorted(off["matchFileNames"]) == sorted(file.name for file in ROOT.glob("requirements*.txt"))


def test_the_dev_container_runs_a_supported_python_and_the_make_targets() -> None:
    content = json_with_comments(ROOT / ".devcontainer" / "devcontainer.json")
    version = re.search(r":(?:\d+-)?(3\.\d+)-\w+(?:@sha256:[0-9a-f]{64})?$", content["image"])
    assert version, f"{content['image']}: a tag of a Python version, or with its digest"
    assert f'"Programming Language :: Python :: {version[1]}"' in (ROOT / "pyproject.toml").read_text()
    command, *wanted = content["postCreateCommand"].split()
    assert command == "make"
    assert set(wanted) <= targets()


def test_decisions_are_numbered_and_listed() -> None:
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text()
    assert [int(file.name[:4]) for file in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert re.findall(r"^\| \[(\d+)\]\((.+)\)", listed, re.MULTILINE) == [(f.name[:4], f.name) for f in DECISIONS]
    for file in DECISIONS:
        title = file.read_text().splitlines()[0]
        assert title.startswith(f"# {int(file.name[:4])}. "), f"{file.name}: {title}"
        assert f" {title.partition('. ')[2]} |" in listed, f"{file.name}: {title}"
