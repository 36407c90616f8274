"""A model of a pair: two nodes with DRBD 8.4, their witness, the links between them, and time in seconds.

The model has DRBD, the network and the clock. What nodes and witness decide is not modelled: it is asked of the very
functions that run on the hosts (components/nfs_server/runtime/pair_rules.py).
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from tests.unit.components.nfs_server.runtime import rules

Facts = rules.Facts
LEASE, MARGIN, WAIT = int(rules.LEASE), int(rules.MARGIN), int(rules.WAIT)
SEEN_WITHIN = 3
"""Seconds until a node sees that the other is gone: ping-int 2 and ping-timeout 1.5 of DRBD, in whole steps."""
NAMES = ("a", "b")
decide = lru_cache(maxsize=None)(rules.decide)


class Node(NamedTuple):
    """One node, as DRBD and the warden have it."""

    on: bool = True
    primary: bool = False
    connected: bool = True
    """What it believes of the other; up to SEEN_WITHIN seconds old."""
    late: int = 0
    """Seconds since the connection really broke, while it does not know."""
    gone: int = 0
    """Seconds since it knows."""
    disk: str = "UpToDate"
    peer_outdated: bool = False
    """DRBD goes on without the other."""
    lease: int = 0
    """Seconds of lease that it counts on."""
    alone: bool = False
    """The witness knows that the other's disk is outdated."""
    address: bool = False
    current: bool = True
    """It has every acknowledged write. No node knows this; it is what must not be lost."""


class State(NamedTuple):
    """Everything."""

    nodes: tuple[Node, Node]
    session: bool = True
    """DRBD's connection: once one side has ended it, the other learns of it."""
    links: tuple[bool, bool, bool] = (True, True, True)
    """Between the nodes, and from each node to the witness."""
    witness: bool = True
    owner: str = ""
    left: int = 0
    """Seconds that the lease still runs at the witness."""
    outdated: str = ""


SERVING = State((Node(primary=True, lease=LEASE - MARGIN, address=True), Node()), owner="a", left=LEASE)
"""Where everything begins: a serves, both disks are equal."""


class Broken(Exception):
    """Something that must never be."""


def put(state: State, at: int, **changes: Any) -> State:
    """The state with another node."""
    nodes = list(state.nodes)
    nodes[at] = nodes[at]._replace(**changes)
    return state._replace(nodes=(nodes[0], nodes[1]))


def linked(state: State) -> bool:
    """Whether the nodes really reach each other."""
    return state.links[0] and state.nodes[0].on and state.nodes[1].on


def ask(state: State, at: int, mark: str) -> tuple[State, str]:
    """A question to the witness, and its answer by its own rules."""
    if not (state.witness and state.links[1 + at]):
        return state, "silent"
    held = rules.Held(state.owner, float(state.left), state.outdated)
    said, held = rules.judged(held, NAMES[at], NAMES[1 - at], mark, 0.0)
    state = state._replace(owner=held.owner, left=round(held.until), outdated=held.outdated)
    if said == "mine" and mark != "free":
        alone = state.nodes[at].alone if mark == "ask" else mark == "alone"
        state = put(state, at, lease=LEASE - MARGIN, alone=alone)
    return state, said


def off(state: State, at: int) -> State:
    """Power is cut, or the node restarts itself: what is not on its disk is gone."""
    node = state.nodes[at]
    disk = "Consistent" if node.disk == "UpToDate" and not node.peer_outdated else node.disk
    kept = Node(on=False, connected=False, disk=disk, peer_outdated=node.peer_outdated, current=node.current)
    return put(state, at, **kept._asdict())._replace(session=False)


def see(state: State, at: int) -> Iterator[State]:
    """What a node learns of the connection in this second: it may see a loss now or later."""
    node = state.nodes[at]
    if node.connected and not (linked(state) and state.session):
        yield put(state, at, connected=False, late=0, gone=0)._replace(session=False)
        if node.late < SEEN_WITHIN:
            yield put(state, at, late=node.late + 1)
    elif not node.connected:
        yield put(state, at, gone=min(node.gone + 1, WAIT + 1))
    else:
        yield state


def meet(state: State) -> State:
    """Both nodes know that they were apart, and reach each other: DRBD connects, and the older disk is copied over."""
    one, other = state.nodes
    if not linked(state):
        return state
    if one.connected and other.connected:
        if not state.session:
            return state
        for at in (0, 1):
            if state.nodes[at].disk == "Inconsistent":  # the copy is done
                state = put(state, at, disk="UpToDate", current=True)
        if all(node.current for node in state.nodes):
            state = put(put(state, 0, peer_outdated=False), 1, peer_outdated=False)
        return state
    if one.connected or other.connected:
        return state
    state = state._replace(session=True)
    if one.current and other.current:
        for at in (0, 1):
            state = put(state, at, connected=True, gone=0, disk="UpToDate", peer_outdated=False)
        return state
    newer = 0 if one.current else 1
    if state.nodes[1 - newer].primary:
        raise Broken("the Primary has the older data")
    state = put(state, newer, connected=True, gone=0, disk="UpToDate")
    return put(state, 1 - newer, connected=True, gone=0, disk="Inconsistent", peer_outdated=False)


def handler(state: State, at: int) -> tuple[State, str]:
    """DRBD 8.4 asks before it goes on, or begins, without the other."""
    node = state.nodes[at]
    state, said = ask(state, at, "alone")
    alone = node.alone if said == "silent" else state.nodes[at].alone
    what = rules.fenced("Primary" if node.primary else "Secondary", said, alone or node.lease > 0, alone)
    if what == "outdated":
        state = put(state, at, peer_outdated=True)
    return (off(state, at), what) if what == "restart" else (state, what)


def act(state: State, at: int) -> State:
    """One turn of a node: DRBD's own question, the warden's decision, and the renewal of the lease."""
    node = state.nodes[at]
    if node.primary and not node.connected and not node.peer_outdated:
        state, what = handler(state, at)
        if what == "restart":
            return state
    what = decide(facts(state, at), "")
    if what == "ask":
        state, said = ask(state, at, "alone" if node.primary else "ask")
        what = decide(facts(state, at), said)
    state = do(state, at, what)
    node = state.nodes[at]
    if node.on and node.primary:
        if paired(state, at):
            state = put(state, at, alone=False)
        state, _ = ask(state, at, "paired" if paired(state, at) else "alone")
    return state


def do(state: State, at: int, what: str) -> State:
    """What the warden's decision does to the node."""
    if what == "fence":
        return off(state, at)
    if what == "promote":
        return promote(state, at)
    if what in ("serve", "start"):
        return put(state, at, address=True)
    if what == "demote":
        state = put(state, at, address=False, primary=False)
        return ask(state, at, "free")[0]
    return put(state, at, address=False)


def promote(state: State, at: int) -> State:
    """`drbdadm primary`: DRBD refuses beside a Primary that it sees, and asks its handler where it sees nobody."""
    node, other = state.nodes[at], state.nodes[1 - at]
    reached = linked(state) and state.session
    if node.connected and reached and other.primary:
        return ask(state, at, "free")[0]
    if not node.connected:
        state, what = handler(state, at)
        if what != "outdated":
            return state
    elif not reached:
        return ask(state, at, "free")[0]  # the question to the other is not answered
    return put(state, at, primary=True, disk="UpToDate", address=True)


def paired(state: State, at: int) -> bool:
    """What the node believes of both disks."""
    return state.nodes[at].connected and all(node.disk == "UpToDate" for node in state.nodes)


def facts(state: State, at: int) -> Any:
    """What the warden of a node knows."""
    node, other = state.nodes[at], state.nodes[1 - at]
    return Facts(
        role="Primary" if node.primary else "Secondary",
        peer=("Primary" if other.primary else "Secondary") if node.connected else "Unknown",
        disk=node.disk,
        paired=paired(state, at),
        sure=node.alone or node.lease > 0,
        waited=node.gone > WAIT,
        serving=node.primary,
        away=False,
    )


def write(state: State) -> State:
    """A client writes at whoever has the address. DRBD acknowledges when both have it, or the other is outdated."""
    for at in (0, 1):
        node, other = state.nodes[at], state.nodes[1 - at]
        if not (node.on and node.primary and node.address):
            continue
        if node.connected and linked(state) and state.session:
            both = other.disk in ("UpToDate", "Inconsistent")
            if not both:
                state = put(state, 1 - at, current=False)
        elif not node.connected and node.peer_outdated:
            state = put(state, 1 - at, current=False)
        else:
            continue  # the write waits
        if not node.current:
            raise Broken(f"{NAMES[at]} acknowledges writes and lacks earlier ones")
    return state


def check(state: State) -> None:
    """What must hold at every moment."""
    one, other = state.nodes
    if one.on and one.primary and other.on and other.primary:
        raise Broken("two nodes are Primary")
    for name, node in zip(NAMES, state.nodes, strict=True):
        if node.address and not (node.on and node.primary):
            raise Broken(f"{name} has the virtual address and is not Primary")
        if node.on and node.primary and not node.current:
            raise Broken(f"{name} serves and lacks acknowledged writes")
    if not (one.current or other.current):
        raise Broken("acknowledged writes are nowhere")


def second(state: State) -> Iterator[State]:
    """All ways in which one second can go."""
    for first in see(state, 0):
        for both in see(first, 1):
            met = meet(both)
            for order in ((0, 1), (1, 0)):
                now = met
                for at in order:
                    if now.nodes[at].on:
                        now = act(now, at)
                        check(now)
                now = write(now)
                check(now)
                yield aged(now)


def aged(state: State) -> State:
    """A second later."""
    for at in (0, 1):
        state = put(state, at, lease=max(0, state.nodes[at].lease - 1))
    return state._replace(left=max(0, state.left - 1))


def troubles(state: State) -> Iterator[tuple[str, State]]:
    """Everything that can break or come back."""
    for at in (0, 1):
        if state.nodes[at].on:
            yield f"{NAMES[at]} off", off(state, at)
        else:
            yield f"{NAMES[at]} on", put(state, at, on=True, connected=False, gone=0)
    for number in range(3):
        links = list(state.links)
        links[number] = not links[number]
        yield f"link {number} {links[number]}", state._replace(links=(links[0], links[1], links[2]))
    # A witness that comes back gives the last owner its full time once more (witness.py).
    left = LEASE if state.owner and not state.witness else 0
    yield f"witness {not state.witness}", state._replace(witness=not state.witness, left=left)
    serving = next((at for at in (0, 1) if state.nodes[at].on and state.nodes[at].primary), None)
    if serving is not None and decide(facts(state, serving)._replace(away=True), "") == "demote":
        yield "switch", do(state, serving, "demote")
