"""The role folders: what is to be made, and the container that makes it.

An init container of the application makes them on storage that is its own; a Job does where root owns the file system
(preparation.py).
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from pulumi import Input
from pulumi_kubernetes.core.v1 import ContainerArgs, EnvVarArgs, SecurityContextArgs, VolumeMountArgs

from ..contract import RoleMount
from ..refusal import because, refused_folder
from .names import CLAIMS_DIR, PYTHON, RUNTIME_DIR
from .spec import resources

SCRIPT = "prepare.py"
"""File of components/kotaemon/runtime that makes the folders."""


def role_folders(storage: Mapping[str, RoleMount], claim_name: str) -> list[str]:
    """The folders of the roles on one claim: their sub-paths."""
    return [mount["sub_path"] for mount in storage.values() if mount["claim"]["name"] == claim_name]


def work_mistakes(folders: Sequence[str], uid: int, gid: int) -> list[str]:
    """Mistakes in the folders, the user and the group of a preparation; none: it can be made."""
    owners = {"uid": int(uid), "gid": int(gid)}
    return [
        *(mistake for folder in folders for mistake in because("folders", refused_folder(folder))),
        *(f"{key}: {value} is not allowed; pods never run as root" for key, value in owners.items() if value < 1),
    ]


def prepare_task(claims: Iterable[tuple[str, list[str], bool]], uid: int, gid: int, *, give_root: bool = False) -> str:
    """KS_PREPARE for claims as (name, folders, read only): what prepare.py is to make, as JSON.

    `give_root`: whether the roots of the claims are handed over as well, before they are squashed.
    """
    more = {"give_root": True} if give_root else {}
    wanted = [
        {"root": f"{CLAIMS_DIR}/{name}", "folders": folders, "read_only": read_only, **more}
        for name, folders, read_only in claims
    ]
    return json.dumps({"uid": uid, "gid": gid, "claims": wanted})


def prepare_container(
    image: Input[str], task: str, claim_mounts: list[VolumeMountArgs], security: SecurityContextArgs | None = None
) -> ContainerArgs:
    """The container that runs prepare.py; volume `runtime` holds the script. `security`: where it is not the usual."""
    return ContainerArgs(
        name="prepare",
        image=image,
        command=[PYTHON, "-I", f"{RUNTIME_DIR}/{SCRIPT}"],
        env=[EnvVarArgs(name="KS_PREPARE", value=task)],
        resources=resources("50m", "128Mi", "128Mi"),
        security_context=security,
        volume_mounts=[VolumeMountArgs(name="runtime", mount_path=RUNTIME_DIR, read_only=True), *claim_mounts],
        termination_message_policy="FallbackToLogsOnError",  # `kubectl describe pod` shows the commands to run
    )
