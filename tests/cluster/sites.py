"""Stacks on clusters of their own, as people bring them up, and what people do in them afterwards."""

import contextlib
import io
import re
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import pytest
from kubernetes.client import BatchV1Api, CoreV1Api
from kubernetes.stream import stream
from rich.console import Console

from components.pod.names import PYTHON
from deploy import up, visit
from devcluster import node_kinds
from devcluster.cluster import Cluster
from drills.real import why_not
from plan.stack_file import StackFile
from tests.cluster.objects import wait
from tests.cluster.single_writer import application_pods


@dataclass
class Site:
    """A stack that people have brought up, and what they read meanwhile."""

    file: StackFile
    said: str = ""
    url: str = ""
    """The last line of the last `make up`."""

    def run(self, command: Callable[[StackFile, up.Ways], int]) -> str:
        """Run `up` or `down`; its output."""
        out = io.StringIO()
        assert command(self.file, up.Ways.people(Console(file=out, width=200))) == 0
        self.said = out.getvalue()
        if command is up.up:
            found = re.fullmatch(r"Open (http://127\.0\.0\.1:\d+)", self.said.splitlines()[-1])
            assert found, self.said
            self.url = found.group(1)
        return self.said

    @property
    def cluster(self) -> Cluster:
        return up.cluster_of(self.file, Console(file=io.StringIO()))

    def page(self) -> str:
        with urllib.request.urlopen(self.url, timeout=10) as answer:
            return answer.read().decode()

    def store(self, note: str) -> str:
        """Write a note on the page, as a browser does; the page after it."""
        form = urllib.parse.urlencode({"text": note}).encode()
        with urllib.request.urlopen(f"{self.url}/notes", form, timeout=10) as answer:
            return answer.read().decode()

    def answers_with(self, text: str, without: str = "\0") -> bool:
        """Whether the page holds the one and not the other. While a pod ends, there may be no answer."""
        try:
            page = self.page()
        except OSError:
            return False
        return text in page and without not in page

    def logs(self) -> str:
        out = io.StringIO()
        assert visit.logs(self.file, Console(file=out, width=200), follow=False) == 0
        return out.getvalue()

    def execute(self, *command: str) -> str:
        """What a command prints in the application's container of the one pod that is ready."""
        space = self.file.settings.namespace
        (pod,) = application_pods(self.cluster.api(), space)
        said: str = stream(
            CoreV1Api(self.cluster.api()).connect_get_namespaced_pod_exec,
            pod.metadata.name,
            space,
            container="kotaemon",
            command=[*command],
            stdout=True,
            stderr=True,
            stdin=False,
            tty=False,
        )
        return said

    def python(self, *words: str) -> str:
        """What the Python of the application's container prints."""
        return self.execute(PYTHON, *words)

    def job(self, cron: str, name: str, **env: str) -> str:
        """`kubectl create job <name> --from=cronjob/<cron>`, with variables set; what it printed when it is complete."""
        api, space = self.cluster.api(), self.file.settings.namespace
        batch, core = BatchV1Api(api), CoreV1Api(api)
        spec: Any = batch.read_namespaced_cron_job(cron, space).spec.job_template.spec
        (container,) = spec.template.spec.containers
        for variable in container.env:
            variable.value = env.get(variable.name, variable.value)
        batch.create_namespaced_job(space, {"metadata": {"name": name}, "spec": spec})

        def ended() -> bool:
            status: Any = batch.read_namespaced_job_status(name, space).status
            return any(one.type in ("Complete", "Failed") and one.status == "True" for one in status.conditions or [])

        wait(f"the Job {name} ends", ended, 300)
        pods = core.list_namespaced_pod(space, label_selector=f"job-name={name}").items
        pods.sort(key=lambda pod: pod.metadata.creation_timestamp)
        said: str = core.read_namespaced_pod_log(pods[-1].metadata.name, space, container=container.name)
        status: Any = batch.read_namespaced_job_status(name, space).status
        assert status.succeeded == 1, said
        return said


@contextlib.contextmanager
def brought_up(
    file: StackFile, before: Callable[[Site], object] = lambda _: None, nodes: str = "auto"
) -> Generator[Site]:
    """A stack that is up, on nodes as the machine allows them. `before`: what is done to the site before that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(node_kinds.VARIABLE, nodes)
        made = Site(file)
        try:
            before(made)
            made.run(up.up)
            yield made
        finally:
            made.cluster.stop()


def need_real_nodes() -> None:
    """Skip, and say why, where the machine can have no real nodes."""
    if reason := why_not():
        pytest.skip(f"NOT RUN: {reason}")
