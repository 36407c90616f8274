"""The sidecar that writes each user's conversations as files. Only a container of the pod can read SQLite."""

from pathlib import Path

from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
    ObjectFieldSelectorArgs,
    VolumeMountArgs,
)

from ..contract import Medium, Role
from ..pod.certificates import ca_mounts
from ..pod.names import PYTHON, RUNTIME_DIR, SCRATCH_DIR
from ..pod.spec import TMP, resources
from ..pod.variables import plain, secret_variable
from .application import Application
from .environment import role_dir
from .names import DRIVER_DIR
from .volumes import DRIVER, RUNTIME, database_ca, volume_of

SCRIPTS = Path(__file__).parent / "runtime" / "sessions"
FOLDER = "sessions"
"""Folder of the exports in the role `eval`."""
LAG_SECONDS = 60


def files() -> dict[str, str]:
    """What the sidecar runs, and the import: files of the ConfigMap beside the application's own."""
    return {path.name: path.read_text() for path in sorted(SCRIPTS.glob("*.py"))}


def mistakes(app: Application) -> list[str]:
    """Why the conversations cannot be written; none: they can."""
    if app.session_export is None:
        return []
    found: list[str] = []
    lag = int(app.session_export.get("lag_seconds", LAG_SECONDS))
    if lag < 1:
        found.append(f"session_export.lag_seconds: {lag} is not allowed; it must be 1 or more")
    place = app.mounts.get(Role.EVAL)
    if place is None:
        found.append("session_export: needs the role eval, whose folder the files are written to")
    elif place["read_only"]:
        found.append("session_export: the role eval is read-only, and the files are written there")
    elif place["claim"]["medium"] == Medium.OBJECT:
        found.append(
            f"session_export: the role eval is on {place['claim']['name']}, a bucket, where no file can be renamed "
            "into its place; it must be on a file claim or a disk"
        )
    return found


def export_container(app: Application) -> ContainerArgs:
    """A sidecar: it ends after the application, and takes its last turns along."""
    pod_name = EnvVarSourceArgs(field_ref=ObjectFieldSelectorArgs(field_path="metadata.name"))
    asked = app.session_export or {}
    settings = {
        "KS_EXPORT_DIR": f"{role_dir(app, Role.EVAL)}/{FOLDER}",
        "KS_EXPORT_SECONDS": str(int(asked.get("lag_seconds", LAG_SECONDS))),
        "KS_SCRATCH_DIR": SCRATCH_DIR,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    database = [] if app.stores is None else [secret_variable("KH_DATABASE", app.stores["database"]["url"])]
    if not app.scaled:
        settings["KS_SESSIONS_DIR"] = role_dir(app, Role.SESSIONS)
    if app.installs_driver:
        settings["PYTHONPATH"] = DRIVER_DIR
    driver = [DRIVER] if app.installs_driver else []
    return ContainerArgs(
        name="session-export",
        image=app.image,
        restart_policy="Always",
        command=[PYTHON, f"{RUNTIME_DIR}/sessions_export.py"],
        env=[EnvVarArgs(name="KS_POD_NAME", value_from=pod_name), *plain(dict(settings)), *database],
        resources=resources("20m", "64Mi", "512Mi"),
        volume_mounts=[RUNTIME, TMP, *driver, *ca_mounts(database_ca(app)), *_roles(app)],
    )


def _roles(app: Application) -> list[VolumeMountArgs]:
    """The database's folder, which it only reads, and the folder of the role `eval`."""
    read = [Role.SESSIONS] if not app.scaled else []
    return [
        VolumeMountArgs(
            name=volume_of(app, app.mounts[role]["claim"]),
            mount_path=role_dir(app, role),
            sub_path=app.mounts[role]["sub_path"],
            read_only=role in read,
        )
        for role in (*read, Role.EVAL)
    ]
