"""The real application as the only writer, under exactly the pod that Pulumi.dev.yaml renders.

The tests of this file follow one another on one set of claims, as a person's weeks do; each says what it starts from.
"""

import subprocess
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tests.application import browser as browsers
from tests.application import documents
from tests.application.browser import Visitor
from tests.application.documents import KINDS, QUESTION
from tests.application.house import PASSWORD
from tests.application.image import started_before
from tests.application.pod import Node, Pod
from tests.application.rendered import Rendered, render
from tests.application.slow import begin_slow_upload

STACK = Path(__file__).parents[2] / "Pulumi.dev.yaml"
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    env = {"OPENAI_API_BASE": "http://models.test:8000/v1"}
    return render(tmp_path_factory.mktemp("stack"), STACK, env=env)


@pytest.fixture(scope="module")
def start(node: Node, rendered: Rendered, pods: list[Pod]) -> Callable[..., Pod]:
    """Starts a pod and waits until it listens; the one before is ended first, as `Recreate` does."""

    def begin(name: str, tmp_size: str = "", **more: str) -> Pod:
        if pods and pods[-1].alive:
            assert pods[-1].stop()[0] == 0, pods[-1].output()[-3000:]
        secret = {"KH_FEATURE_USER_MANAGEMENT_PASSWORD": PASSWORD, "OPENAI_API_KEY": "sk-test"}
        pod = Pod(node, name, rendered, tmp_size, **secret, KS_HOUSEKEEPING_SECONDS="10", **more)
        pods.append(pod)
        seconds = pod.start().serving()
        pod.until("To create a public link")
        print(f"{name}: listens after {seconds:.0f} s, {pod.cpu_seconds():.0f} s of processor time, "
              f"{pod.memory_mib()[0]} MiB")  # fmt: skip
        return pod

    return begin


@pytest.fixture(scope="module")
def visit(node: Node) -> Generator[Callable[[str], Visitor]]:
    if reason := browsers.why_not():
        pytest.skip(f"not run: {reason}")
    with browsers.browser(node.network, node.folder) as new:
        yield new


def half_indexed(pod: Pod) -> int:
    """What the pod's own number says."""
    path = pod.files() / "data/logs" / pod.name / "metrics.prom"
    deadline = time.monotonic() + 40
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.5)
    lines = dict(line.rsplit(" ", 1) for line in path.read_text().splitlines())
    return int(lines[f'kotaemon_half_indexed_files{{pod="{pod.name}"}}'])


def names_asked(node: Node, address: str) -> set[str]:
    lines = (node.folder / "names.log").read_text().splitlines()
    return {line.split()[1] for line in lines if line.startswith(f"{address} ")}


def test_without_the_runtime_s_change_a_fresh_image_does_not_start(
    node: Node, rendered: Rendered, pods: list[Pod]
) -> None:
    """The trap is real on this copy; else the next test proves nothing."""
    config = {name: dict(files) for name, files in rendered.config_maps.items()}
    (launch,) = [files for files in config.values() if "launch.py" in files]
    launch["launch.py"] = launch["launch.py"].replace("    write_no_interface_files()\n", "")
    pod = Pod(node, "unchanged", rendered._replace(config_maps=config), HF_HUB_OFFLINE="1")
    pods.append(pod)
    pod.start()
    assert pod.process is not None
    assert pod.process.wait(300) == 1
    assert "FileNotFoundError" in pod.output()
    assert ".pyi" in pod.output()


def test_a_fresh_image_starts_as_uid_1001_on_a_read_only_root(node: Node, start: Callable[..., Pod]) -> None:
    pod = start("first")
    assert (pod.files() / "proc/1").stat().st_uid == 1001
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pod.pid}/status").read_text().splitlines())
    assert status["CapEff"].strip("0\n") == ""
    assert status["NoNewPrivs"] == "1"
    assert started_before(node.image.copy) == []
    assert names_asked(node, pod.address) == set(), "nothing is fetched at the start"


def test_answers_are_kept_when_the_browser_reaches_nothing_but_the_pod(
    node: Node, pods: list[Pod], visit: Callable[[str], Visitor]
) -> None:
    pod, visitor = pods[-1], visit(pods[-1].url).open().sign_in("admin", PASSWORD)
    assert visitor.upload(documents.text(node.folder, "alpha")) == "\u2705 | alpha.txt"
    visitor.search_whole_collection()
    visitor.ask(QUESTION.format("alpha"), "CODE-ALPHA")
    assert "alpha.txt" in visitor.evidence(), "the citation"
    assert any("cdn.jsdelivr.net" in url for url in visitor.refused), "the browser has no way out"
    visitor.open().signed_in()
    visitor.choose_conversation()
    assert "CODE-ALPHA" in visitor.answers()
    assert visitor.errors == []
    assert names_asked(node, pod.address) == set(), "nothing is fetched at the first upload, question and citation"


@pytest.mark.parametrize("kind", KINDS)
def test_pdf_and_office_files_are_read_where_nothing_can_be_fetched(
    kind: str, node: Node, pods: list[Pod], visit: Callable[[str], Visitor]
) -> None:
    visitor = visit(pods[-1].url).open().sign_in("admin", PASSWORD)
    file = KINDS[kind](node.folder, f"{kind}single")
    assert visitor.upload(file) == f"\u2705 | {file.name}"
    visitor.search_whole_collection()
    visitor.ask(QUESTION.format(file.stem), f"CODE-{file.stem.upper()}")
    assert file.name in visitor.evidence()


def test_tmp_keeps_no_document_text(pods: list[Pod]) -> None:
    scratch = pods[-1].files() / "tmp"
    found = subprocess.run(["grep", "-rlE", "CODE-ALPHA|secret word", str(scratch)], capture_output=True, text=True)
    assert found.stdout == ""


def test_the_pod_s_log_is_in_a_folder_of_its_own(pods: list[Pod]) -> None:
    folder = pods[-1].files() / "data/logs" / pods[-1].name
    assert "Running on local URL" in (folder / "app.log").read_text()


def test_a_full_tmp_does_not_lose_an_answer(start: Callable[..., Pod], visit: Callable[[str], Visitor]) -> None:
    pod = start("small-tmp", tmp_size="200m")
    visitor = visit(pod.url).open().sign_in("admin", PASSWORD)
    visitor.search_whole_collection()
    subprocess.run(["dd", "if=/dev/zero", f"of={pod.files()}/tmp/full", "bs=1M"], capture_output=True, check=False)
    visitor.ask(QUESTION.format("alpha"), "CODE-ALPHA")
    visitor.open().signed_in()
    visitor.choose_conversation()
    assert "CODE-ALPHA" in visitor.answers()


def test_a_pod_that_is_told_to_end_finishes_its_upload(
    node: Node, pods: list[Pod], start: Callable[..., Pod], visit: Callable[[str], Visitor]
) -> None:
    pod = start("told-to-end")
    visitor = visit(pod.url).open().sign_in("admin", PASSWORD)
    begin_slow_upload(node, pod, visitor, documents.text(node.folder, "beta"))
    code, seconds = pod.stop()
    assert code == 0
    assert 5 < seconds < 60
    assert "finishing what is being indexed" in pod.output()
    pod = start("after-the-end")
    assert "was interrupted" not in pod.output()
    visitor = visit(pod.url).open().sign_in("admin", PASSWORD)
    visitor.search_whole_collection()
    visitor.ask(QUESTION.format("beta"), "CODE-BETA")


def test_an_upload_that_was_killed_is_found_and_can_be_uploaded_again(
    node: Node, pods: list[Pod], start: Callable[..., Pod], visit: Callable[[str], Visitor]
) -> None:
    visitor = visit(pods[-1].url).open().sign_in("admin", PASSWORD)
    begin_slow_upload(node, pods[-1], visitor, documents.text(node.folder, "gamma"))
    pods[-1].kill()
    pod = start("after-the-kill")
    assert "'gamma.txt'" in pod.output()
    assert "was interrupted while it was indexed; its entry is removed" in pod.output()
    assert half_indexed(pod) == 0
    visitor = visit(pod.url).open().sign_in("admin", PASSWORD)
    assert "gamma.txt" not in visitor.files()
    assert visitor.upload(documents.text(node.folder, "gamma")) == "\u2705 | gamma.txt"
