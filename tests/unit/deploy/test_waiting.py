"""What an object lacks to be ready, on what the API server says of it; and that people are told."""

import time
from collections.abc import Sequence
from typing import Any

import pytest

from deploy import waiting
from deploy.events import Listener, Object
from deploy.waiting import Watch, missing, why


class Server:
    """Answers with one live object, its pods, and one event."""

    def __init__(self, found: dict[str, Any] | None, pods: Sequence[dict[str, object]] = ()) -> None:
        self._found, self._pods = found, list(pods)

    def get(self, _manifest: object) -> dict[str, Any] | None:
        return self._found

    def last_event(self, _namespace: str, _name: str) -> str:
        return "FailedMount: no such host"

    def list(self, *_: object) -> list[dict[str, object]]:
        return list(self._pods)


def live(kind: str, spec: dict[str, object] | None = None, **status: object) -> dict[str, Any]:
    metadata = {"name": "x", "namespace": "ns", "generation": 2}
    return {"kind": kind, "metadata": metadata, "spec": spec or {}, "status": status}


def condition(kind: str, message: str = "") -> list[dict[str, str]]:
    return [{"type": kind, "status": "True", "message": message}]


STEPS = [
    (live("Deployment", observedGeneration=1), "waiting for its controller"),
    (live("Deployment", observedGeneration=2), "0 of 1 pods available"),
    (live("Deployment", observedGeneration=2, updatedReplicas=1, availableReplicas=1, replicas=2), "old pods are"),
    (live("Deployment", observedGeneration=2, updatedReplicas=1, availableReplicas=1, replicas=1), ""),
    (live("StatefulSet", observedGeneration=1), "waiting for its controller"),
    (live("StatefulSet", observedGeneration=2, readyReplicas=1), "0 of 1 pods ready"),
    (live("StatefulSet", observedGeneration=2, readyReplicas=1, updatedReplicas=1), ""),
    (live("Job"), "running"),
    (live("Job", conditions=condition("Complete")), ""),
    (live("Job", conditions=condition("Failed", "backoff limit")), "failed: backoff limit"),
    (live("PersistentVolumeClaim", phase="Pending"), "phase Pending"),
    (live("PersistentVolumeClaim", phase="Bound"), ""),
    (live("ConfigMap"), ""),
]


@pytest.mark.parametrize(("state", "lacks"), STEPS)
def test_each_kind_lacks_something_of_its_own(state: dict[str, Any], lacks: str) -> None:
    said = missing(Server(state), state)  # type: ignore[arg-type]
    assert said.startswith(lacks)
    assert bool(said) == bool(lacks)


def test_a_claim_that_waits_for_its_first_pod_lacks_nothing() -> None:
    late = {"kind": "StorageClass", "volumeBindingMode": "WaitForFirstConsumer"}
    claim = live("PersistentVolumeClaim", {"storageClassName": "late"}, phase="Pending")
    assert missing(Server(late), claim) == ""  # type: ignore[arg-type]


def pod(name: str, created: str, *, ready: bool = False, waiting: str = "") -> dict[str, object]:
    state = {"waiting": {"reason": waiting, "message": "its message"}} if waiting else {}
    status = {"conditions": condition("Ready") if ready else [], "containerStatuses": [{"state": state}]}
    return {"metadata": {"name": name, "creationTimestamp": created}, "status": status}


SELECTED = {"selector": {"matchLabels": {"app": "x"}}}
QUOTA = [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}]
WHY = [
    ([], {"conditions": QUOTA}, "FailedCreate: exceeded quota"),
    (
        [pod("old", "1", ready=True), pod("new", "2", waiting="ImagePullBackOff")],
        {},
        "new waits: ImagePullBackOff: its",
    ),
    (
        [pod("new", "1", waiting="CrashLoopBackOff"), pod("old", "2", ready=True)],
        {},
        "new waits: CrashLoopBackOff: its",
    ),
    ([pod("starts", "1", waiting="ContainerCreating")], {}, "last event of starts: FailedMount"),
    ([pod("old", "1", ready=True)], {}, "last event of old: FailedMount"),
]


@pytest.mark.parametrize(("pods", "status", "says"), WHY, ids=[case[2][:20] for case in WHY])
def test_it_says_what_is_in_the_way(pods: list[dict[str, object]], status: dict[str, object], says: str) -> None:
    waited = live("Deployment", SELECTED, observedGeneration=2, **status)
    said = why(Server(waited, pods), "Deployment", "ns/x")  # type: ignore[arg-type]
    assert said.startswith(f"0 of 1 pods available; {says}")


def test_of_what_is_gone_ready_or_never_waited_for_nothing_is_said() -> None:
    ready = live("PersistentVolumeClaim", phase="Bound")
    assert why(Server(ready), "PersistentVolumeClaim", "ns/x") == ""  # type: ignore[arg-type]
    assert why(Server(None), "PersistentVolumeClaim", "ns/x") == ""  # type: ignore[arg-type]
    assert why(Server(live("ConfigMap")), "ConfigMap", "ns/x") == ""  # type: ignore[arg-type]


def test_what_takes_long_is_asked_for_and_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(waiting, "_PATIENCE_SECONDS", 0.0)
    notes: list[dict[str, Any]] = []
    listener = Listener(notes.append)
    about = Object("urn", "Deployment", "ns/x", True)
    listener.in_work["urn"] = (about, time.monotonic() - 1)
    server = Server(live("Deployment", SELECTED, observedGeneration=2))
    with Watch(server, listener, lambda _: None) as watch:  # type: ignore[arg-type]
        deadline = time.monotonic() + 30
        while not notes and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)
    reason = "0 of 1 pods available; last event of x: FailedMount: no such host"
    assert notes == [{"event": "waits", "kind": "Deployment", "name": "ns/x", "why": reason}]
    assert watch.reasons == {"urn": reason}
