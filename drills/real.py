"""The drills on real nodes: a cluster of their own with the stand-in's image, and what is run on it."""

import contextlib
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from components.contract import Platform
from components.pod.names import IMAGE
from deploy.stand_in import image
from devcluster import build, paths, platforms
from devcluster.cluster import Cluster
from devcluster.errors import DevclusterError
from devcluster.node_kinds import Nodes
from devcluster.real import probe
from drills import disks, drain, node_loss, outage, partition, samples, upheaval, zone_loss
from drills.loss_case import Fencing, Scenario
from drills.results import Result

SMALL_DISK = {**samples.DISK, "size": "1Gi"}
"""For the drill that fills it: a disk is a file of this machine."""
LOSSES = {
    "file": Scenario("lost-file", patience=180.0),
    "block": Scenario("lost-block", medium="block", fencing=Fencing.TAINT, patience=180.0),
}
"""SIGKILL of a node. Real containers take longer to start than processes on a machine that has little to do."""
SHORT_HOLD, FULL_HOLD = 15.0, 60.0
"""Seconds for which a partition, an absence or a slow disk goes on."""
Drill = Callable[[Cluster, str, Path, float], Result]


def why_not() -> str | None:
    """Why the drills run on simulated nodes here; None: this machine can have real ones. Builds their programs."""
    if reason := probe.why_not(paths.cache_root(), paths.bin_root()):
        return reason
    try:
        build.ensure_built(Console(stderr=True), "real-nodes")
    except DevclusterError as error:
        return str(error)
    return None


@contextlib.contextmanager
def cluster(name: str = "drill-real") -> Generator[Cluster]:
    """A cluster with two real nodes in each zone, on which the application's image is the stand-in."""
    made = Cluster(name, Platform.PRIVATE, nodes=Nodes.REAL, real=platforms.node_names(Platform.PRIVATE))
    made.load_image(image.archive(), IMAGE)
    made.start(keep=False)
    try:
        yield made
    finally:
        made.stop()


def up(made: Cluster, folder: Path, name: str, claims: Mapping[str, Any]) -> None:
    """Bring a single writer up in a namespace of its own."""
    samples.up(made, samples.stack_file(folder, name, claims))


def _lost(medium: str) -> Drill:
    def lose(made: Cluster, _: str, folder: Path, __: float) -> Result:
        node_loss.prepare(made, LOSSES[medium], folder)
        return node_loss.run(made, LOSSES[medium], folder, seed=1)

    return lose


DRILLS: dict[str, tuple[Mapping[str, Any], Drill]] = {
    "lost-block": ({}, _lost("block")),
    "parted-block": (samples.MEDIA["block"], partition.partition),
    "zone-file": (samples.MEDIA["file"], zone_loss.zone_loss),
    "rolled-block": (samples.MEDIA["block"], lambda c, n, f, hold: upheaval.roll_out(c, n, f, 3 if hold < 30 else 20)),
    "drained-block": (samples.MEDIA["block"], lambda c, n, f, _: drain.drain(c, n, f)),
    "drained-file": (samples.MEDIA["file"], lambda c, n, f, _: drain.drain(c, n, f)),
    "every-node-block": (samples.MEDIA["block"], lambda c, n, f, _: upheaval.drain_every_node(c, n, f)),
    "full-block": ({"disk": SMALL_DISK}, lambda c, n, f, _: disks.full(c, n, f)),
    "slow-block": (samples.MEDIA["block"], disks.slow),
    "kubelet-block": (samples.MEDIA["block"], lambda c, n, f, _: outage.kubelet_restarted(c, n, f)),
    "api-away-block": (samples.MEDIA["block"], outage.api_server_away),
    "lost-file": ({}, _lost("file")),
    "parted-file": (samples.MEDIA["file"], partition.partition),
    "zone-block": (samples.MEDIA["block"], zone_loss.zone_loss),
}
"""Name of the drill's namespace -> its claims (none: it brings its stack up by itself), and what is done."""
SHORT = (
    "lost-block",
    "parted-block",
    "zone-file",
    "rolled-block",
    "drained-block",
    "full-block",
    "slow-block",
    "kubelet-block",
)
"""What `python -m drills drill` runs."""


def run(made: Cluster, name: str, folder: Path, hold: float) -> Result:
    """One drill. Its stack is removed afterwards, so that its pod takes no room from the next one."""
    claims, drill = DRILLS[name]
    try:
        if claims:
            up(made, folder, name, claims)
        return drill(made, name, folder, hold)
    except (TimeoutError, LookupError) as error:
        return Result(name, problems=[str(error)])
    finally:
        node_loss.remove(made, name)
