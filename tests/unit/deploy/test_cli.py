"""What a person sees who types a command: the right words, the right exit code, never a traceback."""

import json
from pathlib import Path

import pytest

from devcluster.cluster import Cluster
from devcluster.errors import DevclusterError
from runner import cli, engine, stack

REPOSITORY = stack.ROOT
GOOD = """
config:
  kotaemon:platform: private
  kotaemon:storage:
    claims:
      files: {kind: nfs, server: nfs.example.org, path: /srv}
      disk: {kind: storage-class, storageClass: fast}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with only its Pulumi.yaml; the current folder, too."""
    (tmp_path / "Pulumi.yaml").write_text((stack.ROOT / "Pulumi.yaml").read_text())
    monkeypatch.setattr(stack, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOTAEMON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KOTAEMON_ENGINE", "monitor")
    return tmp_path


def run(project: Path, text: str, command: str = "plan") -> int:
    (project / "Pulumi.x.yaml").write_text(text)
    return cli.main([command, "--stack", "x"])


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
    text = (REPOSITORY / "Pulumi.aws-scaled.yaml").read_text()
    without_cluster = text.replace("  kotaemon:cluster:\n    kubeconfig: kubeconfig.yaml\n    context: kotaemon\n", "")
    assert without_cluster != text
    assert run(project, without_cluster, "up") == 1
    assert capsys.readouterr().err.startswith(
        "error: Pulumi.x.yaml: kotaemon:platform is aws: its storage needs an account. "
    )


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
    assert capsys.readouterr().err == "interrupted; run the same command again to go on from here\n"


def test_an_unknown_engine_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOTAEMON_ENGINE", "tofu")
    with pytest.raises(engine.ApplyError, match="KOTAEMON_ENGINE is 'tofu'; allowed: monitor, pulumi"):
        engine.choose(tmp_path / "road")


def test_the_roads_are_not_mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOTAEMON_ENGINE", "monitor")
    monkeypatch.setenv("KOTAEMON_CACHE", str(tmp_path))
    marker = tmp_path / "road"
    road = engine.choose(marker)
    assert road == engine.Road(None, "the SDK's own monitor; the real engine was not used (KOTAEMON_ENGINE=monitor)")
    engine.remember(marker, road)
    assert engine.choose(marker) == road
    marker.write_text("pulumi")
    with pytest.raises(engine.ApplyError, match="this stack was brought up by pulumi, whose state is in"):
        engine.choose(marker)


def test_a_plugin_that_cannot_be_had_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(
        '#!/bin/sh\ncase "$1 $2" in "version ") echo v3.999.0;; "plugin ls") echo "[]";; *) echo no network >&2; exit 1;; esac\n'
    )
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("KOTAEMON_ENGINE", raising=False)
    monkeypatch.setenv("KOTAEMON_CACHE", str(tmp_path / "cache"))
    road = engine.choose(tmp_path / "road")
    assert road.command is None
    assert road.line.startswith("the SDK's own monitor; the real engine was not used: the engine's plugin kubernetes ")
    assert road.line.endswith(" cannot be had from here")
