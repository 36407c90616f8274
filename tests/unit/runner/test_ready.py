"""When an object is ready, on what the API server says of it."""

import pytest

from runner.ready import NotReady, has_failed, wait_until_ready


class Server:
    """Answers with one live object after the other, then with the last one for ever."""

    def __init__(self, *states: dict[str, object] | None) -> None:
        self._states = list(states)

    def get(self, _manifest: object) -> dict[str, object] | None:
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]

    def last_event(self, _namespace: str, _name: str) -> str:
        return "FailedMount: no such host"

    def list(self, *_: object) -> list[dict[str, object]]:
        return []


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
