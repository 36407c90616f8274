"""Stack files that the tests bring up on the devcluster, on the monitor road."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy import apply, saved
from deploy.kube import Kube
from devcluster.cluster import Cluster
from plan import stack_file

FILES = {"kind": "nfs", "server": "nfs.example.org", "path": "/srv/nfs"}
DISK = {"kind": "storage-class", "storageClass": "dev-block", "size": "10Gi"}


def write(folder: Path, name: str, claims: Mapping[str, Any], **settings: Any) -> stack_file.StackFile:
    """A stack file of platform private, read back. The namespace is the stack's name."""
    ours = {"platform": "private", "namespace": name, "storage": {"claims": dict(claims)}, **settings}
    (folder / f"Pulumi.{name}.yaml").write_text(
        yaml.safe_dump({"config": {f"kotaemon:{k}": v for k, v in ours.items()}})
    )
    return stack_file.read(name, folder)


def kube(cluster: Cluster) -> Kube:
    """The API server as the monitor road sees it."""
    return Kube(cluster.api(), cluster.directory / "discovery.json")


def target(file: stack_file.StackFile, cluster: Cluster, said: list[str] | None = None) -> apply.Target:
    """Where the stack goes; `said` collects what is reported."""
    return apply.Target(
        kube(cluster), file.project, file.name, saved.read_outputs, (said if said is not None else []).append
    )


def up(file: stack_file.StackFile, cluster: Cluster, said: list[str] | None = None) -> apply.Outcome:
    """Bring it up."""
    return apply.up(
        file.program, target(file, cluster, said), file.with_cluster(cluster.kubeconfig, cluster.context), []
    )
