"""Drills of the install script: data of others, runs that are killed, a second run."""

import time
from pathlib import Path

from drills.guests.guest import Guest
from drills.nfs.machines import DISK, FILES, install
from drills.results import Result, seconds

KILLS = 6
"""Install runs that are killed, at moments spread over all commands of a run."""
_KILLED_AT = (Path(__file__).parent / "killed_at.sh").read_text()
_AS_BEFORE = (Path(__file__).parent / "as_before.sh").read_text()
_FOREIGN = {
    "a file system": f"mkfs.ext4 -q -F -L theirs {DISK}",
    "raw bytes": f"wipefs -q --all {DISK}; echo a database without a file system | dd of={DISK} status=none",
}
"""Data of others -> how it comes onto the disk."""
_STATE = """
find /etc /srv -path /etc/kotaemon-nfs -prune -o -printf '%p %m %U %T@\\n' | sort | sha256sum
exportfs -s
mount | grep /srv
systemctl show -p ActiveEnterTimestamp nfs-server kotaemon-nfs-firewall
nft list ruleset
cat /proc/fs/nfsd/threads
"""
"""All that a run could change: files with their times outside of the stage, exports, mounts, units, rules, threads."""


def foreign_data(server: Guest) -> Result:
    """A disk with data of others is refused, and not a byte of it changes."""
    problems: list[str] = []
    for what, make in _FOREIGN.items():
        server.ssh(make)
        before = server.ssh(f"sha256sum < {DISK}").stdout
        done = install(server)
        if done.returncode == 0 or "holds data that is not ours" not in done.stderr:
            problems.append(f"{what} was not refused: {done.stdout[-200:]} {done.stderr[-200:]}")
        if server.ssh(f"sha256sum < {DISK}").stdout != before:
            problems.append(f"{what} was changed")
    as_before(server)
    return Result("a disk with data of others is refused", {}, problems)


def as_before(server: Guest) -> None:
    """The host as it was before the first run."""
    server.ssh("sh -s", text=_AS_BEFORE, check=False)


def killed(server: Guest) -> Result:
    """A run that was killed at any command is finished by the next one."""
    problems: list[str] = []
    server.ssh("cat > /root/killed_at.sh", text=_KILLED_AT)
    commands = _commands(server)
    for number in range(1, KILLS + 1):
        as_before(server)
        at = commands * number // (KILLS + 1)
        broken = server.ssh(f"bash /root/killed_at.sh {at}", text=FILES, seconds=900, check=False)
        if broken.returncode == 0:
            problems.append(f"the run was not killed at command {at}")
        done = install(server)
        if done.returncode:
            problems.append(f"killed at command {at}, the next run failed: {done.stderr.strip()[-300:]}")
    as_before(server)
    return Result("install runs killed, then finished", {"runs killed": f"{KILLS}, {commands} commands"}, problems)


def _commands(server: Guest) -> int:
    """How many commands a first run has."""
    as_before(server)
    said = server.ssh("bash /root/killed_at.sh -1", text=FILES, seconds=900).stdout.split()
    return int(said[said.index("commands") + 1])


def twice(server: Guest) -> Result:
    """A first run serves; a second one changes nothing."""
    began = time.monotonic()
    first = install(server)
    took = time.monotonic() - began
    problems = [] if first.returncode == 0 else [f"the first run failed: {first.stderr[-500:]}"]
    before = server.ssh(_STATE, check=False).stdout
    second = install(server)
    if second.stdout.strip() != "kotaemon-nfs: nothing to change":
        problems.append(f"the second run said: {second.stdout.strip()} {second.stderr.strip()[-300:]}")
    if server.ssh(_STATE, check=False).stdout != before:
        problems.append("the second run changed something on the host")
    return Result("installed over SSH, twice", {"first run": seconds(took)}, problems)
