"""Names that the pod, its runtime files and its neighbours agree on."""

UID = 1001
GID = 1001
PORT = 7860
LOOPBACK = "127.0.0.1"
PROXY_PORT = 4180
"""Of the authentication proxy, where there is one."""
IMAGE = "ghcr.io/cinnamon/kotaemon:0.11.3-lite"

APP_DIR = "/app"
PYTHON = "/app/.venv/bin/python"
"""The application's own interpreter, in images from 0.11.2 on (facts/kotaemon.md 1)."""
SYSTEM_PYTHON = "/usr/local/bin/python"
"""The image's interpreter with pip; the application's venv has none."""
RUNTIME_DIR = "/etc/kotaemon"
"""Where the ConfigMap with the runtime files is mounted."""
DATA_DIR = "/data"
"""Roles are at /data/<role>, for ever: citations hold these paths (facts/kotaemon.md 8-4)."""
CLAIMS_DIR = "/claims"
"""Whole claims, while their folders are prepared."""
SCRATCH_DIR = "/tmp/kotaemon"  # noqa: S108 an emptyDir of the pod's own
DRIVER_DIR = "/deps"
"""Where the PostgreSQL driver is installed to."""

PROBE_PATH = "/app_id"
SSO_PROBE_PATH = "/login"
"""With single sign-on everything but /login* answers with a redirect (facts/kotaemon.md 1)."""

STOP_SECONDS = 25
"""What launch.py gives the application to close after SIGTERM; it took 5 s (facts/kotaemon.md 8-3)."""
FINISH_SECONDS = 300
"""What launch.py first gives the application to finish indexing: ten pages a second are 3000 pages. A pod that indexes
nothing does not wait."""
WRITER_LOCK_SECONDS = 120
START_LOCK_SECONDS = 900
"""Pods of the scaled profile start one after the other: the last of many waits for all the others."""
START_SECONDS = 480
"""From the lock to the open port: 18-38 s of processor time, which were 42-143 s on two cores at a load of 10-19.
Upstream's look-ups without a time limit are off (runtime/ks_downloads.py)."""


def labels(name: str) -> dict[str, str]:
    """Labels that select the application's pods."""
    return {"app.kubernetes.io/name": "kotaemon", "app.kubernetes.io/instance": name}
