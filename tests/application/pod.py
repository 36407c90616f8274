"""A pod, run as the kubelet runs it: init containers one after the other, then the application.

Each container has mount, pid and network namespaces of its own, a read-only root, the uid, gid and environment of the
rendered pod and its volumes as folders of this machine. What is missing of a real node: cgroups, seccomp, the probes.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.application.image import IMAGE_ENVIRONMENT, Image, etc
from tests.application.network import GATEWAY, Network
from tests.application.rendered import Rendered

ENTER = Path(__file__).parent / "enter.py"
START_SECONDS = 600
NICE = 5


class Node:
    """What pods share: the image, the network, the claims."""

    def __init__(self, folder: Path, image: Image, network: Network) -> None:
        self.folder, self.image, self.network = folder, image, network
        self.hosts = {"models.test": GATEWAY}
        self.preinstalled: dict[str, Path] = {}
        """Volume -> folder whose content an init container would download: that container is left out."""

    def claim(self, name: str) -> Path:
        """The folder behind a claim, as a provisioner hands it over: of the pod's user."""
        path = self.folder / "claims" / name
        if not path.exists():
            path.mkdir(parents=True)
            subprocess.run(["chown", "1001:1001", str(path)], check=True)
        return path


class Pod:
    """One pod. `start` returns when the main container runs."""

    def __init__(
        self,
        node: Node,
        name: str,
        rendered: Rendered,
        tmp_size: str = "",
        image: Image | None = None,
        **environment: str,
    ) -> None:
        self.name, self._image = name, image or node.image
        self.address = ""
        self.folder = node.folder / "pods" / name
        self.folder.mkdir(parents=True)
        self._node, self._rendered, self._extra, self._tmp_size = node, rendered, environment, tmp_size
        self._etc = etc(self.folder, GATEWAY, node.hosts)
        self.process: subprocess.Popen[str] | None = None
        self.started = 0.0

    def start(self) -> "Pod":
        """Run the init containers, then start the application."""
        for container in self._rendered.pod["initContainers"]:
            if any(mount["name"] in self._node.preinstalled and not mount.get("readOnly")
                   for mount in container["volumeMounts"]):  # fmt: skip
                continue
            process = self._run(container)
            code = process.wait(120)
            assert code == 0, f"init container {container['name']} ended with {code}:\n{self.output(container['name'])}"
        (main,) = (c for c in self._rendered.pod["containers"] if c["name"] == "kotaemon")
        self.started = time.monotonic()
        self.process = self._run(main)
        return self

    def serving(self, seconds: float = START_SECONDS) -> float:
        """Wait until it listens; returns the seconds since the container's start."""
        deadline = time.monotonic() + seconds
        while self.ask("/app_id") != 200:
            assert self.alive, f"{self.name} has ended with {self.code}:\n{self.output()[-6000:]}"
            assert time.monotonic() < deadline, f"{self.name} does not listen:\n{self.output()[-6000:]}"
            time.sleep(0.3)
        return time.monotonic() - self.started

    def ask(self, path: str) -> int:
        """The status of one request from the bridge's side, 0 when there is no answer."""
        code = (
            "import urllib.request,urllib.error,sys\n"
            "try: print(urllib.request.urlopen(sys.argv[1], timeout=5).status)\n"
            "except urllib.error.HTTPError as e: print(e.code)\n"
            "except OSError: print(0)\n"
        )
        command = self._node.network.inside([sys.executable, "-I", "-c", code, f"{self.url}{path}"])
        return int(subprocess.run(command, capture_output=True, text=True).stdout or 0)

    @property
    def url(self) -> str:
        return f"http://{self.address}:7860"

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def code(self) -> int | None:
        return None if self.process is None else self.process.poll()

    @property
    def pid(self) -> int:
        """The container's first process, seen from this machine."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def output(self, container: str = "kotaemon") -> str:
        return (self.folder / f"{container}.log").read_text(errors="replace")

    def until(self, text: str, seconds: float = 60) -> None:
        """Wait until the application has printed a text."""
        deadline = time.monotonic() + seconds
        while text not in self.output():
            assert time.monotonic() < deadline, (
                f"{text!r} is not in the output of {self.name}:\n{self.output()[-4000:]}"
            )
            time.sleep(0.1)

    def cpu_seconds(self) -> float:
        """Processor time of the first process so far, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def memory_mib(self) -> tuple[int, int]:
        """Resident memory now and at its peak."""
        status = dict(line.split(":", 1) for line in Path(f"/proc/{self.pid}/status").read_text().splitlines())
        now, peak = (int(status[key].split()[0]) // 1024 for key in ("VmRSS", "VmHWM"))
        return now, peak

    def files(self) -> Path:
        """The container's root, seen from this machine."""
        return Path(f"/proc/{self.pid}/root")

    def stop(self, seconds: float | None = None) -> tuple[int, float]:
        """The preStop hook, SIGTERM, and SIGKILL after the grace period, as the kubelet does it; exit code and seconds."""
        assert self.process is not None
        grace = seconds if seconds is not None else float(self._rendered.pod["terminationGracePeriodSeconds"])
        begun = time.monotonic()
        (main,) = (c for c in self._rendered.pod["containers"] if c["name"] == "kotaemon")
        time.sleep(main.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0))
        if self.alive:
            subprocess.run(["kill", "-TERM", str(self.pid)], check=True)
        try:
            code = self.process.wait(grace - (time.monotonic() - begun))
        except subprocess.TimeoutExpired:
            self.kill()
            code = -signal.SIGKILL
        return code, time.monotonic() - begun

    def kill(self) -> None:
        """Without a word: the first process of a pid namespace takes all others with it."""
        if self.alive:
            subprocess.run(["kill", "-KILL", str(self.pid)], check=False)
            assert self.process is not None
            self.process.wait(20)

    def _run(self, container: Mapping[str, Any]) -> "subprocess.Popen[str]":
        spec = self._spec(container)
        path = self.folder / f"{container['name']}.json"
        path.write_text(json.dumps(spec))
        flags = ("--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child")
        log = (self.folder / f"{container['name']}.log").open("ab")
        process = subprocess.Popen(
            ["unshare", *flags, sys.executable, "-I", str(ENTER), str(path)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        log.close()
        self.address = self._node.network.attach(process.pid)
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.close()
        return process

    def _spec(self, container: Mapping[str, Any]) -> dict[str, Any]:
        security = self._rendered.pod["securityContext"]
        root = self.folder / f"root-{container['name']}"
        root.mkdir(exist_ok=True)
        image = self._image
        return {
            "root": str(root),
            "etc": str(self._etc),
            "work": str(self.folder / "work"),
            "copy": str(image.copy),
            "changes": str(image.changes),
            "interpreter": str(image.interpreter),
            "mounts": [self._mount(mount) for mount in container["volumeMounts"]],
            "memory_volumes": [{"target": "/tmp", "size": self._tmp_size}] if self._tmp_size else [],
            "workdir": container.get("workingDir", "/app"),
            "command": container["command"],
            "environment": IMAGE_ENVIRONMENT | {"HOSTNAME": self.name} | self._environment(container),
            "uid": security["runAsUser"],
            "gid": security["runAsGroup"],
            "nice": NICE,
        }

    def _environment(self, container: Mapping[str, Any]) -> dict[str, str]:
        values = {variable["name"]: self._value(variable) for variable in container.get("env", [])}
        return values | self._extra if container["name"] == "kotaemon" else values

    def _value(self, variable: Mapping[str, Any]) -> str:
        source: Mapping[str, Any] = variable.get("valueFrom") or {}
        if key := source.get("secretKeyRef"):
            return self._rendered.secrets.get(key["name"], {}).get(key["key"], "")
        return self.name if source else variable.get("value", "")

    def _mount(self, mount: Mapping[str, Any]) -> dict[str, Any]:
        (volume,) = (v for v in self._rendered.pod["volumes"] if v["name"] == mount["name"])
        read_only = bool(mount.get("readOnly"))
        if claim := volume.get("persistentVolumeClaim"):
            source = self._node.claim(claim["claimName"]) / mount.get("subPath", "")
            source.mkdir(exist_ok=True)  # the kubelet makes a missing sub-path as root; prepare came first
        elif config := volume.get("configMap"):
            source, read_only = self._config_map(config["name"]), True
        elif mount["name"] in self._node.preinstalled:
            source, read_only = self._node.preinstalled[mount["name"]], True
        else:
            source = self.folder / "empty" / mount["name"]
            if not source.exists():
                source.mkdir(parents=True)
                source.chmod(0o777)
        return {"source": str(source), "target": mount["mountPath"], "read_only": read_only}

    def _config_map(self, name: str) -> Path:
        folder = self.folder / "config" / name
        if not folder.exists():
            folder.mkdir(parents=True)
            for file, text in self._rendered.config_maps[name].items():
                (folder / file).write_text(text)
        return folder
