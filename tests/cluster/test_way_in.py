"""Traefik for real, before two pods, by the Ingress and the HTTPRoute that the program renders."""

import http.client
import os
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiClient, AppsV1Api, CoreV1Api

from components.contract import Platform
from deploy.kube import Kube, Refused
from devcluster.cluster import Cluster
from devcluster.node_kinds import Nodes
from devcluster.real import images, machines
from drills.real import why_not
from plan import collect
from plan.manifests import manifest
from tests.cluster import stacks, way_in
from tests.cluster.objects import wait
from tests.cluster.single_writer import IMAGE, PYTHON, ready_pods
from tests.cluster.test_network_policy import STACK
from tests.cluster.way_in import HOST, Client
from tests.programs import traefik

pytestmark = pytest.mark.long
SPACE = "kotaemon"
PORTS = {"web": 8000, "patient": 8001, "gateway": 8002}
LABELS = {"app.kubernetes.io/name": "kotaemon", "app.kubernetes.io/instance": SPACE}
MIB = 1 << 20
GATEWAY = [
    {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "traefik"},
        "spec": {"controllerName": "traefik.io/gateway-controller"},
    },
    {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "public", "namespace": "infra"},
        "spec": {
            "gatewayClassName": "traefik",
            "listeners": [
                {
                    "name": "http",
                    "protocol": "HTTP",
                    "port": PORTS["gateway"],
                    "allowedRoutes": {"namespaces": {"from": "All"}},
                }
            ],
        },
    },
]


@dataclass
class Site:
    """Two pods, and the program's objects before them."""

    cluster: Cluster
    api: ApiClient
    kube: Kube
    folder: Path
    network: int

    def rendered(self, ingress: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
        """The objects of these kinds that belong to the application itself."""
        file = stacks.write(self.folder, SPACE, {"files": stacks.FILES}, **{**STACK, "ingress": ingress})
        made = [manifest(r) for r in collect.preview(file).registrations if r.is_object]
        return [one for one in made if one["kind"] in kinds and one["metadata"]["name"] == SPACE]

    def client(self, entry: str = "web") -> Client:
        return Client(self.network, PORTS[entry])


@pytest.fixture(scope="module")
def site(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """One real node with two pods that have the application's labels, and no controller yet."""
    if reason := why_not():
        pytest.skip(f"NOT RUN: {reason}")
    traefik.program()
    folder = tmp_path_factory.mktemp("application")
    (folder / "app.py").write_text(way_in.APP)
    cluster = Cluster("test-way-in", Platform.PRIVATE, nodes=Nodes.REAL, real=["node-a1"])
    archive = images.application(folder.with_name("application.tar"), folder, PYTHON)
    cluster.directory.mkdir(parents=True)
    images.store(cluster.directory, archive, IMAGE)
    cluster.start(keep=False)
    with ExitStack() as stack:
        stack.callback(cluster.stop)
        api = cluster.api()
        for space in (SPACE, "infra"):
            CoreV1Api(api).create_namespace({"metadata": {"name": space}})
        _pods(api)
        network = machines.open_network(cluster.directory)
        stack.callback(os.close, network)
        wait("two pods are ready", lambda: len(ready_pods(api, SPACE)) == 2, 120)
        yield Site(cluster, api, Kube(api, folder / "discovery.json"), folder, network)


def _pods(api: ApiClient) -> None:
    container = {
        "name": "kotaemon",
        "image": IMAGE,
        "command": [PYTHON, "/app/app.py"],
        "readinessProbe": {"tcpSocket": {"port": 7860}, "periodSeconds": 1},
    }
    template = {"metadata": {"labels": LABELS}, "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]}}
    spec = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": template}
    AppsV1Api(api).create_namespaced_deployment(SPACE, {"metadata": {"name": SPACE}, "spec": spec})


@pytest.fixture(scope="module")
def ingress(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """Traefik serves the rendered Ingress; the entry point `patient` reads a request for as long as it takes."""
    controller = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "traefik"},
        "spec": {"controller": "traefik.io/ingress-controller"},
    }
    objects = site.rendered({"hostname": HOST, "className": "traefik"}, "Service", "Ingress")
    assert [one["kind"] for one in objects] == ["Service", "Ingress"]
    for one in (controller, *objects):
        site.kube.apply(one)
    options = ("--providers.kubernetesingress=true", "--entrypoints.patient.transport.respondingtimeouts.readtimeout=0")
    ports = {name: PORTS[name] for name in ("web", "patient")}
    with way_in.running(site.cluster, tmp_path_factory.mktemp("ingress"), ports, *options) as log:
        wait(f"Traefik serves, see {log}", lambda: _served(site), 60)
        yield site


def _served(site: Site) -> bool:
    try:
        return all(site.client(entry).get()[0] == 200 for entry in ("web", "patient"))
    except OSError:
        return False


def test_browsers_are_spread_and_each_stays_with_its_pod(ingress: Site) -> None:
    pods = {pod.metadata.name for pod in ready_pods(ingress.api, SPACE)}
    browsers = [ingress.client() for _ in range(6)]
    first = [browser.get()[1] for browser in browsers]
    assert set(first) == pods, "without a cookie both pods are used"
    assert all(set(browser.cookies) == {"kotaemon-pod"} for browser in browsers)
    assert all(browser.cookies["kotaemon-pod"]["httponly"] for browser in browsers)
    for _ in range(5):
        assert [browser.get()[1] for browser in browsers] == first


def test_an_upload_larger_than_the_defaults_of_other_controllers_goes_through(ingress: Site) -> None:
    size = 256 * MIB
    assert ingress.client().post((bytes(MIB) for _ in range(256)), size, seconds=120) == (200, str(size))


def test_an_answer_comes_piece_by_piece_as_it_is_made(ingress: Site) -> None:
    with ingress.client().connection() as connection:
        began = time.monotonic()
        connection.request("GET", "/pieces?seconds=8", headers={"Host": HOST})
        answer = connection.getresponse()
        assert answer.read1(64) == b"0\n"
        assert time.monotonic() - began < 8
        assert answer.read() == b"1\n2\n"


def test_a_slow_upload_is_cut_after_a_minute_as_every_run_warns_and_a_slow_answer_never(ingress: Site) -> None:
    """Both take longer than 60 s, Traefik's `readTimeout`. Where that is raised the upload goes through."""
    count, pause = 38, 2.0

    def upload(entry: str) -> Any:
        try:
            return ingress.client(entry).post(way_in.slowly(bytes(1000), count, pause), 1000 * count, seconds=30)
        except (OSError, http.client.HTTPException) as error:
            return error

    with ThreadPoolExecutor(3) as pool:
        default, patient = pool.submit(upload, "web"), pool.submit(upload, "patient")
        answer = pool.submit(ingress.client().get, "/?seconds=75", 120)
        assert answer.result()[0] == 200
        assert patient.result() == (200, str(1000 * count))
        cut = default.result()
    assert isinstance(cut, Exception) or cut[0] >= 400, cut


def test_a_browser_whose_pod_is_gone_gets_another_and_stays_there(ingress: Site) -> None:
    browser = ingress.client()
    gone = browser.get()[1]
    CoreV1Api(ingress.api).delete_namespaced_pod(gone, SPACE)
    wait("another pod answers", lambda: _elsewhere(browser, gone), 60)
    now = browser.get()[1]
    assert now != gone
    wait("two pods are ready", lambda: len(ready_pods(ingress.api, SPACE)) == 2, 60)
    assert {browser.get()[1] for _ in range(8)} == {now}


def _elsewhere(browser: Client, gone: str) -> bool:
    """A request that is on its way to the pod's address while that goes waits for Traefik's `dialTimeout`, 30 s."""
    try:
        status, name = browser.get(seconds=40)
    except OSError:
        return False
    return status == 200 and name != gone


def test_the_route_of_a_gateway_is_served_and_has_no_stickiness_of_traefik(
    site: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Traefik reads no `sessionPersistence`, so the guard asks how browsers stay: `stickyBy` has to name something else."""
    for file in sorted(traefik.crds().glob("gateway.networking.k8s.io_*s.yaml")):
        for body in yaml.safe_load_all(file.read_text()):
            if body and body["kind"] == "CustomResourceDefinition":
                body.pop("status", None)
                site.kube.apply(body)
    way = {"hostname": HOST, "gateway": "infra/public", "controller": "other", "stickyBy": "nothing"}
    objects = site.rendered(way, "Service", "HTTPRoute")
    kube = Kube(site.api, site.folder / "with-gateways.json")
    for one in objects:
        if one["kind"] == "Service":
            kube.apply(one)
    for one in (*GATEWAY, *(one for one in objects if one["kind"] == "HTTPRoute")):
        wait(f"the cluster knows {one['kind']}", lambda o=one: _applied(kube, o), 60)
    options = ("--providers.kubernetesgateway=true", "--providers.kubernetesgateway.experimentalchannel=true")
    ports = {"gateway": PORTS["gateway"]}
    with way_in.running(site.cluster, tmp_path_factory.mktemp("gateway"), ports, *options) as log:
        browser = site.client("gateway")
        wait(f"Traefik serves the route, see {log}", lambda: _answers(browser), 60)
        assert len({browser.get()[1] for _ in range(10)}) == 2
        assert "kotaemon-pod" not in browser.cookies


def _applied(kube: Kube, body: dict[str, Any]) -> bool:
    try:
        kube.apply(body)
    except Refused:
        return False
    return True


def _answers(browser: Client) -> bool:
    try:
        return browser.get()[0] == 200
    except OSError:
        return False
