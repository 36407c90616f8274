"""A cluster for the tests of a move: claims are folders, and the containers of a Job are processes of this machine.

What is real: the commands of the Jobs with rsync, rclone and Python, the files, and the order of the calls. What is not:
the API server (objects in a dictionary), and that the application's pods come and go at once. It can die at any call,
as a mover that is killed, and kill a copy in the middle.
"""

from __future__ import annotations

import copy
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from components.pod.names import PYTHON
from deploy.kube import Kube, Manifest, Refused
from stacks.moving.pods import SCRIPTS_DIR

SELECTOR = {"app.kubernetes.io/name": "kotaemon", "app.kubernetes.io/instance": "kotaemon"}


class Died(BaseException):
    """The mover was killed."""


class House(Kube):
    """Objects by kind and name; Jobs run when somebody looks at them for the first time."""

    def __init__(self, root: Path, role: str, old: tuple[str, str]) -> None:
        self.root, self.role = root, role
        self.objects: dict[tuple[str, str], Manifest] = {}
        self.calls = 0
        self.die_at: int | None = None
        self.kill_copies = 0
        """How many copies are killed in the middle, each 50 ms after its begin."""
        self.ran: list[str] = []
        self._versions = itertools.count(1)
        self.writer = Writer(self)
        self._put(deployment(role, old))
        self.add_node("node-a", "a")

    def claim_folder(self, name: str) -> Path:
        folder = self.root / "claims" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def add_claim(self, name: str) -> Path:
        self._put({"kind": "PersistentVolumeClaim", "metadata": {"name": name}, "status": {"phase": "Bound"}})
        return self.claim_folder(name)

    def add_node(self, name: str, zone: str) -> None:
        self._put({"kind": "Node", "metadata": {"name": name, "labels": {"zone": zone}}})

    def bind(self, claim: str, zone: str) -> None:
        """Give a claim a disk that is in a zone."""
        term = {"matchExpressions": [{"key": "zone", "operator": "In", "values": [zone]}]}
        affinity = {"required": {"nodeSelectorTerms": [term]}}
        self._put({"kind": "PersistentVolume", "metadata": {"name": f"pv-{claim}"}, "spec": {"nodeAffinity": affinity}})
        self.objects["PersistentVolumeClaim", claim]["spec"] = {"volumeName": f"pv-{claim}"}

    @property
    def live(self) -> Manifest:
        return self.objects["Deployment", "kotaemon"]

    @property
    def role_folder(self) -> Path:
        """Where the application has the role now."""
        spec = self.live["spec"]["template"]["spec"]
        folder = self.claim_folder(spec["volumes"][0]["persistentVolumeClaim"]["claimName"])
        return folder / spec["containers"][0]["volumeMounts"][0]["subPath"]

    def switch(self, claim: str, folder: str) -> None:
        """What `up` does with a stack file that names the new claim."""
        self._put({**deployment(self.role, (claim, folder)), "metadata": self.live["metadata"]})
        self._changed(self.live)

    def get(self, manifest: Manifest) -> Manifest | None:
        self._call("get", manifest)
        found = self.objects.get((manifest["kind"], manifest["metadata"]["name"]))
        if found is not None and found["kind"] == "Job" and "status" not in found:
            found["status"] = self._work(found)
        return copy.deepcopy(found)

    def apply(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        self._call("apply", manifest)
        self._put(copy.deepcopy(manifest))
        return manifest

    def patch(self, manifest: Manifest, operations: list[dict[str, Any]], manager: str | None = None) -> None:
        self._call("patch", manifest)
        found = self.objects[manifest["kind"], manifest["metadata"]["name"]]
        for one in operations:
            *path, last = one["path"].split("/")[1:]
            at = found
            for key in path:
                at = at.setdefault(key, {})
            if one["op"] == "test":
                if at[last] != one["value"]:
                    raise Refused("Deployment", "Conflict", "it was changed", [])
                continue
            at[last] = copy.deepcopy(one["value"])
            if one["path"] == "/spec/replicas":
                found["metadata"].setdefault("managedFields", []).append({"manager": manager, "operation": "Update"})
                self._changed(found)
        found["metadata"]["resourceVersion"] = str(next(self._versions))

    def delete(self, manifest: Manifest) -> None:
        self._call("delete", manifest)
        self.objects.pop((manifest["kind"], manifest["metadata"]["name"]), None)
        for key in [k for k, o in self.objects.items() if o["metadata"].get("owner") == manifest["metadata"]["name"]]:
            del self.objects[key]

    def list(self, api_version: str, kind: str, namespace: str | None = None, selector: str = "") -> list[Manifest]:
        self._call("list", {"kind": kind, "metadata": {"name": selector}})
        wanted = dict(part.split("=") for part in selector.split(",") if part)
        found = [one for (known, _), one in self.objects.items() if known == kind]
        return [copy.deepcopy(one) for one in found if wanted.items() <= (one["metadata"].get("labels") or {}).items()]

    def execute(self, pod: Manifest, words: Sequence[str]) -> str:
        self._call("execute", pod)
        command = [
            sys.executable if word == PYTHON else str(self.role_folder) if word.startswith("/data/") else word
            for word in words
        ]
        return subprocess.check_output(command, text=True)

    def _call(self, verb: str, manifest: Manifest) -> None:
        self.calls += 1
        if self.calls == self.die_at:
            raise Died(f"{verb} {manifest['kind']} {manifest['metadata']['name']}")

    def _put(self, manifest: Manifest) -> None:
        manifest["metadata"]["resourceVersion"] = str(next(self._versions))
        self.objects[manifest["kind"], manifest["metadata"]["name"]] = manifest

    def _changed(self, live: Manifest) -> None:
        """The controllers: as many pods as are wanted, and a writer in the first of them."""
        live["metadata"]["generation"] = live["metadata"].get("generation", 1) + 1
        for key in [key for key in self.objects if key[0] == "Pod" and key[1].startswith("app-")]:
            del self.objects[key]
        self.writer.stop()
        for number in range(live["spec"]["replicas"]):
            since = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            status = {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": since}],
            }
            meta = {"name": f"app-{number}", "labels": SELECTOR, "creationTimestamp": since}
            self._put({"kind": "Pod", "metadata": meta, "spec": live["spec"]["template"]["spec"], "status": status})
        if live["spec"]["replicas"]:
            self.writer.start(self.role_folder)

    def start(self, replicas: int = 1) -> None:
        """The application runs, and writes."""
        self.live["spec"]["replicas"] = replicas
        self._changed(self.live)

    def _work(self, job: Manifest) -> dict[str, Any]:
        spec = job["spec"]["template"]["spec"]
        name = job["metadata"]["name"]
        self.ran.append(name.rpartition("-")[2] if not name.endswith("compare-all") else "compare-all")
        for attempt in range(job["spec"]["backoffLimit"] + 1):
            statuses = self._attempt(name, attempt, spec)
            code = statuses[-1]["state"]["terminated"]["exitCode"]
            first, last = statuses[:-1], statuses[-1:]
            if len(statuses) <= len(spec.get("initContainers", ())):
                first, last = statuses, []
            meta = {"name": f"{name}-{attempt}", "labels": {"batch.kubernetes.io/job-name": name}, "owner": name}
            phase = "Failed" if code else "Succeeded"
            status = {"initContainerStatuses": first, "containerStatuses": last, "phase": phase}
            self._put({"kind": "Pod", "metadata": meta, "spec": spec, "status": status})
            failing = [
                rule["onExitCodes"]["values"]
                for rule in job["spec"]["podFailurePolicy"]["rules"]
                if rule["onExitCodes"]["containerName"] == statuses[-1]["name"]
            ]
            if not code:
                return {"conditions": [{"type": "Complete", "status": "True"}]}
            if any(code in codes for codes in failing):
                break
        return {"conditions": [{"type": "Failed", "status": "True"}]}

    def _attempt(self, job: str, attempt: int, spec: Manifest) -> list[dict[str, Any]]:
        scripts = self.root / "scripts"
        scripts.mkdir(exist_ok=True)
        for name, text in self.objects["ConfigMap", f"kotaemon-move-{self.role}"]["data"].items():
            (scripts / name).write_text(text)
        claims = {
            v["name"]: v["persistentVolumeClaim"]["claimName"] for v in spec["volumes"] if "persistentVolumeClaim" in v
        }
        found: list[dict[str, Any]] = []
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            places = {SCRIPTS_DIR: scripts}
            places |= {
                m["mountPath"]: self.claim_folder(claims[m["name"]])
                for m in container["volumeMounts"]
                if m["name"] in claims
            }
            result = self.root / f"result-{job}-{attempt}-{container['name']}"
            env = {e["name"]: e["value"] for e in container.get("env", ())} | {
                "KS_RESULT": str(result),
                "PATH": os.environ["PATH"],
            }
            process = subprocess.Popen(
                [translated(word, places) for word in container["command"]],
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            if container["name"] == "copy" and self.kill_copies:
                self.kill_copies -= 1
                time.sleep(0.05)
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
            said = process.communicate()[0]
            message = result.read_text() if result.exists() else said[-2000:]
            ended = {"exitCode": process.returncode if process.returncode >= 0 else 137, "message": message}
            found.append({"name": container["name"], "state": {"terminated": ended}})
            if process.returncode:
                break
        return found


class Writer:
    """The application: it writes numbered files all the time, and knows which ones it has acknowledged."""

    def __init__(self, house: House) -> None:
        self.house, self.acknowledged = house, 0
        self.pause = 0.002
        """Seconds between two files. A bucket takes a few files a second, and would never be done with more."""
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def start(self, folder: Path) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._write, args=(folder,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _write(self, folder: Path) -> None:
        while not self._stop.is_set():
            number = self.acknowledged
            path = folder / f"turn-{number % 7}" / f"{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"turn {number}\n")
            last = folder / "last.txt"  # always the same size and often the same second
            last.write_text(f"{number:08}\n")
            if number % 5 == 4:
                (folder / f"turn-{(number - 2) % 7}" / f"{number - 2}.txt").unlink(missing_ok=True)
            self.acknowledged = number + 1
            time.sleep(self.pause)

    def whole(self, folder: Path) -> list[str]:
        """What is wrong with a folder that should hold everything acknowledged."""
        wrong: list[str] = []
        for number in range(self.acknowledged):
            path = folder / f"turn-{number % 7}" / f"{number}.txt"
            gone = (number + 2) % 5 == 4 and number + 2 < self.acknowledged
            if gone == path.exists() or (not gone and path.read_text() != f"turn {number}\n"):
                wrong.append(path.name)
        if (folder / "last.txt").read_text() != f"{self.acknowledged - 1:08}\n":
            wrong.append("last.txt")
        return wrong


def deployment(role: str, place: tuple[str, str]) -> Manifest:
    claim, folder = place
    mount = {"name": "claim-0", "mountPath": f"/data/{role}", "subPath": folder}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "kotaemon", "namespace": "kotaemon", "generation": 1},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": SELECTOR},
            "template": {
                "metadata": {"labels": SELECTOR},
                "spec": {
                    "containers": [{"name": "kotaemon", "volumeMounts": [mount]}],
                    "volumes": [{"name": "claim-0", "persistentVolumeClaim": {"claimName": claim}}],
                },
            },
        },
    }


def translated(word: str, places: dict[str, Path]) -> str:
    if word == PYTHON:
        return sys.executable
    for at, folder in places.items():
        if word == at or word.startswith(f"{at}/"):
            return f"{folder}{word[len(at) :]}"
    return word


def state(house: House) -> dict[str, Any]:
    return json.loads(house.objects["ConfigMap", f"kotaemon-move-{house.role}"]["data"]["state.json"])
