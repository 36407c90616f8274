"""What DRBD says of this node: /proc/drbd of 8.4, or drbdsetup's JSON of 9."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

RESOURCE = "kotaemon"
MINORS = (100, 101)
"""Data and state: /dev/drbd100 and /dev/drbd101."""
_LINE = re.compile(r"^ *(\d+): cs:(\S+) ro:(\w+)/(\w+) ds:(\w+)/(\w+)", re.MULTILINE)
_APART = (
    "StandAlone",
    "Disconnecting",
    "Unconnected",
    "Timeout",
    "BrokenPipe",
    "NetworkFailure",
    "ProtocolError",
    "TearDown",
    "WFConnection",
    "WFReportParams",
    "Connecting",
)
"""Connection states in which the other node is not there."""
_WORST = ("Diskless", "Attaching", "Detaching", "Failed", "Negotiating", "Inconsistent", "Outdated", "DUnknown")


class Disk(NamedTuple):
    """Both volumes as one: the worse of each."""

    role: str
    peer: str
    disk: str
    paired: bool
    quorum: bool | None
    """Whether most of the three nodes are connected; None: DRBD 8.4 has no quorum."""


GONE = Disk("Secondary", "Unknown", "Diskless", False, None)
"""DRBD is not up."""


def of_8(text: str) -> Disk:
    """From /proc/drbd."""
    found = [match.groups() for match in _LINE.finditer(text) if int(match[1]) in MINORS]
    if len(found) != len(MINORS):
        return GONE
    apart = any(connection in _APART for _, connection, *_ in found)
    states = [(mine, theirs) for *_, mine, theirs in found]
    return Disk(
        role="Primary" if any(role == "Primary" for _, _, role, *_ in found) else "Secondary",
        peer="Unknown" if apart else found[0][3],
        disk=_worst([mine for mine, _ in states]),
        paired=not apart and all(pair == ("UpToDate", "UpToDate") for pair in states),
        quorum=None,
    )


def of_9(text: str, other: str) -> Disk:
    """From `drbdsetup status --json`; `other` is the name of the other node with data."""
    resources: list[dict[str, Any]] = json.loads(text)
    if not resources:
        return GONE
    (resource,) = resources
    connections = [one for one in resource["connections"] if one["name"] == other]
    peer = connections[0] if connections and connections[0]["connection-state"] == "Connected" else None
    mine = [device["disk-state"] for device in resource["devices"]]
    theirs = [device["peer-disk-state"] for device in peer["peer_devices"]] if peer else ["DUnknown"]
    return Disk(
        role=resource["role"],
        peer=peer["peer-role"] if peer else "Unknown",
        disk=_worst(mine),
        paired=set(mine) == set(theirs) == {"UpToDate"},
        quorum=all(device["quorum"] for device in resource["devices"]),
    )


def _worst(states: list[str]) -> str:
    for state in _WORST:
        if state in states:
            return state
    return "Consistent" if "Consistent" in states else "UpToDate"


def read(other: str, version: str) -> Disk:
    """What DRBD says now."""
    if version == "9":
        done = subprocess.run(["drbdsetup", "status", RESOURCE, "--json"], capture_output=True, text=True)
        return of_9(done.stdout or "[]", other) if done.returncode == 0 else GONE
    proc = Path("/proc/drbd")
    return of_8(proc.read_text()) if proc.exists() else GONE
