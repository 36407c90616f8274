"""ks_flow.py: runs are forgotten, the cache is bounded. theflow itself is a stand-in here."""

import sys
from types import ModuleType

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import runtime_module


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, what in (("theflow.cache", "BaseCache"), ("theflow.storage.base", "BaseStorage")):
        module = ModuleType(name)
        setattr(module, what, object)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "ks_flow", raising=False)
    return runtime_module("ks_flow")


def test_runs_are_taken_and_forgotten(flow: ModuleType) -> None:
    storage = flow.ForgettingStorage()
    path = storage.join("Pipeline", "1", "progress.pkl")
    for mode, content in (("wb", b"document text"), ("w", "document text")):
        with storage.open(path, mode) as file:
            file.write(content)
    assert not storage.exists(path)
    with pytest.raises(FileNotFoundError, match="runs are not kept"):
        storage.open(path)


def test_all_caches_share_one_memory_and_give_copies(flow: ModuleType) -> None:
    flow.BoundedCache()["run"] = {"steps": ["one"]}
    flow.BoundedCache()["run"]["steps"].append("changed by a reader")
    assert flow.BoundedCache().get("run") == {"steps": ["one"]}
    assert flow.BoundedCache().get_then_set("run", lambda run: run | {"end": 1}) == {"steps": ["one"], "end": 1}
    assert "run" in flow.BoundedCache()
    flow.BoundedCache().delete("run")
    assert "run" not in flow.BoundedCache()
    with pytest.raises(KeyError):
        _ = flow.BoundedCache()["run"]


def test_counters_and_first_values(flow: ModuleType) -> None:
    cache = flow.BoundedCache()
    assert (cache.incr("asked"), cache.incr("asked", 2), cache.decr("asked")) == (1, 3, 2)
    cache.add("first", 1)
    cache.add("first", 2)
    assert cache["first"] == 1


def test_the_memory_has_a_bound_and_the_oldest_goes_first(flow: ModuleType) -> None:
    memory = flow.Memory(10_000)
    for number in range(100):
        memory.write(str(number), b"x" * 1000)
        memory.read("0")  # used all the time: stays
    assert len(memory) < 10
    assert "0" in memory
    assert "99" in memory
    assert "1" not in memory


def test_a_value_above_the_bound_is_kept_while_it_is_the_newest(flow: ModuleType) -> None:
    memory = flow.Memory(10_000)
    memory.write("large", b"x" * 20_000)
    assert memory.read("large") == b"x" * 20_000
    memory.write("next", b"x")
    assert "large" not in memory


def test_the_list_of_every_run_does_not_grow(flow: ModuleType) -> None:
    cache = flow.BoundedCache()
    cache.set(flow.EVERY_RUN, [])
    for number in range(3):
        cache.get_then_set(flow.EVERY_RUN, lambda runs, n=number: [*runs, n], default=[])
    assert cache[flow.EVERY_RUN] == []
