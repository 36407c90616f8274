"""Two pods from empty stores on; then the stores fail, and a pod. The tests follow one another."""

import signal
import time
from collections.abc import Callable

import pytest

from tests.application import documents, stores
from tests.application.browser import Visitor
from tests.application.documents import QUESTION
from tests.application.house import PASSWORD, House
from tests.application.pod import Pod
from tests.application.slow import begin_slow_upload
from tests.application.stores import Milvus

pytestmark = pytest.mark.timeout(1800)


def milvus(house: House) -> Milvus:
    assert isinstance(house.vectors, Milvus)
    return house.vectors


@pytest.fixture(scope="module")
def people(two: list[Pod], visit_long: Callable[[str], Visitor]) -> list[Visitor]:
    """One user, signed in on both pods."""
    return [visit_long(pod.url).open().sign_in("admin", PASSWORD) for pod in two]


def test_two_pods_start_at_once_on_empty_stores(house: House, two: list[Pod]) -> None:
    assert house.postgres.sql("kotaemon", 'SELECT username FROM "user"') == "admin"
    assert all("IntegrityError" not in pod.output() for pod in two)
    assert "held by pod-a" in two[1].output() or "held by pod-b" in two[0].output()


def test_the_first_uploads_at_the_same_moment_lose_nothing(house: House, people: list[Visitor]) -> None:
    for visitor, name in zip(people, ("rivers", "birds"), strict=True):
        visitor.choose_files(documents.text(house.node.folder, name))
    for visitor in people:
        visitor.press_upload()
    assert [visitor.upload_result(1) for visitor in people] == ["\u2705 | rivers.txt", "\u2705 | birds.txt"]
    assert house.files() == {"rivers.txt", "birds.txt"}


def test_what_one_pod_indexed_the_other_finds(people: list[Visitor]) -> None:
    for visitor, name in zip(people, ("birds", "rivers"), strict=True):
        visitor.open().signed_in()
        visitor.search_whole_collection()
        visitor.ask(QUESTION.format(name), f"CODE-{name.upper()}")
        assert f"{name}.txt" in visitor.evidence()


def test_after_a_restart_of_the_database_the_next_question_is_answered(house: House, people: list[Visitor]) -> None:
    house.postgres.stop()
    house.postgres.start()
    house.postgres.listening(stores.DATABASE_PORT, 60)
    taken = [visitor.ask(f"Again: {QUESTION.format('birds')}", "CODE-BIRDS") for visitor in people]
    print("\nafter a restart of PostgreSQL:", [f"{seconds:.1f} s" for seconds in taken])


def test_a_database_whose_node_is_lost_for_twenty_seconds_holds_nobody_up_for_long(
    house: House, people: list[Visitor]
) -> None:
    house.postgres.cut()
    begun = time.monotonic()
    people[0].begin_question(f"In the dark: {QUESTION.format('rivers')}")
    people[0].page.wait_for_timeout(20_000)
    house.postgres.connect()
    people[0].page.wait_for_timeout(3000)
    people[0].ask(f"In the light: {QUESTION.format('rivers')}", "CODE-RIVERS")
    assert time.monotonic() - begun < 90
    print(f"\nfrom the loss to the next answer: {time.monotonic() - begun:.0f} s")


def test_without_the_vector_store_an_answer_says_so_and_an_upload_leaves_nothing_half(
    house: House, people: list[Visitor]
) -> None:
    milvus(house).stop(signal.SIGKILL)
    taken = people[0].ask(f"Without vectors: {QUESTION.format('birds')}", "The vector store did not answer")
    assert taken < 60
    print(f"\nan answer without the vector store: {taken:.0f} s")
    people[1].choose_files(documents.text(house.node.folder, "trees"))
    people[1].press_upload()
    assert people[1].upload_result(1, seconds=400).startswith("\u274c | trees.txt")
    assert house.files() == {"rivers.txt", "birds.txt"}
    milvus(house).start()
    milvus(house).listening(stores.MILVUS_PORT, 240)


def test_when_the_vector_store_is_back_everything_works_without_a_restart(house: House, people: list[Visitor]) -> None:
    people[0].page.wait_for_timeout(15_000)
    people[1].open().signed_in()
    people[1].choose_files(documents.text(house.node.folder, "trees"))
    people[1].press_upload()
    assert people[1].upload_result(1, seconds=240) == "\u2705 | trees.txt"
    people[0].open().signed_in()
    people[0].search_whole_collection()
    people[0].ask(f"With vectors: {QUESTION.format('trees')}", "CODE-TREES")
    assert "The vector store did not answer" not in people[0].answers()


def test_a_pod_that_dies_in_an_answer_loses_that_question_and_nothing_else(
    house: House, two: list[Pod], visit: Callable[[str], Visitor]
) -> None:
    visitor = visit(house.front.url).open().sign_in("admin", PASSWORD)
    visitor.search_whole_collection()
    visitor.ask(f"Behind the front: {QUESTION.format('birds')}", "CODE-BIRDS")
    (cookie,) = (c["value"] for c in visitor.page.context.cookies() if c["name"] == "front")
    (victim,) = (pod for pod in two if pod.address.endswith(f".{cookie[1:]}"))
    slow = house.node.folder / "slow-answers"
    slow.touch()
    visitor.begin_question(f"Slowly: {QUESTION.format('rivers')}")
    visitor.page.get_by_text("word3").first.wait_for()
    victim.kill()
    slow.unlink()
    begun = time.monotonic()
    visitor.page.get_by_text("Connection errored out").first.wait_for()
    visitor.page.wait_for_timeout(3000)
    visitor.open().signed_in()
    print(f"\nsigned in on the other pod {time.monotonic() - begun:.0f} s after the kill")
    visitor.choose_conversation()
    assert "CODE-BIRDS" in visitor.answers()
    visitor.search_whole_collection()
    visitor.ask(f"Afterwards: {QUESTION.format('rivers')}", "CODE-RIVERS")


def test_a_third_pod_joins_and_one_that_is_told_to_end_loses_nothing(
    house: House, two: list[Pod], visit: Callable[[str], Visitor]
) -> None:
    (left,) = (pod for pod in two if pod.alive)
    house.grow(2)
    visitor = visit(left.url).open().sign_in("admin", PASSWORD)
    visitor.search_whole_collection()
    begin_slow_upload(house.node, left, visitor, documents.text(house.node.folder, "stones"))
    code, seconds = house.end(left)
    print(f"ended {seconds:.0f} s after SIGTERM in the middle of an upload")
    assert code == 0
    visitor = visit(house.front.url).open().sign_in("admin", PASSWORD)
    visitor.search_whole_collection()
    visitor.ask(QUESTION.format("stones"), "CODE-STONES")
    assert visitor.ask(f"And {QUESTION.format('trees')}", "CODE-TREES") < 60
