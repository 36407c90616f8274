"""One case of node loss: what is done, what is promised, and the verdict. Nothing here runs anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from drills.results import Result, seconds

GOAL_SECONDS = 10.0
"""Goal of this project, in seconds, from the control plane's detection to Ready: for a file claim and for a fenced
disk."""
PATIENCE = 3.0
"""A busy machine may take this multiple of the goal before the drill is red. The record shows the measured time."""
GARBAGE_SECONDS = 20.0
"""Period in seconds of the pod garbage collector, which removes the pods of a node that is out of service: a constant
of kube-controller-manager (pkg/controller/podgc). It is added to the goal for a fenced disk."""
OUTSIDE_SECONDS = 15 * 60.0
"""How long an automation outside the drill may take, in seconds. Medik8s with its defaults fences after 5 minutes of
silence and 3 minutes for the reboot; a disk that it does not detach itself takes 6 more (docs/drills.md)."""
RELEASE_SECONDS = 120.0
"""How long an automation may take, in seconds, to remove its taint once the node is back."""


class Fencing(str, Enum):
    """How the lost node is fenced, so that its disk can be attached elsewhere."""

    NONE = "none"
    TAINT = "out-of-service taint"
    """The drill sets the taint as soon as the node is seen lost, as an automation does that has switched the node
    off."""
    REMOVE = "taint, pods deleted by force"
    """The automation also deletes the pods, and so does not wait for the garbage collector."""
    FORCE = "pods deleted by force"
    """Pods are deleted although the node is not fenced: a usual mistake of people who do not think of the disk."""
    OUTSIDE = "automation outside the drill"
    """The drill does not fence and removes no taint. It notes when something else does."""


@dataclass(frozen=True)
class Scenario:
    """One case of the drill: the claims, the fencing, and what is promised."""

    name: str
    medium: str = "file"
    """Medium of the claims: `file` or `block`."""
    scaled: bool = False
    fencing: Fencing = Fencing.NONE
    our_tolerations: bool = True
    """Whether the pods have the product's tolerations. False: they have Kubernetes's own of five minutes."""
    access_mode: str = "ReadWriteOncePod"
    recovers: bool = True
    """Whether the application must come back without a human. False: it must not, and must still lose nothing."""
    patience: float = 90.0
    """How long the drill watches, in seconds."""


@dataclass
class Loss:
    """What the drill saw after the loss."""

    phases: dict[str, float] = field(default_factory=dict[str, float])
    """Phase -> seconds from the loss until it was reached."""
    waiting: str = ""
    """Last message of the scheduler or of the attach-detach controller, when the application did not recover."""
    taint_left: bool = False
    """Whether an automation outside the drill left its taint on the node after its return."""

    @property
    def recovered(self) -> bool:
        """Whether the application runs on another node again, with its disks."""
        return "ready" in self.phases and "shown" in self.phases


def result(scenario: Scenario, loss: Loss, turns: int, lost: set[int]) -> Result:
    """The result of a scenario: green or red, with the reasons and the measured times."""
    phases = loss.phases
    outside = scenario.fencing is Fencing.OUTSIDE
    problems = [f"{len(lost)} of {turns} acknowledged turns are lost"] if lost else []
    if scenario.recovers and not loss.recovered:
        problems.append(f"not back after {scenario.patience:.0f} s: {loss.waiting}")
        if outside and "fenced" not in phases:
            problems.append("nothing has fenced the node: it has no out-of-service taint, and its pods still exist")
    if not scenario.recovers and loss.recovered:
        problems.append("a new pod has the disk although the old node was not fenced")
    if loss.taint_left:
        problems.append(f"the out-of-service taint is still there {RELEASE_SECONDS:.0f} s after the node's return")
    # The time that an automation needs to be sure of the loss is its own; the product answers for the time after that.
    since = "fenced" if outside and scenario.medium == "block" else "detected"
    after = phases["ready"] - phases[since] if {"ready", since} <= set(phases) else None
    prompt = scenario.our_tolerations and scenario.fencing is not Fencing.FORCE
    if scenario.recovers and prompt and after is not None and after > limit(scenario):
        what = "fencing" if since == "fenced" else "detection"
        problems.append(f"Ready {after:.1f} s after the {what}; the limit is {limit(scenario):.0f} s")
    names = ["detected", "evicted", *(["fenced"] if outside else []), "detached", "scheduled", "ready", "shown"]
    facts = {
        "medium": scenario.medium,
        "profile": "scaled" if scenario.scaled else "single-writer",
        "fencing": scenario.fencing.value,
        "our tolerations": "yes" if scenario.our_tolerations else "no",
        **{name: seconds(phases.get(name)) for name in names},
        **split(phases),
        f"{since} to ready": seconds(after),
        "turns": str(turns),
        "lost": str(len(lost)),
        "waits for": loss.waiting,
    }
    return Result(scenario.name, facts, problems)


def split(phases: Mapping[str, float]) -> dict[str, str]:
    """What comes after the detection, in its two parts; `-` for a part that was not reached, or not needed."""

    def between(first: str, second: str) -> str:
        return seconds(phases[second] - phases[first] if {first, second} <= set(phases) else None)

    return {
        "detach": between("detected", "detached"),
        "start": between("detached" if "detached" in phases else "detected", "ready"),
    }


def limit(scenario: Scenario) -> float:
    """The most seconds from detection to Ready; from the fencing, when an automation outside the drill fences."""
    left_to_collector = scenario.medium == "block" and scenario.fencing in (Fencing.TAINT, Fencing.OUTSIDE)
    collected = GARBAGE_SECONDS if left_to_collector else 0.0
    return (GOAL_SECONDS + collected) * PATIENCE
