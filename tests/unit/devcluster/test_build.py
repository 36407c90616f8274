"""The build: once, whole or not at all, and clear when it fails. A shell script stands in for the Go toolchain."""

import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from devcluster import build, locks, paths, progress, recipe
from devcluster.errors import DevclusterError
from tests.unit.devcluster.helpers import eventually

GO = """
echo "$*" >> {calls}
case $1 in
env) echo go1.99.0 ;;
list) echo {kwok} ;;
build)
  echo "go: downloading example.com/m v1.2.3" >&2
  echo "example.com/m/pkg" >&2
  {extra}
  while [ "$1" != -o ]; do shift; done
  echo program > "$2" ;;
esac
"""


@pytest.fixture
def go(tmp_path: Path, cache: Path, script: Callable[[str, str], Path]) -> Callable[[str], Path]:
    """`calls = go("sleep 1")` puts a `go` on PATH that does this as well for each program; its calls are listed."""
    for stage in recipe.STAGES:
        path = tmp_path / "kwok" / "kustomize" / "stage" / stage
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"kind: Stage # {stage}\n")
        path.chmod(0o444)

    def write(extra: str = ":") -> Path:
        script("go", GO.format(calls=tmp_path / "calls", kwok=tmp_path / "kwok", extra=extra))
        return tmp_path / "calls"

    return write


def plain() -> Console:
    # Narrow: plain lines must not be broken.
    return Console(file=io.StringIO(), width=20)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_programs_and_stages_are_built_into_the_cache(go: Callable[[], Path]) -> None:
    calls = go()
    target = build.ensure_built(plain())
    assert target == paths.bin_dir()
    assert {path.name for path in target.iterdir()} == {*recipe.PROGRAMS, "stages"}
    assert len(list((target / "stages").iterdir())) == len(recipe.STAGES)
    built = [line for line in calls.read_text().splitlines() if line.startswith("build")]
    assert [line.split()[-1] for line in built] == list(recipe.PROGRAMS.values())
    assert all("-trimpath" in line and "gitVersion=v1." in line for line in built)


def test_the_second_time_go_is_not_even_looked_for(go: Callable[[], Path]) -> None:
    calls = go()
    build.ensure_built(plain())
    calls.unlink()
    build.ensure_built(plain())
    assert not calls.exists()


def test_a_failed_build_leaves_nothing_and_the_next_one_works(go: Callable[..., Path]) -> None:
    go('case $* in *kwok*) echo "pkg.go:7: broken" >&2; exit 1 ;; esac')
    with pytest.raises(DevclusterError, match=r"^building kwok failed: pkg\.go:7: broken$"):
        build.ensure_built(plain())
    assert [path.name for path in paths.bin_root().iterdir()] == ["build.lock"]
    go()
    assert (build.ensure_built(plain()) / "kwok").exists()


def test_no_network_while_building(go: Callable[..., Path]) -> None:
    line = 'go: k8s.io/api: Get "https://proxy.example/": dial tcp: lookup proxy.example: no such host'
    go(f"echo '{line}' >&2; exit 1")
    with pytest.raises(DevclusterError, match=r"^no network while building etcd: go: k8s\.io/api: Get .* no such host"):
        build.ensure_built(plain())


def test_what_a_killed_builder_left_is_removed(go: Callable[[], Path]) -> None:
    go()
    leftover = paths.bin_root() / ".unfinished-old"
    leftover.mkdir(parents=True)
    (leftover / "etcd").write_text("half")
    build.ensure_built(plain())
    assert not leftover.exists()


def test_a_cache_that_cannot_be_written_is_told_in_one_line(
    go: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KOTAEMON_BIN_CACHE", str(tmp_path / "file" / "bin"))
    with pytest.raises(DevclusterError, match=r"^building the devcluster failed: .*Not a directory"):
        build.ensure_built(plain())


def test_two_builders_at_once_build_once(go: Callable[..., Path]) -> None:
    calls = go()
    consoles = [plain(), plain()]
    paths.bin_root().mkdir(parents=True)
    with locks.hold(paths.bin_root() / "build.lock"):
        threads = [threading.Thread(target=build.ensure_built, args=(console,)) for console in consoles]
        for thread in threads:
            thread.start()
        eventually("both wait", 10, lambda: all("another process builds" in shown(console) for console in consoles))
    for thread in threads:
        thread.join()
    assert len([line for line in calls.read_text().splitlines() if line.startswith("build")]) == len(recipe.PROGRAMS)


def test_plain_lines_where_there_is_no_terminal(go: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PLAIN_SECONDS", -1)
    go()
    console = plain()
    build.ensure_built(console)
    lines = shown(console).splitlines()
    assert lines[:4] == [
        "[1/5] etcd: building",
        "[1/5] etcd: 0m00s, downloading example.com/m v1.2.3",
        "[1/5] etcd: 0m00s, 1 packages compiled, example.com/m/pkg",
        "[1/5] etcd: built in 0m00s",
    ]
    assert lines[-1] == "[5/5] kwok: built in 0m00s"


def test_a_moving_line_on_a_terminal(go: Callable[..., Path]) -> None:
    go()
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    build.ensure_built(console)
    assert "5/5" in shown(console)
    assert "building kwok" in shown(console)
