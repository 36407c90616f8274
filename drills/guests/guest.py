"""A Linux guest in QEMU: software emulation, a private network between guests, SSH from this machine on loopback."""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from drills.guests.image import Image

MIB = 640
"""Memory of a guest."""


@dataclass(frozen=True)
class Lan:
    """A private network: an Ethernet segment between QEMU processes, over multicast on the loopback interface."""

    port: int
    group: str = "230.77.0.1"

    def device(self, mac: str) -> list[str]:
        """QEMU's arguments for a network card on this network."""
        end = f"socket,id=lan,mcast={self.group}:{self.port},localaddr=127.0.0.1"
        return ["-netdev", end, "-device", f"virtio-net-pci,romfile=,netdev=lan,mac={mac}"]


@dataclass
class Guest:
    """One machine. Its disks outlive it: `start` after `power_off` is the same machine again."""

    name: str
    number: int
    """Its last byte of addresses."""
    image: Image
    lan: Lan
    folder: Path
    disks: dict[str, int] = field(default_factory=dict[str, int])
    """Serial of a data disk -> size in MiB. It is /dev/disk/by-id/virtio-<serial> in the guest."""
    seed: Path | None = None
    """Disk image with the seed of cloud-init."""
    words: str = ""
    """More words for its kernel's command line."""
    ends_at_restart: bool = False
    """A machine that restarts itself is off until it is started again: so a drill sees that it did."""
    mib: int = MIB
    """Its memory."""
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    port: int = field(default=0, init=False)

    @property
    def address(self) -> str:
        """Its address on the private network."""
        return f"10.77.0.{self.number}"

    def start(self) -> None:
        """Power on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = _free_port()
        with (self.folder / "qemu.log").open("ab") as log:
            self.process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _command(self) -> list[str]:
        root = self.folder / "root.qcow2"
        if not root.exists():
            over = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(self.image.disk), str(root)]
            subprocess.run(over, check=True)
        mac = f"52:54:00:77:00:{self.number:02x}"
        # It ends with the drill, however that ends.
        command = [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "qemu-system-x86_64",
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-m",
            str(self.mib),
        ]
        command += ["-accel", "tcg,thread=multi", "-smp", "1", "-cpu", "max"]
        command += ["-kernel", str(self.image.kernel), "-initrd", str(self.image.initrd)]
        words = f"console=ttyS0 quiet net.ifnames=0 panic=-1 name={self.name} lan={self.address}/24 {self.words}"
        command += ["-append", words, "-serial", f"file:{self.folder / 'console.log'}"]
        command += _disk(root, "root", "qcow2")
        for serial, mib in self.disks.items():
            path = self.folder / f"{serial}.img"
            if not path.exists():
                with path.open("wb") as made:
                    made.truncate(mib << 20)
            command += _disk(path, serial, "raw")
        if self.ends_at_restart:
            command += ["-no-reboot"]
        if self.seed is not None:
            command += _disk(self.seed, "seed", "raw")
        forward = f"user,id=ssh,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:22"
        command += ["-netdev", forward, "-device", "virtio-net-pci,netdev=ssh,romfile="]
        return [*command, *self.lan.device(mac)]

    def power_off(self) -> float:
        """Cut the power: SIGKILL. What its disks had not taken is lost. The moment, as time.monotonic()."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None
        return time.monotonic()

    def wait(self, seconds: float = 600) -> float:
        """Wait until SSH answers; the seconds that took. Raises TimeoutError with the console's last lines."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if self.process is None or self.process.poll() is not None:
                raise OSError(f"{self.name} ended: {(self.folder / 'qemu.log').read_text()[-1500:]}")
            with contextlib.suppress(subprocess.TimeoutExpired):  # a link to a machine that was cut off says nothing
                if self.ssh("true", seconds=30, check=False).returncode == 0:
                    return time.monotonic() - began
            time.sleep(1)
        console = (self.folder / "console.log").read_text(errors="replace")
        raise TimeoutError(f"{self.name} did not answer within {seconds:.0f} s:\n{console[-1500:]}")

    def ssh(
        self, command: str, *, text: str | None = None, seconds: float = 300, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the drill's own as root. `text`: its standard input."""
        done = subprocess.run(
            [*self.ssh_command(), command], input=text or "", text=True, capture_output=True, timeout=seconds
        )
        if check and done.returncode:
            raise OSError(f"{self.name}: {shlex.quote(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done

    def ssh_command(self) -> list[str]:
        """The ssh client with the guest's pinned key."""
        known = self.folder / "known_hosts"
        known.write_text(f"[127.0.0.1]:{self.port} {self.image.host_key}\n")
        options = ["-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes"]
        options += ["-o", "ConnectTimeout=20", "-o", "LogLevel=ERROR", "-o", "ServerAliveInterval=10"]
        options += ["-o", "ControlMaster=auto", "-o", f"ControlPath={self.folder}/ssh-%C", "-o", "ControlPersist=60"]
        return ["ssh", "-i", str(self.image.private_key), *options, "-p", str(self.port), "root@127.0.0.1"]


def _disk(path: Path, serial: str, form: str) -> list[str]:
    drive = f"file={path},if=none,id={serial},format={form},cache=writeback"
    return ["-drive", drive, "-device", f"virtio-blk-pci,drive={serial},serial={serial}"]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
