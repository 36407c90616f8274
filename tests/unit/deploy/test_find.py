"""Where the engine comes from, and in which order it is looked for."""

import io
import os
from importlib.metadata import version
from pathlib import Path

import pytest
from rich.console import Console

from deploy import find
from devcluster import build, paths
from tests.unit.deploy.fakes import program

SAYS_VERSION = "echo v3.999.0"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on PATH but the system's own, where nobody answers; what is built is recorded."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    monkeypatch.setenv("KOTAEMON_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KOTAEMON_BIN_CACHE", raising=False)
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(find, "_answers", lambda _: False)
    monkeypatch.setattr(build, "ensure_built", lambda _console, part: [built()])
    return tmp_path


def built() -> Path:
    """Programs as `devcluster.build engine` makes them."""
    folder = paths.bin_dir("engine")
    program(folder, "pulumi", "echo v3.274.1")
    program(folder, find.PLUGIN, "echo v4.0.0")
    return folder


def look() -> tuple[find.Engine, str]:
    out = io.StringIO()
    return find.find(Console(file=out, width=200)), out.getvalue()


def test_what_is_on_path_is_taken_with_the_users_own_home(machine: Path) -> None:
    program(machine / "path", "pulumi", SAYS_VERSION)
    plugin = program(machine / "path", find.PLUGIN, "true")
    engine, said = look()
    assert engine.line == f"pulumi 3.999.0, on PATH; its plugin is {plugin}"
    assert "PULUMI_HOME" not in engine.environment
    assert said == ""
    assert not paths.bin_root().exists(), "nothing is built"


def test_a_plugin_that_was_installed_before_is_taken(machine: Path) -> None:
    program(machine / "path", "pulumi", SAYS_VERSION)
    wanted = version("pulumi-kubernetes")
    program(machine / "home" / ".pulumi" / "plugins" / f"resource-kubernetes-v{wanted}", find.PLUGIN, "true")
    assert look()[0].line == f"pulumi 3.999.0, on PATH; plugin kubernetes {wanted}"


def test_what_cannot_be_installed_is_built_and_both_are_said(machine: Path) -> None:
    engine, said = look()
    assert (
        engine.line
        == "pulumi 3.274.1, built from its Go modules; plugin kubernetes v4.0.0 of 20260115, built from its Go modules"
    )
    assert engine.environment["PATH"].split(os.pathsep)[0] == str(paths.bin_dir("engine"))
    assert engine.environment["PULUMI_HOME"].startswith(str(machine / "cache"))
    assert "Engine: pulumi is not on PATH, and its installer did not answer within 5 s" in said.splitlines()


def test_what_was_built_before_is_taken_without_asking_anybody(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built()

    def asked(_: str) -> bool:
        raise AssertionError("a server was asked")

    monkeypatch.setattr(find, "_answers", asked)
    engine, said = look()
    assert engine.line.startswith("pulumi 3.274.1, built from its Go modules")
    assert said == ""


def test_what_was_built_is_not_started_to_say_its_version(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = built()
    program(folder, "pulumi", f"touch {machine / 'started'}; echo v3.274.1")
    monkeypatch.setattr(build, "ensure_built", lambda _console, _part: [folder])
    assert look()[0].line.startswith("pulumi 3.274.1, built from its Go modules")
    assert not (machine / "started").exists()


def test_a_plugin_for_the_users_own_pulumi_is_built_where_it_cannot_be_installed(machine: Path) -> None:
    program(machine / "path", "pulumi", SAYS_VERSION)
    engine, said = look()
    assert engine.line == "pulumi 3.999.0, on PATH; plugin kubernetes v4.0.0 of 20260115, built from its Go modules"
    assert f"Engine: the plugin kubernetes {version('pulumi-kubernetes')} is not here, and its server did not" in said


def test_a_pulumi_on_path_that_is_too_old_is_said_and_another_is_got(machine: Path) -> None:
    program(machine / "path", "pulumi", "echo v3.100.0")
    engine, said = look()
    assert engine.line.startswith("pulumi 3.274.1, built from its Go modules")
    assert said.startswith("Engine: the pulumi on PATH cannot be used (Minimum version requirement failed.")


def test_no_run_downloads_a_plugin_by_itself(machine: Path) -> None:
    assert look()[0].environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
