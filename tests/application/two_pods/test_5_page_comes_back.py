"""A page whose pod is gone loads itself again and signs in, without anybody's doing (page_reload.js)."""

import time
from collections.abc import Callable

import pytest

from tests.application import documents
from tests.application.browser import Visitor
from tests.application.documents import QUESTION
from tests.application.house import PASSWORD, House
from tests.application.pod import Pod

pytestmark = pytest.mark.timeout(1800)
COMES_BACK = 180
"""Seconds: three looks a second apart after at most five, then the page's own start, over a minute at a load of 50."""


@pytest.fixture
def settled(house: House, two: list[Pod], visit: Callable[[str], Visitor]) -> Visitor:
    """Somebody behind the front who has had an answer."""
    name = f"page{len(house.files())}"
    file = documents.text(house.node.folder, name)
    visitor = visit(house.front.url).open().sign_in("admin", PASSWORD)
    assert visitor.upload(file) == f"\u2705 | {file.name}"
    visitor.search_whole_collection()
    visitor.ask(QUESTION.format(name), f"CODE-{name.upper()}")
    return visitor


def pod_of(house: House, visitor: Visitor) -> Pod:
    """The pod to which the front keeps this visitor."""
    (cookie,) = (c["value"] for c in visitor.page.context.cookies() if c["name"] == "front")
    (pod,) = (pod for pod in house.alive if pod.address.endswith(f".{cookie[1:]}"))
    return pod


def mark(visitor: Visitor) -> None:
    visitor.page.evaluate("window.notLoadedAgain = true")


def loaded_again(visitor: Visitor) -> bool:
    return not visitor.page.evaluate("Boolean(window.notLoadedAgain)")


def test_after_the_end_of_its_pod_the_page_signs_in_by_itself(house: House, settled: Visitor) -> None:
    mark(settled)
    begun = time.monotonic()
    pod_of(house, settled).kill()
    settled.page.wait_for_function("!window.notLoadedAgain", timeout=COMES_BACK * 1000)
    settled.signed_in()
    print(f"\nsigned in again by itself {time.monotonic() - begun:.0f} s after the kill")
    settled.choose_conversation()
    assert "CODE-PAGE" in settled.answers()
    settled.search_whole_collection()
    settled.ask(f"Afterwards: {QUESTION.format('page')}", "CODE-")


def test_what_is_typed_is_kept_until_somebody_presses_the_button(house: House, settled: Visitor) -> None:
    house.grow(2)
    mark(settled)
    settled.page.locator("#chat-input textarea").fill("Half a question")
    pod_of(house, settled).kill()
    bar = settled.page.locator("#kotaemon-pod-gone")
    bar.get_by_text("this page is signed out").wait_for(timeout=COMES_BACK * 1000)
    assert not loaded_again(settled)
    assert settled.page.locator("#chat-input textarea").input_value() == "Half a question"
    settled.replaced().click()
    settled.page.wait_for_function("!window.notLoadedAgain", timeout=COMES_BACK * 1000)
    settled.signed_in()


def test_an_answer_that_is_running_when_its_pod_has_to_end_is_finished_and_kept(house: House, settled: Visitor) -> None:
    """It takes longer than the time between the end of new requests and SIGTERM."""
    house.grow(2)
    mark(settled)
    slow = house.node.folder / "slow-answers"
    slow.touch()
    settled.begin_question(f"While it leaves: {QUESTION.format('page')}")
    settled.page.get_by_text("word3").first.wait_for()
    slow.unlink()
    leaving = pod_of(house, settled)
    code, seconds = house.end(leaving)
    print(f"\n{leaving.name} ended {seconds:.0f} s after it was told to, in the middle of an answer of 30 s")
    assert code == 0
    assert "finishing what is being indexed or answered" in leaving.output()
    stored = house.turns()[f"While it leaves: {QUESTION.format('page')}"]
    assert "word59" in stored
    settled.page.wait_for_function("!window.notLoadedAgain", timeout=COMES_BACK * 1000)
    settled.signed_in()
    settled.choose_conversation()
    assert "word59" in settled.answers()
