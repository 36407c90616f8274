"""What a move has done so far, kept in a ConfigMap of its own in the stack's namespace: a rerun goes on from there."""

import dataclasses
import json
import uuid
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

SCRIPTS = ("copy_folders.py", "in_place.py", "in_pod.py")
"""What the Jobs run, beside the state in the same ConfigMap."""
STATE = "state.json"
LABELS = {"app.kubernetes.io/name": "kotaemon-move"}
"""Labels of the ConfigMap, the Jobs and their pods. No Service and no policy of the application selects them."""


class Step(str, Enum):
    """What is done. A step is written down when it is done, and a stop before it begins."""

    NEW = "new"
    """Nothing yet."""
    MEASURED = "measured"
    """There is room, and nobody has stopped anything."""
    SYNCED = "synced"
    """A first copy is there, made while the application ran."""
    STOPPING = "stopping"
    """The number of pods before is known, and the application is being stopped."""
    STOPPED = "stopped"
    """No pod is left that writes."""
    COPIED = "copied"
    """The copy is whole: both manifests are the same. The stack file has to say so next."""
    DONE = "done"
    """The application runs on the new claim."""
    BACK = "back"
    """The move was taken back; the application runs on the old claim."""


@dataclass(frozen=True)
class State:
    """One move of one role."""

    id: str
    """Names this move in the mark on the target."""
    role: str
    old: str
    """Claim and folder where the data is, as `claim/folder`."""
    new: str
    step: Step = Step.NEW
    round: int = 0
    """Grows with each stop: a Job of an earlier round says nothing about this one."""
    bytes: int = 0
    files: int = 0
    replicas: int | None = None
    """Pods of the application before the stop. None: it was not stopped."""
    stopped_at: float = 0.0
    """When the stop began, in seconds since 1970; 0: never."""
    generation: int = 0
    """Generation of the Deployment after the stop: another one means that somebody has changed or started it since."""
    sha256: str = ""
    """Hash of the manifest that both sides have."""
    written: str = ""
    """Hash of the stack file as the move has written it; empty: it has not."""
    seconds: float | None = None
    """Seconds without service. None: not known yet, or the application was not stopped."""

    def at(self, step: Step, **changes: Any) -> "State":
        """The same move at another step."""
        return dataclasses.replace(self, step=step, **changes)


def fresh(role: str, old: str, new: str) -> State:
    """A move that has not begun."""
    return State(uuid.uuid4().hex[:16], role, old, new)


def map_name(role: str) -> str:
    """Name of the ConfigMap of a role's move."""
    return f"kotaemon-move-{role}"


def config_map(state: State, namespace: str) -> dict[str, Any]:
    """The ConfigMap: the state, and the files that the Jobs run."""
    folder = Path(__file__).parent
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": map_name(state.role), "namespace": namespace, "labels": LABELS},
        "data": {
            STATE: json.dumps(dataclasses.asdict(state)),
            **{name: (folder / name).read_text() for name in SCRIPTS},
        },
    }


def read(found: dict[str, Any] | None) -> State | None:
    """The state in a ConfigMap; None: there is none. Fields of later releases are ignored."""
    text = ((found or {}).get("data") or {}).get(STATE)
    if text is None:
        return None
    known = {field.name for field in dataclasses.fields(State)}
    values: dict[str, Any] = {name: value for name, value in json.loads(text).items() if name in known}
    values["step"] = Step(values["step"])
    return State(**values)
