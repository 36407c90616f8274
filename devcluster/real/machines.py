"""The real nodes of one cluster, from outside: switched on, watched, switched off."""

import contextlib
import dataclasses
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from components.contract import Platform
from devcluster import credentials, debian, fleet
from devcluster.platforms import SHAPES, node_names, zone_of
from devcluster.process import die_with_parent
from devcluster.real import cgroups, disk, images, layout, namespace
from devcluster.real.node import STOP_SECONDS, Settings

_RESTART_SECONDS = 1.0
_GONE_SECONDS = 5.0
_log = logging.getLogger("supervisor")


class Machines:
    """The nodes and the network between them. Used by the supervisor alone."""

    def __init__(self, directory: Path, platform: Platform, names: list[str], folders: Mapping[str, Path]) -> None:
        """`names`: nodes that are real. `folders`: programs of the parts control-plane and real-nodes."""
        self._directory, self._platform, self._names = directory, platform, names
        self._folders = folders
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._ended: dict[str, float] = {}
        remove_leftovers(directory)
        self._janitor = cgroups.watch(directory)
        self.network = namespace.make()

    def start_all(self, port: int) -> None:
        """Switch all nodes on; they are not Ready yet."""
        for name in self._names:
            layout.lost_mark(self._directory, name).unlink(missing_ok=True)
            self._write_settings(name, port)
            self._start(name)

    def check(self) -> None:
        """Switch on again what has ended, unless it was lost on purpose. Called about once a second."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                del self._running[name]
                self._ended[name] = time.monotonic()
                _log.info("%s ended with status %d", name, process.returncode)
        for name, when in list(self._ended.items()):
            if layout.lost_mark(self._directory, name).exists() or time.monotonic() - when < _RESTART_SECONDS:
                continue
            del self._ended[name]
            self._start(name)

    def stop_all(self) -> None:
        """Switch all nodes off, in time for their processes to end by themselves; leave nothing of them behind."""
        for process in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(_inner(process.pid) or process.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS + 1
        for process in self._running.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
        _log.info("all nodes are off")
        os.close(self.network)
        wait_gone(self._directory)
        os.close(self._janitor)

    def _start(self, name: str) -> None:
        folder = layout.folder(self._directory, name)
        with fleet.rotate_log(self._directory, name).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "devcluster.real.node", str(folder / "settings.json"), str(self.network)],
                cwd=folder,
                env={**fleet.child_environment(self._directory), "PATH": os.environ["PATH"]},
                pass_fds=[self.network],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(),
            )
        layout.pid_file(self._directory, name).write_text(str(process.pid))
        _log.info("started %s, process %d", name, process.pid)
        self._running[name] = process

    def _write_settings(self, name: str, port: int) -> None:
        shape, zone = SHAPES[self._platform], zone_of(self._platform, name)
        every = node_names(self._platform)
        labels = {**dict.fromkeys(shape.zone_keys, zone), "kubernetes.io/os": "linux"}
        if shape.region:
            labels["topology.kubernetes.io/region"] = shape.region
        block = {
            "name": shape.block.name,
            "block": True,
            "topology": {key: labels[key] for key in shape.block.topology_keys},
            "limit": shape.block.disks_per_node,
        }
        files = [{"name": one, "block": False, "topology": {}, "limit": 0} for one in shape.file_drivers]
        tokens = credentials.node_tokens(self._directory)
        settings = Settings(
            cluster=str(self._directory),
            name=name,
            number=every.index(name) + 1,
            nodes=[f"{other}={every.index(other) + 1}" for other in self._names],
            port=port,
            control_plane=str(self._folders["control-plane"]),
            real_nodes=str(self._folders["real-nodes"]),
            certificate=credentials.certificate_data(self._directory),
            kubelet_token=tokens[f"system:node:{name}"],
            proxy_token=tokens[credentials.PROXY_USER],
            drivers=[block, *files],
        )
        folder = layout.folder(self._directory, name)
        folder.mkdir(parents=True, exist_ok=True)
        credentials.write_private(folder / "settings.json", json.dumps(dataclasses.asdict(settings)))


def remove_leftovers(directory: Path) -> None:
    """Take away what the nodes of a killed run have left: empty control groups. All else ended with their processes."""
    cgroups.remove(directory)


def wait_gone(directory: Path) -> None:
    """Wait until the kernel has let go of the nodes' disks and groups; it does that after their processes' end."""
    deadline = time.monotonic() + _GONE_SECONDS
    files = list(layout.disks(directory).glob("*.img"))
    while any(disk.devices_of(file) for file in files) and time.monotonic() < deadline:
        time.sleep(0.05)
    if not cgroups.remove(directory):
        _log.warning("control groups of %s are still in use", directory)


def load_images(directory: Path, name: str, real_nodes: Path) -> None:
    """Load into a running node what `images.store` has kept since it started."""
    inner = first_process(directory, name)
    if inner is None:
        return
    socket = f"/proc/{inner}/root{layout.CONTAINERD_SOCKET}"
    ctr = [str(real_nodes / "ctr"), f"--address={socket}", "--namespace=k8s.io"]
    images.load(ctr, directory, name, debian.environment(real_nodes))


def kill(directory: Path, name: str) -> None:
    """Cut a node's power: everything in it is gone at once, and it stays off until `revive`."""
    layout.lost_mark(directory, name).touch()
    _signal(directory, name, lambda outer: outer, signal.SIGKILL)


def revive(directory: Path, name: str) -> None:
    """Switch a node on again that was killed. It takes a second to begin, and some to be Ready."""
    layout.lost_mark(directory, name).unlink(missing_ok=True)


def signal_program(directory: Path, name: str, program: str, sign: signal.Signals) -> None:
    """Send a signal to `kubelet`, `containerd`, `kube-proxy` or `csi` of a node."""
    _signal(directory, name, lambda outer: _program(outer, program), sign)


def first_process(directory: Path, name: str) -> int | None:
    """Process id, as the machine sees it, of a node's first process; None: the node is off."""
    return _inner(_pid(directory, name))


def api_server(directory: Path) -> int:
    """Process id of the cluster's API server. LookupError: none runs."""
    for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        with contextlib.suppress(OSError):
            program = Path(f"/proc/{pid}/cmdline").read_text().partition("\0")[0]
            if os.readlink(f"/proc/{pid}/cwd") == str(directory) and os.path.basename(program) == "kube-apiserver":
                return pid
    raise LookupError(f"no API server runs in {directory}")


def open_network(directory: Path) -> int:
    """A descriptor of the running cluster's network, which keeps it until it is closed. LookupError: none runs."""
    return os.open(f"/proc/{api_server(directory)}/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _signal(directory: Path, name: str, find: Callable[[int], int | None], sign: signal.Signals) -> None:
    outer = _pid(directory, name)
    found = find(outer) if outer else None
    if not found:
        raise ProcessLookupError(f"{name} does not run what should get {sign.name}")
    os.kill(found, sign)


def _pid(directory: Path, name: str) -> int:
    file = layout.pid_file(directory, name)
    return int(file.read_text()) if file.exists() else 0


def _inner(outer: int) -> int | None:
    """The node's own first process: the child of unshare(1)."""
    children = _children(outer)
    return children[0] if children else None


def _program(outer: int, program: str) -> int | None:
    inner = _inner(outer)
    wanted = "devcluster.real.csi_plugin" if program == "csi" else program
    for pid in _children(inner) if inner else []:
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            if wanted in (os.path.basename(command[0]), *command[1:3]):
                return pid
    return None


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []
