"""Each field of each kind, store and section changed once on stacks that live, on the real engine.

The rows beside the fields say what must happen, and the engine is asked whether it does. `make test` takes one field of
each table; the long form takes all of them, and brings each change up that can be taken back.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation as auto

from components.contract import Platform
from devcluster.cluster import Cluster
from stacks.effects import Effect
from tests.engine.effects.expected import Expected, expected
from tests.engine.effects.fields import FIELDS, STACKS, Case, cases
from tests.engine.effects.living import Living, Step, brought_up
from tests.engine.engines import kube

GONE = ("delete", "replace", "create-replacement", "delete-replaced")
STAYS = ("PersistentVolume", "PersistentVolumeClaim", "StorageClass")


def params() -> Iterator[Any]:
    """Each case with its stack, stack by stack; the short form is not marked."""
    for stack in STACKS:
        for case in (case for case in cases() if case.stack == stack):
            # Another kind is refused, the same for all.
            first = next((name for name in FIELDS[case.table][2] if name != "kind"), "kind") == case.name
            yield pytest.param(stack, case, id=case.id, marks=() if first else pytest.mark.long)


@pytest.fixture(scope="module")
def living(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    cluster_for: Callable[[Platform], Cluster],
) -> Living:
    """One of the stacks, up."""
    name: str = request.param
    stack = STACKS[name]
    cluster = cluster_for(stack.platform)
    for made in stack.there():
        kube(cluster).apply(made)
    made = brought_up(name, stack.settings, stack.platform, tmp_path_factory.mktemp(name), cluster_for)
    made.up()
    return made


@pytest.mark.parametrize(("living", "case"), params(), indirect=["living"], scope="module")
def test_a_change_does_what_its_row_says_and_nothing_that_holds_data_goes(
    living: Living, case: Case, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    said, before = expected(case, tmp_path), living.config.read_text()
    held, state, places = living.held(), living.state(), living.memory()
    living.change(case.values)
    try:
        if said.refused:
            for run in (living.preview, living.up):
                with pytest.raises(auto.CommandError, match=r"nothing was (changed|created)"):
                    run()
            assert living.state() == state, "a refused change changes nothing at all"
            return
        steps = living.preview()
        assert [step for step in steps if step[0] in GONE and step[1:] in held] == [], "what holds data goes"
        assert not_left_alone(said, steps) == []
        if request.node.get_closest_marker("long") and said.returns and not case.change.preview_only:
            living.up()
            assert living.memory() == places, "every role's data is where it was"
            living.config.write_text(before)
            living.up()
            assert living.memory() == places
    finally:
        living.config.write_text(before)


@pytest.mark.parametrize("living", ["fields-private-disk"], indirect=True, scope="module")
def test_a_disk_that_no_pod_has_mounted_does_not_grow(living: Living) -> None:
    before, state = living.config.read_text(), living.state()
    living.change({"storage.claims.spare.size": "60Gi"})
    try:
        for run in (living.preview, living.up):
            with pytest.raises(auto.CommandError, match=r"spare\.size: 10Gi -> 60Gi, refused: the claim has no volume"):
                run()
        assert living.state() == state
    finally:
        living.config.write_text(before)


@pytest.mark.parametrize("living", ["fields-alicloud"], indirect=True, scope="module")
def test_an_nfs_machine_is_replaced_and_its_disk_is_never_taken_from_it(living: Living) -> None:
    """The old machine goes first, then comes the new one, and the disk at it; disk and address are not touched."""
    before, done = living.config.read_text(), len(living.calls())
    machine = ("alicloud:ecs/instance:Instance", "kotaemon-served-server")
    attached = ("alicloud:ecs/ecsDiskAttachment:EcsDiskAttachment", "kotaemon-served-disk-at-server")
    living.change({"storage.claims.served.threads": 32})
    try:
        living.up()
        calls = [call for call in living.calls()[done:] if "kotaemon-served" in call[2]]
        assert calls == [("delete", *machine), ("create", *machine), ("create", *attached)]
    finally:
        living.config.write_text(before)
        living.up()


def not_left_alone(said: Expected, steps: set[Step]) -> list[Step]:
    """Steps on the claims, volumes and classes that keep what they have, by their rows."""
    changing = {change.at.subject for change in said.changed if change.row.effect == Effect.IN_PLACE}
    stay = {change.at.subject for change in said.changed if change.stays} - changing
    return [
        step for step in steps if step[1].endswith(STAYS) and any(step[2].startswith(f"{subject}-") for subject in stay)
    ]


@pytest.mark.parametrize("living", STACKS, indirect=True, scope="module")
def test_reverting_is_a_no_op(living: Living) -> None:
    assert living.up() == set()
