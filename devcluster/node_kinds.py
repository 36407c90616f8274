"""Which kind of nodes a cluster gets, who decides it, and why it is not the other one."""

import os
from enum import Enum
from pathlib import Path

from devcluster.errors import DevclusterError

VARIABLE = "KOTAEMON_NODES"
"""Variable that says what kind of nodes a cluster gets whose caller does not: a value of Nodes."""
_WHY_SIMULATED = "why-simulated"


class Nodes(Enum):
    """What kind of nodes a cluster has."""

    REAL = "real"
    """Kubelets that run containers; DevclusterError where the machine cannot."""
    SIMULATED = "simulated"
    """kwok: pods are scheduled and reported Running, and nothing runs. Works everywhere, and for every platform."""
    AUTO = "auto"
    """Real where the machine can, else simulated; `Cluster.why_simulated` says why."""


def chosen(default: Nodes = Nodes.SIMULATED) -> Nodes:
    """The kind of nodes that the variable KOTAEMON_NODES says. Raises DevclusterError: it says something else."""
    text = os.environ.get(VARIABLE) or default.value
    try:
        return Nodes(text)
    except ValueError:
        allowed = ", ".join(kind.value for kind in Nodes)
        raise DevclusterError(f"{VARIABLE}={text!r} is not allowed: {allowed}") from None


def note_why_simulated(cluster: Path, reason: str | None) -> None:
    """Keep the reason in the cluster's folder, where a later command finds it. None: there is none."""
    file = cluster / _WHY_SIMULATED
    file.unlink(missing_ok=True)
    if reason:
        cluster.mkdir(parents=True, exist_ok=True)
        file.write_text(reason)


def why_simulated(cluster: Path) -> str | None:
    """What was kept."""
    file = cluster / _WHY_SIMULATED
    return file.read_text() if file.exists() else None


def line(real: list[str], reason: str | None) -> str:
    """What kind of nodes a running cluster has, and why: one sentence for people. `real`: names of real nodes."""
    if real:
        return f"real ({', '.join(real)}), one in each zone: this machine can run kubelets and containers"
    return f"simulated, no container runs: {reason or f'it was started so ({VARIABLE}=simulated)'}"
