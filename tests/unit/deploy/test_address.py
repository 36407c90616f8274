"""Which image real nodes get, which stacks may have them, and what is said of the page."""

import http.server
import io
import threading
from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from deploy import address
from deploy.stand_in import image
from devcluster.real import images
from tests.unit.devcluster.real.test_images import saved

NAME = "ghcr.io/cinnamon/kotaemon:0.11.3-lite"


def stack(**settings: object) -> Any:
    known = {"image": NAME, "scaled": False, "auth_proxy": None, "namespace": "kotaemon", **settings}
    return SimpleNamespace(settings=SimpleNamespace(**known))


class Nodes(SimpleNamespace):
    """A cluster with real nodes, as far as images go."""

    def load_image(self, archive: Path, name: str) -> None:
        images.store(self.directory, archive, name)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    stand_in = saved(tmp_path / "stand-in.tar", images.STAND_IN)
    monkeypatch.setattr(image, "archive", lambda: stand_in)
    return Nodes(directory=tmp_path / "cluster", will_be_real=True, running=False, real_nodes=["node-a1"])


def provided(cluster: Any, monkeypatch: pytest.MonkeyPatch, answers: bool | None) -> str:
    """What is said; `answers`: whether the registry does; None: it must not be asked."""

    def asked(_: str) -> bool:
        assert answers is not None, "the registry is asked"
        return answers

    monkeypatch.setattr(images, "registry_answers", asked)
    out = io.StringIO()
    address.provide_image(cluster, stack(), Console(file=out, width=200))
    return out.getvalue()


def test_where_the_registry_is_silent_the_stand_in_takes_the_images_name(
    cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = provided(cluster, monkeypatch, answers=False)
    assert said == f"Image: the registry of {NAME} does not answer; a stand-in is made for it ...\n"
    assert images.is_stand_in(cluster.directory, NAME)


def test_where_the_registry_answers_the_nodes_pull_and_an_earlier_stand_in_goes(
    cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    provided(cluster, monkeypatch, answers=False)
    assert provided(cluster, monkeypatch, answers=True) == ""
    assert images.kept(cluster.directory, NAME) is None


def test_an_image_that_somebody_has_given_stays(cluster: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    images.store(cluster.directory, saved(tmp_path / "real.tar", "mine:1"), NAME)
    assert provided(cluster, monkeypatch, answers=None) == ""
    assert images.kept(cluster.directory, NAME)
    assert not images.is_stand_in(cluster.directory, NAME)


def test_a_running_cluster_keeps_what_it_has(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    provided(cluster, monkeypatch, answers=False)
    cluster.running = True
    assert provided(cluster, monkeypatch, answers=None) == ""


def test_simulated_nodes_need_no_image(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.will_be_real = False
    assert provided(cluster, monkeypatch, answers=None) == ""


def test_stacks_that_need_servers_outside_stay_on_simulated_nodes() -> None:
    assert address.objection(stack()) is None
    assert (address.objection(stack(scaled=True)) or "").startswith("profile scaled: ")
    assert (address.objection(stack(auth_proxy=object())) or "").startswith("kotaemon:authProxy: ")


class Registry(http.server.BaseHTTPRequestHandler):
    """Answers every path with the status that the path names; 299 is a stand-in's."""

    def do_GET(self) -> None:
        status = int(self.path.strip("/") or 200)
        self.send_response(status)
        if status == 299:
            self.send_header("X-Stand-In", "yes")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def server() -> Generator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_address[1]}"
        made.shutdown()


def test_a_page_answers_when_anything_answers(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "ANSWER_SECONDS", 0.3)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert address._answer(f"{server}/200") is not None  # pyright: ignore[reportPrivateUsage]
    assert address._answer(f"{server}/401") is not None  # pyright: ignore[reportPrivateUsage]
    assert address._answer("http://127.0.0.1:9") is None  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    ("status", "real", "said"),
    [
        (200, True, ""),
        (299, False, "no container runs on simulated nodes, so it is a process of yours"),
        (
            299,
            True,
            "its pod is older than the image that the nodes have now; delete the pod, and the next one is Kotaemon",
        ),
    ],
)
def test_what_answers_says_by_itself_whether_it_is_the_stand_in(
    server: str, cluster: Any, status: int, real: bool, said: str
) -> None:
    port = int(server.rpartition(":")[2])
    made: Any = Nodes(
        directory=cluster.directory, real_nodes=["a"] * real, run_beside=print, publish=lambda *_: f"{port}/{status}"
    )
    assert address.serve_page(made, stack(), "kotaemon").stand_in == said


def test_a_host_that_only_takes_connections_is_no_registry() -> None:
    assert not images.registry_answers("127.0.0.1:9/a/b:1", seconds=0.5)
    assert not images.registry_answers("registry.invalid/a/b:1", seconds=0.5)
