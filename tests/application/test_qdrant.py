"""A stack with `qdrant-bundled`: the application's own client against a stand-in of Qdrant's HTTP API.

A real Qdrant server was not run: none is in the package registries (qdrant_stand_in.py).
"""

import os
import signal
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tests.application import browser as browsers
from tests.application import documents, stores
from tests.application.browser import Visitor
from tests.application.documents import QUESTION
from tests.application.house import PASSWORD, House, skip_without_stores
from tests.application.pod import Node, Pod
from tests.application.stores import Qdrant

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def house(node: Node, pods: list[Pod]) -> Generator[House]:
    skip_without_stores()
    made = House(node, pods, Qdrant(node.network, node.folder, Path(os.environ["KOTAEMON_APP_DIR"])))
    made.grow(1)
    yield made
    made.close()


@pytest.fixture(scope="module")
def visit(node: Node, house: House) -> Generator[Callable[[str], Visitor]]:
    if reason := browsers.why_not():
        pytest.skip(f"not run: {reason}")
    with browsers.browser(node.network, node.folder) as new:
        yield new


def qdrant(house: House) -> Qdrant:
    assert isinstance(house.vectors, Qdrant)
    return house.vectors


def reader(house: House, visit: Callable[[str], Visitor]) -> Visitor:
    """Somebody who asks all files."""
    visitor = visit(house.front.url).open().sign_in("admin", PASSWORD)
    visitor.search_whole_collection()
    return visitor


def test_files_are_stored_and_cited(house: House, visit: Callable[[str], Visitor]) -> None:
    visitor = visit(house.front.url).open().sign_in("admin", PASSWORD)
    for file in (documents.text(house.node.folder, "lakes"), documents.pdf(house.node.folder, "castles")):
        assert visitor.upload(file) == f"\u2705 | {file.name}"
        visitor.open().signed_in()
    assert qdrant(house).asked("200 PUT /collections/index_1/points") > 0
    visitor.search_whole_collection()
    before = qdrant(house).asked("200 POST /collections/index_1/points/search")
    visitor.ask(QUESTION.format("castles"), "CODE-CASTLES")
    assert "castles.pdf" in visitor.evidence()
    assert qdrant(house).asked("200 POST /collections/index_1/points/search") > before


def test_without_it_an_answer_says_so_and_afterwards_not(house: House, visit: Callable[[str], Visitor]) -> None:
    qdrant(house).stop(signal.SIGKILL)
    visitor = reader(house, visit)
    assert visitor.ask(f"Without: {QUESTION.format('lakes')}", "The vector store did not answer") < 60
    qdrant(house).start()
    qdrant(house).listening(stores.QDRANT_PORT, 120)
    visitor.ask(f"With: {QUESTION.format('lakes')}", "CODE-LAKES")
    assert visitor.answers().count("The vector store did not answer") == 1


def test_a_file_that_is_indexed_again_leaves_no_vectors_of_before(
    house: House, visit: Callable[[str], Visitor]
) -> None:
    visitor = visit(house.front.url).open().sign_in("admin", PASSWORD)
    before = qdrant(house).count("index_1")
    assert before > 0
    file = documents.text(house.node.folder, "lakes")
    assert visitor.upload(file, force=True) == f"\u2705 | {file.name}"
    assert qdrant(house).asked("200 POST /collections/index_1/points/delete") > 0
    assert qdrant(house).count("index_1") == before


def test_after_a_restart_of_pod_and_store_everything_is_there(house: House, visit: Callable[[str], Visitor]) -> None:
    (old,) = house.alive
    assert house.end(old)[0] == 0
    qdrant(house).stop()
    qdrant(house).start()
    qdrant(house).listening(stores.QDRANT_PORT, 120)
    house.grow(1)
    visitor = reader(house, visit)
    before = qdrant(house).asked("200 POST /collections/index_1/points/search")
    visitor.ask(QUESTION.format("castles"), "CODE-CASTLES")
    assert "castles.pdf" in visitor.evidence()
    assert "The vector store did not answer" not in visitor.answers()
    assert qdrant(house).asked("200 POST /collections/index_1/points/search") > before


def test_all_that_the_application_asked_for_the_stand_in_has(house: House) -> None:
    """Else it passed by luck."""
    assert qdrant(house).asked("404 ") == 0
    assert qdrant(house).asked("401 ") == 0
