"""Drills of a disk that is full and of one that answers slowly: people wait or are told, and nothing is lost."""

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from kubernetes.client import ApiClient, CoreV1Api
from kubernetes.stream import stream

from components.pod.names import PYTHON
from deploy import readings
from deploy.kube import Manifest
from devcluster.cluster import Cluster
from devcluster.real import machines
from drills import samples
from drills.results import Result, judged, seconds
from drills.session import follow
from drills.until import within

READY_SECONDS = 120.0
_FIFREEZE, _FITHAW = 0xC0045877, 0xC0045878
"""ioctls of the kernel that hold back all writes of a file system (include/uapi/linux/fs.h)."""
_FROZEN_SECONDS, _THAWED_SECONDS = 0.9, 0.1
_FILL = """
import os, pathlib
folder = pathlib.Path(os.environ["KS_SESSIONS_DIR"])
with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as out:
    while True:
        out.write(bytes(1 << 20))
with contextlib.suppress(OSError), (folder / "filler").open("ab", buffering=0) as out:
    while True:
        out.write(b"x")
print(os.statvfs(folder).f_bavail)
"""
_FREE = "import os, pathlib; (pathlib.Path(os.environ['KS_SESSIONS_DIR']) / 'filler').unlink()"


def full(cluster: Cluster, name: str, folder: Path) -> Result:
    """Fill the disk of the application, replace its pod meanwhile, and free the disk. The stack is up on real nodes."""
    kube, core = samples.kube(cluster), CoreV1Api(cluster.api())
    problems: list[str] = []
    with follow(cluster, name, folder / name) as session:
        session.wait_for(turns=5)
        before = _pod(cluster, name)
        left = _python(cluster.api(), before, f"import contextlib{_FILL}")
        time.sleep(2.0)
        acknowledged = len(session.acknowledged)
        time.sleep(3.0)
        more = len(session.acknowledged) - acknowledged
        if session.serving()[0].turns() is None:
            problems.append("what is stored is not shown while the disk is full")
        if _restarts(_pod(cluster, name)) != _restarts(before):
            problems.append("the container was restarted because the disk is full")
        core.delete_namespaced_pod(before["metadata"]["name"], name)
        began = time.monotonic()
        try:
            within(READY_SECONDS, lambda: _is_another(cluster, name, before), "a new pod is Ready on the full disk")
            start: float | None = time.monotonic() - began
            _python(cluster.api(), _pod(cluster, name), _FREE)
            freed = time.monotonic()
            session.wait_for(turns=3)
            again: float | None = time.monotonic() - freed
            lost = set(session.acknowledged) - session.shown()
        except TimeoutError as error:
            problems.append(str(error))
            start = again = None
            lost = set[int]()
        turns = len(session.acknowledged)
    facts = {
        "free blocks": left.strip(),
        "acknowledged while full": str(more),
        "start of a pod on the full disk": seconds(start),
        "stores again after it was freed": seconds(again),
        "evicted": ", ".join(sorted(set(readings.event_messages(kube, name, "Evicted")))) or "nobody",
    }
    return judged(f"full disk, {name}", facts, problems, turns, lost)


def slow(cluster: Cluster, name: str, folder: Path, hold: float) -> Result:
    """Hold back the writes of the application's disk for nine tenths of the time, for `hold` seconds."""
    problems: list[str] = []
    with follow(cluster, name, folder / name) as session:
        session.wait_for(turns=5)
        pod = _pod(cluster, name)
        before, began = len(session.acknowledged), time.monotonic()
        with _held_back(_mounted(cluster, pod)):
            time.sleep(hold)
        during, gap = len(session.acknowledged) - before, session.longest_gap(began)
        try:
            session.wait_for(turns=3)
            lost = set(session.acknowledged) - session.shown()
        except TimeoutError as error:
            problems.append(str(error))
            lost = set[int]()
        after, turns = _pod(cluster, name), len(session.acknowledged)
    if (after["metadata"]["uid"], _restarts(after)) != (pod["metadata"]["uid"], _restarts(pod)):
        problems.append("the pod was restarted because its disk is slow")
    if not during:
        problems.append("no turn was stored while the disk was slow")
    facts = {"slow for": seconds(hold), "turns meanwhile": str(during), "longest wait": seconds(gap)}
    return judged(f"slow disk, {name}", facts, problems, turns, lost)


@contextlib.contextmanager
def _held_back(file_system: int) -> Generator[None]:
    """Freeze and thaw the file system (a descriptor in it, closed afterwards) until the end of the `with` block."""
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            fcntl.ioctl(file_system, _FIFREEZE, 0)
            try:
                ended.wait(_FROZEN_SECONDS)
            finally:
                fcntl.ioctl(file_system, _FITHAW, 0)
            ended.wait(_THAWED_SECONDS)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        os.close(file_system)


def _mounted(cluster: Cluster, pod: Manifest) -> int:
    """A descriptor of the folder at which the pod's disk is mounted on its node."""
    inner = machines.first_process(cluster.directory, pod["spec"]["nodeName"])
    (volume,) = readings.attached_volumes(samples.kube(cluster), pod)
    root = Path(f"/proc/{inner}/root/var/lib/kubelet/pods/{pod['metadata']['uid']}/volumes/kubernetes.io~csi")
    return os.open(root / volume["metadata"]["name"] / "mount", os.O_RDONLY | os.O_DIRECTORY)


def _pod(cluster: Cluster, name: str) -> Manifest:
    (pod,) = readings.live_pods(samples.kube(cluster), name)
    return pod


def _is_another(cluster: Cluster, name: str, before: Manifest) -> bool:
    pods = readings.app_pods(samples.kube(cluster), name)
    return [p["metadata"]["uid"] for p in pods] != [before["metadata"]["uid"]] and all(map(readings.is_ready, pods))


def _restarts(pod: Manifest) -> int:
    return sum(status["restartCount"] for status in pod["status"].get("containerStatuses") or ())


def _python(api: ApiClient, pod: Manifest, program: str) -> str:
    """Run a program in the application's container; what it prints."""
    # The stream client changes the ApiClient that it is given: a copy.
    call: Any = CoreV1Api(ApiClient(api.configuration)).connect_get_namespaced_pod_exec
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    options: Any = {"stdout": True, "stderr": True, "stdin": False, "tty": False}
    said: Any = stream(call, name, namespace, container="kotaemon", command=[PYTHON, "-c", program], **options)
    return str(said)
