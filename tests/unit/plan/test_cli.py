"""`python -m plan`: the right words, the right exit code, never a traceback for a mistake of the user's."""

import json
import subprocess
import sys
from pathlib import Path

import pulumi
import pytest

from plan import cli, exits
from plan.stack_file import ROOT

GOOD = """
config:
  kotaemon:platform: private
  kotaemon:storage:
    claims:
      files: {kind: nfs, server: nfs.example.org, path: /srv}
      disk: {kind: storage-class, storageClass: fast}
"""


def run(project: Path, text: str) -> int:
    (project / "Pulumi.x.yaml").write_text(text)
    return cli.main(["plan", "--stack", "x"])


def test_a_plan_is_a_table_a_json_and_a_markdown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, GOOD) == 0
    printed = capsys.readouterr().out
    assert max(len(line) for line in printed.splitlines()) <= 100
    assert "nothing was created" in printed
    document = json.loads((project / "build/plan/x.json").read_text())
    assert document["stack"] == "x"
    assert sorted(r["object"] for r in document["resources"] if r["holds_data"]) == [
        "kotaemon",
        "kotaemon.kotaemon-files",
        "kotaemon/kotaemon-admin",
        "kotaemon/kotaemon-disk",
        "kotaemon/kotaemon-files",
    ]
    text = (project / "build/plan/x.md").read_text()
    assert "```mermaid\nflowchart LR\n" in text
    assert "| sessions | kotaemon-disk | block | ReadWriteOncePod | sessions | known at up | nobody known |" in text


def test_a_wrong_stack_file_is_the_list_of_its_errors(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GOOD.replace("/srv}", "/srv, size: 1GB}") + "  kotaemon:replicas: 0\n  kotaemon:storge: {}\n"
    assert run(project, text) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[0] == "error: Pulumi.x.yaml: 3 errors, nothing was created:"
    assert len(printed.err.splitlines()) == 4


def test_what_the_guard_refuses_ends_with_2(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, GOOD + "  kotaemon:replicas: 5\n") == 2
    assert "refused by the guard" in capsys.readouterr().err
    assert not (project / "build").exists()


def test_a_wrong_stack_file_is_told_before_any_sdk_of_a_cloud_or_of_a_cluster_is_loaded() -> None:
    code = (
        "import sys; from plan import cli\n"
        "assert cli.main(['plan', '--stack', 'nowhere']) == 1\n"
        "names = ('kubernetes', 'rich', 'pulumi_aws.ec2', 'pulumi_alicloud.ecs')\n"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
    assert "Pulumi.nowhere.yaml" in done.stderr


class Refusal(Exception):
    exit_code = 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (exits.UserError("x"), 1),
        (Refusal("x"), 2),
        (pulumi.RunError("x"), 1),
        (KeyError("x"), None),
    ],
)
def test_only_an_error_that_is_for_the_user_has_an_exit_code(error: Exception, code: int | None) -> None:
    assert exits.exit_code(error) == code


def test_a_defect_of_ours_keeps_its_traceback() -> None:
    def broken() -> int:
        raise KeyError("x")

    with pytest.raises(KeyError):
        exits.ending(broken)
