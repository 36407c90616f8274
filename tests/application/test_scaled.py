"""The real application as two pods with real stores, under the pod that Pulumi.private-scaled.yaml renders.

Its stores are replaced by `external` PostgreSQL and `milvus` (Qdrant's server is in no package registry); the file
claim is one local folder, not NFS. The tests follow one another.
"""

import os
import signal
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tests.application import browser as browsers
from tests.application import stores
from tests.application.browser import Visitor
from tests.application.network import GATEWAY
from tests.application.pod import Node, Pod
from tests.application.rendered import render
from tests.application.stores import Front, Milvus, Postgres
from tests.application.test_single_writer import PASSWORD, QUESTION, begin_slow_upload, document

STACK = Path(__file__).parents[2] / "Pulumi.private-scaled.yaml"
FRONT_PORT = 8080
DRIVER = "KOTAEMON_TEST_DRIVER"
"""Names a folder with psycopg2 for the copy's Python: what the init container install-driver would download."""
pytestmark = pytest.mark.timeout(1200)


class House:
    """The stores, the front and the pods."""

    def __init__(self, node: Node, pods: list[Pod], driver: Path) -> None:
        self.node, self._pods = node, pods
        node.preinstalled["driver"] = driver
        self.postgres, self.milvus = Postgres(node.network, node.folder), Milvus(node.network, node.folder)
        self.milvus.start()
        self.milvus.listening(stores.MILVUS_PORT, 240)
        self.front = Front(node.network, node.folder, GATEWAY, FRONT_PORT)
        endpoint = {"cidr": "10.77.0.0/24"}
        self._rendered = render(
            node.folder / "stack",
            STACK,
            env={"OPENAI_API_BASE": "http://models.test:8000/v1"},
            stores={
                "database": {"kind": "external", "secretName": "stores", "secretKey": "database",
                             "endpoint": endpoint | {"port": stores.DATABASE_PORT}},
                "vectorStore": {"kind": "milvus", "url": self.milvus.url, "secretName": "stores", "secretKey": "milvus",
                                "endpoint": endpoint | {"port": stores.MILVUS_PORT}},
            },
        )  # fmt: skip
        self._rendered.secrets["stores"] = {"database": self.postgres.url, "milvus": ""}

    def begin(self, name: str) -> Pod:
        """Start a pod; it may still have to wait for the start lock."""
        secret = {"KH_FEATURE_USER_MANAGEMENT_PASSWORD": PASSWORD, "OPENAI_API_KEY": "sk-test"}
        pod = Pod(self.node, name, self._rendered, **secret, KS_HOUSEKEEPING_SECONDS="10")
        self._pods.append(pod)
        return pod.start()

    def files(self) -> set[str]:
        """What is in the table of files."""
        return set(self.postgres.sql("kotaemon", "SELECT name FROM index__1__source").splitlines())

    def close(self) -> None:
        self.front.stop()
        self.postgres.remove()
        self.milvus.remove()


@pytest.fixture(scope="module")
def house(node: Node, pods: list[Pod]) -> Generator[House]:
    if reason := stores.why_not():
        pytest.skip(f"not run: {reason}")
    if not os.environ.get(DRIVER):
        pytest.skip(f"not run: {DRIVER} names no folder with psycopg2 for the copy's Python")
    made = House(node, pods, Path(os.environ[DRIVER]))
    yield made
    made.close()


@pytest.fixture(scope="module")
def two(house: House) -> tuple[Pod, Pod]:
    """Two pods that were started at the same moment on empty stores, behind the front."""
    one, other = house.begin("pod-a"), house.begin("pod-b")
    print(f"\npod-a listens after {one.serving(400):.0f} s, pod-b after {other.serving(600):.0f} s")
    for pod in (one, other):
        pod.until("To create a public link")
    house.front.serve(one.address, other.address)
    return one, other


@pytest.fixture(scope="module")
def visit(node: Node, two: tuple[Pod, Pod]) -> Generator[Callable[[str], Visitor]]:
    if reason := browsers.why_not():
        pytest.skip(f"not run: {reason}")
    with browsers.browser(node.network, node.folder) as new:
        yield new


@pytest.fixture(scope="module")
def people(two: tuple[Pod, Pod], visit: Callable[[str], Visitor]) -> list[Visitor]:
    """One user, signed in on both pods."""
    return [visit(pod.url).open().sign_in("admin", PASSWORD) for pod in two]


def test_two_pods_start_at_once_on_empty_stores(house: House, two: tuple[Pod, Pod]) -> None:
    assert house.postgres.sql("kotaemon", 'SELECT username FROM "user"') == "admin"
    assert all("IntegrityError" not in pod.output() for pod in two)
    assert "held by pod-a" in two[1].output() or "held by pod-b" in two[0].output()


def test_the_first_uploads_at_the_same_moment_lose_nothing(house: House, people: list[Visitor]) -> None:
    for visitor, name in zip(people, ("rivers", "birds"), strict=True):
        visitor.choose_files(document(house.node, name))
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
    house.milvus.stop(signal.SIGKILL)
    taken = people[0].ask(f"Without vectors: {QUESTION.format('birds')}", "The vector store did not answer")
    assert taken < 60
    print(f"\nan answer without the vector store: {taken:.0f} s")
    people[1].choose_files(document(house.node, "trees"))
    people[1].press_upload()
    assert people[1].upload_result(1, seconds=400).startswith("\u274c | trees.txt")
    assert house.files() == {"rivers.txt", "birds.txt"}
    house.milvus.start()
    house.milvus.listening(stores.MILVUS_PORT, 240)


def test_when_the_vector_store_is_back_everything_works_without_a_restart(house: House, people: list[Visitor]) -> None:
    people[0].page.wait_for_timeout(15_000)
    people[1].open().signed_in()
    people[1].choose_files(document(house.node, "trees"))
    people[1].press_upload()
    assert people[1].upload_result(1, seconds=240) == "\u2705 | trees.txt"
    people[0].open().signed_in()
    people[0].search_whole_collection()
    people[0].ask(f"With vectors: {QUESTION.format('trees')}", "CODE-TREES")
    assert "The vector store did not answer" not in people[0].answers()


def test_a_pod_that_dies_in_an_answer_loses_that_question_and_nothing_else(
    house: House, two: tuple[Pod, Pod], visit: Callable[[str], Visitor]
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
    house: House, two: tuple[Pod, Pod], visit: Callable[[str], Visitor]
) -> None:
    (left,) = (pod for pod in two if pod.alive)
    joined = house.begin("pod-c")
    print(f"\npod-c listens after {joined.serving(400):.0f} s")
    house.front.serve(left.address, joined.address)
    visitor = visit(left.url).open().sign_in("admin", PASSWORD)
    visitor.search_whole_collection()
    begin_slow_upload(house.node, left, visitor, "stones")
    house.front.serve(joined.address)
    code, seconds = left.stop()
    print(f"ended {seconds:.0f} s after SIGTERM in the middle of an upload")
    assert code == 0
    visitor = visit(house.front.url).open().sign_in("admin", PASSWORD)
    visitor.search_whole_collection()
    visitor.ask(QUESTION.format("stones"), "CODE-STONES")
    assert visitor.ask(f"And {QUESTION.format('trees')}", "CODE-TREES") < 60
