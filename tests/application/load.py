"""A person who goes on asking while something else happens to the pods, in a thread with a browser of its own."""

import itertools
import threading
import time
from pathlib import Path
from typing import NamedTuple

from tests.application import browser as browsers
from tests.application.browser import Visitor
from tests.application.documents import QUESTION
from tests.application.house import PASSWORD
from tests.application.network import Network

PATIENCE = 60
"""Seconds that this person waits for an answer, and for the page to be back."""
SELF = 30
"""Seconds that this person waits for the page to load itself again after something went wrong."""


class Turn(NamedTuple):
    """One question, and what came of it."""

    question: str
    begun: float
    seconds: float
    shown: str
    """Empty when it was answered; else what the page said."""


class Asker(threading.Thread):
    """Asks for one document's secret word again and again; when no answer comes, reloads the page and goes on."""

    def __init__(self, network: Network, folder: Path, url: str, who: str, document: str) -> None:
        super().__init__(name=who, daemon=True)
        self.turns: list[Turn] = []
        self._network, self._folder, self._url, self._document = network, folder / who, url, document
        self._folder.mkdir()
        self.enough = threading.Event()
        self.failure: BaseException | None = None
        self.by_hand = 0
        """How often the page had to be loaded by hand."""

    def run(self) -> None:
        try:
            with browsers.browser(self._network, self._folder) as new:
                self._work(new(self._url).open().sign_in("admin", PASSWORD))
        except BaseException as error:
            self.failure = error

    def finish(self) -> list[Turn]:
        """Ask no more; returns what was asked."""
        self.enough.set()
        self.join(4 * PATIENCE)
        assert self.failure is None, f"{self.name}: {self.failure!r}"
        assert not self.is_alive(), f"{self.name} hangs"
        return self.turns

    def answered(self, count: int, seconds: float) -> None:
        """Wait until so many questions were answered."""
        deadline = time.monotonic() + seconds
        while len([turn for turn in self.turns if not turn.shown]) < count:
            assert self.failure is None, f"{self.name}: {self.failure!r}"
            assert time.monotonic() < deadline, f"{self.name}: {self.turns}"
            time.sleep(0.5)

    def _work(self, visitor: Visitor) -> None:
        visitor.search_whole_collection()
        for number in itertools.count(1):
            if self.enough.is_set():
                return
            question = f"{self.name} {number}: {QUESTION.format(self._document)}"
            begun, loads = time.monotonic(), visitor.loads
            try:
                shown = self._ask(visitor, question)
            except Exception as error:  # the page was loaded again under the hand, or cannot be used
                shown = str(error).splitlines()[0]
            self.turns.append(Turn(question, begun, time.monotonic() - begun, shown))
            if shown or visitor.loads > loads:
                self._come_back(visitor, loads)

    def _ask(self, visitor: Visitor, question: str) -> str:
        """Empty when it was answered and what follows an answer is over; else what the person saw instead."""
        rows, loads = visitor.page.locator("#main-chat-bot .bot-row"), visitor.loads
        before = rows.count()
        visitor.begin_question(question)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if rows.count() > before and f"CODE-{self._document.upper()}" in rows.last.inner_text():
                visitor.page.wait_for_timeout(4000)
                return ""
            if visitor.loads > loads:
                return "the page loaded itself again"
            if visitor.replaced().is_visible():
                return "the page said that the server has been replaced"
            if toasts := visitor.page.locator(".toast-body.error").all_inner_texts():
                return "; ".join(dict.fromkeys(text.strip().replace("\n", " ") for text in toasts))
            visitor.page.wait_for_timeout(250)
        return f"no answer within {PATIENCE} s"

    def _come_back(self, visitor: Visitor, loads: int) -> None:
        """Give the page time to load itself again or to offer it; then do it by hand."""
        deadline = time.monotonic() + SELF
        while visitor.loads == loads and time.monotonic() < deadline:
            if visitor.replaced().is_visible():  # a question is typed and could not be sent
                visitor.replaced().click()
            visitor.page.wait_for_timeout(250)
        self.by_hand += visitor.loads == loads
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if visitor.loads == loads:
                    visitor.open()
                visitor.signed_in()
                visitor.search_whole_collection()
                return
            except Exception:
                loads = visitor.loads
                if time.monotonic() > deadline:
                    raise


def report(turns: list[Turn]) -> str:
    """One line: how many, how long, what went wrong."""
    good = [turn for turn in turns if not turn.shown]
    longest = max((turn.seconds for turn in good), default=0.0)
    bad = [f"{turn.question.partition(':')[0]}: {turn.shown}" for turn in turns if turn.shown]
    return f"{len(good)} of {len(turns)} answered, the slowest in {longest:.0f} s; not answered: {bad or 'none'}"


def longest_gap(turns: list[Turn]) -> float:
    """Seconds between two answers that followed one another, at most."""
    ends = [turn.begun + turn.seconds for turn in turns if not turn.shown]
    return max((later - earlier for earlier, later in itertools.pairwise(ends)), default=0.0)
