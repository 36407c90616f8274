"""Drills of the server that serves: who may write as whom, who may not come in, and a power-off under writes."""

from drills.guests.guest import Guest
from drills.nfs.machines import mount
from drills.nfs.writing import Writing
from drills.results import Result, seconds

_AS_APP = "setpriv --reuid 1001 --regid 1001 --clear-groups"
_TAKE_LOCK = """
import fcntl, os
fcntl.lockf(os.open("/mnt/nfs/logs/records.lock", os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)
"""
_OUTSIDE = "ip address add 10.77.0.200/24 dev eth1; ip route replace 10.77.0.11/32 dev eth1 src 10.77.0.200"
_INSIDE = "ip route del 10.77.0.11/32 dev eth1 src 10.77.0.200; ip address del 10.77.0.200/24 dev eth1"


def squashed(client: Guest) -> Result:
    """Root of a client cannot write as root, and the application's user can write."""
    problems: list[str] = []
    client.ssh(mount())
    owner = client.ssh("touch /mnt/nfs/models/by-root && stat -c %u:%g /mnt/nfs/models/by-root").stdout.strip()
    if owner != "1001:1001":
        problems.append(f"a file of the client's root belongs to {owner}")
    if client.ssh("chown 0:0 /mnt/nfs/models/by-root", check=False).returncode == 0:
        problems.append("the client's root could give a file to root")
    wrote = client.ssh(f"{_AS_APP} sh -c 'echo x > /mnt/nfs/models/by-app'; cat /mnt/nfs/models/by-app", check=False)
    if wrote.stdout.strip() != "x":
        problems.append(f"uid 1001 could not write: {wrote.stderr.strip()}")
    version = client.ssh("grep -o 'vers=[0-9.]*' /proc/mounts | head -n 1").stdout.strip()
    return Result("root is squashed, uid 1001 writes", {"spoken": version}, problems)


def outsider(other: Guest) -> Result:
    """A client outside of the network of the nodes cannot mount, and cannot even reach the port."""
    other.ssh(_OUTSIDE)
    mounted = other.ssh(f"timeout 60 sh -c '{mount(['vers=4', 'soft', 'retry=0', 'timeo=50'])}'", check=False)
    reached = other.ssh("busybox timeout 10 busybox nc -w 5 10.77.0.11 2049 < /dev/null", check=False)
    other.ssh(_INSIDE)
    inside = other.ssh(mount(), check=False)
    problems = ["a client outside of the network mounted the export"] if mounted.returncode == 0 else []
    if reached.returncode == 0:
        problems.append("a client outside of the network reached port 2049")
    if inside.returncode:
        problems.append(f"the same client could not mount from inside: {inside.stderr.strip()}")
    return Result("a client outside of the network is refused", {}, problems)


def power_off(server: Guest, client: Guest, other: Guest) -> Result:
    """Power-off under writes, and on again: no acknowledged record is lost, and the lock is taken up again.

    Both clients have the export mounted.
    """
    writing = Writing(client, "/mnt/nfs/logs/records")
    writing.wait_for(20, 120)
    off = server.power_off()
    server.start()
    back = server.wait()
    writing.wait_for(20, 300)
    resumed = next(at for at, _ in writing.acknowledged if at > off + 1)
    taken = other.ssh("python3 -", text=_TAKE_LOCK, check=False)
    lock = writing.end()
    there = set(client.ssh("cat /mnt/nfs/logs/records").stdout.split())
    lost = [number for _, number in writing.acknowledged if str(number) not in there]
    stale = client.ssh("ls /mnt/nfs/logs", check=False).stderr
    problems = [f"acknowledged records are lost: {lost[:5]}"] if lost else []
    if taken.returncode == 0:
        problems.append("another client got the lock while the writer held it")
    if lock != "held":
        problems.append(f"the lock was {lock}")
    if stale:
        problems.append(f"the client's handles: {stale.strip()}")
    facts = {
        "records": str(len(writing.acknowledged)),
        "lost": str(len(lost)),
        "server answers": seconds(back),
        "next write": seconds(resumed - off),
        "lock": lock,
    }
    return Result("power-off under writes, and on again", facts, problems)
