"""A single writer for real nodes: the pod and the claims as the product has them, and a small Python program in it."""

import json
import urllib.request
from typing import Any

from kubernetes.client import ApiClient, CoreV1Api

from tests.cluster import objects

IMAGE = "ghcr.io/cinnamon/kotaemon:0.11.3-lite"
PYTHON = "/app/.venv/bin/python"
APP = """
import http.server, json, os, pathlib, sqlite3, threading
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
def tried(path):
    try:
        pathlib.Path(path).write_text("x")
        return "written"
    except OSError as error:
        return error.strerror
database = sqlite3.connect("/disk/sql.db", check_same_thread=False)
database.execute("CREATE TABLE IF NOT EXISTS turns (number INTEGER)")
database.execute("INSERT INTO turns VALUES (1)")
database.commit()
facts = {
    "uid": os.getuid(), "gid": os.getgid(), "capabilities": status["CapEff"].strip(),
    "seccomp": status["Seccomp"].strip(), "no_new_privileges": status["NoNewPrivs"].strip(),
    "root": tried("/etc/x"), "files": tried("/files/x"), "host": os.uname().nodename,
    "owner": os.stat("/files/x").st_uid, "disk_group": os.stat("/disk").st_gid,
}
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        turns = database.execute("SELECT COUNT(*) FROM turns").fetchone()[0]
        body = json.dumps({**facts, "turns": turns}).encode()
        self.send_response(200); self.end_headers(); self.wfile.write(body)
print("serving", flush=True)
http.server.ThreadingHTTPServer(("0.0.0.0", 7860), Handler).serve_forever()
"""


def pod_spec() -> dict[str, Any]:
    """A pod as the product's single writer is: its user, its limits, its claims."""
    container = {
        "name": "kotaemon",
        "image": IMAGE,
        "command": [PYTHON, "/app/app.py"],
        "ports": [{"name": "http", "containerPort": 7860}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "readinessProbe": {"httpGet": {"path": "/", "port": 7860}, "periodSeconds": 1},
        "resources": {"limits": {"memory": "256Mi"}},
        "volumeMounts": [{"name": "disk", "mountPath": "/disk"}, {"name": "files", "mountPath": "/files"}],
    }
    return {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 2,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1001,
            "runAsGroup": 1001,
            "fsGroup": 1001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "tolerations": objects.TOLERATIONS,
        "containers": [container],
        "volumes": [{"name": n, "persistentVolumeClaim": {"claimName": n}} for n in ("disk", "files")],
    }


def make_claims(api: ApiClient, space: str) -> None:
    """A disk by the stand-in driver and an NFS volume made by hand."""
    core = CoreV1Api(api)
    objects.claim(api, space, "disk", "dev-block")
    shared: dict[str, Any] = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}
    volume = {
        **shared,
        "capacity": {"storage": "1Gi"},
        "nfs": {"server": "nfs.example.org", "path": f"/srv/{space}"},
        "mountOptions": ["hard", "nfsvers=4.1"],
        "claimRef": {"namespace": space, "name": "files"},
    }
    core.create_persistent_volume({"metadata": {"name": f"{space}-files"}, "spec": volume})
    claim = {**shared, "resources": {"requests": {"storage": "1Gi"}}, "volumeName": f"{space}-files"}
    core.create_namespaced_persistent_volume_claim(space, {"metadata": {"name": "files"}, "spec": claim})


def ready_pods(api: ApiClient, space: str) -> list[Any]:
    return [
        pod
        for pod in CoreV1Api(api).list_namespaced_pod(space).items
        if not pod.metadata.deletion_timestamp
        and any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions or [])
    ]


def application_pods(api: ApiClient, space: str) -> list[Any]:
    """The application's own ones of them, not those of stores and Jobs."""
    return [
        pod for pod in ready_pods(api, space) if (pod.metadata.labels or {}).get("app.kubernetes.io/name") == "kotaemon"
    ]


def page(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return json.load(answer)
