"""The drill of zone loss: all nodes of the application's zone lose their power at once."""

import time
from pathlib import Path

from deploy import readings
from devcluster import nodes, platforms
from devcluster.cluster import Cluster
from drills import power, samples
from drills.results import Result, judged, seconds
from drills.session import Session, follow
from drills.until import within

NOTICE_SECONDS = 60.0
BACK_SECONDS = 180.0
"""Limit for the application to answer again: elsewhere with files, with the zone's return where its disk is there."""


def zone_loss(cluster: Cluster, name: str, folder: Path, hold: float) -> Result:
    """Lose the zone of the application's pod. With files it must come back in another zone; a disk stays in its zone.

    `hold`: seconds for which the zone of a disk stays lost after it was noticed.
    """
    kube, api = samples.kube(cluster), cluster.api()
    problems: list[str] = []
    times: dict[str, float | None] = dict.fromkeys(("detection", "start"))
    waits = ""
    with follow(cluster, name, folder / name) as session:
        session.wait_for(turns=5)
        (pod,) = readings.live_pods(kube, name)
        disks = readings.attached_volumes(kube, pod)
        zone = platforms.zone_of(cluster.platform, pod["spec"]["nodeName"])
        lost_nodes = [n for n in cluster.real_nodes if platforms.zone_of(cluster.platform, n) == zone]
        began = time.monotonic()
        try:
            for node in lost_nodes:
                power.cut(cluster, node, disks)
            within(NOTICE_SECONDS, lambda: not {*lost_nodes} & {*nodes.ready_nodes(api)}, f"{zone} is noticed")
            times["detection"] = time.monotonic() - began
            if disks:
                until = time.monotonic() + hold
                while time.monotonic() < until:
                    if session.serving() and any(s.turns() is not None for s in session.serving()):
                        problems.append("something answers although the disk's zone is lost")
                        break
                    time.sleep(0.5)
                pending = [p for p in readings.live_pods(kube, name) if not p["spec"].get("nodeName")]
                waits = readings.why_pending(pending[0]).partition(". preemption")[0] if pending else "no new pod"
            else:
                took = within(BACK_SECONDS, lambda: _answers_outside(session, lost_nodes), "another zone answers")
                times["start"] = took
        except TimeoutError as error:
            problems.append(str(error))
        finally:
            back = time.monotonic()
            for node in lost_nodes:
                power.give_back(cluster, node)
        try:
            within(BACK_SECONDS, lambda: {*lost_nodes} <= {*nodes.ready_nodes(api)}, f"{zone} is back")
            session.wait_for(turns=3, seconds=BACK_SECONDS)
            if disks:
                times["start"] = time.monotonic() - back
            lost = set(session.acknowledged) - session.shown()
        except TimeoutError as error:
            problems.append(str(error))
            lost = set[int]()
        turns = len(session.acknowledged)
    facts = {
        "medium": "block" if disks else "file",
        "nodes lost": ", ".join(lost_nodes),
        **{key: seconds(value) for key, value in times.items()},
        "start counted from": "the zone's return" if disks else "the detection",
        "waits for": waits,
    }
    return judged(f"zone loss, {name}", facts, problems, turns, lost)


def _answers_outside(session: Session, lost_nodes: list[str]) -> bool:
    return any(s.node not in lost_nodes and s.turns() is not None for s in session.serving())
