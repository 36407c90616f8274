"""`python -m deploy`: the right words, the right exit code, never a traceback for a mistake of the user's."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy import cli, find
from devcluster.cluster import Cluster
from devcluster.errors import DevclusterError
from plan.stack_file import ROOT

GOOD = """
config:
  kotaemon:platform: private
  kotaemon:storage:
    claims:
      files: {kind: nfs, server: nfs.example.org, path: /srv}
      disk: {kind: storage-class, storageClass: fast}
"""


@pytest.fixture(autouse=True)
def _an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here runs it."""
    monkeypatch.setattr(find, "find", lambda _: SimpleNamespace(line="of the tests"))


def run(project: Path, text: str, command: str) -> int:
    (project / "Pulumi.x.yaml").write_text(text)
    return cli.main([command, "--stack", "x"])


@pytest.mark.parametrize("command", ["up", "down"])
def test_a_stack_with_its_own_cluster_is_not_for_the_devcluster(
    project: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    own = GOOD + "  kotaemon:cluster: {kubeconfig: /home/me/.kube/config, context: prod}\n"
    assert run(project, own, command) == 1
    assert capsys.readouterr().err == (
        "error: Pulumi.x.yaml: kotaemon:cluster names a cluster of your own; `make up` and `make down` are for the "
        "devcluster. Use `pulumi up -s x`, or leave kotaemon:cluster out\n"
    )


def test_a_stack_of_a_cloud_is_not_for_the_devcluster(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "Pulumi.aws-scaled.yaml").read_text()
    without_cluster = text.replace("  kotaemon:cluster:\n    kubeconfig: kubeconfig.yaml\n    context: kotaemon\n", "")
    assert without_cluster != text
    assert run(project, without_cluster, "up") == 1
    assert capsys.readouterr().err.startswith(
        "error: Pulumi.x.yaml: kotaemon:platform is aws: its storage needs an account. "
    )


def test_a_run_loads_no_model_of_the_kubernetes_client() -> None:
    """There are hundreds, half a second's work, and the objects of a run are plain mappings."""
    code = "import sys; from deploy import up; print([m for m in sys.modules if m.startswith('kubernetes.client.models.')])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout == "[]\n"


def test_taking_down_what_never_was_up(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, GOOD, "down") == 0
    assert capsys.readouterr().out == "Nothing to take down: no devcluster was ever started for stack x.\n"


def test_a_problem_of_the_machine_is_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(self: Cluster, keep: bool) -> None:
        raise DevclusterError(f"no Go for {self.name}, keep={keep}")

    monkeypatch.setattr(Cluster, "start", start)
    assert run(project, GOOD, "up") == 1
    assert capsys.readouterr().err == "error: no Go for x, keep=False\n"


def test_ctrl_c_is_no_traceback(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(self: Cluster, keep: bool) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Cluster, "start", start)
    assert run(project, GOOD, "up") == 130
    assert capsys.readouterr().err == "interrupted; run the same command again to continue from here\n"
