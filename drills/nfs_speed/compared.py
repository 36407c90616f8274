"""Several mounts compared: what one piece of work took on each, as ratios of the same round. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from drills.results import Result, seconds

DEFAULT, OURS, CACHED = "default", "ours", "ours with fsc"
MOUNTS: tuple[str, ...] = (DEFAULT, OURS, CACHED)
ORDERS = [(*MOUNTS[first:], *MOUNTS[:first]) for first in range(len(MOUNTS))]
"""The order of the mounts in each round: each of them is once the first, once in the middle and once the last."""
MORE_REQUESTS = 1.05
"""Our options may ask the server so many times as often as the default mount, and 20 requests on top: some requests
(renewals, closes that are sent late) fall into one step or the next."""
FROM_SERVER = 0.05
"""What FS-Cache has may be read from the server for so small a part, for it fills in the background."""


@dataclass(frozen=True)
class Step:
    """A piece of work, and what is done before it."""

    title: str
    piece: str
    """Its name in work.py."""
    cold: bool = True
    """Mounted anew before, with nothing of it in the client's memory."""
    pause: float = 0.0
    """Seconds of rest before it."""
    counted: bool = True
    """Whether its requests are its own. Beside other work they are not."""
    in_cache: bool = False
    """Whether FS-Cache has all of it by then."""


@dataclass(frozen=True)
class Sample:
    """What a step took once; see work.py."""

    seconds: float
    requests: int
    reads: int
    wrong: int


Round = Mapping[str, Sample]
"""Name of the mount -> sample, of one step in one round."""


def sample(said: str) -> Sample:
    """The sample that work.py printed. Raises OSError when it printed none."""
    try:
        return Sample(**json.loads(said))
    except (ValueError, TypeError) as problem:
        raise OSError(f"the client guest said no figures but {said[-500:]!r}") from problem


def complete(rounds: Sequence[Round]) -> list[Round]:
    """The rounds in which a step was done on every mount."""
    return [of for of in rounds if set(of) == set(MOUNTS)]


def ratio(rounds: Sequence[Round], mount: str) -> str:
    """How many times as long as on the default mount: the median of the rounds, and their range."""
    each = sorted(of[mount].seconds / of[DEFAULT].seconds for of in rounds)
    return f"{median(each):.2f} ({each[0]:.2f} to {each[-1]:.2f})"


def row(step: Step, rounds: Sequence[Round]) -> Result:
    """A step on all mounts, with the median times."""
    facts = {"rounds": str(len(rounds))}
    facts |= {mount: seconds(median(of[mount].seconds for of in rounds)) for mount in MOUNTS}
    facts |= {f"{mount} / {DEFAULT}": ratio(rounds, mount) for mount in (OURS, CACHED)}
    asked = ", ".join(str(_requests(rounds, mount)) for mount in MOUNTS)
    facts |= {"requests to the server": asked if step.counted else "not counted"}
    return Result(step.title, facts, problems(step, rounds))


def problems(step: Step, rounds: Sequence[Round]) -> list[str]:
    """What is wrong whatever the times are: content, more requests by our options, a cache that does not serve."""
    found: list[str] = []
    for mount in MOUNTS:
        if wrong := sum(of[mount].wrong for of in rounds):
            found.append(f"{mount}: {wrong} files were missing or had another content")
    default, ours = _requests(rounds, DEFAULT), _requests(rounds, OURS)
    if step.counted and ours > default * MORE_REQUESTS + 20:
        found.append(f"our options ask the server {ours} times, the default mount {default} times")
    reads = {mount: max(of[mount].reads for of in rounds) for mount in MOUNTS}
    if step.in_cache and reads[CACHED] > reads[DEFAULT] * FROM_SERVER:
        found.append(f"FS-Cache did not serve it: {reads[CACHED]} of {reads[DEFAULT]} reads went to the server")
    return found


def _requests(rounds: Sequence[Round], mount: str) -> int:
    return round(median(of[mount].requests for of in rounds))


def cache_reads(stats: str) -> int:
    """How many reads FS-Cache has served since the boot, of /proc/fs/fscache/stats (Linux 5.17 and later)."""
    found = re.search(r"^IO +: rd=(\d+)", stats, re.MULTILINE)
    if found is None:
        raise OSError(f"/proc/fs/fscache/stats does not say how many reads the cache served: {stats[-500:]!r}")
    return int(found[1])


def spoken(mounts: str, mountstats: str) -> dict[str, str]:
    """What the kernel says of the mount: its options of interest, and its connections to the server."""
    line = next((line for line in mounts.splitlines() if " /mnt/nfs " in line), "")
    known = ("vers", "rsize", "wsize", "nconnect", "acregmin", "acregmax", "noatime", "fsc")
    options = [option for option in line.split(" ")[3:4] for option in option.split(",")]
    shown = ",".join(option for option in options if option.partition("=")[0] in known)
    return {"as the kernel shows it": shown, "connections": str(len(re.findall(r"\txprt:", mountstats)))}


def mounted_as_meant(mount: str, said: Mapping[str, str]) -> list[str]:
    """Whether the mount is the one that its name says; empty: it is."""
    options = said["as the kernel shows it"].split(",")
    wanted = {"nconnect=8": mount != DEFAULT, "fsc": mount == CACHED}
    found = [f"{name} is {'not ' * want}there" for name, want in wanted.items() if (name in options) != want]
    connections = "1" if mount == DEFAULT else "8"
    if said["connections"] != connections:
        found.append(f"{said['connections']} connections instead of {connections}")
    return found


def segments(snmp: str) -> tuple[int, int]:
    """How many segments of TCP a machine sent a second time, and how many in all, of /proc/net/snmp."""
    names, values = (line.split() for line in snmp.splitlines() if line.startswith("Tcp:"))
    of = dict(zip(names, values, strict=True))
    return int(of["RetransSegs"]), int(of["OutSegs"])
