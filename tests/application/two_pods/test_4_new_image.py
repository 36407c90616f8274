"""A new image is rolled under load: as the Deployment does it, one new pod first, then one old pod ends.

KOTAEMON_OLD_APP_DIR names a second copy of the application, of version 0.11.2: the roll then goes to it and back.
Without it the same version is rolled, and the test says so.
"""

import os
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tests.application import documents
from tests.application.browser import Visitor
from tests.application.documents import QUESTION
from tests.application.house import PASSWORD, House
from tests.application.image import Image, lay_out
from tests.application.load import Asker, longest_gap, report
from tests.application.pod import Pod
from tests.application.slow import begin_slow_upload

pytestmark = pytest.mark.timeout(2400)
OLD = "KOTAEMON_OLD_APP_DIR"


@pytest.fixture(scope="module")
def new_image(house: House) -> Image:
    copy = os.environ.get(OLD)
    print(f"\nrolled to {copy or 'the same version: ' + OLD + ' names no copy'}")
    return lay_out(Path(copy), house.node.folder / "other") if copy else house.node.image


@pytest.fixture
def people(house: House, two: list[Pod], visit: Callable[[str], Visitor]) -> Generator[list[Asker]]:
    """Two people behind the front who go on asking; each has had an answer before anything happens."""
    name = f"roll{len(house.files())}"
    file = documents.text(house.node.folder, name)
    assert visit(house.alive[0].url).open().sign_in("admin", PASSWORD).upload(file) == f"\u2705 | {file.name}"
    asking = [Asker(house.node.network, house.node.folder, house.front.url, f"{name}-{who}", name)
              for who in ("ann", "bob")]  # fmt: skip
    for one in asking:
        one.start()
    for one in asking:
        one.answered(1, 180)
    yield asking
    for one in asking:
        one.enough.set()


def roll(house: House, image: Image | None, visit: Callable[[str], Visitor], stem: str) -> list[str]:
    """Replace every pod, an upload going on in each that ends; returns the names of these files."""
    uploaded: list[str] = []
    for old in house.alive:
        new = house.begin(image)
        seconds = house.ready(new)
        house.front.serve(*(pod.address for pod in house.alive))
        visitor = visit(old.url).open().sign_in("admin", PASSWORD)
        begin_slow_upload(house.node, old, visitor, documents.text(house.node.folder, f"{stem}{len(uploaded)}"))
        uploaded.append(f"{stem}{len(uploaded)}")
        code, ended = house.end(old)
        print(f"{new.name} listens after {seconds:.0f} s, {old.name} ended {ended:.0f} s after it was told to")
        assert code == 0, old.output()[-3000:]
    return uploaded


@pytest.mark.parametrize("way", ["forwards", "back"])
def test_a_roll_under_load_loses_no_answer_and_no_upload(
    way: str, house: House, new_image: Image, people: list[Asker], visit: Callable[[str], Visitor]
) -> None:
    before, begun = house.turns(), time.monotonic()
    uploaded = roll(house, new_image if way == "forwards" else None, visit, f"during{way}")
    for one in people:
        one.answered(len([turn for turn in one.turns if not turn.shown]) + 1, 180)  # the last pod's end is behind it
    print(f"the roll {way} took {time.monotonic() - begun:.0f} s")
    for one in people:
        turns = one.finish()
        print(
            f"{one.name}: {report(turns)}; longest time between two answers {longest_gap(turns):.0f} s, "
            f"loaded by hand {one.by_hand} times"
        )
        assert [turn for turn in turns if not turn.shown and not house.turns().get(turn.question)] == []
        assert len([turn for turn in turns if turn.shown]) <= 2 * len(uploaded), "one for each end of its pod, at most"
    assert before.items() <= house.turns().items(), "what was there before the roll"
    assert house.files() >= {f"{name}.txt" for name in uploaded}
    visitor = visit(house.front.url).open().sign_in("admin", PASSWORD)
    visitor.search_whole_collection()
    for name in uploaded:
        visitor.ask(QUESTION.format(name), f"CODE-{name.upper()}")
