"""The kernel of real nodes against the simulation (guard/reach.py): who may open which port to whom, by our policies."""

import os
import socket
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiClient, CoreV1Api, NetworkingV1Api

from components.contract import Platform
from devcluster.cluster import Cluster
from devcluster.node_kinds import Nodes
from devcluster.real import images, layout, machines, namespace
from drills.real import why_not
from guard.reach import Peer, allows
from plan import collect
from plan.manifests import manifest
from tests.cluster import policies, stacks
from tests.cluster.objects import wait
from tests.cluster.policies import Try, tried
from tests.cluster.single_writer import IMAGE, PYTHON, ready_pods

pytestmark = pytest.mark.long
NODES = ["node-a1", "node-b1"]
SPACE = "kotaemon"
ON_CLASS = {"storageClass": "dev-block", "size": "10Gi", "encryptedBy": "simulated"}
MODELS = [{"namespace": "llm", "podLabels": {"app": "tgi"}, "port": 3000}, {"cidr": "192.0.2.0/28", "port": 8443}]
STACK: dict[str, Any] = {
    "profile": "scaled",
    "replicas": 2,
    "stores": {
        "database": {"kind": "bundled", **ON_CLASS},
        "vectorStore": {"kind": "qdrant-bundled", "memoryLimit": "4Gi", **ON_CLASS},
    },
    "ingress": {"hostname": "rag.example.org", "className": "traefik", "controllerNamespace": "edge"},
}


def _pod(name: str, instance: str) -> Peer:
    return Peer(SPACE, {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": f"{SPACE}{instance}"})


PODS = {
    "application": _pod("kotaemon", ""),
    "database": _pod("postgresql", "-database"),
    "vectors": _pod("qdrant", "-vectors"),
    "copy": _pod("postgresql-backup", "-database"),
    "neighbour": Peer(SPACE, {"app": "neighbour"}),
    "controller": Peer("edge", {"app": "traefik"}),
    "model": Peer("llm", {"app": "tgi"}),
    "other-model": Peer("llm", {"app": "other"}),
    "stranger": Peer("elsewhere", {"app.kubernetes.io/name": "kotaemon", "app.kubernetes.io/instance": SPACE}),
}
PORTS = (7860, 5432, 6333, 3000, 443)
WORLD, BESIDE, METADATA = "192.0.2.3", "192.0.2.99", "169.254.169.254"
OUTSIDE = [(WORLD, 8443), (WORLD, 443), (WORLD, 80), (BESIDE, 8443), (METADATA, 80), (METADATA, 443)]
PAIRS = [Try(a, b, port) for a in PODS for b in PODS if a != b for port in PORTS]
OUT = [
    *(Try(a, address, port) for a in PODS for address, port in OUTSIDE),
    *(Try(a, layout.GATEWAY, 53, "UDP") for a in PODS),
]


@dataclass
class Site:
    """A running cluster with the pods, and the policies of the stack once they are applied."""

    cluster: Cluster
    api: ApiClient
    folder: Path

    def rendered(self, **settings: Any) -> list[dict[str, Any]]:
        file = stacks.write(self.folder, SPACE, {"files": stacks.FILES}, **{**STACK, **settings})
        made = collect.preview(file)
        return [manifest(r) for r in made.registrations if r.is_object and r.inputs["kind"] == "NetworkPolicy"]

    def apply(self, wanted: Sequence[dict[str, Any]]) -> None:
        """Make exactly these policies."""
        api = NetworkingV1Api(self.api)
        api.delete_collection_namespaced_network_policy(SPACE)
        for policy in wanted:
            api.create_namespaced_network_policy(policy["metadata"]["namespace"], policy)

    def differences(self, wanted: Sequence[dict[str, Any]], tries: Sequence[Try], seconds: float = 60) -> list[str]:
        """Where the kernel does otherwise than the simulation says. Rules follow policies: it waits for agreement."""
        said = {one: allows(wanted, PODS[one.source], _target(one), one.port, one.protocol) for one in tries}
        assert {True, False} == set(said.values())
        deadline = time.monotonic() + seconds
        while True:
            found = tried(self.api, PODS, tries)
            wrong = [f"{one}: the kernel says {found[one]}" for one in tries if found[one] != said[one]]
            if not wrong or time.monotonic() > deadline:
                return wrong


def _target(one: Try) -> Peer:
    return PODS.get(one.target) or Peer(ip=one.target)


@pytest.fixture(scope="module")
def site(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """Two real nodes, the pods spread over both, and addresses outside of the cluster that answer."""
    if reason := why_not():
        pytest.skip(f"NOT RUN: {reason}")
    folder = tmp_path_factory.mktemp("peers")
    (folder / "peer.py").write_text(policies.PEER)
    cluster = Cluster("test-policies", Platform.PRIVATE, nodes=Nodes.REAL, real=NODES)
    archive = images.application(folder.with_name("peers.tar"), folder, PYTHON)
    cluster.directory.mkdir(parents=True)
    images.store(cluster.directory, archive, IMAGE)
    cluster.start(keep=False)
    with ExitStack() as stack:
        stack.callback(cluster.stop)
        api = cluster.api()
        for space in {peer.namespace for peer in PODS.values()}:
            CoreV1Api(api).create_namespace({"metadata": {"name": space}})
        for number, (name, peer) in enumerate(PODS.items()):
            policies.place(api, name, peer, NODES[number % 2], PORTS)
        stack.enter_context(_world(cluster))
        for space in {peer.namespace for peer in PODS.values()}:
            count = sum(peer.namespace == space for peer in PODS.values())
            wait(f"the pods of {space} are ready", lambda s=space, c=count: len(ready_pods(api, s)) == c, 120)
        yield Site(cluster, api, folder)


def _world(cluster: Cluster) -> ExitStack:
    """Listeners at addresses outside of the cluster. Nobody accepts: the kernel completes the connection."""
    stack = ExitStack()
    network = machines.open_network(cluster.directory)
    stack.callback(os.close, network)
    namespace.configure(network, [f"address add {address}/32 dev lo" for address in (WORLD, BESIDE, METADATA)])
    with namespace.inside(network):
        for address, port in OUTSIDE:
            stack.enter_context(socket.create_server((address, port), backlog=4000))
    return stack


def test_without_enforcement_everything_is_open(site: Site) -> None:
    site.apply(site.rendered(modelEndpoints=MODELS))
    assert set(tried(site.api, PODS, [*PAIRS, *OUT]).values()) == {True}


@pytest.fixture(scope="module")
def enforcing(site: Site) -> Generator[Site]:
    """The same site; its nodes enforce policies from now on."""
    with policies.enforced(site.cluster):
        yield site


def test_the_kernel_allows_what_the_simulation_says_and_nothing_else(enforcing: Site) -> None:
    wanted = enforcing.rendered(modelEndpoints=MODELS)
    enforcing.apply(wanted)
    assert not enforcing.differences(wanted, [*PAIRS, *OUT])


def test_a_service_is_held_against_the_port_of_its_pod(enforcing: Site) -> None:
    """The policy opens 5432 of the database's pod, and says nothing of the Service's own port."""
    spec = {"selector": dict(PODS["database"].labels), "ports": [{"port": 15432, "targetPort": 5432}]}
    made: Any = CoreV1Api(enforcing.api).create_namespaced_service(
        SPACE, {"metadata": {"name": "database"}, "spec": spec}
    )
    tries = [Try(source, made.spec.cluster_ip, 15432) for source in ("application", "copy", "neighbour", "stranger")]
    wait("the nodes know the Service", lambda: tried(enforcing.api, PODS, tries[:1])[tries[0]])
    assert list(tried(enforcing.api, PODS, tries).values()) == [True, True, False, False]


def test_the_pods_stay_ready_because_their_node_may_always_ask(enforcing: Site) -> None:
    time.sleep(5)  # several probes of a second each
    assert len(ready_pods(enforcing.api, SPACE)) == sum(peer.namespace == SPACE for peer in PODS.values())


def test_a_controller_on_the_hosts_network_comes_in_by_its_network_alone(enforcing: Site) -> None:
    core, network = CoreV1Api(enforcing.api), machines.open_network(enforcing.cluster.directory)
    address = core.read_namespaced_pod("application", SPACE).status.pod_ip

    def comes_in(port: int) -> bool:
        with namespace.inside(network):
            asking = socket.socket()
        asking.settimeout(3)
        with asking:
            return asking.connect_ex((address, port)) == 0

    closed = enforcing.rendered(modelEndpoints=MODELS)
    opened = enforcing.rendered(
        modelEndpoints=MODELS, ingress={**STACK["ingress"], "controllerNetworks": ["10.200.0.0/24"]}
    )
    try:
        for wanted in (closed, opened):
            enforcing.apply(wanted)
            for port in (7860, 5432):
                said = allows(wanted, Peer(ip=layout.GATEWAY), PODS["application"], port)
                assert said is (wanted is opened and port == 7860)
                wait(f"port {port} is {'open' if said else 'closed'}", lambda p=port, s=said: comes_in(p) is s)
    finally:
        os.close(network)


def test_the_world_by_https_without_the_addresses_of_metadata(enforcing: Site) -> None:
    """Without `modelEndpoints`. A rule of networks opens no pod for the simulation; this controller counts pods as well."""
    wanted = enforcing.rendered()
    enforcing.apply(wanted)
    assert not enforcing.differences(wanted, OUT)
    without_https = [one for one in PAIRS if one.port != 443]
    assert not enforcing.differences(wanted, without_https)
    into_stranger = Try("application", "stranger", 443)
    assert not allows(wanted, PODS["application"], PODS["stranger"], 443)
    assert tried(enforcing.api, PODS, [into_stranger])[into_stranger]
