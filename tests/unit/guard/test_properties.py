"""What must hold for every storage map, whatever the table says."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.contract import AccessMode, Claim, Locks, Medium, Profile, Role, RoleMount, StorageMap
from guard import safety
from guard.report import GuardRefused
from guard.rules import RULES
from guard.safety import Pods

T = TypeVar("T")
FILE_BACKENDS = ("nfs3", "nfs4", "efs", "openzfs", "lustre", "nas3", "nas4", "juicefs")
WEAKER = {Locks.SHARED: (Locks.NODE_LOCAL, Locks.NONE), Locks.NODE_LOCAL: (Locks.NONE,)}
OVERRIDABLE = [name for name, rule in RULES.items() if not rule.final]


@st.composite
def claims(draw: Callable[[st.SearchStrategy[T]], T], name: str) -> Claim:
    backend = draw(st.sampled_from(("disk", "disk", "object", *FILE_BACKENDS)))
    claim = Claim(
        name=name,
        access_mode=AccessMode.RWX,
        medium=Medium.FILE,
        backend=backend,
        size_gib=100,
        zones=draw(st.sampled_from([[], [], ["x"], ["y"], ["x", "y"]])),
        encrypted_by=draw(st.sampled_from(["AWS KMS", "nobody known"])),
        locks=Locks.SHARED,
        fs_group=False,
    )
    if backend == "disk":
        mode = draw(st.sampled_from([AccessMode.RWOP, AccessMode.RWO]))
        claim.update(medium=Medium.BLOCK, locks=Locks.ONE_NODE, access_mode=mode)
    elif backend == "object":
        claim.update(medium=Medium.OBJECT, locks=Locks.NONE)
    else:
        claim["locks"] = draw(st.sampled_from([Locks.SHARED] * 3 + [Locks.NODE_LOCAL, Locks.NONE]))
    return claim


@st.composite
def storage_maps(draw: Callable[[st.SearchStrategy[T]], T]) -> StorageMap:
    made = [draw(claims(name)) for name in draw(st.sampled_from([["a"], ["a"], ["a", "b"], ["a", "b", "c"]]))]
    missing = draw(st.sampled_from([None] * 20 + [*Role]))
    return {
        role.value: RoleMount(
            claim=draw(st.sampled_from(made)),
            sub_path=role.value,
            read_only=draw(st.sampled_from([False] * 15 + [True])),
        )
        for role in Role
        if role != missing
    }


def all_pods() -> st.SearchStrategy[Pods]:
    return st.builds(
        Pods,
        profile=st.sampled_from(Profile),
        replicas=st.sampled_from([1, 1, 1, 2, 5]),
        strategy=st.sampled_from(["Recreate"] * 4 + ["RollingUpdate"]),
        session_affinity=st.sampled_from([True] * 4 + [False]),
        log_file_per_pod=st.sampled_from([True] * 4 + [False]),
        document_store=st.sampled_from(["lancedb", "elasticsearch"]),
        graph_indexes=st.booleans(),
    )


def overrides() -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(OVERRIDABLE), st.just("a reason"), max_size=4)


def accepted(storage: StorageMap, pods: Pods, given: dict[str, str] | None = None) -> bool:
    return not safety.check(storage, pods, given).refusals


@given(storage_maps(), all_pods(), overrides())
def test_accepted_never_means_two_writers_on_a_store_of_one(storage: StorageMap, pods: Pods, given: dict) -> None:
    """Said without the table, and no override gets around it."""
    if not accepted(storage, pods, given):
        return
    if pods.profile == Profile.SINGLE_WRITER:
        assert pods.replicas == 1, "SQLite and Chroma"
        assert pods.strategy == "Recreate" or "rolling-update" in given
    else:
        assert not pods.graph_indexes, "graph files"
        mounted = [mount["claim"] for role, mount in storage.items() if role != "sessions"]
        assert all(claim["medium"] != Medium.BLOCK for claim in mounted), "disks"


@given(storage_maps(), all_pods())
def test_accepted_databases_have_locks_that_are_real(storage: StorageMap, pods: Pods) -> None:
    if pods.profile == Profile.SINGLE_WRITER and accepted(storage, pods):
        for role in ("sessions", "indexes"):
            claim = storage[role]["claim"]
            assert claim["locks"] in (Locks.ONE_NODE, Locks.SHARED)
            assert claim["backend"] != "nas3"
            assert not storage[role]["read_only"]


@given(storage_maps(), all_pods())
def test_accepted_data_outlives_the_pod(storage: StorageMap, pods: Pods) -> None:
    if accepted(storage, pods):
        assert {"indexes", "uploads"} <= set(storage)
        assert storage["uploads"]["claim"]["medium"] != Medium.OBJECT


@given(storage_maps(), all_pods(), overrides())
def test_another_replica_never_helps(storage: StorageMap, pods: Pods, given: dict) -> None:
    if accepted(storage, replace(pods, replicas=pods.replicas + 1), given):
        assert accepted(storage, pods, given)


@given(storage_maps(), all_pods(), overrides(), st.data())
def test_weaker_locks_never_help(storage: StorageMap, pods: Pods, given: dict, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted({mount["claim"]["name"] for mount in storage.values()})))
    locks = next(m["claim"]["locks"] for m in storage.values() if m["claim"]["name"] == name)
    weaker = data.draw(st.sampled_from(WEAKER.get(locks, (locks,))))

    def weakened(claim: Claim) -> Claim:
        return claim | {"locks": weaker} if claim["name"] == name else claim  # type: ignore[return-value]

    worse = {role: mount | {"claim": weakened(mount["claim"])} for role, mount in storage.items()}
    if accepted(worse, pods, given):  # type: ignore[arg-type]
        assert accepted(storage, pods, given)


@given(storage_maps(), all_pods(), overrides(), st.data())
def test_fewer_overrides_never_help(storage: StorageMap, pods: Pods, given: dict, data: st.DataObject) -> None:
    kept = {rule: reason for rule, reason in given.items() if data.draw(st.booleans())}
    if accepted(storage, pods, kept):
        assert accepted(storage, pods, given)


@given(storage_maps(), all_pods())
def test_no_cookie_never_helps(storage: StorageMap, pods: Pods) -> None:
    if accepted(storage, replace(pods, session_affinity=False)):
        assert accepted(storage, replace(pods, session_affinity=True))


@given(storage_maps(), all_pods(), overrides())
def test_nothing_is_silent(storage: StorageMap, pods: Pods, given: dict) -> None:
    report = safety.check(storage, pods, given)
    assert report.overrides == given
    told = {verdict.rule for verdict in report.overridden} | {v.message.split()[0] for v in report.warnings}
    assert set(given) <= told, "every override is used and listed, or warned of"
    assert [*report.refusals, *report.warnings] == [v for v in report.verdicts if not v.overridden]
    for verdict in report.verdicts:
        assert verdict.message
        assert verdict.fix
        assert verdict.source
        assert "{" not in verdict.fix
    if report.refusals:
        with pytest.raises(GuardRefused) as caught:
            report.raise_if_refused("Pulumi.x.yaml")
        assert all(verdict.line in str(caught.value) for verdict in report.refusals)
        assert all(verdict.line in str(caught.value) for verdict in report.overridden)
    else:
        report.raise_if_refused("Pulumi.x.yaml")


@given(storage_maps(), all_pods())
def test_each_rule_is_told_once_for_a_claim(storage: StorageMap, pods: Pods) -> None:
    places = [(v.rule, v.claim, v.message) for v in safety.check(storage, pods).verdicts]
    assert len(places) == len(set(places))
