"""The rules of a pair of NFS servers, as pure functions: what a node does next, and what the witness answers.

Nothing here reads a clock, a file or a network, so that a test can walk through every order of events
(tests/unit/components/nfs_server/test_pair_states.py).
"""

from typing import NamedTuple

RENEW = 1.0
"""Seconds between two renewals of the lease by the node that serves."""
LEASE = 8.0
"""Seconds for which the witness gives nobody else the lease after a renewal."""
MARGIN = 2.0
"""Seconds before that end at which the node itself counts its lease as over: clocks and a slow network."""
WAIT = 5.0
"""Seconds without the other node before a node asks for the lease. Both see a cut within 3.5 s (ping-int and
ping-timeout of DRBD), and a server without a lease restarts within a second after it sees it."""


class Facts(NamedTuple):
    """What a node knows when it decides."""

    role: str
    """Primary or Secondary, as DRBD says."""
    peer: str
    """Primary, Secondary, or Unknown: not connected."""
    disk: str
    """State of this node's worse disk: UpToDate, Consistent, Outdated, Inconsistent, ..."""
    paired: bool
    """Connected, and both disks are equal."""
    sure: bool
    """Nobody else can serve now: the lease is valid, or the witness knows that the other's disk is outdated."""
    waited: bool
    """The other node has been gone for WAIT seconds."""
    serving: bool
    """The export is mounted and nfsd answers."""
    away: bool
    """Somebody asked for a planned switch."""


def decide(facts: Facts, answer: str) -> str:
    """What the node does next: serve, start, stay, ask, promote, demote or fence.

    `answer`: the witness's: mine, refused, silent, or empty when it was not asked; only then it can be `ask`.
    """
    return _primary(facts, answer) if facts.role == "Primary" else _secondary(facts, answer)


def _primary(facts: Facts, answer: str) -> str:
    if facts.peer == "Primary":
        return "fence"  # it never happens; were it to, one of the two must go
    if facts.away and facts.paired:
        return "demote"
    if facts.peer == "Unknown":
        if not answer:
            return "ask"
        if answer == "refused" or (answer == "silent" and not facts.sure):
            return "fence"
    return "serve" if facts.serving else "start"


def _secondary(facts: Facts, answer: str) -> str:
    connected = facts.peer != "Unknown"
    usable = facts.disk == "UpToDate" or (facts.disk == "Consistent" and not connected)
    if facts.away or facts.peer == "Primary" or not usable or not (connected or facts.waited):
        return "stay"
    if not answer:
        return "ask"
    return "promote" if answer == "mine" else "stay"


def fenced(role: str, answer: str, sure: bool, alone: bool) -> str:
    """What DRBD 8.4 is told when this node has lost the other or is to be promoted without it.

    outdated: it may go on; refuse: it may not; restart: this node must go; again: ask again. `alone`: the witness knows
    that the other's disk is outdated.
    """
    if answer == "mine" or (answer == "silent" and alone):
        return "outdated"
    if role != "Primary":
        return "refuse"
    return "restart" if answer == "refused" or not sure else "again"


class Held(NamedTuple):
    """What the witness remembers."""

    owner: str = ""
    """The node that has the lease, or had it last."""
    until: float = 0.0
    """End of the lease on the witness's clock."""
    outdated: str = ""
    """The node that missed acknowledged writes: it gets no lease until the other says that both are equal again."""


def judged(held: Held, node: str, other: str, mark: str, now: float) -> tuple[str, Held]:
    """The answer to a node, and what is remembered then.

    `mark`: alone (the node writes without the other), paired (both disks are equal), free (the lease is given back),
    or ask (nothing is said of the disks).
    """
    if mark == "free":
        return "mine", held._replace(until=now) if held.owner == node else held
    if held.outdated == node or (held.owner != node and now < held.until):
        return "refused", held
    outdated = {"alone": other, "paired": ""}.get(mark, held.outdated)
    return "mine", Held(node, now + LEASE, outdated)
