"""A kubelet that the drill plays, for an image that cannot be pulled: kwok does not simulate that.

The drill takes nodes over from kwok by removing kwok's label, renews their leases itself, and reports for each pod what
a kubelet would report.
"""

import contextlib
import threading
from collections.abc import Callable, Generator, Sequence
from datetime import datetime, timezone
from typing import Any

from kubernetes.client import ApiClient, ApiException, CoordinationV1Api, CoreV1Api

from devcluster import nodes

_PERIOD = 0.5
_LEASES = "kube-node-lease"


class Kubelet:
    """Plays the kubelet of some nodes. Use it through `playing`."""

    def __init__(self, api: ApiClient, names: Sequence[str], can_pull: Callable[[str], bool]) -> None:
        self._core: Any = CoreV1Api(api)
        self._leases: Any = CoordinationV1Api(api)
        self._names, self._can_pull = names, can_pull
        self._ended = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Play until `end` is called."""
        try:
            while not self._ended.wait(_PERIOD):
                self._renew()
                for pod in self._core.list_pod_for_all_namespaces().items:
                    if pod.spec.node_name in self._names:
                        self._play(pod)
        except BaseException as error:
            self.failure = error

    def end(self) -> None:
        """Stop playing."""
        self._ended.set()

    def _renew(self) -> None:
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for name in self._names:
            self._leases.patch_namespaced_lease(name, _LEASES, {"spec": {"renewTime": now}})

    def _play(self, pod: Any) -> None:
        name, space = pod.metadata.name, pod.metadata.namespace
        try:
            if pod.metadata.deletion_timestamp:
                self._core.delete_namespaced_pod(name, space, grace_period_seconds=0)
            elif pod.status.phase == "Pending":
                images = [c.image for c in pod.spec.containers]
                good = all(self._can_pull(image) for image in images)
                self._core.patch_namespaced_pod_status(name, space, {"status": _status(pod, good)})
        except ApiException as error:
            if error.status != 404:
                raise


def _status(pod: Any, good: bool) -> dict[str, Any]:
    """The status of a pod: Running and Ready, or waiting for its image for ever."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
    state = {"running": {"startedAt": now}} if good else waiting
    containers = [
        {"name": c.name, "image": c.image, "imageID": "", "ready": good, "restartCount": 0, "state": state}
        for c in pod.spec.containers
    ]
    conditions = [
        {"type": kind, "status": "True" if good else "False", "lastTransitionTime": now}
        for kind in ("Initialized", "Ready", "ContainersReady")
    ]
    return {
        "phase": "Running" if good else "Pending",
        "conditions": conditions,
        "containerStatuses": containers,
        "startTime": now,
    }


@contextlib.contextmanager
def playing(api: ApiClient, names: Sequence[str], can_pull: Callable[[str], bool]) -> Generator[Kubelet]:
    """Play the kubelet of these nodes within a `with` block."""
    kubelet = Kubelet(api, names, can_pull)
    thread = threading.Thread(target=kubelet.run, daemon=True)
    for name in names:
        nodes.stop_heartbeat(api, name)
    thread.start()
    try:
        yield kubelet
    finally:
        for name in names:
            nodes.start_heartbeat(api, name)
        kubelet.end()
        thread.join()
    if kubelet.failure is not None:
        raise kubelet.failure
