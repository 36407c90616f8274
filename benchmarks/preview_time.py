"""Measures the engine's preview of stack `dev` against that of a program with one ConfigMap: part of `make bench`.

Both are `pulumi preview` by the command line and the language host of Python, with simulated nodes: once
before anything is made, and once with nothing to change. The limit is our goal, for the time on the clock: that is what
people wait for. The CPU time of the command with all that it starts is printed as well; other work changes it less.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from rich.console import Console

from components.contract import Platform
from devcluster import build, paths
from devcluster.cluster import Cluster
from devcluster.node_kinds import Nodes
from tests.engine import engines
from tests.languages.programs import Home, clone_of_project, environment

RUNS = 5
LIMIT = 1.3
"""The most that a preview of `dev` may take, as a multiple of the other one."""
PROJECT = {"name": "one", "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}}
PROGRAM = """
import pulumi
import pulumi_kubernetes as k8s
config = pulumi.Config()
cluster = k8s.Provider("cluster", kubeconfig=config.require("kubeconfig"), context=config.require("context"))
k8s.core.v1.ConfigMap(
    "one", metadata={"name": "one", "namespace": "default"}, data={"key": "value"},
    opts=pulumi.ResourceOptions(provider=cluster),
)
"""


def main() -> int:
    """Print both ratios. The exit code is 1 when one is above the limit."""
    build.ensure_built(Console(stderr=True), "python")
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        os.environ["KOTAEMON_BIN_CACHE"] = os.environ.get("KOTAEMON_BIN_CACHE") or str(paths.bin_root())
        os.environ["KOTAEMON_CACHE"] = str(folder / "cache")
        cluster = Cluster("bench", Platform.PRIVATE, nodes=Nodes.SIMULATED)
        cluster.start(keep=False)
        try:
            home = Home(folder / "home", cluster.kubeconfig)
            stacks = {"dev": dev(folder, home, cluster), "one": one(folder, home, cluster)}
            ratios = [measured("creating", stacks, home)]
            for stack, work in stacks.items():
                pulumi(home, work, "up", "--yes", "--skip-preview", "--stack", stack)
            ratios.append(measured("unchanged", stacks, home))
        finally:
            cluster.stop()
    return 0 if max(ratios) <= LIMIT else 1


def dev(folder: Path, home: Home, cluster: Cluster) -> Path:
    """A clone of the project with stack `dev` on the cluster."""
    work = clone_of_project(folder / "dev")
    pulumi(home, work, "stack", "init", "dev")
    for key, value in settings(cluster).items():
        pulumi(home, work, "config", "set", "--stack", "dev", "--path", f"kotaemon:cluster.{key}", value)
    return work


def one(folder: Path, home: Home, cluster: Cluster) -> Path:
    """A project with one ConfigMap."""
    work = folder / "one"
    work.mkdir()
    (work / "Pulumi.yaml").write_text(yaml.safe_dump(PROJECT))
    (work / "__main__.py").write_text(PROGRAM)
    environment(work / ".venv")
    pulumi(home, work, "stack", "init", "one")
    for key, value in settings(cluster).items():
        pulumi(home, work, "config", "set", "--stack", "one", key, value)
    return work


def settings(cluster: Cluster) -> dict[str, str]:
    """How both reach the cluster."""
    return {"kubeconfig": str(cluster.kubeconfig), "context": cluster.context}


def measured(what: str, stacks: dict[str, Path], home: Home) -> float:
    """Time on the clock of the preview of `dev` divided by that of the other program, by the medians."""
    runs = [[pulumi(home, work, "preview", "--stack", stack) for stack, work in stacks.items()] for _ in range(RUNS)]
    found: list[float] = []
    for number, name in enumerate(("on the clock", "of CPU")):
        ours, floor = (statistics.median(run[number] for run in column) for column in zip(*runs, strict=True))
        found.append(ours / floor)
        sys.stdout.write(f"preview, {what}, {name}: one ConfigMap {floor:.2f} s, dev {ours:.2f} s: {found[-1]:.2f}\n")
    return found[0]


def pulumi(home: Home, work: Path, *words: str) -> tuple[float, float]:
    """Seconds on the clock and of CPU that one command takes with all that it starts. Raises CalledProcessError."""
    command = [engines.found().command.command, *words]
    began, before = time.monotonic(), os.times()
    done = subprocess.run(
        command, cwd=work, env={**os.environ, **home.environment}, capture_output=True, text=True, check=False
    )
    after = os.times()
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - began, used


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}\n{error.stdout}{error.stderr}")
