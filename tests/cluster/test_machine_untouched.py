"""What real nodes take of the machine, and that it is afterwards as it was."""

import os
import signal
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import CoreV1Api

from components.contract import Platform
from devcluster import locks, platforms
from devcluster.cluster import Cluster
from devcluster.node_kinds import Nodes
from devcluster.real import cgroups, layout
from drills.real import why_not
from tests.cluster import objects
from tests.cluster.objects import wait
from tests.unit.devcluster.helpers import processes_in

FIRST = platforms.first_nodes(Platform.PRIVATE)


@pytest.fixture(scope="module", autouse=True)
def possible(own_cache: Path) -> None:
    """Skips all where the machine cannot have real nodes, or their programs cannot be had."""
    if reason := why_not():
        pytest.skip(f"NOT RUN: {reason}")


Picture = dict[str, Any]


def picture(directory: Path) -> Picture:
    """What a cluster could leave behind on the machine."""
    groups = [str(path) for mounted in cgroups.hierarchies().values() for path in (mounted / cgroups.PARENT).glob("*")]
    ours = [group for group in groups if str(cgroups.group(directory)) in group]
    interfaces = subprocess.run(["ip", "-oneline", "link"], capture_output=True, text=True, check=True).stdout
    return {
        "mounts": Path("/proc/self/mountinfo").read_text().splitlines(),
        "loops": subprocess.run(["losetup", "--list", "--noheadings"], capture_output=True, text=True).stdout,
        "interfaces": [line.split(":")[1] for line in interfaces.splitlines()],
        "namespaces": sorted(path.name for path in Path("/run/netns").glob("*")),
        "sysctls": {n: Path(f"/proc/sys/{n}").read_text() for n in ("vm/overcommit_memory", "kernel/panic")},
        "groups": ours,
        "processes": processes_in(directory),
        "files": sorted(str(p) for folder in ("/opt", "/var/lib", "/run", "/etc/cni") for p in Path(folder).glob("*")),
    }


@pytest.fixture
def brief(own_cache: Path) -> Generator[Cluster]:
    """A cluster with one real node."""
    cluster = Cluster("test-brief", Platform.PRIVATE, nodes=Nodes.REAL, real=FIRST[:1])
    yield cluster
    cluster.stop()


def stop(cluster: Cluster) -> None:
    cluster.stop()


def kill_everything(cluster: Cluster) -> None:
    supervisor = locks.holder(cluster.directory / locks.SUPERVISOR)
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    for pid in processes_in(cluster.directory):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


@pytest.mark.parametrize("end", [stop, kill_everything])
def test_the_machine_is_afterwards_as_it_was(brief: Cluster, end: Callable[[Cluster], None]) -> None:
    before = picture(brief.directory)
    brief.start(keep=False)
    api = brief.api()
    with objects.namespace(api) as space:
        objects.claim(api, space, "disk", "dev-block")
        spec = {"containers": [{"name": "holder", "image": layout.PAUSE_IMAGE}]}
        spec["containers"][0]["volumeMounts"] = [{"name": "disk", "mountPath": "/disk"}]
        spec["volumes"] = [{"name": "disk", "persistentVolumeClaim": {"claimName": "disk"}}]
        CoreV1Api(api).create_namespaced_pod(space, {"metadata": {"name": "holder"}, "spec": spec})
        objects.node_of(api, space, "holder")
        during = picture(brief.directory)
        assert during["loops"] != before["loops"], "a disk is mounted meanwhile"
        assert during["groups"], "the node has groups meanwhile"
        assert during["mounts"] == before["mounts"], "nodes mount nothing where the machine sees it"
        assert during["interfaces"] == before["interfaces"]
    end(brief)
    wait("nothing is left", lambda: picture(brief.directory) == before, 5)
