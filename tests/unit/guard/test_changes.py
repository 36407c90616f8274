"""Which changes would leave data behind, by what is remembered: the rules alone, without a stack."""

from dataclasses import replace

import pytest

from guard.changes import Data, Known, Memory, Move, Place, changes, intent, with_intent

A = Place("storage.claims.a", {"kind": "efs", "name": "a"}, folder="models", claim="kotaemon-a")
B = Place("storage.claims.b", {"kind": "efs", "name": "b"}, folder="models", claim="kotaemon-b")
C = Place("storage.claims.c", {"kind": "efs", "name": "c"}, folder="models", claim="kotaemon-c")
MADE = replace(A, id="fs-1")
"""The same place once it was made."""


def at(place: Place | None, *maybe: Place) -> Memory:
    return Memory({}, {"models": Data(place, maybe)})


def move(old: Place, new: Place) -> dict[str, Move]:
    return {"models": Move(old.text, new.text)}


def left(before: Memory, now: Place, moved: dict[str, Move] | None = None) -> list[tuple[Place, Place, bool]]:
    return [(one.old, one.new, one.certain) for one in changes(before, at(now), moved or {}).left]


def test_an_empty_memory_refuses_nothing() -> None:
    assert not changes(Memory(), at(A), {}).refused


def test_the_same_place_is_no_change() -> None:
    assert left(at(MADE), A) == []


@pytest.mark.parametrize("new", [B, replace(A, folder="other")], ids=["other storage", "other folder"])
def test_another_place_leaves_the_data_behind(new: Place) -> None:
    assert left(at(MADE), new) == [(MADE, new, True)]


def test_the_same_id_is_the_same_storage_whatever_the_words() -> None:
    assert left(at(MADE), replace(B, id="fs-1")) == []


def test_the_same_words_with_another_id_are_other_storage() -> None:
    other = replace(A, id="fs-2")
    assert left(at(MADE), other) == [(MADE, other, True)]


def test_a_move_is_accepted_for_exactly_its_change() -> None:
    assert left(at(MADE), B, move(MADE, B)) == []
    assert left(at(MADE), B, move(A, B)) == [], "the words before the storage was made"
    assert left(at(MADE), C, move(MADE, B)) == [(MADE, C, True)]
    assert left(at(C), B, move(MADE, B)) == [(C, B, True)]


def test_once_remembered_the_line_can_go() -> None:
    found = changes(at(replace(B, id="fs-2")), at(B), move(MADE, B))
    assert (found.done, found.unused, found.refused) == (("models",), (), False)


def test_a_line_that_describes_nothing_is_told() -> None:
    assert changes(at(MADE), at(A), move(B, C)).unused == ("models",)


def after_a_kill(before: Memory, now: Memory) -> Memory:
    """What the next run knows when this one wrote down what it was about to do, and nothing else."""
    return with_intent(before, intent(before, now))


def test_a_run_that_did_not_end_leaves_both_places() -> None:
    after = after_a_kill(at(MADE), at(B))
    assert after.data["models"] == Data(MADE, (B,))
    assert after_a_kill(after, at(B)) == after, "the same again adds nothing"


def test_going_back_without_an_end_forgets_no_place() -> None:
    after = after_a_kill(after_a_kill(at(MADE), at(B)), at(A))
    assert after.data["models"] == Data(MADE, (B,))


def test_an_intent_is_the_same_in_every_unchanged_run() -> None:
    first, second = intent(Memory(), at(A)), intent(at(MADE), at(A))
    assert first == second == Memory({}, {"models": Data(None, (A,))}), "without the id that only a cloud gives"


def test_a_claim_that_a_killed_run_was_making_is_known() -> None:
    after = after_a_kill(at(MADE), Memory(known(B).known, at(A).data))
    assert after.known == known(B).known


@pytest.mark.parametrize(
    ("now", "moved", "refused"),
    [
        (B, move(MADE, B), []),
        (B, {}, [(MADE, B, True)]),
        (A, {}, [(B, A, False)]),
        (A, move(B, A), []),
        (C, move(B, A), [(B, C, False)]),
        (C, move(B, C), []),
        (C, move(MADE, C), []),
    ],
    ids=["on", "on unsaid", "back unsaid", "back", "elsewhere unsaid", "elsewhere", "elsewhere from before"],
)
def test_after_a_failed_move(now: Place, moved: dict[str, Move], refused: list[tuple[Place, Place, bool]]) -> None:
    assert left(at(MADE, B), now, moved) == refused


def test_after_a_first_run_that_failed_its_place_counts() -> None:
    after = after_a_kill(Memory(), at(A))
    assert after.data["models"] == Data(None, (A,))
    assert left(after, A) == []
    assert left(after, B) == [(A, B, False)]
    assert left(after, B, move(A, B)) == []


def test_a_failed_run_without_a_change_remembers_nothing_new() -> None:
    assert after_a_kill(at(MADE), at(A)) == at(MADE)


def known(place: Place, *, fixed: bool = True, protected: bool = True) -> Memory:
    return Memory({place.key: Known(place, fixed, protected)})


def test_other_storage_under_the_same_name_is_refused_and_no_move_helps() -> None:
    new = replace(A, words={"kind": "nfs"})
    before, now = Memory(known(A).known, at(A).data), Memory(known(new).known, at(new).data)
    found = changes(before, now, move(A, new))
    assert [(one.key, one.old, one.new) for one in found.swapped] == [(A.key, A, new)]
    assert found.left == (), "said once"


def test_what_the_engine_can_change_is_not_fixed() -> None:
    assert not changes(known(A, fixed=False), known(replace(A, words={"kind": "nfs"}), fixed=False), {}).refused


def test_what_is_protected_cannot_leave() -> None:
    found = changes(known(A), known(B), {})
    assert [one.key for one in found.gone] == [A.key]


def test_what_was_released_leaves_and_is_told() -> None:
    found = changes(known(A, protected=False), known(B), {})
    assert (found.refused, [one.key for one in found.leaving]) == (False, [A.key])
