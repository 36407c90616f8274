"""When an object is ready, on what the API server says of it."""

from collections.abc import Sequence

import pytest

from deploy.ready import NotReady, has_failed, wait_until_ready


class Server:
    """Answers with one live object after the other, then with the last one for ever."""

    def __init__(self, *states: dict[str, object] | None, pods: Sequence[dict[str, object]] = ()) -> None:
        self._states = list(states)
        self._pods = list(pods)

    def get(self, _manifest: object) -> dict[str, object] | None:
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]

    def last_event(self, _namespace: str, _name: str) -> str:
        return "FailedMount: no such host"

    def list(self, *_: object) -> list[dict[str, object]]:
        return list(self._pods)


def live(kind: str, spec: dict[str, object] | None = None, **status: object) -> dict[str, object]:
    metadata = {"name": "x", "namespace": "ns", "generation": 2}
    return {"kind": kind, "metadata": metadata, "spec": spec or {}, "status": status}


def condition(kind: str, message: str = "") -> list[dict[str, str]]:
    return [{"type": kind, "status": "True", "message": message}]


STEPS = [
    [live("Deployment", observedGeneration=1), live("Deployment", observedGeneration=2)],
    [live("StatefulSet", observedGeneration=1), live("StatefulSet", observedGeneration=2, readyReplicas=1)],
    [live("Job"), live("Job", conditions=condition("Complete"))],
    [live("PersistentVolumeClaim", phase="Pending"), live("PersistentVolumeClaim", phase="Bound")],
    [live("ConfigMap")],
]
DEPLOYED = live("Deployment", observedGeneration=2, updatedReplicas=1, availableReplicas=1, replicas=1)
OLD_POD = live("Deployment", observedGeneration=2, updatedReplicas=1, availableReplicas=1, replicas=2)
SET = live("StatefulSet", observedGeneration=2, readyReplicas=1, updatedReplicas=1)


@pytest.mark.parametrize("states", STEPS, ids=lambda s: s[0]["kind"])
def test_each_kind_is_waited_for_in_its_own_way(states: list[dict[str, object]]) -> None:
    last = {"Deployment": [OLD_POD, DEPLOYED], "StatefulSet": [SET]}.get(str(states[0]["kind"]), [])
    said: list[str] = []
    ready = wait_until_ready(Server(*states, *last), states[0], 30, said.append)  # type: ignore[arg-type]
    assert ready == (states + last)[-1]
    assert len(said) == len(set(said)) == len(states + last) - 1


def test_a_time_limit_ends_with_the_newest_event() -> None:
    with pytest.raises(NotReady) as error:
        wait_until_ready(Server(live("PersistentVolumeClaim")), live("PersistentVolumeClaim"), 0, print)  # type: ignore[arg-type]
    assert str(error.value) == (
        "PersistentVolumeClaim ns/x is not ready after 0 s: phase Pending; last event of x: FailedMount: no such host"
    )


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
    with pytest.raises(NotReady, match=f"0 of 1 pods available; {says}"):
        wait_until_ready(Server(waited, pods=pods), waited, 0, print)  # type: ignore[arg-type]


def test_a_failed_job_is_not_waited_for_and_is_known_as_failed() -> None:
    failed = live("Job", conditions=condition("Failed", "backoff limit"))
    assert has_failed(failed)
    assert not has_failed(live("Job", conditions=condition("Complete")))
    assert not has_failed(live("Deployment", conditions=condition("Failed")))
    with pytest.raises(NotReady, match="Job ns/x failed: backoff limit"):
        wait_until_ready(Server(failed), failed, 30, print)  # type: ignore[arg-type]


def test_an_object_that_somebody_deletes_meanwhile() -> None:
    with pytest.raises(NotReady, match="ConfigMap ns/x was deleted by somebody else"):
        wait_until_ready(Server(None), live("ConfigMap"), 30, print)  # type: ignore[arg-type]
