"""Work that goes on long enough for something to happen in the middle of it."""

import time
from pathlib import Path

from tests.application.browser import Visitor
from tests.application.pod import Node, Pod


def begin_slow_upload(node: Node, pod: Pod, visitor: Visitor, file: Path) -> None:
    """Returns when the texts are stored and the vectors are not."""
    slow = node.folder / "slow-embeddings"
    visitor.choose_files(file)
    slow.touch()
    try:
        before = pod.output().count("Getting embeddings")
        visitor.press_upload()
        deadline = time.monotonic() + 120
        while pod.output().count("Getting embeddings") == before:
            assert time.monotonic() < deadline, f"{pod.name} does not index:\n{pod.output()[-3000:]}"
            time.sleep(0.1)
        time.sleep(1)
    finally:
        slow.unlink()
