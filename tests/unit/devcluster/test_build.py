"""The build: once, whole or not at all, and clear when it fails. A shell script stands in for the Go toolchain."""

import io
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from devcluster import build, debian, locks, paths, progress, recipe
from devcluster.errors import DevclusterError
from devcluster.real import probe
from tests.unit.devcluster.helpers import eventually

PARTS = ("control-plane", "simulated-nodes")

GO = """
echo "$*" >> {calls}
case $1 in
env) echo go1.99.0 ;;
mod) echo '{{"Dir": "{kwok}"}}' ;;
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
        script(
            "go",
            GO.format(
                calls=tmp_path / "calls",
                kwok=tmp_path / "kwok",
                extra=extra.replace("{calls}", str(tmp_path / "calls")),
            ),
        )
        return tmp_path / "calls"

    return write


def plain() -> Console:
    # Narrow: plain lines must not be broken.
    return Console(file=io.StringIO(), width=20)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_programs_links_and_stages_are_built_into_the_cache(go: Callable[[], Path]) -> None:
    calls = go()
    control_plane, simulated = build.ensure_built(plain(), *PARTS)
    assert [control_plane, simulated] == [paths.bin_dir(part) for part in PARTS]
    (kubernetes,) = recipe.PARTS["control-plane"]
    assert {path.name for path in control_plane.iterdir()} == {"kubernetes", *kubernetes.links, "times.json"}
    assert (control_plane / "kubelet").resolve() == control_plane / "kubernetes"
    assert len(list((simulated / "stages").iterdir())) == len(recipe.STAGES)
    built = [line for line in calls.read_text().splitlines() if line.startswith("build")]
    assert [line.split()[-1] for line in built] == [".", "sigs.k8s.io/kwok/cmd/kwok"]
    assert all("-trimpath" in line for line in built)
    assert "gitVersion=v1." in built[0]


def test_the_engine_is_built_by_itself_with_the_plugins_data_from_its_module(go: Callable[..., Path]) -> None:
    calls = go('for word; do case $word in -overlay=*) /bin/cat "${word#-overlay=}" >> {calls}.overlay ;; esac; done')
    (folder,) = build.ensure_built(plain(), "engine")
    assert {path.name for path in folder.iterdir()} == {"pulumi", "pulumi-resource-kubernetes", "times.json"}
    replaced = json.loads(calls.with_name("calls.overlay").read_text())["Replace"]
    assert {Path(ours).name: Path(theirs).is_absolute() for ours, theirs in replaced.items()} == {
        "schema.json": True,
        "terraform-mapping.json": True,
    }


def test_what_was_built_says_how_long_it_took(go: Callable[..., Path]) -> None:
    go("/bin/sleep 0.2")
    (folder,) = build.ensure_built(plain(), "control-plane")
    assert json.loads((folder / "times.json").read_text())["kubernetes"]["wall_seconds"] >= 0.2


def test_the_command_builds_what_it_is_told_and_prints_the_folders(
    go: Callable[[], Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    go()
    assert build.main(["engine"]) == 0
    assert capsys.readouterr().out == f"{paths.bin_dir('engine')}\n"
    monkeypatch.setattr(probe, "why_not", lambda *_: None)
    monkeypatch.setattr(debian, "fetch", lambda *_: None)
    assert build.main([]) == 0
    assert capsys.readouterr().out.split() == [str(paths.bin_dir(part)) for part in (*PARTS, "real-nodes")]


def test_without_real_nodes_the_command_says_why_and_is_well(
    go: Callable[[], Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    go()
    monkeypatch.setattr(probe, "why_not", lambda *_: "real nodes need root")
    assert build.main([]) == 0
    said = capsys.readouterr()
    assert said.out.split() == [str(paths.bin_dir(part)) for part in PARTS]
    assert said.err.splitlines()[-1] == "nodes are simulated here: real nodes need root"


def test_an_unknown_part_is_refused_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build.main(["engin"])
    assert (
        "no part 'engin'; there are control-plane, simulated-nodes, real-nodes, engine, yaml" in capsys.readouterr().err
    )


def test_a_failed_build_is_one_line_of_the_command(go: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    go("echo pkg.go:7: broken >&2; exit 1")
    assert build.main(["engine"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "error: building pulumi failed: pkg.go:7: broken"


def test_the_second_time_go_is_not_even_looked_for(go: Callable[[], Path]) -> None:
    calls = go()
    build.ensure_built(plain(), *PARTS)
    calls.unlink()
    build.ensure_built(plain(), *PARTS)
    assert not calls.exists()


def test_a_failed_build_leaves_only_whole_parts_and_the_next_one_works(go: Callable[..., Path]) -> None:
    go('case $* in *kwok*) echo "pkg.go:7: broken" >&2; exit 1 ;; esac')
    with pytest.raises(DevclusterError, match=r"^building kwok failed: pkg\.go:7: broken$"):
        build.ensure_built(plain(), *PARTS)
    assert {path.name for path in paths.bin_root().iterdir()} == {
        "control-plane.lock",
        "simulated-nodes.lock",
        paths.bin_dir("control-plane").name,
    }
    go()
    assert (build.ensure_built(plain(), *PARTS)[1] / "kwok").exists()


def test_no_network_while_building(go: Callable[..., Path]) -> None:
    line = 'go: k8s.io/api: Get "https://proxy.example/": dial tcp: lookup proxy.example: no such host'
    go(f"echo '{line}' >&2; exit 1")
    with pytest.raises(
        DevclusterError, match=r"^no network while building kubernetes: go: k8s\.io/api: Get .* no such host"
    ):
        build.ensure_built(plain(), *PARTS)


def test_what_a_killed_builder_left_is_removed(go: Callable[[], Path]) -> None:
    go()
    leftover = paths.bin_root() / ".unfinished-control-plane-old"
    leftover.mkdir(parents=True)
    (leftover / "etcd").write_text("half")
    build.ensure_built(plain(), *PARTS)
    assert not leftover.exists()


def test_a_cache_that_cannot_be_written_is_told_in_one_line(
    go: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KOTAEMON_BIN_CACHE", str(tmp_path / "file" / "bin"))
    with pytest.raises(DevclusterError, match=r"^building the devcluster failed: .*Not a directory"):
        build.ensure_built(plain(), *PARTS)


def test_two_builders_at_once_build_once(go: Callable[..., Path]) -> None:
    calls = go()
    consoles = [plain(), plain()]
    paths.bin_root().mkdir(parents=True)
    with locks.hold(paths.bin_root() / "control-plane.lock"):
        threads = [threading.Thread(target=build.ensure_built, args=(console, *PARTS)) for console in consoles]
        for thread in threads:
            thread.start()
        eventually(
            "both wait",
            60,
            lambda: all("another process builds the part control-plane" in shown(console) for console in consoles),
        )
    for thread in threads:
        thread.join()
    assert len([line for line in calls.read_text().splitlines() if line.startswith("build")]) == len(PARTS)


def test_a_part_that_is_being_built_keeps_nobody_from_another(go: Callable[[], Path]) -> None:
    go()
    paths.bin_root().mkdir(parents=True)
    with locks.hold(paths.bin_root() / "engine.lock"):
        assert build.ensure_built(plain(), *PARTS) == [paths.bin_dir(part) for part in PARTS]


def test_plain_lines_where_there_is_no_terminal(go: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PLAIN_SECONDS", -1)
    monkeypatch.setattr(progress.os, "cpu_count", lambda: 2)
    go()
    console = plain()
    build.ensure_built(console, *PARTS)
    lines = shown(console).splitlines()
    assert lines[:4] == [
        "[1/2] kubernetes: building, about 4 min left",
        "[1/2] kubernetes: 0m00s, about 4 min left, downloading example.com/m v1.2.3",
        "[1/2] kubernetes: 0m00s, about 4 min left, 1 packages compiled, example.com/m/pkg",
        "[1/2] kubernetes: built in 0m00s",
    ]
    assert lines[-1] == "[2/2] kwok: built in 0m00s"


def test_a_moving_line_on_a_terminal(go: Callable[..., Path]) -> None:
    go()
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    build.ensure_built(console, *PARTS)
    assert "2/2" in shown(console)
    assert "building kwok" in shown(console)


def test_the_time_left_follows_how_fast_it_has_been(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress.os, "cpu_count", lambda: 2)
    estimate = progress.Estimate([240, 600])
    estimate.begin()
    assert estimate.left == "about 7 min left"
    now[0] = 240.0
    estimate.begin()
    assert estimate.left == "about 10 min left", "it ran at half the speed of two processors"
    now[0] = 860.0
    assert estimate.left == "less than a minute left"
    now[0] = 1000.0
    assert estimate.left == "later than expected, because the machine is busy", (
        "the program's end was expected at 840 s"
    )
