"""Work that goes on long enough for something to happen in the middle of it."""

import time
from pathlib import Path

from tests.application.browser import Visitor
from tests.application.pod import Node, Pod


def begin_slow_upload(node: Node, pod: Pod, visitor: Visitor, file: Path) -> None:
    """Returns when the texts are stored and the vectors are not."""
    slow = node.folder / "slow-embeddings"
    slow.touch()
    before = pod.output().count("Getting embeddings")
    visitor.choose_files(file)
    visitor.press_upload()
    deadline = time.monotonic() + 60
    while pod.output().count("Getting embeddings") == before:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1)
    slow.unlink()
