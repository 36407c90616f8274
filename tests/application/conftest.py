"""The real application, where a copy of it is at hand; otherwise every test here says that it did not run.

KOTAEMON_APP_DIR names a checkout of Kotaemon v0.11.3 with a `.venv` that its own lock file filled; docs/application.md
says how to make one. Root on Linux is needed for the namespaces, Debian's `chromium` and the package `playwright` for
the browser.
"""

import os
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.application.image import lay_out, started_before
from tests.application.network import GATEWAY, Network, Server
from tests.application.pod import Node, Pod

HERE = Path(__file__).parent
MODELS_PORT = 8000
KEEP = "KOTAEMON_TEST_KEEP"
"""Names a folder that receives the pods' folders, for a look at them afterwards."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = why_not()
    for item in items:
        if reason and HERE in Path(item.fspath).parents and item.get_closest_marker("needs_no_copy") is None:
            item.add_marker(pytest.mark.skip(reason=f"not run: {reason}"))


def why_not() -> str:
    """Why the real application cannot be run here; empty when it can."""
    copy = os.environ.get("KOTAEMON_APP_DIR", "")
    if not copy:
        return "KOTAEMON_APP_DIR names no copy of Kotaemon"
    if not (Path(copy) / ".venv/bin/python").exists():
        return f"KOTAEMON_APP_DIR={copy} has no .venv"
    if left := started_before(Path(copy)):
        return f"KOTAEMON_APP_DIR={copy} was started before and is not like a fresh image: it has {left[0]}"
    if os.geteuid():
        return "namespaces and uid 1001 need root"
    missing = [tool for tool in ("unshare", "nsenter", "ip", "mount") if shutil.which(tool) is None]
    return f"{', '.join(missing)} is missing" if missing else ""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Generator[Node]:
    with running_node(tmp_path_factory) as made:
        yield made


@contextmanager
def running_node(tmp_path_factory: pytest.TempPathFactory) -> Generator[Node]:
    """A network with the model endpoint and the resolver, and what pods share."""
    folder = tmp_path_factory.mktemp("node")
    folder.chmod(0o755)
    image = lay_out(Path(os.environ["KOTAEMON_APP_DIR"]), folder)
    with Network() as network:
        models = Server(
            network,
            folder / "models.log",
            [sys.executable, str(HERE / "model_endpoint.py"), GATEWAY, str(MODELS_PORT), str(folder)],
        )
        resolver = Server(
            network,
            folder / "names.out",
            [sys.executable, str(HERE / "resolver.py"), GATEWAY, str(folder / "names.log")],
        )
        try:
            yield Node(folder, image, network)
        finally:
            models.stop()
            resolver.stop()
            if keep := os.environ.get(KEEP):
                shutil.copytree(folder / "pods", Path(keep) / folder.name, symlinks=True, dirs_exist_ok=True,
                                ignore=shutil.ignore_patterns("root-*", "empty"))  # fmt: skip


@pytest.fixture(scope="module")
def pods() -> Generator[list[Pod]]:
    """Pods to be killed at the end, whatever happened."""
    started: list[Pod] = []
    yield started
    for pod in started:
        pod.kill()
