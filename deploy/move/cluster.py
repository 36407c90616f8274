"""What a move reads and changes in the cluster."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.pod.names import PYTHON
from deploy import readings
from deploy.kube import Kube, Manifest, Refused, ref
from plan.exits import UserError
from stacks.moving import state as states
from stacks.moving.pods import Side
from stacks.moving.state import State

MANAGER = "kotaemon-move"
"""Field manager of the number of pods while it is changed. It is given up at once: the engine's next `up` sets the
number of the stack file, and would be refused a field that another one owns (Server-Side Apply, conflicts)."""
KEPT_UNTIL = "kotaemon.dev/kept-until"
MOVED_TO = "kotaemon.dev/moved-to"
"""Annotations of an old claim: until which day it is kept for sure, and where its role went. Nobody acts on them."""
NAME = "kotaemon"
TELL_SECONDS = 30.0
UNPLACED_SECONDS = 300.0
"""For the scheduler to place a Job's pod; a node that an autoscaler adds takes minutes."""
OF_A_JOB = "batch.kubernetes.io/job-name"


class JobFailed(UserError):
    """A Job of the move did not end well. The message is what it said."""

    def __init__(self, name: str, code: int | None, message: str) -> None:
        self.code = code
        super().__init__(f"{name}: {message or 'it failed and said nothing'}")


@dataclass
class Cluster:
    """The stack's namespace, as the move sees it."""

    kube: Kube
    namespace: str
    say: Callable[[str], None]
    execute: Callable[[Manifest, Sequence[str]], str] | None = None
    """Runs words in the application's container of a pod, and returns what they print."""
    pause: float = 1.0
    patience: float = 24 * 3600.0
    """Seconds for a Job, and for the application's pods to end."""
    _told: float = field(default=0.0, repr=False)

    def state(self, role: str) -> State | None:
        """What an earlier run has done."""
        return states.read(self.kube.get(self._named("v1", "ConfigMap", states.map_name(role))))

    def keep(self, state: State) -> State:
        """Write down what is done, before anything follows from it."""
        self.kube.apply(states.config_map(state, self.namespace))
        return state

    def deployment(self) -> Manifest:
        """The application's Deployment. Raises UserError."""
        found = self.kube.get(self._named("apps/v1", "Deployment", NAME))
        if found is None:
            raise UserError(f"there is no Deployment {NAME} in namespace {self.namespace}; run `up` first")
        return found

    def uses(self, side: Side, deployment: Manifest) -> bool:
        """Whether the application's pods have this folder of a claim, or one in it (a version of models)."""
        names = _volumes(deployment, side.claim["name"])
        found = [_folder(mount) for one in _containers(deployment) for mount in _mounts(one) if mount["name"] in names]
        return any(folder == side.folder or folder.startswith(f"{side.folder}/") for folder in found)

    def mounts(self, claim: str, deployment: Manifest) -> dict[str, str]:
        """Folder of a claim -> where the application's own container has it."""
        names = _volumes(deployment, claim)
        (container,) = (one for one in _containers(deployment) if one["name"] == NAME)
        return {_folder(mount): mount["mountPath"] for mount in _mounts(container) if mount["name"] in names}

    def ask(self, program: str, words: Sequence[str]) -> dict[str, Any]:
        """What a Python program prints as JSON in the application's own container. Raises UserError."""
        running = [pod for pod in self.pods() if (pod.get("status") or {}).get("phase") == "Running"]
        if self.execute is None or not running:
            raise UserError("the application has the disk and does not run, so its size cannot be asked for; run `up`")
        said = self.execute(running[0], [PYTHON, "-c", program, *words])
        try:
            return json.loads(said)
        except ValueError:
            raise UserError(f"the size of the disk could not be asked for: {said.strip()}") from None

    def pods(self) -> list[Manifest]:
        """The application's pods, also those that are ending: they may still write."""
        return readings.app_pods(self.kube, self.namespace)

    def scale(self, replicas: int) -> int:
        """Set the number of pods; the Deployment's generation afterwards."""
        live = self.deployment()
        if live["spec"].get("replicas", 1) != replicas:
            self.kube.patch(live, [{"op": "add", "path": "/spec/replicas", "value": replicas}], MANAGER)
        self.give_up_replicas()
        return self.deployment()["metadata"].get("generation", 0)

    def give_up_replicas(self) -> None:
        """Own the number of pods no more, so that the engine can set it."""
        for _ in range(5):
            live = self.deployment()
            owned = live["metadata"].get("managedFields") or []
            others = [entry for entry in owned if entry["manager"] != MANAGER]
            if others == owned:
                return
            version = live["metadata"]["resourceVersion"]
            with contextlib.suppress(Refused):  # somebody was faster: look again
                self.kube.patch(
                    live,
                    [
                        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
                        {"op": "replace", "path": "/metadata/managedFields", "value": others},
                    ],
                    MANAGER,
                )

    def wait_stopped(self) -> None:
        """Wait until no pod of the application is left."""
        for waited in self._waiting():
            left = self.pods()
            if not left:
                return
            self._tell(waited, f"{len(left)} pods of the application are ending")
        raise UserError("the application's pods do not end; `BACK=1` starts them again")

    def wait_ready(self) -> float:
        """Wait until a pod of the application is ready; since when it is, in seconds since 1970."""
        for waited in self._waiting():
            ready = [one for one in readings.live_pods(self.kube, self.namespace) if readings.is_ready(one)]
            if ready:
                return min(readings.ready_since(one) for one in ready)
            self._tell(waited, "no pod of the application is ready yet")
        raise UserError("no pod of the application became ready; `make logs` shows what it says")

    def claim(self, name: str) -> Manifest | None:
        """A PersistentVolumeClaim."""
        return self.kube.get(self._named("v1", "PersistentVolumeClaim", name))

    def nodes_for(self, claims: Sequence[str]) -> list[str]:
        """Names of the nodes that the volumes of all these claims can be mounted on, by their node affinity."""
        nodes = {
            node["metadata"]["name"]: node["metadata"].get("labels") or {} for node in self.kube.list("v1", "Node")
        }
        for name in claims:
            volume = ((self.claim(name) or {}).get("spec") or {}).get("volumeName")
            found = self.kube.get({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume or ""}})
            required = (((found or {}).get("spec") or {}).get("nodeAffinity") or {}).get("required")
            if required:
                nodes = {node: labels for node, labels in nodes.items() if _admits(required, labels)}
        return list(nodes)

    def annotate(self, claim: str, values: dict[str, str | None]) -> None:
        """Set annotations of a claim; None takes one away."""
        live = self.claim(claim)
        if live is None:
            return
        known = live["metadata"].get("annotations") or {}
        left = {name: value for name, value in {**known, **values}.items() if value is not None}
        if left != known:
            self.kube.patch(live, [{"op": "add", "path": "/metadata/annotations", "value": left}], MANAGER)

    def other_writers(self, claim: str) -> list[str]:
        """Who else may write to a claim: pods that are not the application's, and CronJobs that may start."""
        found: list[str] = []
        for pod in self.kube.list("v1", "Pod", self.namespace):
            labels = pod["metadata"].get("labels") or {}
            over = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
            ours = labels.get("app.kubernetes.io/name") in (NAME, MANAGER)
            if not over and not ours and _writes(pod["spec"], claim):
                found.append(ref(pod))
        for cron in self.kube.list("batch/v1", "CronJob", self.namespace):
            spec = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
            if not cron["spec"].get("suspend") and _writes(spec, claim):
                found.append(ref(cron))
        return found

    def run(self, job: Manifest) -> dict[str, Any]:
        """Run a Job, or wait for it where an earlier run has made it; its result. Raises JobFailed."""
        live = self.kube.get(job)
        if live is not None and (_condition(live, "Failed") or (_complete(live) and not self._result(live))):
            self.drop(live)
            live = None
        if live is None:
            self.kube.apply(job)
        placed = 0.0
        for waited in self._waiting():
            live = self.kube.get(job)
            if live is None:
                raise UserError(f"{ref(job)} was deleted while it ran; run the same again")
            if _complete(live):
                return self._result(live)
            if _condition(live, "Failed"):
                raise JobFailed(job["metadata"]["name"], *self._why(live))
            why = self._pending(live)
            placed = waited if not why else placed
            if waited - placed > UNPLACED_SECONDS:
                raise JobFailed(job["metadata"]["name"], None, f"no node takes its pod: {why}")
            self._tell(waited, f"{job['metadata']['name']} runs{f' ({why})' if why else ''}")
        raise UserError(f"{ref(job)} has not ended; run the same again to wait on")

    def drop(self, job: Manifest) -> None:
        """Delete a Job with its pods, and wait until they are gone."""
        self.kube.delete(job)
        for _ in self._waiting():
            if self.kube.get(job) is None and not self._pods_of(job):
                return

    def drop_jobs(self, role: str) -> None:
        """Delete every Job of a role's move."""
        selector = ",".join(f"{key}={value}" for key, value in states.LABELS.items())
        for job in self.kube.list("batch/v1", "Job", self.namespace, selector):
            if job["metadata"]["name"].startswith(f"{states.map_name(role)}-"):
                self.drop(job)

    def _result(self, job: Manifest) -> dict[str, Any]:
        for pod in self._pods_of(job):
            for status in (pod.get("status") or {}).get("containerStatuses") or ():
                ended = (status.get("state") or {}).get("terminated") or {}
                if ended.get("exitCode") == 0 and ended.get("message"):
                    with contextlib.suppress(ValueError):
                        return json.loads(ended["message"])
        # rsync's own Job, and a converter's, end without a word.
        return {"done": True} if _last_says_nothing(job) else {}

    def _why(self, job: Manifest) -> tuple[int | None, str]:
        """Exit code and last words of what failed."""
        found: tuple[int | None, str] = (None, "")
        for pod in self._pods_of(job):
            status = pod.get("status") or {}
            for one in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
                ended = (one.get("state") or {}).get("terminated") or {}
                if ended.get("exitCode"):
                    said = (ended.get("message") or ended.get("reason") or "").strip()
                    found = (ended["exitCode"], said)
        return found

    def _pending(self, job: Manifest) -> str:
        reasons = [why for pod in self._pods_of(job) if (why := readings.why_pending(pod))]
        return reasons[-1] if reasons else ""

    def _pods_of(self, job: Manifest) -> list[Manifest]:
        found = self.kube.list("v1", "Pod", self.namespace, f"{OF_A_JOB}={job['metadata']['name']}")
        return sorted(found, key=lambda pod: pod["metadata"].get("creationTimestamp") or "")

    def _named(self, api_version: str, kind: str, name: str) -> Manifest:
        return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": self.namespace}}

    def _waiting(self) -> Iterator[float]:
        """Seconds waited so far, again and again until the patience is over."""
        begun = self._told = time.monotonic()
        while (waited := time.monotonic() - begun) < self.patience:
            yield waited
            time.sleep(self.pause)

    def _tell(self, waited: float, line: str) -> None:
        if time.monotonic() - self._told >= TELL_SECONDS:
            self._told = time.monotonic()
            self.say(f"{line} ({waited:.0f} s)")


def _writes(spec: Manifest, claim: str) -> bool:
    """Whether a pod mounts a claim in a way that lets it write."""
    names = {
        volume["name"]
        for volume in spec.get("volumes") or ()
        if (source := volume.get("persistentVolumeClaim")) and source["claimName"] == claim
        if not source.get("readOnly")
    }
    containers = [*(spec.get("initContainers") or ()), *spec["containers"]]
    mounts = [mount for one in containers for mount in one.get("volumeMounts") or ()]
    return any(mount["name"] in names and not mount.get("readOnly") for mount in mounts)


def _admits(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether a NodeSelector admits a node. Drivers write `In` alone; what they do not write counts as admitted."""
    return any(
        all(
            labels.get(one["key"]) in one.get("values", ())
            for one in term.get("matchExpressions") or ()
            if one["operator"] == "In"
        )
        for term in selector["nodeSelectorTerms"]
    )


def _containers(deployment: Manifest) -> list[Manifest]:
    spec = deployment["spec"]["template"]["spec"]
    return [*(spec.get("initContainers") or ()), *spec["containers"]]


def _mounts(container: Manifest) -> list[Manifest]:
    return container.get("volumeMounts") or []


def _folder(mount: Manifest) -> str:
    return mount.get("subPath") or mount.get("subPathExpr") or ""


def _volumes(deployment: Manifest, claim: str) -> list[str]:
    """Names of the pod's volumes that are a claim."""
    found = deployment["spec"]["template"]["spec"]["volumes"]
    return [one["name"] for one in found if (one.get("persistentVolumeClaim") or {}).get("claimName") == claim]


def _condition(item: Manifest, kind: str) -> bool:
    return readings.condition(item, kind) == "True"


def _complete(job: Manifest) -> bool:
    return _condition(job, "Complete")


def _last_says_nothing(job: Manifest) -> bool:
    (last,) = job["spec"]["template"]["spec"]["containers"]
    return last["name"] in ("copy", "convert")
