"""Taking down a stack on a cluster of the user's own: with the user's `pulumi`, and the lines written before."""

import json
from pathlib import Path

import pytest
import yaml

from deploy import cli

STACK = """
config:
  kotaemon:platform: private
  kotaemon:cluster: {kubeconfig: /home/me/.kube/config, context: prod}
  kotaemon:storage:
    claims:
      files: {kind: nfs, server: nfs.example.org, path: /srv}
      disk: {kind: storage-class, storageClass: fast}
"""
PV, PVC = "kubernetes:core/v1:PersistentVolume", "kubernetes:core/v1:PersistentVolumeClaim"


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:x::kotaemon::{type_}::{name}"


def resource(type_: str, name: str, id_: str, **more: object) -> dict[str, object]:
    return {"urn": urn(type_, name), "type": type_, "custom": True, "id": id_, **more}


STATE = [
    resource("pulumi:providers:kubernetes", "cluster", "1234"),
    resource(PV, "kotaemon-files-volume", "kotaemon.kotaemon-files", protect=True, retainOnDelete=True),
    resource(
        PVC,
        "kotaemon-files-claim",
        "kotaemon/kotaemon-files",
        protect=True,
        dependencies=[urn("pulumi:providers:kubernetes", "cluster")],
    ),
    resource("kubernetes:apps/v1:Deployment", "kotaemon-deployment", "kotaemon/kotaemon"),
    resource(PVC, "somebody-elses", "kotaemon/else", external=True, protect=True),
]
CONFIG = {
    "kotaemon:storage": {
        "claims": {"files": {"existing": {"volume": "kotaemon.kotaemon-files", "claim": "kotaemon/kotaemon-files"}}}
    }
}


@pytest.fixture
def calls(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `pulumi` on PATH that knows the state, and notes how it is called."""
    (project / "Pulumi.x.yaml").write_text(STACK)
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "state.json").write_text(json.dumps({"version": 3, "deployment": {"resources": STATE}}))
    program = folder / "pulumi"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {folder}/calls\n'
        f'case "$1" in stack) cat {folder}/state.json;; destroy) exit $(cat {folder}/ends 2>/dev/null || echo 0);; esac\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "calls"


def lines(project: Path) -> dict[str, object]:
    return yaml.safe_load((project / "cache" / "kept" / "kotaemon" / "x.yaml").read_text())


def test_it_excludes_what_is_protected_and_says_how_it_is_found_again(
    calls: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["down", "--stack", "x"]) == 0
    assert calls.read_text().splitlines() == ["stack export --stack x", "destroy --exclude-protected --stack x"]
    assert lines(project) == {"config": CONFIG}
    said = capsys.readouterr().out
    assert "existing:" in said
    assert "claim: kotaemon/kotaemon-files" in said
    assert str(project / "cache" / "kept" / "kotaemon" / "x.yaml") in said
    assert "Next: `pulumi up --stack x` makes the rest again." in said


def test_when_it_fails_the_lines_are_there_already(
    calls: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (calls.parent / "ends").write_text("255")
    assert cli.main(["down", "--stack", "x"]) == 1
    assert lines(project) == {"config": CONFIG}
    assert "pulumi destroy ended with code 255" in capsys.readouterr().err


def test_the_lines_alone_destroy_nothing(calls: Path, project: Path) -> None:
    assert cli.main(["kept", "--stack", "x"]) == 0
    assert calls.read_text().splitlines() == ["stack export --stack x"]
    assert lines(project) == {"config": CONFIG}


def test_without_pulumi_it_is_told(
    calls: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert cli.main(["down", "--stack", "x"]) == 1
    assert "there is no `pulumi` on PATH that knows its state" in capsys.readouterr().err
