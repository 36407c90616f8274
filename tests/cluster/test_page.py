"""What people have after `make up`: an address that answers, logs, a shell, and their data again after `make down`."""

import io
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Generator
from pathlib import Path

import pytest
from kubernetes.client import CoreV1Api
from rich.console import Console

from deploy import readings, up, visit
from deploy.kube import Kube
from devcluster import locks, node_kinds
from devcluster.cluster import Cluster
from plan.stack_file import ROOT, StackFile
from tests.cluster import stacks
from tests.cluster.objects import wait
from tests.cluster.sites import Site, brought_up, need_real_nodes
from tests.cluster.stacks import DISK, FILES
from tests.unit.devcluster.helpers import listening_addresses, processes_in

SHELL = """
import sys
from pathlib import Path
from rich.console import Console
from deploy import visit
from plan import stack_file
sys.exit(visit.shell(stack_file.read(sys.argv[1], Path(sys.argv[2])), Console()))
"""


def nothing_is_left(cluster: Cluster) -> bool:
    return not processes_in(cluster.directory) and not locks.is_held(cluster.directory / locks.SUPERVISOR)


@pytest.fixture(scope="module")
def real_site(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """Up with nodes as the machine allows them; skips where it does not."""
    need_real_nodes()
    with brought_up(file_of(tmp_path_factory.mktemp("real"), "page-real")) as made:
        yield made


@pytest.fixture(scope="module")
def simulated_site(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    with brought_up(file_of(tmp_path_factory.mktemp("simulated"), "page-simulated"), nodes="simulated") as made:
        yield made


def file_of(folder: Path, name: str) -> StackFile:
    return stacks.write(folder, name, {"files": FILES, "disk": DISK})


@pytest.fixture
def on_real_nodes(real_site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv(node_kinds.VARIABLE, "auto")
    return real_site


@pytest.fixture
def without_containers(simulated_site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv(node_kinds.VARIABLE, "simulated")
    return simulated_site


def test_real_nodes_serve_a_page_that_says_what_it_is(on_real_nodes: Site) -> None:
    assert "\nNodes: real (node-a1, node-b1, node-c1), one in each zone: " in on_real_nodes.said
    page = on_real_nodes.page()
    assert ("This is a stand-in, not Kotaemon" in page) == (
        "The page is a stand-in, not Kotaemon: " in on_real_nodes.said
    )
    assert "uid 1001, gid 1001" in page


def test_a_note_outlives_its_pod(on_real_nodes: Site) -> None:
    site, cluster = on_real_nodes, on_real_nodes.cluster
    assert "<li>written before the pod went</li>" in site.store("written before the pod went")
    kube = Kube(cluster.api(), cluster.directory / "discovery.json")
    (pod,) = readings.live_pods(kube, "page-real")
    CoreV1Api(cluster.api()).delete_namespaced_pod(pod["metadata"]["name"], "page-real", grace_period_seconds=1)
    name = pod["metadata"]["name"]
    wait("another pod serves", lambda: site.answers_with("written before the pod went", without=name), 90)


def test_logs_show_what_the_application_says(on_real_nodes: Site) -> None:
    wait("it says that it serves", lambda: "\nserving\n" in on_real_nodes.logs())


def shell(site: Site, words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", SHELL, site.file.name, str(site.file.path.parent)]
    return subprocess.run(command, input=words, capture_output=True, text=True, timeout=60, cwd=ROOT)


def test_the_shell_is_in_the_container_and_ends_with_its_input(on_real_nodes: Site) -> None:
    run = shell(on_real_nodes, "id -u\necho $KS_PROFILE\nexit 3\n")
    assert (run.stdout.split(), run.returncode) == (["1001", "single-writer"], 3), run.stderr
    assert shell(on_real_nodes, "echo one line\n").stdout == "one line\n"


def test_kubectl_does_with_the_printed_kubeconfig_what_it_does_anywhere(on_real_nodes: Site, tmp_path: Path) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("NOT RUN: no kubectl on PATH")
    found = re.search(r"Next: kubectl --kubeconfig (\S+) -n (\S+) get pods,pvc", on_real_nodes.said)
    assert found
    kubectl = ["kubectl", "--kubeconfig", found.group(1), "-n", found.group(2)]

    def said(*arguments: str) -> str:
        environment = {**os.environ, "HOME": str(tmp_path)}
        run = subprocess.run([*kubectl, *arguments], capture_output=True, text=True, timeout=60, env=environment)
        assert run.returncode == 0, run.stderr
        return run.stdout

    assert "persistentvolumeclaim/kotaemon-disk" in said("get", "pods,pvc")
    assert "serving" in said("logs", "deployment/kotaemon")
    assert said("exec", "deployment/kotaemon", "--", "id", "-u") == "1001\n"
    forward = [*kubectl, "port-forward", "service/kotaemon", ":7860"]
    with subprocess.Popen(forward, stdout=subprocess.PIPE, text=True, env={**os.environ, "HOME": str(tmp_path)}) as run:
        try:
            assert run.stdout
            port = re.search(r"127\.0\.0\.1:(\d+)", run.stdout.readline())
            assert port
            with urllib.request.urlopen(f"http://127.0.0.1:{port.group(1)}/", timeout=10) as answer:
                assert b"Kotaemon" in answer.read()
        finally:
            run.terminate()


def test_people_find_the_same_address_and_their_notes_after_down_and_up(on_real_nodes: Site) -> None:
    site, cluster = on_real_nodes, on_real_nodes.cluster
    before = site.url
    site.store("written before down")
    site.run(up.down)
    assert nothing_is_left(cluster)
    site.run(up.up)
    assert site.url == before
    assert "<li>written before down</li>" in site.page()


def test_without_containers_the_stand_in_is_a_process_behind_the_same_kind_of_address(without_containers: Site) -> None:
    site = without_containers
    assert "\nNodes: simulated, no container runs: " in site.said
    assert len(re.findall(r"no container runs|nodes are simulated", site.said.partition("The page is")[0])) == 1
    assert "The page is a stand-in, not Kotaemon: no container runs on simulated nodes" in site.said
    assert "runs as a process of the user who started the cluster" in " ".join(site.page().split())
    assert "serving" in site.logs()
    listening = listening_addresses(processes_in(site.cluster.directory))
    assert {address for address, _ in listening} == {"127.0.0.1"}


def test_without_containers_notes_stay_too_and_nothing_is_left_running(without_containers: Site) -> None:
    site, cluster = without_containers, without_containers.cluster
    before = site.url
    assert "<li>kept in a folder</li>" in site.store("kept in a folder")
    site.run(up.down)
    assert nothing_is_left(cluster)
    assert not site.answers_with("")
    site.run(up.up)
    assert site.url == before
    assert "<li>kept in a folder</li>" in site.page()


def test_without_containers_there_is_no_shell_and_it_is_said_where_the_files_are(without_containers: Site) -> None:
    run = shell(without_containers, "id\n")
    assert "no container runs here" in run.stderr
    assert str(without_containers.cluster.directory / "stand-in" / "volumes") in run.stderr


def test_the_page_is_opened_in_a_browser(without_containers: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(visit.webbrowser, "open", lambda url: bool(opened.append(url)))
    out = io.StringIO()
    assert visit.open_page(without_containers.file, Console(file=out, width=200)) == 0
    assert opened == [without_containers.url]
    assert out.getvalue() == f"{without_containers.url}\nNo browser was found to open it with.\n"
