"""The Job that copies folders from one claim to another, made from the living Deployment: image, user and nodes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

SCRIPT = Path(__file__).parent / "copy_folders.py"
FROM, TO = "/from", "/to"
LABELS = {"app.kubernetes.io/name": "kotaemon-move"}
NEEDS_PEOPLE = 78
"""Exit code of the script when trying again does not help."""
KEPT = ("image", "imagePullPolicy", "securityContext")
"""What the Job's container takes from the application's: its image has Python, and its user owns the data."""
OF_THE_POD = (
    "imagePullSecrets",
    "nodeSelector",
    "tolerations",
    "securityContext",
    "serviceAccountName",
    "automountServiceAccountToken",
    "priorityClassName",
)


class Folder(NamedTuple):
    """A folder on the old claim, and what it is called on the new one."""

    old: str
    new: str


class Running(Exception):
    """The application runs, and would write while its data is copied."""


def job(deployment: Mapping[str, Any], old: str, new: str, folders: Sequence[Folder]) -> dict[str, Any]:
    """The Job as a Kubernetes object. `old` and `new`: names of PersistentVolumeClaims. Raises Running."""
    metadata = deployment["metadata"]
    if deployment["spec"].get("replicas", 1) or deployment.get("status", {}).get("replicas", 0):
        raise Running(
            f"the Deployment {metadata['name']} has pods, which would write meanwhile; stop it first: kubectl -n "
            f"{metadata['namespace']} scale deployment {metadata['name']} --replicas=0"
        )
    pod = deployment["spec"]["template"]["spec"]
    (application,) = (found for found in pod["containers"] if found["name"] == "kotaemon")
    paths = [path for folder in folders for path in (f"{FROM}/{folder.old}", f"{TO}/{folder.new}")]
    claims = dict.fromkeys((old, new))
    container = {
        **{key: application[key] for key in KEPT if key in application},
        "name": "move",
        "command": [application["command"][0], "-c", SCRIPT.read_text(), *paths],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        # One claim is one volume, mounted twice: a disk is attached once.
        "volumeMounts": [
            {"name": old, "mountPath": FROM, "readOnly": True},
            {"name": new, "mountPath": TO},
        ],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName": "kotaemon-move-", "namespace": metadata["namespace"], "labels": LABELS},
        "spec": {
            "backoffLimit": 3,
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "FailJob",
                        "onExitCodes": {"containerName": "move", "operator": "In", "values": [NEEDS_PEOPLE]},
                    }
                ]
            },
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    **{key: pod[key] for key in OF_THE_POD if key in pod},
                    "restartPolicy": "Never",
                    "containers": [container],
                    "volumes": [{"name": claim, "persistentVolumeClaim": {"claimName": claim}} for claim in claims],
                },
            },
        },
    }
