"""`make logs`, `make shell` and `make open`: what people do with an application that is up on the devcluster."""

import contextlib
import threading
import time
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kubernetes.client import ApiException, CoreV1Api
from rich.console import Console

from deploy import readings, tables, terminal_session
from deploy.kube import Kube, Manifest
from deploy.stand_in import serve
from deploy.up import cluster_of, on_devcluster
from devcluster import published
from devcluster.cluster import Cluster
from plan.exits import UserError
from plan.stack_file import StackFile

CONTAINER = "kotaemon"
LAST_LINES = 200
"""Lines that `make logs` begins with."""
_SHELL = ["sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash || exec sh"]
_LOOK_SECONDS = 0.3


def logs(file: StackFile, console: Console, follow: bool) -> int:
    """Print what the application says; with `follow` until Ctrl-C. The exit code."""
    cluster = _running(file, console)
    if not cluster.real_nodes:
        return _process_logs(cluster, console, follow)
    core, pods = CoreV1Api(cluster.api()), _pods(cluster, file)
    threads = [
        threading.Thread(target=_print_log, args=(core, pod, console, follow, len(pods) > 1), daemon=True)
        for pod in pods
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0


def shell(file: StackFile, console: Console) -> int:
    """A shell in the application's container; its exit code."""
    cluster = _running(file, console)
    if not cluster.real_nodes:
        raise UserError(
            f"no container runs here ({cluster.nodes_line}), so there is none to enter. The folders of the stand-in's "
            f"volumes are in {cluster.directory / serve.FOLDER / 'volumes'}"
        )
    pod = next((p for p in _pods(cluster, file) if readings.is_ready(p)), None)
    if pod is None:
        raise UserError(f"no pod of stack {file.name} is ready; `make logs STACK={file.name}` shows what they say")
    return terminal_session.run(cluster.api(), pod["metadata"]["namespace"], pod["metadata"]["name"], CONTAINER, _SHELL)


def open_page(file: StackFile, console: Console) -> int:
    """Open the application's page in a browser where there is one; the address is printed in any case."""
    cluster = _running(file, console)
    here = [one for one in published.read(cluster.directory) if one["namespace"] == file.settings.namespace]
    ports = [port for one in here if (port := published.port_of(cluster.directory, one["namespace"], one["service"]))]
    if not ports:
        raise UserError(f"nothing of stack {file.name} is served; run `make up STACK={file.name}`")
    url = f"http://127.0.0.1:{ports[0]}"
    console.print(url, soft_wrap=True)
    if not webbrowser.open(url):
        console.print("No browser was found to open it with.")
    return 0


def _running(file: StackFile, console: Console) -> Cluster:
    on_devcluster(file)
    cluster = cluster_of(file, console)
    if not cluster.running:
        raise UserError(f"the devcluster of stack {file.name} does not run; run `make up STACK={file.name}`")
    return cluster


def _pods(cluster: Cluster, file: StackFile) -> list[Manifest]:
    pods = readings.live_pods(Kube(cluster.api(), cluster.directory / "discovery.json"), file.settings.namespace)
    if not pods:
        raise UserError(f"stack {file.name} has no pod in namespace {file.settings.namespace}; run `make up`")
    return pods


def _print_log(core: CoreV1Api, pod: Manifest, console: Console, follow: bool, named: bool) -> None:
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    options: Any = {"container": CONTAINER, "tail_lines": LAST_LINES, "_preload_content": False}
    try:
        answer: Any = core.read_namespaced_pod_log(name, namespace, follow=follow, **options)
    except ApiException as error:
        if error.status != 400:
            raise
        # No container yet: an image on its way, a volume that is not mounted.
        console.print(f"{name}: {tables.pod_state(pod)}; nothing is said yet", markup=False, soft_wrap=True)
        return
    for line in answer:
        text = line.decode(errors="replace").rstrip("\n")
        console.print(f"{name}: {text}" if named else text, markup=False, highlight=False, soft_wrap=True)


def _process_logs(cluster: Cluster, console: Console, follow: bool) -> int:
    """Of the stand-in's processes, whose output is in files."""
    files = sorted((cluster.directory / serve.FOLDER / "pods").glob("*/output"), key=lambda f: f.stat().st_mtime)
    if not files:
        raise UserError(f"no process of the stand-in has said anything ({cluster.nodes_line})")
    for line in _lines(files[-1], follow):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    return 0


def _lines(file: Path, follow: bool) -> Iterator[str]:
    with file.open(errors="replace") as content, contextlib.suppress(KeyboardInterrupt):
        yield from (line.rstrip("\n") for line in content.readlines()[-LAST_LINES:])
        while follow:
            if line := content.readline():
                yield line.rstrip("\n")
            else:
                time.sleep(_LOOK_SECONDS)
