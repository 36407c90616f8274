"""Names and numbers that several kinds of pods agree on."""

UID = 1001
"""User of the application's pods and owner of the role folders."""
GID = 1001
"""Group of the application's pods and of the role folders."""
VERSION = "0.11.3"
"""Version of the application that everything here was read and tried with, and whose image is the default."""
OLDEST_VERSION = "0.11.2"
"""The oldest version that starts here: those before it have no virtual environment in /app/.venv."""
IMAGE = f"ghcr.io/cinnamon/kotaemon:{VERSION}-lite"
"""Image of the application. Jobs use it as well: the nodes need it anyway, and it holds a Python."""

PYTHON = "/app/.venv/bin/python"
"""The application's own interpreter, in images from OLDEST_VERSION on (docs/facts/kotaemon.md 1)."""
RUNTIME_DIR = "/etc/kotaemon"
"""Where the ConfigMap with the files of this program is mounted."""
CLAIMS_DIR = "/claims"
"""Where whole claims are mounted while their folders are prepared."""
SCRATCH_DIR = "/tmp/kotaemon"  # noqa: S108 an emptyDir of the pod's own
"""Scratch folder of the application and of the containers before it: in the pod's own emptyDir."""


def application_labels(name: str) -> dict[str, str]:
    """Labels that select the pods of the application `name`."""
    return {"app.kubernetes.io/name": "kotaemon", "app.kubernetes.io/instance": name}
