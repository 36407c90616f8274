"""The measurement: the same work on each of the mounts, three times, in turns."""

import os
from collections.abc import Callable

from drills.guests.guest import Guest
from drills.nfs_speed import compared, machines
from drills.nfs_speed.compared import CACHED, MOUNTS, ORDERS, Sample, Step
from drills.results import Result

STEPS = (
    Step("small files: created", "create"),
    Step("small files: listed with sizes, cold", "look"),
    Step("small files: listed again after 10 s", "look", cold=False, pause=10),
    Step("small files: read, cold", "read"),
    Step("small files: read again at once", "read", cold=False),
    Step("small files: read again, cold", "read", in_cache=True),
    Step("big file: written, with fsync", "write-big", cold=False),
    Step("big file: read, cold", "read-big"),
    Step("big file: read again, cold", "read-big", in_cache=True),
    Step("small files: read beside the big file, cold", "beside", counted=False),
)


class Measurement:
    """Samples of all steps on all mounts, and what else was seen."""

    def __init__(self, client: Guest, report: Callable[[str], None]) -> None:
        self.client, self.report = client, report
        self.samples: list[list[dict[str, Sample]]] = [[{} for _ in ORDERS] for _ in STEPS]
        """Step -> round -> mount -> sample."""
        self.spoken: dict[str, dict[str, str]] = {}
        self.from_cache = dict.fromkeys(MOUNTS, 0)
        """Mount -> reads that FS-Cache served."""

    def run(self) -> None:
        """All rounds."""
        for turn, order in enumerate(ORDERS):
            for mount in order:
                served = self._cache_reads()
                spoken = self._one(turn, mount)
                self.from_cache[mount] += self._cache_reads() - served
                self.spoken[mount] = spoken
                self.report(f"round {turn + 1} of {len(ORDERS)}, mount {mount}: done")

    def _one(self, turn: int, mount: str) -> dict[str, str]:
        content = f"{mount} {turn}"  # no two have the same, so an old copy of a cache would be seen
        self.client.ssh(machines.mount(mount))
        for number, step in enumerate(STEPS):
            if step.cold and number:
                self.client.ssh(f"{machines.UNMOUNT} && {machines.mount(mount)}")
            self.samples[number][turn][mount] = compared.sample(self._work(step.piece, content, step.pause))
        spoken = compared.spoken(
            self.client.ssh("cat /proc/mounts").stdout, self.client.ssh("cat /proc/self/mountstats").stdout
        )
        self._work("clear", content)
        self.client.ssh(machines.UNMOUNT)
        return spoken

    def _work(self, piece: str, content: str, pause: float = 0) -> str:
        return self.client.ssh(f"sleep {pause}; python3 /root/work.py {piece} '{content}'", seconds=900).stdout

    def _cache_reads(self) -> int:
        return compared.cache_reads(self.client.ssh("cat /proc/fs/fscache/stats").stdout)

    def results(self) -> list[Result]:
        """The mounts, then the steps; of a measurement that was broken off, what there is in complete rounds."""
        mounts = [
            Result(f"mount: {mount}", facts | {"reads served by FS-Cache": str(self.from_cache[mount])}, wrong)
            for mount, facts in self.spoken.items()
            for wrong in [[*compared.mounted_as_meant(mount, facts), *self._unlike(mount)]]
        ]
        steps = ((step, compared.complete(of)) for step, of in zip(STEPS, self.samples, strict=True))
        return [*mounts, *(compared.row(step, rounds) for step, rounds in steps if rounds)]

    def _unlike(self, mount: str) -> list[str]:
        if (self.from_cache[mount] > 0) == (mount == CACHED):
            return []
        return [f"FS-Cache served {self.from_cache[mount]} reads"]


def network(server: Guest, client: Guest) -> Result:
    """The round trip with the delay, and how many segments of TCP got lost: the guests' network drops some."""
    pinged = client.ssh("ping -q -c 20 -i 0.2 10.77.0.11").stdout
    trip = pinged.rpartition("=")[2].split("/")[1]
    sent = [compared.segments(machine.ssh("cat /proc/net/snmp").stdout) for machine in (server, client)]
    again, all_of_them = (sum(of) for of in zip(*sent, strict=True))
    facts = {
        "round trip": f"{trip} ms",
        "TCP segments sent again": f"{again} of {all_of_them}",
        "load": f"{os.getloadavg()[0]:.0f}",
    }
    return Result("network", facts)
