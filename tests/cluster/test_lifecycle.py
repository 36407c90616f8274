"""Starting, stopping and crashing: whatever ends, no process is left, and data stays."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from kubernetes.client import CoreV1Api

from components.contract import Platform
from devcluster import credentials, locks, nodes, paths, recipe, state
from devcluster.cluster import Cluster
from tests.unit.devcluster.helpers import eventually, listening_addresses, processes_in

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")

PROGRAMS = [
    *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
    *("kwok", "csi", "supervisor"),
]
GONE_SECONDS = 60
START = """
import signal, sys, time
# A test run in the background has SIGINT ignored, and its children inherit that; a terminal has not.
signal.signal(signal.SIGINT, signal.default_int_handler)
from components.contract import Platform
from devcluster.cluster import Cluster
print("starting", flush=True)
Cluster(sys.argv[1], Platform.PRIVATE).start(keep=sys.argv[2] == "keep")
print("up", flush=True)
time.sleep(300)
"""
Starter = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def shared(own_cache: Path) -> Generator[Cluster]:
    """A cluster that these tests stop and start; whoever needs it running starts it."""
    cluster = Cluster("life", Platform.PRIVATE)
    yield cluster
    cluster.stop()


@pytest.fixture
def up(shared: Cluster) -> Cluster:
    """`shared`, running."""
    shared.start(keep=False)
    return shared


@pytest.fixture
def starter(own_cache: Path) -> Generator[Starter]:
    """`starter("name", "keep")` starts a cluster from another process, as `make up` does in a terminal."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, keep: str = "no", **environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", START, name, keep],
            env={**os.environ, "PYTHONPATH": str(recipe.MODULES.parent.parent), **environment},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "starting\n"
        return process

    yield start
    for process in started:
        end(process)
    for cluster in (Cluster(path.name, Platform.PRIVATE) for path in (own_cache / "clusters").glob("starter-*")):
        cluster.stop()


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def wait_up(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"


def wait_gone(name: str) -> None:
    directory = paths.cluster_dir(name)
    eventually(f"no process of {name} is left", GONE_SECONDS, lambda: not processes_in(directory))


def test_all_programs_run_and_listen_on_loopback_only(up: Cluster) -> None:
    processes = processes_in(up.directory)
    assert len(processes) == len(PROGRAMS)
    known = state.load(up.directory)
    assert known is not None
    assert listening_addresses(processes) == {("127.0.0.1", known["port"])}


def test_files_are_for_their_owner_only(up: Cluster) -> None:
    assert up.directory.stat().st_mode & 0o777 == 0o700
    for path in (up.kubeconfig, up.directory / credentials.TOKENS, up.directory / credentials.KEY):
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_starting_a_running_cluster_changes_nothing(up: Cluster) -> None:
    before = processes_in(up.directory)
    up.start(keep=False)
    assert sorted(processes_in(up.directory)) == sorted(before)


def test_stop_ends_every_process_and_a_restart_keeps_data_port_and_keys(up: Cluster) -> None:
    CoreV1Api(up.api()).create_namespace({"metadata": {"name": "kept"}})
    kubeconfig = up.kubeconfig.read_text()
    up.stop()
    assert processes_in(up.directory) == []
    assert not up.running
    up.start(keep=False)
    assert up.kubeconfig.read_text() == kubeconfig
    assert set(nodes.beating_nodes(up.api())) == set(nodes.ready_nodes(up.api())), "before a node can be lost"
    assert CoreV1Api(up.api()).read_namespace("kept").status.phase == "Active"
    assert (up.directory / "logs" / "etcd.log.1").exists()


def test_a_restart_switches_lost_nodes_on_again(up: Cluster) -> None:
    nodes.stop_heartbeat(up.api(), "node-a1")
    eventually("the node is lost", 60, lambda: "node-a1" not in nodes.ready_nodes(up.api()))
    nodes.set_out_of_service(up.api(), "node-a1")
    up.stop()
    up.start(keep=False)
    assert "node-a1" in nodes.ready_nodes(up.api())
    taints = CoreV1Api(up.api()).read_node("node-a1").spec.taints or []
    assert nodes.OUT_OF_SERVICE not in [taint.key for taint in taints]


def test_a_taken_port_is_replaced_at_the_next_start(up: Cluster) -> None:
    up.stop()
    known = state.load(up.directory)
    assert known is not None
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", known["port"]))
        other.listen()
        up.start(keep=False)
        now = state.load(up.directory)
    assert now is not None
    assert now["port"] != known["port"]
    assert up.api().configuration.host == f"https://127.0.0.1:{now['port']}"
    assert len(nodes.ready_nodes(up.api())) == 6


def test_a_killed_supervisor_leaves_no_process(up: Cluster) -> None:
    supervisor = locks.holder(up.directory / locks.SUPERVISOR)
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    wait_gone(up.name)
    assert not up.running
    up.start(keep=False)
    assert len(nodes.ready_nodes(up.api())) == 6


@pytest.mark.parametrize("program", ["etcd", "kwok"])
def test_when_one_program_dies_all_end_and_the_log_says_which(up: Cluster, program: str) -> None:
    (victim,) = [
        pid
        for pid in processes_in(up.directory)
        if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].endswith(f"/{program}".encode())
    ]
    os.kill(victim, signal.SIGKILL)
    wait_gone(up.name)
    log = (up.directory / "logs" / "supervisor.log").read_text()
    assert f"{program} ended with status -9" in log


def test_a_cluster_ends_with_its_starter_when_it_was_not_kept(starter: Starter) -> None:
    process = starter("starter-a")
    wait_up(process)
    assert Cluster("starter-a", Platform.PRIVATE).running
    process.send_signal(signal.SIGKILL)
    wait_gone("starter-a")


def test_a_starter_killed_while_it_starts_leaves_no_process(starter: Starter) -> None:
    process = starter("starter-b")
    directory = paths.cluster_dir("starter-b")
    eventually("etcd and the API server run", 60, lambda: len(processes_in(directory)) >= 3)
    process.send_signal(signal.SIGKILL)
    wait_gone("starter-b")


def test_ctrl_c_while_it_starts_leaves_no_process(starter: Starter) -> None:
    process = starter("starter-c")
    directory = paths.cluster_dir("starter-c")
    eventually("etcd and the API server run", 60, lambda: len(processes_in(directory)) >= 3)
    # The terminal sends it to the whole group.
    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=GONE_SECONDS)
    # The starter waits for the end, so that the shell's prompt comes after it.
    assert processes_in(directory) == []


def test_a_kept_cluster_outlives_its_starter_and_can_be_stopped_from_elsewhere(starter: Starter) -> None:
    process = starter("starter-d", "keep")
    wait_up(process)
    end(process)
    cluster = Cluster("starter-d", Platform.PRIVATE)
    cluster.start(keep=True)
    assert len(nodes.ready_nodes(cluster.api())) == 6
    cluster.destroy_data()
    assert processes_in(cluster.directory) == []
    assert not cluster.directory.exists()


def test_nothing_of_the_users_is_read_or_written(starter: Starter, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("not even YAML: [")
    process = starter("starter-e", HOME=str(home), KUBECONFIG=str(kubeconfig), HTTPS_PROXY="http://127.0.0.1:1")
    wait_up(process)
    assert kubeconfig.read_text() == "not even YAML: ["
    assert list(home.rglob("*")) == []
