"""A pod of the devcluster as a real process, with its own command, environment and mounts on real folders.

The simulated nodes run no containers. So the live Pod object decides what runs: launch.py comes from its ConfigMap, the
environment from its container, and each volume is a folder. The folder of a claim has the name of the bound volume, so
that a pod with another volume finds another folder. Only the application itself is a stand-in.
"""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.kube import Kube, Manifest
from devcluster.process import die_with_parent

APPLICATION = Path(__file__).parent / "app"
"""Files of the stand-in application: what is /app in its image."""
PACKAGES = Path(__file__).parent / "packages"
"""Stand-ins for what Kotaemon's image has installed and the launcher imports."""
STOP_SECONDS = 10
"""Seconds from SIGTERM to SIGKILL."""
ANSWER_SECONDS = 5


class PodProcess:
    """The process of one pod."""

    def __init__(self, kube: Kube, pod: Manifest, root: Path) -> None:
        """Lay out the pod's folders under `root`, which all pods of a drill share, and start its process."""
        self.name: str = pod["metadata"]["name"]
        self.node: str = pod["spec"]["nodeName"]
        self._kube, self._pod, self._root = kube, pod, root
        self._own = root / "pods" / str(pod["metadata"]["uid"])
        self.port = _free_port()
        (container,) = (c for c in pod["spec"]["containers"] if c["name"] == "kotaemon")
        self._mounts = {m["mountPath"]: self._folder(m) for m in container["volumeMounts"]}
        application = self._own / "app"
        # A container that starts again in the same pod finds its own folders unchanged.
        shutil.copytree(APPLICATION, application, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        environment = {e["name"]: self._value(e) for e in container["env"]}
        # The stand-ins for libraries come first, so that they hide the installed ones.
        environment["PYTHONPATH"] = f"{PACKAGES}:{application}:{environment['PYTHONPATH']}"
        environment |= self._here(environment)
        with (self._own / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, self._translate(container["command"][1])],
                cwd=application,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(),
            )

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    @property
    def output(self) -> str:
        """Everything that the process has printed."""
        return (self._own / "output").read_text(errors="replace")

    def save(self, number: int) -> bool:
        """Save one turn. Returns whether it was acknowledged."""
        return self._ask("POST", f"/turns/{number}") is not None

    def turns(self) -> list[int] | None:
        """Numbers of the turns that the process shows. None when it does not answer."""
        answer = self._ask("GET", "/turns")
        return None if answer is None else json.loads(answer)

    def kill(self) -> None:
        """Kill the process without a signal that it could handle, as a power failure does."""
        if self.running:
            self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End the process with SIGTERM and then SIGKILL, as the kubelet does."""
        if self.running:
            self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        self.kill()

    def _ask(self, method: str, path: str) -> bytes | None:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 loopback only
                return answer.read()
        except (urllib.error.URLError, OSError, ValueError):
            return None

    def _folder(self, mount: Mapping[str, Any]) -> Path:
        (volume,) = (v for v in self._pod["spec"]["volumes"] if v["name"] == mount["name"])
        if claim := volume.get("persistentVolumeClaim"):
            folder = self._root / "volumes" / self._bound(claim["claimName"])
        else:
            folder = self._own / "volumes" / mount["name"]
        folder = folder / mount.get("subPath", "")
        folder.mkdir(parents=True, exist_ok=True)
        if source := volume.get("configMap"):
            for name, text in self._object("ConfigMap", source["name"])["data"].items():
                (folder / name).write_text(text)
        return folder

    def _bound(self, claim: str) -> str:
        return self._object("PersistentVolumeClaim", claim)["spec"]["volumeName"]

    def _object(self, kind: str, name: str) -> Manifest:
        meta = {"name": name, "namespace": self._pod["metadata"]["namespace"]}
        found = self._kube.get({"apiVersion": "v1", "kind": kind, "metadata": meta})
        if found is None:
            raise LookupError(f"pod {self.name} needs {kind} {name}, which is not there")
        return found

    def _value(self, variable: Mapping[str, Any]) -> str:
        source: Mapping[str, Any] = variable.get("valueFrom") or {}
        if key := source.get("secretKeyRef"):
            return base64.b64decode(self._object("Secret", key["name"])["data"][key["key"]]).decode()
        if source.get("fieldRef"):
            return self.name
        return ":".join(self._translate(part) for part in variable.get("value", "").split(":"))

    def _translate(self, path: str) -> str:
        """The folder on this machine for a path in the container."""
        for mount in sorted(self._mounts, key=len, reverse=True):
            if path == mount or path.startswith(f"{mount}/"):
                return f"{self._mounts[mount]}{path[len(mount) :]}"
        return path

    def _here(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Variables that the process needs on this machine: a loopback port of its own, and the folder of Python."""
        here = {
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(self.port),
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "STAND_IN_RUNS_AS": "process",
        }
        if environment["KS_PROFILE"] == "scaled":
            here["DRILL_DATABASE"] = str(self._root / "server.db")
        return here


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
