"""Pods of the profile `scaled` on PostgreSQL and Milvus, shared by the files of this folder.

The files follow one another on one house, as weeks do; each brings the number of pods that it needs.
"""

from collections.abc import Callable, Generator

import pytest

from tests.application import browser as browsers
from tests.application.browser import Visitor
from tests.application.conftest import running_node
from tests.application.house import House, skip_without_stores
from tests.application.pod import Node, Pod
from tests.application.stores import Milvus


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Generator[Node]:
    with running_node(tmp_path_factory) as made:
        yield made


@pytest.fixture(scope="session")
def house(node: Node) -> Generator[House]:
    skip_without_stores()
    made = House(node, [], Milvus(node.network, node.folder).started())
    yield made
    made.close()


@pytest.fixture(scope="session")
def visit_long(node: Node, house: House) -> Generator[Callable[[str], Visitor]]:
    """Opens a visitor who stays until the end."""
    if reason := browsers.why_not():
        pytest.skip(f"not run: {reason}")
    with browsers.browser(node.network, node.folder) as new:
        yield new


@pytest.fixture
def visit(visit_long: Callable[[str], Visitor]) -> Generator[Callable[[str], Visitor]]:
    """Opens a visitor who leaves after the test."""
    visitors: list[Visitor] = []

    def new(url: str) -> Visitor:
        visitors.append(visit_long(url))
        return visitors[-1]

    yield new
    for visitor in visitors:
        visitor.leave()


@pytest.fixture(scope="module")
def two(house: House) -> list[Pod]:
    """Two pods behind the front. The very first ones were started at the same moment on empty stores."""
    return house.grow(2)
