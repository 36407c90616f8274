"""Real nodes that enforce network policies, and pods that try who may open which port to whom."""

import contextlib
import os
import subprocess
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes.client import ApiClient, CoreV1Api
from kubernetes.stream import stream
from rich.console import Console

from devcluster import build, credentials, debian, state
from devcluster.cluster import Cluster
from devcluster.real import config, layout, machines
from guard.reach import Peer
from tests.cluster.single_writer import IMAGE, PYTHON

PEER = """
import concurrent.futures, socket, sys, threading

DNS = b"\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\x0akubernetes\\7default\\3svc\\7cluster\\5local\\0\\0\\1\\0\\1"


def serve(port):
    server = socket.create_server(("", port), backlog=200)
    while True:
        server.accept()[0].close()


def opens(target):
    protocol, address, port = target.split("/")
    try:
        if protocol == "TCP":
            socket.create_connection((address, int(port)), timeout=3).close()
        else:
            asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            asking.settimeout(3)
            asking.connect((address, int(port)))
            asking.send(DNS)
            asking.recv(512)
    except OSError:
        return False
    return True


if sys.argv[1] == "serve":
    for port in sys.argv[2:]:
        threading.Thread(target=serve, args=[int(port)]).start()
else:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        print(*(int(found) for found in pool.map(opens, sys.argv[2:])))
"""
"""What a pod runs: it takes connections at every port, and tries targets (`TCP/10.1.2.3/80`) when it is asked to."""


@dataclass(frozen=True)
class Try:
    """One connection that is tried."""

    source: str
    """Name of a pod."""
    target: str
    """Name of a pod, or an address."""
    port: int
    protocol: str = "TCP"


@contextlib.contextmanager
def enforced(cluster: Cluster) -> Generator[None]:
    """While in the block, kube-router's network policy controller runs on each real node of a running cluster."""
    (part,) = build.ensure_built(Console(stderr=True), "network-policy")
    running: list[tuple[subprocess.Popen[bytes], int]] = []
    try:
        for node in cluster.real_nodes:
            running.append(_start(cluster, node, part))
        yield
    finally:
        for process, inner in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(inner, 15)
            process.wait(30)


def log(cluster: Cluster, node: str) -> Path:
    """What the controller says on a node."""
    return layout.folder(cluster.directory, node) / "kube-router.log"


def _start(cluster: Cluster, node: str, part: Path) -> tuple[subprocess.Popen[bytes], int]:
    """In the node's namespaces: its network is what is filtered, and its /run has the lock of iptables. The second
    value is the controller's own process: nsenter is its parent."""
    first = machines.first_process(cluster.directory, node)
    known = state.load(cluster.directory)
    assert first
    assert known
    directory = layout.folder(cluster.directory, node)
    # Like the rest of this cluster's administration it is root's own; in a cluster of others it has an account.
    token, certificate = credentials.ensure_token(cluster.directory), credentials.certificate_data(cluster.directory)
    kubeconfig = directory / "kube-router.kubeconfig"
    credentials.write_private(kubeconfig, config.kubeconfig(known["port"], certificate, token))
    command = [
        "nsenter",
        f"--target={first}",
        *("--mount", "--net", "--pid", "--uts"),
        str(part / "kube-router"),
        f"--kubeconfig={kubeconfig}",
        *("--run-firewall=true", "--run-router=false", "--run-service-proxy=false", "--run-loadbalancer=false"),
        *("--health-port=0", "--metrics-port=0", f"--service-cluster-ip-range={layout.SERVICE_NETWORK}"),
    ]
    with log(cluster, node).open("ab") as said:
        process = subprocess.Popen(
            command, env=_environment(part), stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
    return process, _child(process)


def _environment(part: Path) -> dict[str, str]:
    found = {**debian.environment(part), "HOME": "/root"}
    for extensions in (part / debian.SYSTEM).glob("usr/lib/*/xtables"):
        found["XTABLES_LIBDIR"] = str(extensions)
    return found


def _child(process: "subprocess.Popen[bytes]") -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None:
        if found := children.read_text().split():
            return int(found[0])
    raise AssertionError(f"nsenter ended with {process.returncode}")


def place(api: ApiClient, name: str, peer: Peer, node: str, ports: Iterable[int]) -> None:
    """A pod with the labels of `peer` that takes connections at `ports`."""
    container: dict[str, Any] = {
        "name": "peer",
        "image": IMAGE,
        "command": [PYTHON, "/app/peer.py", "serve", *map(str, ports)],
        "readinessProbe": {"tcpSocket": {"port": next(iter(ports))}, "periodSeconds": 1},
    }
    spec = {"nodeName": node, "terminationGracePeriodSeconds": 0, "containers": [container]}
    body = {"metadata": {"name": name, "labels": dict(peer.labels)}, "spec": spec}
    CoreV1Api(api).create_namespaced_pod(peer.namespace, body)


def tried(api: ApiClient, peers: dict[str, Peer], tries: Sequence[Try]) -> dict[Try, bool]:
    """Whether each connection could be opened, from within its pod. All of one pod are asked for at once."""
    core = CoreV1Api(api)
    addresses = {
        name: core.read_namespaced_pod(name, peer.namespace).status.pod_ip
        for name, peer in peers.items()
        if peer.namespace
    }
    found: dict[Try, bool] = {}
    for source in dict.fromkeys(one.source for one in tries):
        asked = [one for one in tries if one.source == source]
        targets = [f"{one.protocol}/{addresses.get(one.target, one.target)}/{one.port}" for one in asked]
        said = stream(
            CoreV1Api(ApiClient(api.configuration)).connect_get_namespaced_pod_exec,
            source,
            peers[source].namespace,
            command=[PYTHON, "/app/peer.py", "ask", *targets],
            **dict.fromkeys(("stdout", "stderr"), True),
            **dict.fromkeys(("stdin", "tty"), False),
        )
        answers = said.split()
        assert len(answers) == len(asked), said
        found |= {one: answer == "1" for one, answer in zip(asked, answers, strict=True)}
    return found
