"""The engine road: `pulumi` where it is on PATH or can be installed, on a local file backend in the cache folder."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation as auto
from rich.console import Console

from deploy.apply import ApplyError
from deploy.kube import Kube, ref
from deploy.manifests import holds_data, manifest
from devcluster.cluster import Cluster
from devcluster.paths import cache_root
from plan.recorder import StackOutput, run_program
from plan.stack_file import ROOT, StackFile
from stacks.names import NAMESPACE

CHOICE = "KOTAEMON_ENGINE"
"""Environment variable: `monitor` takes the monitor road without looking for the engine."""
INSTALL_SECONDS = 120
PLUGIN_SECONDS = 180
NOISE = "Resource monitor has terminated"
"""The engine adds it, with tracebacks, to every other error."""
MONITOR = "the SDK's own monitor; the real engine was not used"


@dataclass(frozen=True)
class Road:
    """How the program is run."""

    command: auto.PulumiCommand | None
    """None: the monitor road."""
    line: str
    """One line that says which it is, and why."""


def choose(marker: Path) -> Road:
    """The engine where it and its Kubernetes plugin can be had, else the monitor.

    `marker` names the road that made what is there: neither knows of the other's objects. Raises ApplyError.
    """
    made_by = marker.read_text().strip() if marker.exists() else ""
    road = _choose()
    if made_by == "monitor" and road.command:
        return Road(None, f"{MONITOR}: this stack was brought up without it; `make down` first to change")
    if made_by == "pulumi" and not road.command:
        raise ApplyError(
            f"this stack was brought up by pulumi, whose state is in {_home() / 'state'}; now {road.line}. "
            "Put pulumi back, or delete the devcluster with `make purge`"
        )
    return road


def remember(marker: Path, road: Road) -> None:
    """Say which road made what is there."""
    marker.write_text("pulumi" if road.command else "monitor")


def _choose() -> Road:
    if (wish := os.environ.get(CHOICE, "")) not in ("", "monitor", "pulumi"):
        raise ApplyError(f"{CHOICE} is {wish!r}; allowed: monitor, pulumi")
    if wish == "monitor":
        return Road(None, f"{MONITOR} ({CHOICE}=monitor)")
    command, problem = _command()
    if command and not (problem := _plugin_problem(command)):
        return Road(command, f"pulumi {command.version} ({command.command}), state in {_home() / 'state'}")
    if wish == "pulumi":
        raise ApplyError(f"{CHOICE}=pulumi, but {problem}")
    return Road(None, f"{MONITOR}: {problem}")


def up(
    command: auto.PulumiCommand, file: StackFile, cluster: Cluster, kube: Kube, console: Console
) -> dict[str, StackOutput]:
    """`pulumi up`; kept objects of an earlier life of the stack are adopted first. Raises ApplyError."""
    stack = _stack(command, file, cluster)
    if adopted := [name for name in kept_objects(file, cluster, kube) if name not in _in_state(stack)]:
        _write_config(file, cluster, adopt=adopted)
        _run(stack.up, console)
        for name in adopted:
            console.print(f"found again: {name}")
        _write_config(file, cluster)
    result = _run(stack.up, console)
    changes = {k: v for k, v in (result.summary.resource_changes or {}).items() if k != "same"}
    if not changes and not adopted:
        console.print("No change: everything is as the program wants it.")
    return {name: StackOutput(o.value, o.secret, True) for name, o in result.outputs.items()}


def down(command: auto.PulumiCommand, file: StackFile, cluster: Cluster, console: Console) -> None:
    """Step one lifts the protection, step two destroys; what is retained stays in the cluster. Raises ApplyError."""
    stack = _stack(command, file, cluster)
    if not _in_state(stack):
        return  # taken down before: an `up` would only make everything again
    _write_config(file, cluster, protect=False)
    _run(stack.up, console)
    _run(stack.destroy, console)


def forget(file: StackFile) -> None:
    """Remove the engine's own record of the stack; the cluster that it was about is gone."""
    shutil.rmtree(_work(file), ignore_errors=True)
    for kind in ("stacks", "history", "backups", "locks"):
        for path in (_home() / "state" / ".pulumi" / kind / file.project).glob(f"{file.name}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def kept_objects(file: StackFile, cluster: Cluster, kube: Kube) -> list[str]:
    """Objects of the program that hold data and exist: `Kind name` or `Kind namespace/name`."""
    config = file.with_cluster(cluster.kubeconfig, cluster.context)
    options: Any = {"project": file.project, "stack": file.name, "preview": True, "secret_keys": file.secret_keys}
    planned = run_program(file.program, config=config, **options)
    holders = [manifest(r, file.project, file.name) for r in planned.registrations if r.is_object and holds_data(r)]
    return [ref(m) for m in holders if kube.get(m)]


def _command() -> tuple[auto.PulumiCommand | None, str]:
    if shutil.which("pulumi"):
        try:
            return auto.PulumiCommand(), ""
        except (RuntimeError, subprocess.CalledProcessError, OSError) as error:
            return None, f"the pulumi on PATH cannot be used ({_first_line(error)})"
    root = cache_root() / "pulumi-cli"
    # In a process of its own: the download has no time limit.
    code = "import sys; from pulumi.automation import PulumiCommand; PulumiCommand.install(root=sys.argv[1])"
    try:
        subprocess.run(
            [sys.executable, "-c", code, str(root)], check=True, capture_output=True, timeout=INSTALL_SECONDS
        )
        return auto.PulumiCommand(root=str(root)), ""
    except subprocess.TimeoutExpired:
        return None, f"pulumi is not on PATH, and its installer did not end in {INSTALL_SECONDS} s"
    except (subprocess.CalledProcessError, OSError, RuntimeError):
        return None, "pulumi is not on PATH and cannot be installed from here"


def _plugin_problem(command: auto.PulumiCommand) -> str:
    if shutil.which("pulumi-resource-kubernetes"):
        return ""
    wanted = version("pulumi-kubernetes")
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        listed = subprocess.run(
            [command.command, "plugin", "ls", "--json"], check=True, capture_output=True, text=True, env=environment
        )
        if any(p["name"] == "kubernetes" and p.get("version") == wanted for p in json.loads(listed.stdout)):
            return ""
        subprocess.run(
            [command.command, "plugin", "install", "resource", "kubernetes", wanted],
            check=True,
            capture_output=True,
            timeout=PLUGIN_SECONDS,
            env=environment,
        )
    except (subprocess.SubprocessError, OSError, ValueError):
        return f"the engine's plugin kubernetes {wanted} cannot be had from here"
    return ""


def _home() -> Path:
    return cache_root() / "pulumi"


def _work(file: StackFile) -> Path:
    return _home() / "work" / file.project / file.name


def _stack(command: auto.PulumiCommand, file: StackFile, cluster: Cluster) -> auto.Stack:
    """The stack in a folder of its own: the engine writes its salt beside the configuration, and the user's file is
    not to be touched."""
    work = _work(file)
    work.mkdir(parents=True, exist_ok=True)
    for name, target in (("src", ROOT), (".venv", Path(sys.prefix))):
        link = work / name
        if link.is_symlink() and link.resolve() != target.resolve():
            link.unlink()
        if not link.is_symlink():
            link.symlink_to(target)
    project: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    (work / "Pulumi.yaml").write_text(yaml.safe_dump({**project, "main": "src"}, sort_keys=False))
    _write_config(file, cluster)
    state = _home() / "state"
    state.mkdir(parents=True, exist_ok=True)
    environment = {"PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_SKIP_UPDATE_CHECK": "true", **_passphrase()}
    options = auto.LocalWorkspaceOptions(pulumi_command=command, env_vars=environment)
    return auto.create_or_select_stack(file.name, work_dir=str(work), opts=options)


def _passphrase() -> dict[str, str]:
    """From the environment, or generated once: a file with mode 0600."""
    if "PULUMI_CONFIG_PASSPHRASE" in os.environ or "PULUMI_CONFIG_PASSPHRASE_FILE" in os.environ:
        return {}
    file = _home() / "passphrase"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(32))
    return {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}


def _write_config(file: StackFile, cluster: Cluster, **changes: object) -> None:
    """The user's stack file, with the devcluster, `changes`, and the salt that the engine wrote before."""
    path = _work(file) / file.path.name
    before: Mapping[str, Any] = yaml.safe_load(path.read_text()) if path.exists() else {}
    document: dict[str, Any] = yaml.safe_load(file.path.read_text())
    salt = {k: before[k] for k in ("encryptionsalt",) if before and k in before}
    devcluster = {"kubeconfig": str(cluster.kubeconfig), "context": cluster.context, "identifier": cluster.context}
    ours = {f"{NAMESPACE}:cluster": devcluster, **{f"{NAMESPACE}:{k}": v for k, v in changes.items()}}
    path.write_text(yaml.safe_dump({**salt, **document, "config": {**document["config"], **ours}}, sort_keys=False))


def _in_state(stack: auto.Stack) -> set[str]:
    resources: list[dict[str, Any]] = (stack.export_stack().deployment or {}).get("resources") or []
    return {f"{r['type'].rpartition(':')[2]} {r['id']}" for r in resources if r["type"].startswith("kubernetes:")}


def _run(action: Any, console: Console) -> Any:
    errors: list[str] = []

    def event(happened: auto.EngineEvent) -> None:
        if (done := happened.res_outputs_event) and done.metadata.op not in (auto.OpType.SAME, auto.OpType.READ):
            kind, _, name = done.metadata.urn.rpartition("::")
            if not done.metadata.type.startswith(("pulumi:", "kotaemon:")):
                console.print(f"{done.metadata.op.value} {kind.rpartition(':')[2]} {name}", markup=False)
        if (said := happened.diagnostic_event) and said.severity == "error" and NOISE not in said.message:
            errors.append(" ".join(said.message.split()))

    try:
        return action(on_event=event, color="never", suppress_outputs=True)
    except auto.CommandError:
        raise ApplyError("pulumi failed:\n" + "\n".join(f"  - {e}" for e in errors)) from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
