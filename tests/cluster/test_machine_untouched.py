"""What real nodes take of the machine, and that it is afterwards as it was."""

import contextlib
import os
import signal
import subprocess
import time
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
LEFT_SECONDS, BUSY = 2.0, 5
"""Goal for all that a cluster has on the machine to be gone once it is stopped, and what a busy machine may take more."""
FOLDERS = ("/etc", "/opt", "/run", "/usr/local/bin", "/var/lib", "/var/log")
MOVING = ("kernel/random", "kernel/ns_last_pid", "kernel/pty/nr", "net/netfilter/nf_conntrack_count")
"""Settings that the kernel changes by itself."""


def picture(directory: Path) -> Picture:
    """What a cluster could change on the machine or leave behind."""
    groups = [str(path) for mounted in cgroups.hierarchies().values() for path in (mounted / cgroups.PARENT).glob("*")]
    return {
        "mounts": Path("/proc/self/mountinfo").read_text().splitlines(),
        "loops": [line for line in said("losetup", "--list", "--noheadings") if str(directory) in line],
        "interfaces": [line.split(":")[1] for line in said("ip", "-oneline", "link")],
        "addresses": [line.split()[1:4] for line in said("ip", "-oneline", "address")],
        "routes": said("ip", "route", "show", "table", "all"),
        "namespaces": sorted(path.name for path in Path("/run/netns").glob("*")),
        "sysctls": settings(),
        "groups": [group for group in groups if str(cgroups.group(directory)) in group],
        "processes": processes_in(directory),
        "files": sorted(str(path) for folder in FOLDERS for path in Path(folder).glob("*")),
    }


def said(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def settings() -> dict[str, str]:
    """Every system setting that can be read and does not move by itself."""
    found: dict[str, str] = {}
    for part in ("kernel", "net", "vm", "user"):
        for file in Path("/proc/sys", part).rglob("*"):
            name = str(file.relative_to("/proc/sys"))
            if not name.startswith(MOVING) and file.is_file():
                with contextlib.suppress(OSError):
                    found[name] = file.read_text(errors="replace")
    return found


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
        for what in ("mounts", "interfaces", "addresses", "routes", "namespaces", "sysctls"):
            assert during[what] == before[what], f"nodes change nothing of the machine's {what} while they run"
    end(brief)
    took = wait("nothing is left", lambda: differing(before, picture(brief.directory)) == [], LEFT_SECONDS * BUSY)
    print(f"nothing is left {took:.1f} s after the end")


def differing(before: Picture, after: Picture) -> list[str]:
    """What is not as it was."""
    return [what for what in before if before[what] != after[what]]


def test_once_the_volumes_are_unmounted_a_stop_leaves_nothing_and_takes_seconds(brief: Cluster) -> None:
    before = picture(brief.directory)
    brief.start(keep=False)
    began = time.monotonic()
    brief.stop()
    took = time.monotonic() - began
    assert differing(before, picture(brief.directory)) == []
    print(f"gone {took:.1f} s after the stop began; the goal is {LEFT_SECONDS:.0f} s")
    assert took <= LEFT_SECONDS * BUSY
