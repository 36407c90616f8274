"""`pulumi` as people type it in a clone of the project: the command line and its language host, no code of ours around.

Every other test runs the program through the Automation API, as `make up` does.
"""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.contract import Platform
from deploy.kube import Kube
from devcluster.cluster import Cluster
from plan.stack_file import ROOT
from tests.engine import engines
from tests.languages.programs import Home, clone_of_project, lacking, must

if why := lacking("pulumi-language-python"):
    pytest.skip(f"plain `pulumi up`: {why}", allow_module_level=True)
SPACE = "kotaemon"


@dataclass
class Clone:
    """A clone with the project's own environment, and a terminal in it."""

    folder: Path
    home: Home
    kube: Kube

    def type(self, *words: str) -> str:
        """What `pulumi` says to these words."""
        run = self.run(*words)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, **self.home.environment}
        pulumi = engines.found().command.command
        return subprocess.run(
            [pulumi, *words], cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=300
        )


@pytest.fixture(scope="module")
def clone(cluster_for: Callable[[Platform], Cluster], tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """The project's files as they are here, and stack dev with the cluster's name in it."""
    cluster = cluster_for(Platform.PRIVATE)
    base = tmp_path_factory.mktemp("plain")
    made = Clone(clone_of_project(base / "clone"), Home(base / "home", cluster.kubeconfig), engines.kube(cluster))
    made.type("stack", "init", "dev")
    for key, value in (("kubeconfig", str(cluster.kubeconfig)), ("context", cluster.context)):
        made.type("config", "set", "--stack", "dev", "--path", f"kotaemon:cluster.{key}", value)
    return made


def test_a_preview_shows_what_would_be_made_and_makes_nothing(clone: Clone) -> None:
    said = clone.type("preview", "--stack", "dev")
    assert "kubernetes:apps/v1:Deployment" in said
    assert " to create" in said
    assert clone.kube.list("v1", "PersistentVolumeClaim", SPACE) == []


def test_up_makes_everything_and_waits_for_the_pod(clone: Clone) -> None:
    said = clone.type("up", "--yes", "--stack", "dev")
    assert " created" in said
    assert must(clone.kube, "Deployment", "kotaemon", SPACE)["status"]["availableReplicas"] == 1
    assert "http://kotaemon.kotaemon.svc:7860" in clone.type("stack", "output", "url", "--stack", "dev")


def test_up_again_changes_nothing(clone: Clone) -> None:
    before = must(clone.kube, "Deployment", "kotaemon", SPACE)["metadata"]["generation"]
    said = clone.type("up", "--yes", "--stack", "dev")
    assert " unchanged" in said
    for word in (" created", " updated", " replaced", " deleted"):
        assert word not in said
    assert must(clone.kube, "Deployment", "kotaemon", SPACE)["metadata"]["generation"] == before


def test_a_mistake_in_the_stack_file_is_told_without_a_traceback(clone: Clone) -> None:
    file = clone.folder / "Pulumi.dev.yaml"
    before = file.read_text()
    file.write_text(before.replace("size: 100Gi", "size: 100GB"))
    try:
        run = clone.run("preview", "--stack", "dev")
    finally:
        file.write_text(before)
    said = run.stdout + run.stderr
    assert run.returncode != 0
    assert "100GB" in said
    assert "Traceback" not in said


def test_the_policy_pack_watches(clone: Clone) -> None:
    if not (ROOT / "policy" / "pack" / "venv").exists():
        pytest.skip("NOT RUN: `make policy` has not made policy/pack/venv")
    (clone.folder / "policy" / "pack" / "venv").symlink_to(ROOT / "policy" / "pack" / "venv")
    said = clone.type("preview", "--stack", "dev", "--policy-pack", "policy/pack")
    assert "kotaemon-storage" in said


def test_destroy_keeps_what_holds_data(clone: Clone) -> None:
    clone.type("destroy", "--yes", "--stack", "dev", "--exclude-protected")
    assert clone.kube.list("apps/v1", "Deployment", SPACE) == []
    assert {c["metadata"]["name"] for c in clone.kube.list("v1", "PersistentVolumeClaim", SPACE)} == {
        "kotaemon-disk",
        "kotaemon-files",
    }
