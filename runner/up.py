"""`make up` and `make down`: the devcluster, the road, and what people see at the end."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from devcluster.cluster import Cluster
from runner import apply, engine, saved, tables
from runner.kube import Kube, ref
from runner.record import StackOutput
from runner.stack import StackFile

SECRET = "[secret]"  # noqa: S105 what is shown in place of a secret


def up(file: StackFile, console: Console) -> int:
    """Bring the devcluster to what the stack file says; the exit code."""
    _on_devcluster(file)
    cluster = Cluster(_cluster_name(file), file.settings.platform, console)
    cluster.start(keep=False)
    kube = Kube(cluster.api(), cluster.directory / "discovery.json")
    road = engine.choose()
    console.print(f"Engine: {road.line}")
    if road.command:
        outputs = engine.up(road.command, file, cluster, kube, console)
    else:
        outcome = apply.up(file.program, _target(file, kube, console), _config(file, cluster), file.secret_keys)
        outputs = outcome.run.outputs
        _tell(outcome, console)
    saved.write_outputs(file.project, file.name, outputs)
    cluster.keep()
    show(file, cluster, kube, outputs, console)
    return 0


def down(file: StackFile, console: Console) -> int:
    """Remove what `up` made, keep what holds data, stop the devcluster; the exit code."""
    _on_devcluster(file)
    cluster = Cluster(_cluster_name(file), file.settings.platform, console)
    if not cluster.directory.exists():
        console.print(f"Nothing to take down: no devcluster was ever started for stack {file.name}.")
        return 0
    cluster.start(keep=False)
    try:
        kube = Kube(cluster.api(), cluster.directory / "discovery.json")
        road = engine.choose()
        if road.command and engine.has_state(file):
            engine.down(road.command, file, cluster, console)
        deleted, kept = apply.down(_target(file, kube, console))
        volumes = _volumes(kube, file.settings.namespace)
    finally:
        cluster.stop()
    saved.forget_outputs(file.project, file.name)
    for name in deleted:
        console.print(f"deleted {name}")
    console.print(tables.table("Kept", ("object", "holds"), [(ref(m), _holds(m)) for m in kept + volumes]))
    console.print(f"The devcluster is stopped; its disk is {cluster.directory}.")
    console.print(
        f"Next: `make up STACK={file.name}` finds the kept volumes again; `make purge STACK={file.name}` deletes them."
    )
    return 0


def show(file: StackFile, cluster: Cluster, kube: Kube, outputs: Mapping[str, StackOutput], console: Console) -> None:
    """The tables at the end of `make up`."""
    values: dict[str, Any] = {k: SECRET if o.secret else o.value for k, o in outputs.items()}
    zones = tables.volume_zones(kube, values["namespace"])
    mounts = {role: {**m, "zones": m["zones"] or zones.get(m["claim"], [])} for role, m in values["storage"].items()}
    console.print()
    console.print(tables.storage(mounts, "when bound"))
    console.print(tables.pods(kube, [values["namespace"]]))
    console.print("The nodes are simulated: pods are admitted, placed and bound for real, and no container runs.\n")
    console.print(tables.outputs(values))
    console.print(f"Next: kubectl --kubeconfig {cluster.kubeconfig} -n {values['namespace']} get pods,pvc")
    console.print(f"      make plan STACK={file.name}    make down STACK={file.name}")


def _tell(outcome: apply.Outcome, console: Console) -> None:
    for verb, names in (("created", outcome.created), ("changed", outcome.changed), ("deleted", outcome.deleted)):
        for name in names:
            console.print(f"{verb} {name}")
    for name in outcome.kept:
        console.print(f"kept {name}: it left the program but holds data")
    if outcome.nothing_changed:
        console.print(f"No change: all {len(outcome.unchanged)} objects are as the program wants them.")
    else:
        console.print(
            f"{len(outcome.created)} created, {len(outcome.changed)} changed, {len(outcome.deleted)} deleted, "
            f"{len(outcome.unchanged)} unchanged."
        )


def _target(file: StackFile, kube: Kube, console: Console) -> apply.Target:
    return apply.Target(kube, file.project, file.name, saved.read_outputs, lambda line: console.print(f"  {line}"))


def _on_devcluster(file: StackFile) -> None:
    if file.settings.cluster.kubeconfig is not None:
        raise apply.ApplyError(
            f"{file.path.name}: kotaemon:cluster names a cluster of your own; `make up` and `make down` are for the "
            f"devcluster. Use `pulumi up -s {file.name}`, or leave kotaemon:cluster out"
        )


def _config(file: StackFile, cluster: Cluster) -> dict[str, str]:
    if file.secret_keys:
        keys = ", ".join(file.secret_keys)
        raise apply.ApplyError(
            f"{file.path.name}: {keys}: encrypted values need the real engine, which is not here: "
            "install pulumi, or leave them out of a stack that runs on the devcluster"
        )
    return file.with_cluster(cluster.kubeconfig, cluster.context)


def _cluster_name(file: StackFile) -> str:
    return file.name


def _volumes(kube: Kube, namespace: str) -> list[dict[str, Any]]:
    """Volumes that a StorageClass made for claims of the stack: they carry no label of ours."""
    found = kube.list("v1", "PersistentVolume")
    mine = [v for v in found if (v["spec"].get("claimRef") or {}).get("namespace") == namespace]
    return [v for v in mine if "kotaemon.dev/keep" not in (v["metadata"].get("annotations") or {})]


def _holds(kept: Mapping[str, Any]) -> str:
    return {
        "PersistentVolume": "the volume's data (reclaim policy Retain)",
        "PersistentVolumeClaim": "the tie between the application and its volume",
        "Secret": "the generated first admin password",
        "Namespace": "the objects above",
    }.get(kept["kind"], "data")
