"""The devcluster's files stay in one cache folder."""

from pathlib import Path

import pytest

from devcluster import paths, recipe
from devcluster.errors import DevclusterError


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"KOTAEMON_CACHE": "/c", "XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/c"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/kotaemon-storage"),
        ({"HOME": "/h"}, "/h/.cache/kotaemon-storage"),
        ({"KOTAEMON_CACHE": "~/own", "HOME": "/h"}, "/h/own"),
        ({"KOTAEMON_CACHE": "", "HOME": "/h"}, "/h/.cache/kotaemon-storage"),
    ],
)
def test_cache_root(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str) -> None:
    for name in ("KOTAEMON_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert paths.cache_root() == Path(expected)


def test_a_relative_cache_does_not_depend_on_later_changes_of_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOTAEMON_CACHE", "build/cache")
    assert paths.cluster_dir("dev") == Path.cwd() / "build" / "cache" / "clusters" / "dev"


def test_programs_are_kept_by_version(cache: Path) -> None:
    assert paths.bin_dir("engine") == cache / "devcluster-bin" / recipe.key("engine")


def test_programs_can_be_shared_between_caches(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOTAEMON_BIN_CACHE", "/shared")
    assert paths.bin_dir("engine") == Path("/shared") / recipe.key("engine")
    assert paths.cluster_dir("dev") == cache / "clusters" / "dev"


@pytest.mark.parametrize("name", ["", "..", "a/b", "Dev", "-a", "a-", "a b", "a" * 41])
def test_unusable_cluster_names_are_refused(name: str) -> None:
    with pytest.raises(DevclusterError) as error:
        paths.cluster_dir(name)
    assert str(error.value) == (
        f"devcluster name {name!r} is not allowed: up to 40 lower-case letters, digits and '-', no '-' at the ends"
    )
