"""The single NFS server on real Linux guests: installed by the product's own ways, killed under writes, attacked."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.file.nfs import mount_options
from components.nfs_server.delivery import UNPACK, stream
from components.nfs_server.exports import NfsExport
from components.nfs_server.files import NfsDisk, NfsServerFiles, host_files
from drills.guests.guest import Guest, Lan
from drills.guests.image import image
from drills.results import Result, seconds

PATH = "/srv/nfs/kotaemon"
EXPORT = NfsExport(path=PATH, clients=["10.77.0.0/25"])
SERVER = NfsServerFiles(exports=[EXPORT], disk=NfsDisk(device="/dev/disk/by-id/virtio-data", path=PATH))
_WRITER = (Path(__file__).parent / "writer.py").read_text()
_MOUNT = f"mkdir -p /mnt/nfs && mount -t nfs -o {','.join(mount_options([]))} 10.77.0.11:{PATH} /mnt/nfs"


@contextmanager
def guests(folder: Path, port: int = 17711) -> Iterator[tuple[Guest, Guest, Guest]]:
    """A server and two clients, powered on; they are off at the end."""
    base, lan = image(), Lan(port)
    machines = (
        Guest("server", 11, base, lan, folder / "server", {"data": 512}),
        Guest("client", 21, base, lan, folder / "client"),
        Guest("other", 22, base, lan, folder / "other"),
    )
    try:
        for machine in machines:
            machine.start()
        for machine in machines:
            machine.wait()
        yield machines
    finally:
        for machine in machines:
            machine.power_off()


def install(server: Guest, files: NfsServerFiles = SERVER) -> subprocess.CompletedProcess[str]:
    """The command that the component runs over SSH, with the same standard input."""
    return server.ssh(UNPACK, text=stream(host_files(files)), seconds=900, check=False)


def installed_twice(server: Guest) -> Result:
    """A first run serves; a second one changes nothing."""
    began = time.monotonic()
    first = install(server)
    took = time.monotonic() - began
    problems = [] if first.returncode == 0 else [f"the first run failed: {first.stderr[-500:]}"]
    before = _state(server)
    second = install(server)
    if second.stdout.strip() != "kotaemon-nfs: nothing to change":
        problems.append(f"the second run said: {second.stdout.strip()} {second.stderr.strip()[-300:]}")
    if _state(server) != before:
        problems.append("the second run changed something on the host")
    return Result("installed over SSH, twice", {"first run": seconds(took)}, problems)


def _state(server: Guest) -> str:
    """All that a run could change: files with their times outside of the stage, the kernel's exports, mounts, units."""
    return server.ssh(
        "find /etc /srv -path /etc/kotaemon-nfs -prune -o -printf '%p %m %U %T@\\n' | sort | sha256sum; exportfs -s;"
        " mount | grep /srv; systemctl show -p ActiveEnterTimestamp nfs-server kotaemon-nfs-firewall; nft list ruleset;"
        " cat /proc/fs/nfsd/threads"
    ).stdout


def squashed(client: Guest) -> Result:
    """Root of a client cannot write as root, and the application's user can write."""
    problems: list[str] = []
    client.ssh(_MOUNT)
    owner = client.ssh("touch /mnt/nfs/models/by-root && stat -c %u:%g /mnt/nfs/models/by-root").stdout.strip()
    if owner != "1001:1001":
        problems.append(f"a file of the client's root belongs to {owner}")
    if client.ssh("chown 0:0 /mnt/nfs/models/by-root", check=False).returncode == 0:
        problems.append("the client's root could give a file to root")
    as_app = client.ssh(
        "setpriv --reuid 1001 --regid 1001 --clear-groups sh -c 'echo x > /mnt/nfs/models/by-app && cat /mnt/nfs/models/by-app'",
        check=False,
    )
    if as_app.stdout.strip() != "x":
        problems.append(f"uid 1001 could not write: {as_app.stderr.strip()}")
    return Result("root is squashed, uid 1001 writes", {"version": _version(client)}, problems)


def _version(client: Guest) -> str:
    return client.ssh("grep -o 'vers=[0-9.]*' /proc/mounts | head -n 1").stdout.strip()


def outsider(other: Guest) -> Result:
    """A client outside of the network of the nodes cannot mount, and cannot even reach the port."""
    other.ssh("ip address add 10.77.0.200/24 dev eth1; ip route replace 10.77.0.11/32 dev eth1 src 10.77.0.200")
    mounted = other.ssh(f"timeout 60 sh -c '{_MOUNT.replace('hard', 'soft,retry=0')}'", check=False)
    reached = other.ssh(
        "timeout 10 sh -c 'exec 3<>/dev/tcp/10.77.0.11/2049' || timeout 10 busybox nc -w 5 10.77.0.11 2049 </dev/null",
        check=False,
    )
    other.ssh("ip route del 10.77.0.11/32 dev eth1 src 10.77.0.200; ip address del 10.77.0.200/24 dev eth1")
    problems = ["a client outside of the network mounted the export"] if mounted.returncode == 0 else []
    if reached.returncode == 0:
        problems.append("a client outside of the network reached port 2049")
    return Result("a client outside of the network is refused", {}, problems)


class Writing:
    """The writer in a client guest, and what it acknowledged, with this machine's times."""

    def __init__(self, client: Guest, path: str) -> None:
        client.ssh("cat > /tmp/writer.py", text=_WRITER)
        self.process = subprocess.Popen(
            [*client.ssh_command(), f"exec python3 /tmp/writer.py {path}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: list[tuple[float, str]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 a pipe was asked for
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), line.strip()))

    @property
    def acknowledged(self) -> list[tuple[float, int]]:
        """Time and number of each acknowledged record."""
        return [(at, int(line)) for at, line in self.lines if line.isdigit()]

    def wait_for(self, more: int, limit: float) -> None:
        """Wait for so many more records. Raises TimeoutError."""
        until, goal = time.monotonic() + limit, len(self.acknowledged) + more
        while len(self.acknowledged) < goal:
            if time.monotonic() > until:
                raise TimeoutError(f"no {more} records within {limit:.0f} s; the last lines: {self.lines[-3:]}")
            time.sleep(0.1)

    def end(self) -> str:
        """Stop writing; what became of the lock."""
        assert self.process.stdin is not None  # noqa: S101 a pipe was asked for
        self.process.stdin.write("\n")
        self.process.stdin.close()
        self._reader.join(timeout=180)
        self.process.wait(timeout=30)
        return self.lines[-1][1]


def killed(server: Guest, client: Guest, other: Guest) -> Result:
    """Power-off of the server under writes, and power-on: no acknowledged record is lost, the lock is taken up again."""
    problems: list[str] = []
    other.ssh(_MOUNT, check=False)
    writing = Writing(client, "/mnt/nfs/logs/records")
    writing.wait_for(20, 120)
    server.power_off()
    off = time.monotonic()
    server.start()
    back = server.wait()
    writing.wait_for(20, 300)
    resumed = next(at for at, _ in writing.acknowledged if at > off + 1)
    taken = other.ssh(
        "python3 -c \"import fcntl,os; fcntl.lockf(os.open('/mnt/nfs/logs/records.lock', os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)\"",
        check=False,
    )
    if taken.returncode == 0:
        problems.append("another client got the lock while the writer held it")
    lock = writing.end()
    if lock != "held":
        problems.append(f"the lock was {lock}")
    there = client.ssh("cat /mnt/nfs/logs/records").stdout.split()
    lost = [number for _, number in writing.acknowledged if str(number) not in set(there)]
    if lost:
        problems.append(f"acknowledged records are lost: {lost[:5]}")
    if "stale" in client.ssh("ls /mnt/nfs/logs", check=False).stderr.lower():
        problems.append("the client has a stale handle")
    facts = {
        "records": str(len(writing.acknowledged)),
        "lost": str(len(lost)),
        "server answers after": seconds(back),
        "next write after": seconds(resumed - off),
        "lock": lock,
    }
    return Result("power-off under writes, and on again", facts, problems)
