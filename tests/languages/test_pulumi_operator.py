"""The Pulumi Kubernetes Operator runs a Stack of this program: a claim that is renamed is refused, and the Stack's status
says so.

KOTAEMON_PULUMI_OPERATOR: a checkout of github.com/pulumi/pulumi-kubernetes-operator (tried: v2.9.0). Its module is not on
the Go module proxy, so it is not fetched here. Operator and agent are built from it and run as processes of this machine,
on loopback; the workspace's pod is simulated, so the agent serves a folder that this test writes in place of a checkout.
"""

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiextensionsV1Api

from components.contract import Platform
from deploy.kube import Kube
from devcluster import recipe, toolchain
from devcluster.cluster import Cluster
from tests.cluster.objects import wait
from tests.cluster.stacks import DISK, FILES
from tests.engine import engines
from tests.engine.stack import change
from tests.languages.programs import Home, clone_of_project, lacking, must

CHECKOUT = os.environ.get("KOTAEMON_PULUMI_OPERATOR", "")
if why := "" if CHECKOUT else "NOT RUN: KOTAEMON_PULUMI_OPERATOR names no checkout of the operator":
    pytest.skip(why, allow_module_level=True)
if why := lacking("pulumi-language-python"):
    pytest.skip(f"the Pulumi Kubernetes Operator: {why}", allow_module_level=True)
pytestmark = pytest.mark.long
SPACE, NAME = "operated", "operated"
OPERATOR_SPACE, ACCOUNT = "pulumi-kubernetes-operator", "controller-manager"
"""Of the account with whose tokens the operator speaks to an agent (operator/cmd/main.go)."""
FIRST, SECOND, THIRD = (number * 40 for number in "123")
"""Commits: the operator asks no repository when it is given one."""


@dataclass
class Operated:
    """A Stack that the operator runs, and the folder that its agent serves."""

    folder: Path
    kube: Kube

    @property
    def file(self) -> Path:
        return self.folder / f"Pulumi.{NAME}.yaml"

    def commit(self, commit: str) -> dict[str, Any]:
        """Name a commit in the Stack, as after a push; the status of the update that the operator runs for it."""
        body = {
            "apiVersion": "pulumi.com/v1",
            "kind": "Stack",
            "metadata": {"name": NAME, "namespace": SPACE},
            "spec": {"stack": NAME, "projectRepo": "https://git.example.org/platform/kotaemon", "commit": commit},
        }
        self.kube.apply(body)
        found: dict[str, Any] = {}

        def ended() -> bool:
            status = (self.kube.get(body) or {}).get("status") or {}
            stalled = [each for each in status.get("conditions") or () if each["type"] == "Stalled"]
            assert stalled == [], "nothing comes of it"
            last = status.get("lastUpdate") or {}
            found.update(last)
            return last.get("lastAttemptedCommit") == commit and bool(last.get("state"))

        wait(f"the operator has run {commit}", ended, 900)
        return found

    def claims(self) -> set[str]:
        return {claim["metadata"]["name"] for claim in self.kube.list("v1", "PersistentVolumeClaim", SPACE)}


def free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def process(log: Path, *command: str, env: Mapping[str, str]) -> Generator[None]:
    with log.open("wb") as out:
        running = subprocess.Popen(command, env={**os.environ, **env}, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            running.send_signal(signal.SIGTERM)
            try:
                running.wait(60)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def built(folder: Path, package: str) -> str:
    target = folder / package.partition("/")[0]
    command = [str(toolchain.find_go()), "build", *recipe.FLAGS, "-o", str(target), f"./{package}"]
    subprocess.run(command, cwd=CHECKOUT, env=toolchain.environment(), check=True)
    return str(target)


def definitions(cluster: Cluster, kube: Kube) -> None:
    api, names = ApiextensionsV1Api(cluster.api()), []
    for file in sorted(Path(CHECKOUT, "deploy/crds").glob("*.yaml")):
        body = yaml.safe_load(file.read_text())
        kube.apply(body)
        names.append(body["metadata"]["name"])

    def established(name: str) -> bool:
        found: Any = api.read_custom_resource_definition(name)
        conditions = found.status.conditions or ()
        return any(one.type == "Established" and one.status == "True" for one in conditions)

    wait("the operator's kinds are known", lambda: all(established(name) for name in names))


@pytest.fixture(scope="module")
def operated(
    cluster_for: Callable[[Platform], Cluster], tmp_path_factory: pytest.TempPathFactory
) -> Generator[Operated]:
    cluster = cluster_for(Platform.PRIVATE)
    kube, base = engines.kube(cluster), tmp_path_factory.mktemp("operator")
    definitions(cluster, kube)
    for space in (SPACE, OPERATOR_SPACE):
        kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
    account = {"name": ACCOUNT, "namespace": OPERATOR_SPACE}
    kube.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    home = Home(base / "home", cluster.kubeconfig)
    home.add("command", version("pulumi-command"))  # the agent runs `pulumi install`, which takes those of all packages
    made = Operated(clone_of_project(base / "workspace"), Kube(cluster.api(), base / "discovery.json"))
    ours = {
        "platform": "private",
        "namespace": SPACE,
        "namespaceExists": True,
        "cluster": {"kubeconfig": str(cluster.kubeconfig), "context": cluster.context},
        "storage": {"claims": {"files": FILES, "disk": DISK}},
    }
    made.file.write_text(yaml.safe_dump({"config": {f"kotaemon:{key}": value for key, value in ours.items()}}))
    port = str(free())
    agent = [built(base, "agent"), "serve", "--workspace", str(made.folder), "--skip-install"]
    operator = [built(base, "operator/cmd"), "--health-probe-bind-address=0", "--program-fs-addr=127.0.0.1:0"]
    reach = {"KUBECONFIG": str(cluster.kubeconfig), "WORKSPACE_LOCALHOST": f"127.0.0.1:{port}"}
    with (
        process(base / "agent.log", *agent, "--host", "127.0.0.1", "--port", port, env=home.environment),
        process(base / "operator.log", *operator, env=reach),
    ):
        yield made


def test_a_stack_of_the_operator_is_up(operated: Operated) -> None:
    assert operated.commit(FIRST)["state"] == "succeeded"
    assert operated.claims() == {"kotaemon-disk", "kotaemon-files"}


def test_a_renamed_claim_is_refused_and_the_status_says_so(operated: Operated) -> None:
    before = operated.file.read_text()
    deployment = must(operated.kube, "Deployment", "kotaemon", SPACE)["metadata"]["generation"]
    change(operated.file, {"storage.claims.disk": None, "storage.claims.fast": DISK})
    last = operated.commit(SECOND)
    operated.file.write_text(before)
    assert last["state"] == "failed"
    print(last["message"])
    assert "refused by the guard, because data would be left behind; nothing was changed" in last["message"]
    assert "kotaemon:storage.claims.disk: left the stack file" in last["message"]
    assert f"make move STACK={NAME} ROLE=sessions TO=fast WRITE=1" in last["message"]
    assert operated.claims() == {"kotaemon-disk", "kotaemon-files"}
    assert must(operated.kube, "Deployment", "kotaemon", SPACE)["metadata"]["generation"] == deployment


def test_put_back_it_is_up_again(operated: Operated) -> None:
    assert operated.commit(THIRD)["state"] == "succeeded"
    assert operated.claims() == {"kotaemon-disk", "kotaemon-files"}
