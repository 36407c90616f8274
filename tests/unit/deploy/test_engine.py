"""Which road a stack takes, and that the two are never mixed."""

from pathlib import Path

import pytest

from deploy import engine


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
