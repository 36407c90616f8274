"""A pod of the devcluster as a real process: its own command, environment and mounts, on real folders.

The simulated nodes run no container. Here the live Pod object says what would run: launch.py comes out of its
ConfigMap, its variables out of its container, and each of its volumes is a folder (a claim's is named after the volume
that it is bound to, so a pod that gets another volume finds another folder). Only the application is a stand-in.
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

STAND_IN = Path(__file__).parent / "stand_in"
STOP_SECONDS = 10
"""From SIGTERM to SIGKILL."""
ANSWER_SECONDS = 5


class PodProcess:
    """One pod's process."""

    def __init__(self, kube: Kube, pod: Manifest, root: Path) -> None:
        """Lay out its folders under `root`, which all pods of a drill share, and start it."""
        self.name: str = pod["metadata"]["name"]
        self.node: str = pod["spec"]["nodeName"]
        self._kube, self._pod, self._root = kube, pod, root
        self._own = root / "pods" / str(pod["metadata"]["uid"])
        self.port = _free_port()
        (container,) = (c for c in pod["spec"]["containers"] if c["name"] == "kotaemon")
        self._mounts = {m["mountPath"]: self._folder(m) for m in container["volumeMounts"]}
        application = self._own / "app"
        # A pod whose container starts again finds its own folders as they were.
        shutil.copytree(STAND_IN, application, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        environment = {e["name"]: self._value(e) for e in container["env"]}
        # The application's folder first: its stand-ins for libraries hide the installed ones.
        environment["PYTHONPATH"] = f"{application}:{environment['PYTHONPATH']}"
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
        """Whether the process lives."""
        return self.process.poll() is None

    @property
    def output(self) -> str:
        """What it has printed."""
        return (self._own / "output").read_text(errors="replace")

    def save(self, number: int) -> bool:
        """Save one turn; whether it was acknowledged."""
        return self._ask("POST", f"/turns/{number}") is not None

    def turns(self) -> list[int] | None:
        """The turns that it shows; None when it does not answer."""
        answer = self._ask("GET", "/turns")
        return None if answer is None else json.loads(answer)

    def kill(self) -> None:
        """As when the power is cut: nothing is said to it."""
        if self.running:
            self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """As the kubelet ends it."""
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
        """A path in the container as one of this machine."""
        for mount in sorted(self._mounts, key=len, reverse=True):
            if path == mount or path.startswith(f"{mount}/"):
                return f"{self._mounts[mount]}{path[len(mount) :]}"
        return path

    def _here(self, environment: Mapping[str, str]) -> dict[str, str]:
        """What a process on this machine needs besides: one port of its own on loopback, and Python's own folder."""
        here = {
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(self.port),
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if environment["KS_PROFILE"] == "scaled":
            here["DRILL_DATABASE"] = str(self._root / "server.db")
        return here


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
