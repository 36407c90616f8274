"""Files of the kinds that people have, and many at once, with vectors in Milvus."""

from collections.abc import Callable

import pytest

from tests.application.browser import Visitor
from tests.application.documents import KINDS, QUESTION, small_texts
from tests.application.house import PASSWORD, House
from tests.application.pod import Pod

pytestmark = pytest.mark.timeout(1800)
MANY = 40


@pytest.mark.parametrize("kind", KINDS)
def test_pdf_and_office_files_uploaded_on_one_pod_are_found_on_the_other(
    kind: str, house: House, two: list[Pod], visit: Callable[[str], Visitor]
) -> None:
    """A page of a PDF is a picture that is longer than Milvus takes in a row (ks_vectors.py)."""
    one, other = two
    file = KINDS[kind](house.node.folder, f"{kind}scaled")
    visitor = visit(one.url).open().sign_in("admin", PASSWORD)
    assert visitor.upload(file) == f"\u2705 | {file.name}"
    visitor = visit(other.url).open().sign_in("admin", PASSWORD)
    visitor.search_whole_collection()
    visitor.ask(QUESTION.format(file.stem), f"CODE-{file.stem.upper()}")
    assert file.name in visitor.evidence()


def test_forty_files_at_once_are_all_stored_and_found(
    house: House, two: list[Pod], visit: Callable[[str], Visitor]
) -> None:
    one, other = two
    files = small_texts(house.node.folder, "many", MANY)
    visitor = visit(one.url).open().sign_in("admin", PASSWORD)
    visitor.choose_files(*files)
    seconds, result = visitor.timed_upload(MANY, seconds=600)
    print(f"\n{MANY} files in {seconds:.0f} s")
    assert result.count("\u2705") == MANY
    assert house.files() >= {file.name for file in files}
    visitor = visit(other.url).open().sign_in("admin", PASSWORD)
    visitor.search_whole_collection()
    for file in (files[0], files[-1]):
        visitor.ask(QUESTION.format(file.stem), f"CODE-{file.stem.upper()}")
