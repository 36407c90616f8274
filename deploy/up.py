"""`make up`, `make down` and `make purge`: the devcluster, the engine, and what people see at the end."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from components.contract import Platform
from deploy import address, engine, find, kept, lines, own, tables
from deploy.kube import Kube
from deploy.progress import Display, Lines
from devcluster import node_kinds
from devcluster.cluster import Cluster
from devcluster.node_kinds import Nodes
from plan import rows, terminal
from plan.document import SECRET, CostSummary, Mount
from plan.exits import UserError
from plan.recorder import StackOutput
from plan.stack_file import StackFile
from stacks.existing import wanted


@dataclasses.dataclass(frozen=True)
class Ways:
    """How a command shows what it does."""

    console: Console
    """Tables and sentences for people."""
    display: Display
    """What the engine does."""
    patience: float | None = None
    """Seconds for one object to become ready; None: as long as the engine's plugin waits."""

    @classmethod
    def people(cls, console: Console) -> "Ways":
        """All on one console."""
        return cls(console, Lines(console))


def up(file: StackFile, ways: Ways) -> int:
    """Bring the devcluster to what the stack file says; the exit code."""
    on_devcluster(file)
    console = ways.console
    # The longest first: what is missing is built before anything is started.
    found = find.find(console)
    console.print(f"Engine: {found.line}", soft_wrap=True)
    cluster = cluster_of(file, console)
    was_running = cluster.running
    address.provide_image(cluster, file, console)
    cluster.start(keep=False)
    console.print(f"Nodes: {cluster.nodes_line}.", soft_wrap=True, markup=False)
    kube = Kube(cluster.api(), cluster.directory / "discovery.json")
    try:
        outcome = _bring_up(file, engine.Project.of(found, file, cluster), kube, ways)
    except BaseException:
        if not was_running:
            cluster.stop()
            console.print("The devcluster is stopped again; what was made is still in its data.")
        raise
    cluster.keep()
    _tell(outcome, ways)
    served = address.serve_page(cluster, file, outcome.outputs["service"].value)
    show(file, cluster, kube, outcome.outputs, console)
    show_address(served, cluster, file, console)
    return 0


def cluster_of(file: StackFile, console: Console) -> Cluster:
    """The devcluster of a stack: with real nodes where machine and stack allow them, or as KOTAEMON_NODES says."""
    kind = node_kinds.chosen(Nodes.AUTO)
    return Cluster(file.name, file.settings.platform, console, kind, objection=address.objection(file))


def _bring_up(file: StackFile, project: engine.Project, kube: Kube, ways: Ways) -> engine.Outcome:
    if not engine.has_state(project):
        _refuse_unknown(file, kube)
    for line in kept.free_released(kube, file.settings.namespace):
        ways.console.print(line, soft_wrap=True)
    return engine.up(project, kube, ways.display, ways.patience)


def _refuse_unknown(file: StackFile, kube: Kube) -> None:
    said = bool(wanted(file.settings))
    kept.refuse_unknown(kube, file.name, file.settings.namespace, lines.path(file), said=said)


def down(file: StackFile, ways: Ways) -> int:
    """Remove what `up` made and keep what holds data; stop the devcluster, where it is the cluster. The exit code."""
    if elsewhere(file):
        return own.down(file, ways.console)
    console = ways.console
    cluster = cluster_of(file, console)
    if not cluster.directory.exists():
        console.print(f"Nothing to take down: no devcluster was ever started for stack {file.name}.")
        return 0
    found = find.find(console)
    cluster.start(keep=False)
    try:
        kube = Kube(cluster.api(), cluster.directory / "discovery.json")
        project = engine.Project.of(found, file, cluster)
        if not engine.has_state(project):
            _refuse_unknown(file, kube)
        outcome, names = engine.down(project, kube, ways.display)
        names += [n for n in kept.volumes_of(kube, file.settings.namespace) if n not in names]
    finally:
        cluster.stop()
    _tell(outcome, ways)
    holds = [(name, kept.HOLDS.get(name.split()[0], "data")) for name in names]
    console.print(terminal.table("Kept", ("object", "holds"), holds))
    lines.tell(file, lines.kept(engine.resources(file)), console)
    console.print(f"The devcluster is stopped; its disk is {cluster.directory}.", soft_wrap=True)
    console.print(
        f"Next: `make up STACK={file.name}` makes the rest again; `make purge STACK={file.name}` deletes what is kept."
    )
    return 0


def show_kept(file: StackFile, ways: Ways) -> int:
    """Print and write to a file the lines of the stack file that take up again what is kept; the exit code."""
    resources = own.resources(file) if elsewhere(file) else engine.resources(file)
    lines.tell(file, lines.kept(resources), ways.console)
    return 0


def purge(file: StackFile, ways: Ways) -> int:
    """Delete the devcluster of the stack with everything in it, also what `make down` keeps; the exit code."""
    cluster = Cluster(file.name, file.settings.platform, ways.console)
    cluster.destroy_data()
    engine.forget(file.project, file.name)
    lines.path(file).unlink(missing_ok=True)
    ways.console.print(f"Deleted {cluster.directory}: nothing of stack {file.name} is left here.", soft_wrap=True)
    return 0


def show(file: StackFile, cluster: Cluster, kube: Kube, outputs: Mapping[str, StackOutput], console: Console) -> None:
    """The tables at the end of `make up`."""
    values: dict[str, Any] = {k: SECRET if o.secret else o.value for k, o in outputs.items()}
    zones = tables.volume_zones(kube, values["namespace"])
    mounts = {role: _with_zones(Mount.model_validate(m), zones) for role, m in values["storage"].items()}
    console.print()
    console.print(terminal.storage(mounts, "when bound"))
    console.print(tables.pods(kube, [values["namespace"]]))
    for limit in cluster.limits:
        console.print(limit, soft_wrap=True)
    console.print()
    console.print(terminal.outputs(values))
    console.print(f"{rows.monthly(CostSummary.model_validate(values['cost']))}\n")
    # soft_wrap: a command that is folded cannot be copied
    console.print(
        f"Next: kubectl --kubeconfig {cluster.kubeconfig} -n {values['namespace']} get pods,pvc", soft_wrap=True
    )
    console.print(f"      make logs STACK={file.name}    make shell STACK={file.name}    make down STACK={file.name}")


def show_address(served: address.Address, cluster: Cluster, file: StackFile, console: Console) -> None:
    """The last lines of `make up`: where to look, and at what."""
    if not served.answers:
        console.print(
            f"Page: {served.url} does not answer yet; `make logs STACK={file.name}` shows what the application says",
            soft_wrap=True,
        )
        return
    if served.stand_in:
        console.print(f"The page is a stand-in, not Kotaemon: {served.stand_in}.", soft_wrap=True, highlight=False)
    console.print(f"Open {served.url}", soft_wrap=True)


def _with_zones(mount: Mount, zones: Mapping[str, list[str]]) -> Mount:
    """A disk's zone is known once it is bound."""
    return mount if mount.zones else mount.model_copy(update={"zones": zones.get(mount.claim, [])})


def _tell(outcome: engine.Outcome, ways: Ways) -> None:
    """What was done in all."""
    ways.display.tell({"event": "ended", "changes": outcome.counts})
    if outcome.nothing_changed:
        ways.console.print("No change: everything is as the program wants it.")
        return
    sums: dict[str, int] = {}
    for operation, count in outcome.counts.items():
        verb = engine.events.VERBS[operation]
        sums[verb] = sums.get(verb, 0) + count
    ways.console.print(", ".join(f"{count} {verb}" for verb, count in sums.items() if count) + ".")


def elsewhere(file: StackFile) -> bool:
    """Whether the stack is on a cluster of the user's own."""
    return file.settings.cluster.kubeconfig is not None or file.settings.platform != Platform.PRIVATE


def on_devcluster(file: StackFile) -> None:
    """Raises UserError: the stack is not for the devcluster."""
    if file.settings.cluster.kubeconfig is not None:
        raise UserError(
            f"{file.path.name}: kotaemon:cluster names a cluster of your own; `make up` is for the devcluster. "
            f"Use `pulumi up -s {file.name}`, or leave kotaemon:cluster out"
        )
    if (platform := file.settings.platform) != Platform.PRIVATE:
        raise UserError(
            f"{file.path.name}: kotaemon:platform is {platform.value}: its storage needs an account. "
            f"`make plan STACK={file.name}` needs none; `pulumi up -s {file.name}` makes them"
        )
