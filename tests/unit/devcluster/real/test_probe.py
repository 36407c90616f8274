"""Why a machine cannot have real nodes, each reason in a sentence for people."""

import os
import sys
from pathlib import Path

import pytest

from devcluster import debian
from devcluster.real import cgroups, probe


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe believes that it is root on Linux."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sys, "platform", "linux")


def test_without_root_it_says_what_root_would_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert probe.why_not() == (
        "real nodes need root (never taken by itself): run the same command as root to see containers run"
    )


def test_another_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert probe.why_not() == "real nodes need Linux, and this is darwin"


def test_a_cache_that_nodes_would_not_see(root: None) -> None:
    assert probe.why_not(Path("/var/lib/kotaemon")) == (
        "real nodes have a /var/lib of their own and would not see /var/lib/kotaemon: use another KOTAEMON_CACHE"
    )


def test_a_missing_program_is_named_with_its_package(
    root: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(debian, "search_path", lambda: str(tmp_path))
    assert probe.why_not() == "real nodes need unshare (package util-linux), which is not on PATH"


def test_control_groups_that_are_not_there(root: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "hierarchies", lambda: {"cpu,cpuacct": Path("/x")})
    monkeypatch.setattr(probe.shutil, "which", lambda program, path=None: f"/usr/bin/{program}")
    assert "control groups" in (probe.why_not() or "")


def test_programs_of_administrators_are_found_where_their_folders_are_not_on_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(probe.os, "geteuid", lambda: 0)
    reason = probe.why_not()
    assert reason is None or reason.startswith("real nodes ")
