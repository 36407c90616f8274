"""`make up` and `make down`: the devcluster, the road, and what people see at the end."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from components.contract import Platform
from deploy import apply, engine, saved, tables
from deploy.kube import Kube, ref
from devcluster.cluster import Cluster
from plan import rows, terminal
from plan.document import SECRET, CostSummary, Mount
from plan.recorder import StackOutput
from plan.stack_file import StackFile

HOLDS = {
    "PersistentVolume": "the volume's data (reclaim policy Retain)",
    "PersistentVolumeClaim": "the tie between the application and its volume",
    "Secret": "a password or key that was generated once",
    "Namespace": "the objects above",
}
"""What each kept kind is kept for."""


def up(file: StackFile, console: Console) -> int:
    """Bring the devcluster to what the stack file says; the exit code."""
    _on_devcluster(file)
    cluster = Cluster(file.name, file.settings.platform, console)
    was_running = cluster.running
    cluster.start(keep=False)
    kube = Kube(cluster.api(), cluster.directory / "discovery.json")
    try:
        outputs = _bring_up(file, cluster, kube, console)
    except BaseException:
        if not was_running:
            cluster.stop()
            console.print("The devcluster is stopped again; what was applied is still in its data.")
        raise
    cluster.keep()
    saved.write_outputs(file.project, file.name, outputs)
    show(file, cluster, kube, outputs, console)
    return 0


def _bring_up(file: StackFile, cluster: Cluster, kube: Kube, console: Console) -> Mapping[str, StackOutput]:
    road = engine.choose(marker := cluster.directory / "road")
    console.print(f"Engine: {road.line}")
    engine.remember(marker, road)
    if road.command:
        return engine.up(road.command, file, cluster, kube, console)
    outcome = apply.up(file.program, _target(file, kube, console), _config(file, cluster), file.secret_keys)
    _tell(outcome, console)
    return outcome.run.outputs


def down(file: StackFile, console: Console) -> int:
    """Remove what `up` made, keep what holds data, stop the devcluster; the exit code."""
    _on_devcluster(file)
    cluster = Cluster(file.name, file.settings.platform, console)
    if not cluster.directory.exists():
        console.print(f"Nothing to take down: no devcluster was ever started for stack {file.name}.")
        return 0
    cluster.start(keep=False)
    try:
        kube = Kube(cluster.api(), cluster.directory / "discovery.json")
        road = engine.choose(marker := cluster.directory / "road")
        if road.command:
            engine.down(road.command, file, cluster, console)
        deleted, kept = apply.down(_target(file, kube, console))
        names = [ref(m) for m in kept]
        names += [n for n in engine.kept_objects(file, cluster, kube) if n not in names]
        names += _volumes(kube, file.settings.namespace, names)
        marker.unlink(missing_ok=True)
    finally:
        cluster.stop()
    saved.forget_outputs(file.project, file.name)
    for name in deleted:
        console.print(f"deleted {name}")
    console.print(
        terminal.table("Kept", ("object", "holds"), [(name, HOLDS.get(name.split()[0], "data")) for name in names])
    )
    console.print(f"The devcluster is stopped; its disk is {cluster.directory}.")
    console.print(
        f"Next: `make up STACK={file.name}` finds the kept volumes again; `make purge STACK={file.name}` deletes them."
    )
    return 0


def purge(file: StackFile, console: Console) -> int:
    """Delete the devcluster of the stack with everything in it, also what `make down` keeps; the exit code."""
    cluster = Cluster(file.name, file.settings.platform, console)
    cluster.destroy_data()
    engine.forget(file)
    saved.forget_outputs(file.project, file.name)
    console.print(f"Deleted {cluster.directory}: nothing of stack {file.name} is left here.", soft_wrap=True)
    return 0


def show(file: StackFile, cluster: Cluster, kube: Kube, outputs: Mapping[str, StackOutput], console: Console) -> None:
    """The tables at the end of `make up`."""
    values: dict[str, Any] = {k: SECRET if o.secret else o.value for k, o in outputs.items()}
    zones = tables.volume_zones(kube, values["namespace"])
    mounts = {role: _with_zones(Mount.model_validate(m), zones) for role, m in values["storage"].items()}
    console.print()
    console.print(terminal.storage(mounts, "when bound"))
    console.print(tables.pods(kube, [values["namespace"]]))
    console.print("The nodes are simulated: pods are admitted, placed and bound for real, and no container runs.\n")
    console.print(terminal.outputs(values))
    console.print(f"{rows.monthly(CostSummary.model_validate(values['cost']))}\n")
    # soft_wrap: a command that is folded cannot be copied
    console.print(
        f"Next: kubectl --kubeconfig {cluster.kubeconfig} -n {values['namespace']} get pods,pvc", soft_wrap=True
    )
    console.print(f"      make plan STACK={file.name}    make down STACK={file.name}")


def _with_zones(mount: Mount, zones: Mapping[str, list[str]]) -> Mount:
    """A disk's zone is known once it is bound."""
    return mount if mount.zones else mount.model_copy(update={"zones": zones.get(mount.claim, [])})


def _tell(outcome: apply.Outcome, console: Console) -> None:
    for line in outcome.run.warnings:
        console.print(f"warning: {line}")
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
    if (platform := file.settings.platform) != Platform.PRIVATE:
        raise apply.ApplyError(
            f"{file.path.name}: kotaemon:platform is {platform.value}: its storage needs an account. "
            f"`make plan STACK={file.name}` needs none; `pulumi up -s {file.name}` makes them"
        )


def _config(file: StackFile, cluster: Cluster) -> dict[str, str]:
    if file.secret_keys:
        keys = ", ".join(file.secret_keys)
        raise apply.ApplyError(
            f"{file.path.name}: {keys}: encrypted values need the real engine, which is not here: "
            "install pulumi, or leave them out of a stack that runs on the devcluster"
        )
    return file.with_cluster(cluster.kubeconfig, cluster.context)


def _volumes(kube: Kube, namespace: str, known: list[str]) -> list[str]:
    """Volumes that a StorageClass made for claims of the stack: the program does not know them."""
    found = kube.list("v1", "PersistentVolume")
    mine = [ref(v) for v in found if (v["spec"].get("claimRef") or {}).get("namespace") == namespace]
    return [name for name in mine if name not in known]
