"""The drills of the short form, which `make test` runs, and of the full form."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from components.contract import Platform
from devcluster import paths
from devcluster.cluster import Cluster
from devcluster.node_kinds import Nodes
from drills import interruptions, node_loss, obstacles, real, samples, upheaval
from drills.loss_case import Fencing, Scenario
from drills.results import Result

Report = Callable[[str], None]
REAL_TITLE = "A single writer on real nodes"
HOLD_SECONDS = 30.0
"""Seconds for which the short form watches a pod stay Pending. Eviction takes 13 s, and longer on a busy machine."""
FORCE_DETACH_SECONDS = 6 * 60.0
"""Seconds after which the attach-detach controller takes a disk from a node that is not Ready: a constant of Kubernetes
(attach_detach_controller.go, ReconcilerMaxWaitForUnmountDuration)."""
DEFAULT_TOLERATION_SECONDS = 300.0
"""Seconds for which a pod tolerates an unreachable node by default (admission plugin DefaultTolerationSeconds)."""
SHORT_ROLL_OUTS, FULL_ROLL_OUTS = 3, 50
SHORT_KILLS = interruptions.moments(4)
FULL_KILLS = interruptions.moments(20, stopped=5)

SHORT_LOSSES = [
    Scenario("file"),
    Scenario("block-fenced", medium="block", fencing=Fencing.TAINT),
    Scenario("block-held", medium="block", recovers=False, patience=HOLD_SECONDS),
]
"""Node losses of the short form. Each loses a node in another zone, and all run at the same time."""
SCALED_LOSS = Scenario("scaled", scaled=True)
LONG_LOSSES = [
    Scenario("block-held-long", medium="block", recovers=False, patience=FORCE_DETACH_SECONDS + 60),
    Scenario("block-rwo-unfenced", medium="block", access_mode="ReadWriteOnce", recovers=False, patience=460.0),
    Scenario("block-forced", medium="block", fencing=Fencing.FORCE, patience=FORCE_DETACH_SECONDS + 90),
]
"""Node losses without fencing, watched for longer than a forced detach takes."""
COMPARED_LOSSES = [
    Scenario("file-default-tolerations", our_tolerations=False, patience=DEFAULT_TOLERATION_SECONDS + 60),
    Scenario("block-fenced-default-tolerations", medium="block", fencing=Fencing.TAINT, our_tolerations=False),
    Scenario("block-fenced-removed", medium="block", fencing=Fencing.REMOVE),
]
"""The same losses without the product's tolerations, and with an automation that also deletes the pods."""
NODES = ("node-a1", "node-b1", "node-c1")
"""The nodes that are lost, one in each zone. A pod with a disk moves to the other node of its zone."""


@dataclass
class Section:
    """Results of the same kind of drill, under one title."""

    title: str
    results: list[Result] = field(default_factory=list[Result])
    note: str = ""
    """What a reader of the figures has to know, in Markdown."""


@contextlib.contextmanager
def own_cache() -> Generator[Path]:
    """Use a cache folder for the drills' clusters, so that no cluster of the user's is touched."""
    before = {name: os.environ.get(name) for name in ("KOTAEMON_CACHE", "KOTAEMON_BIN_CACHE")}
    with tempfile.TemporaryDirectory(prefix="kotaemon-drill-") as folder:
        os.environ["KOTAEMON_BIN_CACHE"] = str(paths.bin_root())
        os.environ["KOTAEMON_CACHE"] = folder
        try:
            yield Path(folder)
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def run_all(full: bool, seed: int, report: Report) -> list[Section]:
    """Run all drills of a form, on clusters of their own that are removed before this call returns.

    What a single writer goes through is drilled on real nodes where the machine can have them.
    """
    with own_cache() as folder:
        why_not = real.why_not()
        report(f"Nodes: simulated ({why_not})" if why_not else "Nodes: real; those of the profile scaled are simulated")
        hold, names = (real.FULL_HOLD, list(real.DRILLS)) if full else (real.SHORT_HOLD, list(real.SHORT))
        sections = [] if why_not else [on_real_nodes(folder, names, hold, report)]
        cluster = Cluster("drill", Platform.PRIVATE, nodes=Nodes.SIMULATED)
        cluster.start(keep=False)
        try:
            sections += [
                losses(cluster, folder, full, seed, report, single_writer=bool(why_not)),
                upheavals(cluster, folder, full, report, single_writer=bool(why_not)),
            ]
        finally:
            cluster.stop()
        interrupted = Section("Interrupted runs")
        nodes = Nodes.SIMULATED if why_not else Nodes.REAL
        _add(interrupted, interruptions.killed(FULL_KILLS if full else SHORT_KILLS, nodes=nodes), report)
        _add(interrupted, interruptions.api_server_restarted(seed), report)
        return [*sections, interrupted]


def on_real_nodes(folder: Path, names: Sequence[str], hold: float, report: Report) -> Section:
    """Run drills of a single writer on real nodes; names and `hold`: see drills/real.py."""
    section = Section(REAL_TITLE)
    with real.cluster() as cluster:
        for name in names:
            _add(section, real.run(cluster, name, folder, hold), report)
    return section


def losses(
    cluster: Cluster, folder: Path, full: bool, seed: int, report: Report, single_writer: bool = True
) -> Section:
    """Run the drills of node loss on simulated nodes. `single_writer`: also those that real nodes can run."""
    section = Section("Node loss, simulated nodes")
    rounds = [*([SHORT_LOSSES] if single_writer else []), *([COMPARED_LOSSES, LONG_LOSSES] if full else [])]
    for scenarios in rounds:
        for result in together(cluster, scenarios, folder, seed):
            _add(section, result, report)
    node_loss.prepare(cluster, SCALED_LOSS, folder)
    _add(section, node_loss.run(cluster, SCALED_LOSS, folder, seed), report)
    return section


def upheavals(cluster: Cluster, folder: Path, full: bool, report: Report, single_writer: bool = True) -> Section:
    """Run the drills of drains, roll-outs, scaling and obstacles on simulated nodes. `single_writer`: as for losses."""
    section = Section("Roll-outs, drains, scale and obstacles, simulated nodes")
    times = FULL_ROLL_OUTS if full else SHORT_ROLL_OUTS
    for medium, claims in samples.MEDIA.items() if single_writer else ():
        samples.up(cluster, samples.stack_file(folder, f"single-{medium}", claims))
        _add(section, upheaval.drain_every_node(cluster, f"single-{medium}", folder), report)
        _add(section, upheaval.roll_out(cluster, f"single-{medium}", folder, times), report)
    samples.up_scaled(cluster, "many", replicas=2)
    _add(section, upheaval.drain_every_node(cluster, "many", folder), report)
    _add(section, upheaval.roll_out(cluster, "many", folder, times), report)
    samples.up_scaled(cluster, "scale", replicas=1)
    _add(section, upheaval.scale(cluster, "scale", folder), report)
    _add(section, obstacles.quota_exhausted(cluster, "quota", folder), report)
    _add(section, obstacles.image_never_starts(cluster, "image", folder), report)
    return section


def together(cluster: Cluster, scenarios: Sequence[Scenario], folder: Path, seed: int) -> list[Result]:
    """Lose the nodes of all scenarios at the same time, one in each zone."""
    for scenario, node in zip(scenarios, NODES, strict=True):
        node_loss.prepare(cluster, scenario, folder, node)
    results: dict[str, Result] = {}

    def lose(scenario: Scenario) -> None:
        try:
            results[scenario.name] = node_loss.run(cluster, scenario, folder, seed)
        except (TimeoutError, LookupError) as error:
            results[scenario.name] = Result(scenario.name, problems=[str(error)])

    threads = [threading.Thread(target=lose, args=(scenario,)) for scenario in scenarios]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[scenario.name] for scenario in scenarios]


def _add(section: Section, result: Result, report: Report) -> None:
    section.results.append(result)
    report(result.line)
