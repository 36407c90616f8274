"""What the commands of `python -m drills` do."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from deploy import readings, up
from devcluster import platforms
from devcluster.cluster import Cluster
from drills import loss_case, node_loss, program, real, record, samples
from drills.loss_case import Fencing, Scenario
from drills.nfs import program as nfs
from drills.nfs_gluster import program as nfs_gluster
from drills.nfs_ha import program as nfs_ha
from drills.nfs_speed import program as nfs_speed
from drills.session import follow
from plan.exits import UserError
from plan.stack_file import StackFile


def drill(full: bool, seed: int, console: Console) -> int:
    """Run all drills; the full form writes docs/test-record.md. The exit code is 1 when a drill is red."""
    sections = program.run_all(full, seed, lambda line: console.print(line, markup=False))
    if full:
        record.write(sections, record.run_suites(), seed)
        console.print(f"Written: {record.FILE}")
    red = [r.name for s in sections for r in s.results if not r.green]
    console.print(f"{len(red)} drills are red: {', '.join(red)}" if red else "All drills went as promised.")
    return 1 if red else 0


def drill_on_real_nodes(seed: int, console: Console) -> int:
    """Run all drills on real nodes in the short form and renew their section of docs/test-record.md; 1 when one is red.

    Raises UserError: the machine cannot have real nodes.
    """
    if reason := real.why_not():
        raise UserError(reason)
    with program.own_cache() as folder:
        names = list(real.DRILLS)
        section = program.on_real_nodes(folder, names, real.SHORT_HOLD, lambda line: console.print(line, markup=False))
    record.renew(section, seed)
    red = [result.name for result in section.results if not result.green]
    console.print(f"{len(red)} drills are red: {', '.join(red)}" if red else "All drills went as promised.")
    return 1 if red else 0


IN_GUESTS: dict[str, Callable[[Callable[[str], None]], program.Section]] = {
    "drill-nfs": nfs.run,
    "drill-nfs-ha": nfs_ha.run,
    "drill-nfs-gluster": nfs_gluster.run,
    "drill-nfs-speed": nfs_speed.run,
}
"""Command -> what it runs in Linux guests."""


def drill_in_guests(name: str, seed: int, console: Console) -> int:
    """Run one of IN_GUESTS and renew its section of docs/test-record.md; 1 when a row of it is red.

    Raises UserError: the machine cannot boot the guests.
    """
    if reason := nfs.why_not():
        raise UserError(reason)
    section = IN_GUESTS[name](lambda line: console.print(line, markup=False))
    record.renew(section, seed)
    red = [result.name for result in section.results if not result.green]
    console.print(f"{len(red)} drills are red: {', '.join(red)}" if red else "All drills went as promised.")
    return 1 if red else 0


def drill_node(file: StackFile, fencing: Fencing, seed: int, console: Console) -> int:
    """Bring the stack up on its devcluster, lose the node of its pod, and say what happened; 1 when it is red."""
    if code := up.up(file, up.Ways.people(console)):
        return code
    cluster = Cluster(file.name, file.settings.platform, console)
    kube, namespace = samples.kube(cluster), file.settings.namespace
    with (
        tempfile.TemporaryDirectory(prefix="kotaemon-drill-") as folder,
        follow(cluster, namespace, Path(folder)) as session,
    ):
        session.wait_for(turns=1)
        block = any(readings.attached_volumes(kube, p) for p in readings.live_pods(kube, namespace))
        alone = block and _alone_in_its_zone(cluster)
        scenario = Scenario(
            f"node loss, stack {file.name}",
            medium="block" if block else "file",
            scaled=file.settings.profile.value == "scaled",
            fencing=fencing,
            recovers=not block or (fencing is not Fencing.NONE and not alone),
            patience=program.HOLD_SECONDS if alone else _patience(block, fencing),
        )
        console.print(f"Somebody chats; a node of {namespace} is about to be lost (fencing: {fencing.value}).")
        if fencing is Fencing.OUTSIDE:
            console.print(f"The automation has {scenario.patience / 60:.0f} minutes; the drill itself fences nothing.")
        loss, lost = node_loss.lose_a_node(cluster, kube, session, namespace, scenario, seed)
        turns = len(session.acknowledged)
    result = loss_case.result(scenario, loss, turns, lost)
    for key, value in result.facts.items():
        if value:
            console.print(f"  {key}: {value}{' after the loss' if key in loss.phases else ''}", markup=False)
    verdict = "as promised" if result.green else "; ".join(result.problems)
    console.print(f"Verdict: {verdict}. The node is back; the stack is up.", markup=False)
    if alone:
        console.print(
            "The disk's zone has no other node here (real nodes: one in each zone), so the pod waited for this one."
        )
    elif result.green and not loss.recovered:
        console.print(
            "The disk stays with a pod that may still write until somebody says that its node is off. docs/drills.md "
            "names what does so on your platform; --fencing taint shows what it gains.",
            markup=False,
        )
    return 0 if result.green else 1


def _alone_in_its_zone(cluster: Cluster) -> bool:
    """Whether no zone has a second node, to which a disk could move."""
    zones = [platforms.zone_of(cluster.platform, node) for node in cluster.real_nodes]
    return bool(zones) and len(zones) == len(set(zones))


def _patience(block: bool, fencing: Fencing) -> float:
    if fencing is Fencing.OUTSIDE:
        return loss_case.OUTSIDE_SECONDS
    return program.HOLD_SECONDS if block and fencing is Fencing.NONE else 90.0
