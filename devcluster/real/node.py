"""The first process of a node: prepares its namespaces, starts its programs, starts again what ends, reaps the rest.

Run by the supervisor, as root: `python -m devcluster.real.node <settings file> <descriptor of the cluster's network>`.
When it ends, the kernel ends everything in the node and takes away its mounts and its network.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devcluster.fleet import TRUST
from devcluster.real import cgroups, config, images, layout
from devcluster.real.layout import RUN, Place

NAMESPACES = ("--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup")
RESTART_SECONDS = 1.0
"""Pause before a program of the node is started again, as systemd does."""
STOP_SECONDS = 3.0
"""What the node's processes have to end by themselves when it is switched off."""
_SOCKET_SECONDS = 30.0
_CAP_SYS_RESOURCE = 24


@dataclass(frozen=True)
class Settings:
    """What the supervisor tells a node, as JSON in a file."""

    cluster: str
    """The cluster's folder."""
    name: str
    number: int
    nodes: list[str]
    """All names of real nodes with their numbers, as `name=number`: a node has a way to the pods of each other."""
    port: int
    control_plane: str
    real_nodes: str
    """Folders of programs."""
    certificate: str
    """The API server's, in base64."""
    kubelet_token: str
    proxy_token: str
    drivers: list[dict[str, Any]]
    """What devcluster.real.csi_plugin serves."""


class Node:
    """One node, from inside."""

    def __init__(self, settings: Settings, network: int) -> None:
        self._settings = settings
        self._place = Place(Path(settings.cluster), settings.name, settings.number)
        self._network = network
        self._environment = config.environment(Path(settings.real_nodes), Path(settings.control_plane))
        self._running: dict[int, str] = {}
        self._due: dict[str, float] = {}
        self._stopping = False

    def run(self) -> None:
        """Until SIGTERM."""
        signal.signal(signal.SIGTERM, self._stop)
        self._mount()
        self._connect()
        self._write_settings()
        self._start("containerd")
        self._load_images()
        for name in ("kubelet", "kube-proxy", "csi"):
            self._start(name)
        while not self._stopping:
            self._reap()
            for name, due in list(self._due.items()):
                if time.monotonic() >= due:
                    del self._due[name]
                    self._start(name)
            time.sleep(0.1)
        self._end_all()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _mount(self) -> None:
        """The node's own view of the machine: its processes, its network, its control groups, its folders."""
        _call("mount", "--make-rprivate", "/")
        _call("mount", "-t", "proc", "proc", "/proc")
        groups = cgroups.hierarchies()
        _call("mount", "-t", "sysfs", "sysfs", "/sys")
        _call("mount", "-t", "tmpfs", "-o", "mode=755", "none", str(cgroups.ROOT))
        for controllers in groups:
            target = cgroups.ROOT / controllers.replace("name=", "")
            target.mkdir()
            _call("mount", "-t", "cgroup", "-o", controllers, "none", str(target))
        # The kubelet's and containerd's fixed places; /run also hides the sockets of the machine's own runtimes.
        for path in layout.HIDDEN:
            _call("mount", "-t", "tmpfs", "-o", "mode=755", "none", path)
        for name in ("kubelet", "containerd"):
            own = self._place.folder / name
            own.mkdir(exist_ok=True)
            target = Path("/var/lib") / name
            target.mkdir()
            _call("mount", "--bind", str(own), str(target))
        RUN.mkdir(parents=True)
        for name, value in config.SYSCTLS.items():
            stand_in = RUN / name.replace("/", "_")
            stand_in.write_text(f"{value}\n")
            _call("mount", "--bind", str(stand_in), f"/proc/sys/{name}")
        # The kubelet passes mounts on to containers.
        _call("mount", "--make-rshared", "/")

    def _connect(self) -> None:
        """A cable to the cluster's bridge, and a way to the pods of every other node."""
        place, cluster = self._place, f"/proc/self/fd/{self._network}"
        others = [(name, int(number)) for name, number in (entry.split("=") for entry in self._settings.nodes)]
        routes = [
            f"route add {Place(place.cluster, name, number).pods} via {Place(place.cluster, name, number).address}"
            for name, number in others
            if name != place.name
        ]
        _call("hostname", place.name)
        self._ip(
            "link set lo up",
            f"link add eth0 type veth peer name {place.link} netns {cluster}",
            f"address add {place.address}/{layout.PREFIX} dev eth0",
            "link set eth0 up",
            f"route add default via {layout.GATEWAY}",
            *routes,
        )
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        inside = ["nsenter", f"--net={cluster}", "ip", "-batch", "-"]
        commands = [
            f"link set {place.link} master {layout.BRIDGE} up",
            f"route replace {place.pods} via {place.address}",
        ]
        self._batch(inside, commands)

    def _ip(self, *commands: str) -> None:
        self._batch(["ip", "-batch", "-"], list(commands))

    def _batch(self, command: list[str], lines: list[str]) -> None:
        subprocess.run(
            command, input="\n".join(lines), text=True, check=True, pass_fds=[self._network], env=self._environment
        )

    def _write_settings(self) -> None:
        settings, programs = self._settings, Path(self._settings.real_nodes)
        for folder in ("cni", "bin", "volumeplugins"):
            (RUN / folder).mkdir()
        may_raise = bool(int(_status("CapEff"), 16) >> _CAP_SYS_RESOURCE & 1)
        (RUN / "containerd.toml").write_text(config.containerd(programs, may_raise))
        (RUN / "cni" / "10-pods.conflist").write_text(config.network(self._place))
        (RUN / "kubelet.json").write_text(config.kubelet(self._place))
        (RUN / "proxy.json").write_text(config.proxy(self._place))
        (RUN / "resolv.conf").write_text(f"nameserver {layout.GATEWAY}\n")
        (RUN / "kubelet-client.crt").write_bytes((self._place.cluster / "certificates/kubelet-client.crt").read_bytes())
        for name, token in (("kubelet", settings.kubelet_token), ("proxy", settings.proxy_token)):
            file = RUN / f"{name}.kubeconfig"
            file.touch(mode=0o600)
            file.write_text(config.kubeconfig(settings.port, settings.certificate, token))
        (RUN / "csi.json").write_text(json.dumps({"node": self._place.name, "drivers": settings.drivers}))
        # First in the kubelet's PATH: network file systems are folders of the machine here.
        wrapper = RUN / "bin" / "mount"
        wrapper.write_text(
            f"#!/bin/sh\nPYTHONPATH={os.environ['PYTHONPATH']} exec {sys.executable} "
            f'-m devcluster.real.nfs_mount {layout.shares(self._place.cluster)} "$@"\n'
        )
        wrapper.chmod(0o755)

    def _command(self, name: str) -> list[str]:
        place = self._place
        return {
            "containerd": [f"{self._settings.real_nodes}/containerd", f"--config={RUN}/containerd.toml"],
            "kubelet": [
                f"{self._settings.control_plane}/kubelet",
                f"--config={RUN}/kubelet.json",
                f"--kubeconfig={RUN}/kubelet.kubeconfig",
                f"--hostname-override={place.name}",
                f"--node-ip={place.address}",
            ],
            "kube-proxy": [f"{self._settings.control_plane}/kube-proxy", f"--config={RUN}/proxy.json"],
            "csi": [sys.executable, "-m", "devcluster.real.csi_plugin", f"{RUN}/csi.json", str(place.cluster)],
        }[name]

    def _start(self, name: str) -> None:
        environment = dict(self._environment)
        if name == "containerd":
            # Images are pulled by way of the relay: the node's network has no other way out.
            proxy = f"http://{layout.GATEWAY}:{layout.EGRESS_PORT}"
            environment |= {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy}
            environment |= {name: os.environ[name] for name in TRUST if name in os.environ}
        if name == "csi":
            environment |= {"PYTHONPATH": os.environ["PYTHONPATH"], "PYTHONUNBUFFERED": "1"}
        with (self._place.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                self._command(name),
                cwd=self._place.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        _say(f"started {name}, process {process.pid} of the node")
        self._running[process.pid] = name

    def _load_images(self) -> None:
        """The pause image, and every archive that the cluster has and this node has not loaded yet."""
        deadline = time.monotonic() + _SOCKET_SECONDS
        while not Path(layout.CONTAINERD_SOCKET).exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"containerd made no socket within {_SOCKET_SECONDS:.0f} s")
            time.sleep(0.05)
        ctr = [f"{self._settings.real_nodes}/ctr", "--namespace=k8s.io"]
        images.load(ctr, self._place.cluster, self._place.name, self._environment)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                pid, status = ended
                if name := self._running.pop(pid, None):
                    _say(f"{name} ended with status {os.waitstatus_to_exitcode(status)}; it is started again")
                    self._due[name] = time.monotonic() + RESTART_SECONDS

    def _end_all(self) -> None:
        """Every process of the node may end by itself: applications close their files."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            try:
                while os.waitpid(-1, os.WNOHANG) != (0, 0):
                    pass
            except ChildProcessError:
                return
            time.sleep(0.05)


def _call(*command: str) -> None:
    subprocess.run(command, check=True)


def _status(field: str) -> str:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{field}:"))


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def enter(settings_file: str, network: str) -> None:
    """Join the node's control groups and become unshare(1), which starts `main` in namespaces of its own."""
    settings = Settings(**json.loads(Path(settings_file).read_text()))
    cgroups.join(Path(settings.cluster), settings.name)
    inner = [sys.executable, "-m", "devcluster.real.node", "inside", settings_file, network]
    os.execvp("unshare", ["unshare", *NAMESPACES, "--fork", "--kill-child=SIGKILL", *inner])  # noqa: S606


def main(arguments: list[str]) -> None:
    """See the module."""
    if arguments[0] != "inside":
        enter(*arguments)
    settings = Settings(**json.loads(Path(arguments[1]).read_text()))
    Node(settings, int(arguments[2])).run()


if __name__ == "__main__":
    main(sys.argv[1:])
