"""The shell steps of the workflows, run for real with a fake pulumi, gh and aws on PATH."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plan.stack_file import ROOT
from tests.unit.workflows.fakes import SCRIPTS, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def git(folder: Path, *arguments: str) -> str:
    who = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b.c",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b.c",
    }
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**os.environ, **who}, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(bench: Bench) -> tuple[Bench, str]:
    """A repository with two stacks, and its first commit."""
    git(bench.folder, "init", "--quiet", "--initial-branch", "main")
    for name in ("Pulumi.one.yaml", "Pulumi.two.yaml", "Pulumi.$(id).yaml", "README.md", "components/a.py"):
        file = bench.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("")
    git(bench.folder, "add", "Pulumi.one.yaml", "Pulumi.two.yaml", "README.md", "components")
    git(bench.folder, "commit", "--quiet", "--message", "first")
    return bench, git(bench.folder, "rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("changed", "stacks"),
    [
        ("README.md", []),
        ("Pulumi.two.yaml", ["two"]),
        ("components/a.py", ["one", "two"]),
    ],
)
def test_changed_stacks(repository: tuple[Bench, str], changed: str, stacks: list[str]) -> None:
    bench, base = repository
    (bench.folder / changed).write_text("changed")
    git(bench.folder, "commit", "--quiet", "--all", "--message", "second")
    done = bench.run("changed_stacks.py", base)
    assert json.loads(done.stdout) == stacks, done.stderr
    allowed = bench.run("changed_stacks.py", base, '["two", "three"]')
    assert json.loads(allowed.stdout) == [s for s in stacks if s == "two"]


def test_what_the_base_branch_got_meanwhile_is_no_change(repository: tuple[Bench, str]) -> None:
    bench, _ = repository
    git(bench.folder, "checkout", "--quiet", "-b", "change")
    (bench.folder / "Pulumi.one.yaml").write_text("changed")
    git(bench.folder, "commit", "--quiet", "--all", "--message", "mine")
    git(bench.folder, "checkout", "--quiet", "main")
    (bench.folder / "Pulumi.two.yaml").write_text("changed")
    git(bench.folder, "commit", "--quiet", "--all", "--message", "theirs")
    git(bench.folder, "checkout", "--quiet", "change")
    assert json.loads(bench.run("changed_stacks.py", "main").stdout) == ["one"]


def test_deploy_stacks(repository: tuple[Bench, str]) -> None:
    bench, before = repository
    (bench.folder / "Pulumi.one.yaml").write_text("changed")
    git(bench.folder, "commit", "--quiet", "--all", "--message", "second")

    def chosen(**environment: str) -> list[str]:
        return json.loads(bench.run("deploy_stacks.py", ALLOWED='["two", "one"]', **environment).stdout)

    assert chosen(BEFORE=before) == ["one"]
    assert chosen(BEFORE="0" * 40) == ["two", "one"]
    assert chosen(ASKED="two") == ["two"]
    refused = bench.run("deploy_stacks.py", ALLOWED='["two", "one"]', ASKED="three")
    assert (refused.returncode, refused.stderr) == (
        1,
        "error: the stack 'three' is not in DEPLOY_STACKS: two, one\n",
    )


def plan(bench: Bench, stacks: list[str]) -> tuple[int, str]:
    """plan_stacks.py in the real repository, with its output in the bench's folder."""
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "plan_stacks.py"), json.dumps(stacks), str(bench.folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, (bench.folder / "comment.md").read_text()


def test_plan_stacks_for_real(bench: Bench) -> None:
    code, text = plan(bench, ["dev"])
    assert code == 0
    assert text.startswith("- `dev`: fine\n\n## Plan of stack `dev`")
    assert "```mermaid" in text


def test_a_wrong_stack_is_told_and_fails(bench: Bench) -> None:
    code, text = plan(bench, ["dev", "no-such-stack"])
    assert code == 1
    assert text.startswith("- `dev`: fine\n- `no-such-stack`: the stack file is wrong\n\n<details>")
    assert "Traceback" not in text
    assert "Pulumi.no-such-stack.yaml" in text


def test_no_stack_is_touched(bench: Bench) -> None:
    assert plan(bench, []) == (0, "No stack is touched by this change.\n")


SECRETS = "key AKIAIOSFODNN7EXAMPLE of me@example.com in arn:aws:iam::111122223333:role/x at postgresql://u:pw@h/d"


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("preview", ["preview", "--policy-pack policy/pack"]),
        ("deploy", ["up", "--yes", "--policy-pack policy/pack"]),
        ("drift", ["refresh", "--preview-only", "--expect-no-changes"]),
    ],
)
def test_pulumi_step(bench: Bench, kind: str, wanted: list[str]) -> None:
    done = bench.run("pulumi_step.py", kind, "one", "out", SAYS=f"  + aws:efs:FileSystem {SECRETS}")
    assert done.returncode == 0, done.stderr
    (call,) = bench.calls()
    line = " ".join(call)
    assert line.startswith(f"{wanted[0]} --stack one ")
    assert all(part in line for part in wanted)
    assert ("up" in call) == (kind == "deploy")
    redacted = "key <an AWS access key> of <e-mail> in arn:aws:iam::<account>:role/x at <a password in a URL>h/d"
    assert done.stdout == f"  + aws:efs:FileSystem {redacted}\n"
    assert (bench.folder / "out" / "one.md").read_text() == (
        f"### {kind} of `one`: ok\n\n```diff\n+   aws:efs:FileSystem {redacted}\n```\n"
    )


def test_the_policy_configuration_is_used_when_it_is_there(bench: Bench) -> None:
    (bench.folder / "policy.json").write_text("{}")
    bench.run("pulumi_step.py", "preview", "one", "out")
    assert "--policy-pack-config policy.json" in " ".join(bench.calls()[0])


@pytest.mark.parametrize(
    ("kind", "says", "code", "expected"),
    [
        ("preview", "error: update failed", 255, 255),
        ("drift", "error: no changes were expected but changes were proposed", 255, 3),
        ("drift", "error: no changes were expected for refresh but changes were proposed", 255, 3),
        ("drift", "error: no credentials", 255, 255),
    ],
)
def test_exit_codes(bench: Bench, kind: str, says: str, code: int, expected: int) -> None:
    done = bench.run("pulumi_step.py", kind, "one", "out", SAYS=says, CODE=str(code))
    assert done.returncode == expected
    assert f"failed, exit code {expected}" in (bench.folder / "out" / "one.md").read_text()


def test_an_unknown_step(bench: Bench) -> None:
    done = bench.run("pulumi_step.py", "destroy", "one", "out")
    assert (done.returncode, done.stderr) == (1, "'destroy' is not allowed; allowed: preview, deploy, drift\n")
    assert not bench.calls_file.exists()


def test_a_line_of_the_output_cannot_end_the_code_block(bench: Bench) -> None:
    bench.run("pulumi_step.py", "preview", "one", "out", SAYS="```\n# not a heading")
    assert (bench.folder / "out" / "one.md").read_text().count("```") == 2


def test_a_cancelled_deploy_lets_pulumi_end_properly(bench: Bench) -> None:
    """GitHub sends SIGINT, and SIGTERM 7.5 s later; a second SIGINT would make pulumi drop everything."""
    waits = bench.folder / "waits"
    with subprocess.Popen(
        [sys.executable, str(SCRIPTS / "pulumi_step.py"), "deploy", "one", "out"],
        cwd=bench.folder,
        env={**bench.environment, "WAITS": str(waits)},
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        deadline = time.monotonic() + 30
        while not waits.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        started.send_signal(signal.SIGINT)
        started.send_signal(signal.SIGTERM)
        output, _ = started.communicate(timeout=30)
    assert started.returncode == 7
    assert output == "\ncancelled, state written\n"


PULLS = "GET repos/owner/repository/pulls"
COMMENTS = "GET repos/owner/repository/issues/5/comments"
MARKER = "<!-- kotaemon-plan -->"


def comment(bench: Bench, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (bench.folder / "comment.md").write_text(text)
    return bench.run("comment.py", "--kind", "plan", "--body", "comment.md", *arguments)


def test_the_first_comment(bench: Bench) -> None:
    bench.answers({COMMENTS: [], "POST repos/owner/repository/issues/5/comments": {}})
    done = comment(bench, "text", "--number", "5", "--note", "A note.")
    assert done.stdout == "commented on #5\n", done.stderr
    assert bench.calls()[-1][1] == {"body": f"{MARKER}\n\nA note.\n\ntext"}


def test_the_comment_is_changed_and_nobody_elses(bench: Bench) -> None:
    comments = [
        {"id": 1, "user": {"login": "somebody"}, "body": f"{MARKER} mine"},
        {"id": 2, "user": {"login": "github-actions[bot]"}, "body": "<!-- kotaemon-preview -->"},
        {"id": 3, "user": {"login": "github-actions[bot]"}, "body": f"{MARKER} old"},
    ]
    bench.answers({COMMENTS: comments, "PATCH repos/owner/repository/issues/comments/3": {}})
    assert comment(bench, "new", "--number", "5").returncode == 0
    assert bench.calls()[-1][1] == {"body": f"{MARKER}\n\nnew"}


def test_the_pull_request_of_a_fork_is_found_by_branch_and_commit(bench: Bench) -> None:
    pulls = [{"number": 4, "head": {"sha": "old"}}, {"number": 5, "head": {"sha": "new"}}]
    bench.answers({PULLS: pulls, COMMENTS: [], "POST repos/owner/repository/issues/5/comments": {}})
    done = comment(bench, "text", "--head", "fork:branch", "--sha", "new")
    assert done.stdout == "commented on #5\n"
    assert "head=fork:branch" in bench.calls()[0][0]


def test_a_pull_request_that_has_moved_on_gets_no_comment(bench: Bench) -> None:
    bench.answers({PULLS: [{"number": 4, "head": {"sha": "newer"}}]})
    done = comment(bench, "text", "--head", "fork:branch", "--sha", "new")
    assert done.stdout == "no open pull request from fork:branch at new: nothing to comment\n"
    assert len(bench.calls()) == 1


def test_a_failing_gh_fails_the_step(bench: Bench) -> None:
    bench.answers({})
    done = comment(bench, "text", "--number", "5")
    assert done.returncode == 1
    assert done.stderr.startswith("gh api repos/owner/repository/issues/5/comments failed: HTTP 404")


ISSUES = "GET repos/owner/repository/issues"
OPEN = [{"number": 8, "title": "Drift in stack one"}, {"number": 9, "title": "Drift in stack two"}]


@pytest.mark.parametrize(
    ("code", "issues", "says", "last"),
    [
        ("3", [], "drift: issue opened", ["POST", {"title": "Drift in stack one", "body": "x", "labels": ["drift"]}]),
        (
            "3",
            OPEN,
            "drift: issue #8 updated",
            ["PATCH", {"title": "Drift in stack one", "body": "x", "labels": ["drift"]}],
        ),
        ("0", OPEN, "no drift any more: #8 closed", ["PATCH", {"state": "closed"}]),
        ("0", [], "no drift", ["GET", None]),
        ("255", OPEN, "the check itself failed with exit code 255", ["GET", None]),
    ],
)
def test_drift_issue(bench: Bench, code: str, issues: list[object], says: str, last: list[object]) -> None:
    bench.answers(
        {
            ISSUES: issues,
            "POST repos/owner/repository/issues": {},
            "PATCH repos/owner/repository/issues/8": {},
        }
    )
    (bench.folder / "one.md").write_text("x")
    done = bench.run("drift_issue.py", "one", code, "one.md")
    assert done.stdout == f"{says}\n", done.stderr
    arguments, data = bench.calls()[-1]
    assert [arguments[arguments.index("--method") + 1], data] == last


def kubeconfig(bench: Bench, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(SCRIPTS / "kubeconfig.sh"), "kubeconfig.yaml"],
        cwd=bench.folder,
        env={**bench.environment, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_kubeconfig(bench: Bench) -> None:
    file = bench.folder / "kubeconfig.yaml"
    assert kubeconfig(bench, CLUSTER="c", CONTEXT="kotaemon").returncode == 0
    assert file.read_text() == "eks update-kubeconfig --name c"
    file.unlink()
    assert kubeconfig(bench, KUBECONFIG_TEXT="apiVersion: v1").returncode == 0
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("apiVersion: v1\n", 0o600)
    refused = kubeconfig(bench)
    assert refused.returncode == 1
    assert refused.stderr == (
        "error: neither the variable CLUSTER nor the secret KUBECONFIG_TEXT is set in this environment\n"
    )


CHANGELOG = "# Changelog\n\n## Unreleased\n\n- Next.\n\n## 0.2.0 (2026-11-30)\n\n- New.\n\n### Migration\n\nNone.\n\n## 0.1.0\n\n- Old.\n"


def release(bench: Bench, version: str, changelog: str = CHANGELOG) -> subprocess.CompletedProcess[str]:
    (bench.folder / "pyproject.toml").write_text(f'[project]\nname = "x"\nversion = "{version}"\n')
    (bench.folder / "CHANGELOG.md").write_text(changelog)
    return bench.run("release_notes.py", "build/notes.md")


@pytest.mark.parametrize(("version", "notes"), [("0.2.0", "- New.\n\n### Migration\n\nNone.\n"), ("0.1.0", "- Old.\n")])
def test_release_notes_are_the_section_of_the_version(repository: tuple[Bench, str], version: str, notes: str) -> None:
    bench, _ = repository
    done = release(bench, version)
    assert (done.returncode, done.stdout) == (0, f"v{version}\n"), done.stderr
    assert (bench.folder / "build/notes.md").read_text() == notes


@pytest.mark.parametrize(
    ("version", "changelog", "error"),
    [
        ("0.3.0", CHANGELOG, "CHANGELOG.md has no section `## 0.3.0`; rename `## Unreleased` before the release"),
        ("0.2", CHANGELOG, "CHANGELOG.md has no section `## 0.2`; rename `## Unreleased` before the release"),
        ("0.3.0", "## 0.3.0\n\n## 0.2.0\n\n- New.\n", "the section `## 0.3.0` of CHANGELOG.md is empty"),
    ],
)
def test_no_release_without_notes(repository: tuple[Bench, str], version: str, changelog: str, error: str) -> None:
    bench, _ = repository
    done = release(bench, version, changelog)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"error: {error}\n")
    assert not (bench.folder / "build").exists()


def test_a_release_is_never_made_twice(repository: tuple[Bench, str]) -> None:
    bench, _ = repository
    git(bench.folder, "tag", "v0.2.0")
    done = release(bench, "0.2.0")
    assert (done.returncode, done.stderr) == (
        1,
        "error: the tag v0.2.0 is there already; raise `version` in pyproject.toml\n",
    )
    assert not (bench.folder / "build").exists()
