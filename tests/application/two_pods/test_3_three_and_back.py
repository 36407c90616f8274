"""To three pods and back to two, with a question on each."""

from collections.abc import Callable

import pytest

from tests.application import documents
from tests.application.browser import Visitor
from tests.application.documents import QUESTION
from tests.application.house import PASSWORD, House
from tests.application.pod import Pod

pytestmark = pytest.mark.timeout(1800)


def test_each_of_three_pods_answers_and_so_does_each_of_two_afterwards(
    house: House, two: list[Pod], visit: Callable[[str], Visitor]
) -> None:
    file = documents.text(house.node.folder, "scaling")
    assert visit(two[0].url).open().sign_in("admin", PASSWORD).upload(file) == f"\u2705 | {file.name}"
    three = house.grow(3)
    visitors = {pod.name: visit(pod.url).open().sign_in("admin", PASSWORD) for pod in three}
    for name, visitor in visitors.items():
        visitor.search_whole_collection()
        visitor.ask(f"Of three, {name}: {QUESTION.format('scaling')}", "CODE-SCALING")
    code, seconds = house.end(three[0])
    print(f"\n{three[0].name} ended {seconds:.0f} s after it was told to")
    assert code == 0
    for pod in three[1:]:
        visitors[pod.name].ask(f"Of two, {pod.name}: {QUESTION.format('scaling')}", "CODE-SCALING")
    behind = visit(house.front.url).open().sign_in("admin", PASSWORD)
    behind.search_whole_collection()
    behind.ask(f"Behind the front: {QUESTION.format('scaling')}", "CODE-SCALING")
    stored = house.turns()
    asked = [f"Of three, {pod.name}" for pod in three] + [f"Of two, {pod.name}" for pod in three[1:]]
    for question in (*asked, "Behind the front"):
        assert "CODE-SCALING" in stored[f"{question}: {QUESTION.format('scaling')}"]
