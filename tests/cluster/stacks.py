"""Stack files that the tests bring up on the devcluster, and objects that they only ask the API server about."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy import engine, kept
from deploy.engine import Outcome
from deploy.events import Note
from deploy.kube import Kube, Refused
from deploy.progress import Json
from devcluster.cluster import Cluster
from plan import stack_file
from plan.manifests import manifest
from plan.recorder import Run
from tests.engine import engines
from tests.engine.engines import found, kube

__all__ = ["kube"]

FILES = {"kind": "nfs", "server": "nfs.example.org", "path": "/srv/nfs"}
DISK = {"kind": "storage-class", "storageClass": "dev-block", "size": "10Gi"}


def write(folder: Path, name: str, claims: Mapping[str, Any], **settings: Any) -> stack_file.StackFile:
    """A stack file of platform private, read back. The namespace is the stack's name."""
    ours = {"platform": "private", "namespace": name, "storage": {"claims": dict(claims)}, **settings}
    (folder / f"Pulumi.{name}.yaml").write_text(
        yaml.safe_dump({"config": {f"kotaemon:{k}": v for k, v in ours.items()}})
    )
    return stack_file.read(name, folder)


class Heard(Json):
    """Keeps what a run tells."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)
        self.notes: list[Note] = []

    def tell(self, note: Note) -> None:
        self.notes.append(note)


def up(
    file: stack_file.StackFile, cluster: Cluster, heard: Heard | None = None, patience: float | None = None
) -> Outcome:
    """Bring it up as `make up` does; `heard` collects what is told."""
    project = engines.of(found(), file, cluster)
    kept.free_released(kube(cluster), file.settings.namespace)
    return engine.up(project, kube(cluster), heard or Heard(), patience)


def down(file: stack_file.StackFile, cluster: Cluster) -> tuple[Outcome, list[str]]:
    """Take it down as `make down` does."""
    return engine.down(engines.of(found(), file, cluster), kube(cluster), Heard())


def refused(planned: Run, server: Kube) -> list[str]:
    """What the API server says against the objects of a plan; nothing is made."""
    said: list[str] = []
    for body in (manifest(r) for r in planned.registrations if r.is_object):
        if body["metadata"].get("namespace"):
            body["metadata"]["namespace"] = "default"  # its own does not exist; a dry run leaves nothing there
        try:
            server.apply(body, dry_run=True)
        except Refused as error:
            said.append(str(error))
    return said
