"""Runs a stack on the engine: the program itself in this process, the state in a file of the cache folder."""

import contextlib
import gc
import logging
import os
import runpy
import secrets
import shutil
import sys
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi import automation as auto
from pulumi.runtime import register_resource_transform

from deploy import events, repair
from deploy.command import Interrupts
from deploy.events import Listener
from deploy.find import Engine
from deploy.kube import Kube
from deploy.progress import Display
from deploy.waiting import Watch
from deploy.workspace import Stack, Workspace, latest
from devcluster import locks
from devcluster.cluster import Cluster
from devcluster.paths import cache_root
from plan.exits import UserError, exit_code
from plan.recorder import StackOutput
from plan.stack_file import ROOT, StackFile
from stacks.names import NAMESPACE

Program = Callable[[], object]
TAKE_OVER = {"PULUMI_K8S_ENABLE_PATCH_FORCE": "true"}
"""Tells the provider to take over fields of objects that another manager has applied (docs/runbooks/take-down.md)."""


class Failed(UserError):
    """A run of the engine did not end well; the message is for people."""


@dataclass
class Outcome:
    """What one run did."""

    outputs: dict[str, StackOutput] = field(default_factory=dict[str, StackOutput])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    """Operation of the engine -> how many objects."""
    changes: int = 0
    """All of them, components and providers too."""
    did: list[str] = field(default_factory=list[str])
    """`created Kind namespace/name`, in the order in which each ended."""

    @property
    def nothing_changed(self) -> bool:
        """Whether everything was already as the program wants it."""
        return not self.changes


@dataclass
class Project:
    """A program, its configuration, and the engine that runs it. Making this object runs nothing."""

    engine: Engine
    name: str
    """Name of the project."""
    stack: str
    settings: Mapping[str, Any]
    """The content of Pulumi.yaml."""
    document: Mapping[str, Any]
    """The content of the stack file."""
    program: Program
    failure: Exception | None = field(default=None, repr=False)
    """What the program raised in the last run."""

    @classmethod
    def of(cls, engine: Engine, file: StackFile, cluster: Cluster) -> "Project":
        """The project of a stack file, on the devcluster. What is run is `__main__.py`, as `pulumi up` runs it."""
        document: dict[str, Any] = yaml.safe_load(file.path.read_text())
        ours = {"kubeconfig": str(cluster.kubeconfig), "context": cluster.context, "identifier": cluster.context}
        given = document["config"].get(f"{NAMESPACE}:cluster") or {}
        config = {**document["config"], f"{NAMESPACE}:cluster": {**given, **ours}}
        settings: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
        return cls(engine, file.project, file.name, settings, {**document, "config": config}, main_program)

    @property
    def folder(self) -> Path:
        """Where its configuration is for the engine, which writes its salt beside it: never the user's folder."""
        return home() / "work" / self.name / self.stack

    @property
    def file(self) -> Path:
        """The stack file as the engine reads it."""
        return self.folder / f"Pulumi.{self.stack}.yaml"

    @property
    def checkpoint(self) -> Path:
        """The state as the backend keeps it: secrets are encrypted in it."""
        return checkpoint(self.name, self.stack)

    def open(self) -> auto.Stack:
        """The engine's stack, made when it is new."""
        self.folder.mkdir(parents=True, exist_ok=True)
        before: Any = yaml.safe_load(self.file.read_text()) if self.file.exists() else {}
        salt = {k: before[k] for k in ("encryptionsalt",) if k in (before or {})}
        _write(self.folder / "Pulumi.yaml", self.settings)
        _write(self.file, {**salt, **self.document})
        return self.reopen()

    def reopen(self) -> auto.Stack:
        """The same with the configuration that `open` has written."""
        state().mkdir(parents=True, exist_ok=True)
        # The engine writes the user's name into its locks, and ends where it finds none (a container with any uid).
        user = os.environ.get("USER") or f"uid-{os.getuid()}"
        environment = {**self.engine.environment, "PULUMI_BACKEND_URL": backend(), "USER": user, **_passphrase()}
        if repair.has_taken_up(latest(self.checkpoint).get("resources") or ()):
            environment |= TAKE_OVER
        options = auto.LocalWorkspaceOptions(
            work_dir=str(self.folder),
            program=self._run,
            pulumi_command=self.engine.command,
            env_vars=environment,
        )
        workspace = Workspace(**vars(options))
        workspace.checkpoint = self.checkpoint
        return Stack(self.stack, workspace)

    def _run(self) -> None:
        """What the engine calls. An error is kept as it is: the engine would only pass its text on, twice."""
        self.failure = None
        try:
            result = self.program()
            for key, value in result.items() if isinstance(result, Mapping) else ():
                pulumi.export(str(key), value)
        except Exception as error:
            self.failure = error
            raise pulumi.RunError(str(error)) from None


def main_program() -> None:
    """Run `__main__.py` of the project."""
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")


def up(project: Project, kube: Kube, display: Display, patience: float | None = None) -> Outcome:
    """Bring the cluster to what the program says; puts right what a killed run has left.

    `patience`: seconds for one object to become ready; None: as long as the provider waits, ten minutes.
    Raises Failed, KeyboardInterrupt, and what the program raises for the user.
    """
    with only_one(project):
        stack, _ = _opened(project, kube, display)
        if patience is not None:
            project.program = _impatient(project.program, patience)
        result, outcome = _run(project, stack.up, kube, display, refresh=True)
        found: Mapping[str, auto.OutputValue] = result.outputs
        outcome.outputs = {name: StackOutput(o.value, o.secret, True) for name, o in found.items()}
        return outcome


def down(project: Project, kube: Kube, display: Display) -> tuple[Outcome, list[str]]:
    """Delete all that holds no data; the rest stays in the state, protected. What was done, and what is kept.

    Raises Failed and KeyboardInterrupt.
    """
    with only_one(project):
        stack, killed = _opened(project, kube, display)
        _, outcome = _run(project, stack.destroy, kube, display, exclude_protected=True, refresh=killed)
        return outcome, [name for r in latest(project.checkpoint).get("resources") or () if (name := named(r))]


def has_state(project: Project) -> bool:
    """Whether the engine knows of anything that the stack has made, or of a run that was killed."""
    known = latest(project.checkpoint)
    return bool(known.get("resources") or known.get("pending_operations"))


def resources(file: StackFile) -> list[dict[str, Any]]:
    """What the engine's state of a stack on the devcluster knows. Empty: there is no state."""
    return latest(checkpoint(file.project, file.name)).get("resources") or []


def named(resource: Mapping[str, Any]) -> str:
    """`Kind namespace/name` of a Kubernetes object in the state; empty for anything else."""
    where = repair.place(resource)
    is_object = resource["type"].startswith("kubernetes:") and where
    return f"{resource['type'].rpartition(':')[2]} {where}" if is_object else ""


def forget(project: str, stack: str) -> None:
    """Remove the engine's own record of the stack: the cluster that it was about is gone."""
    shutil.rmtree(home() / "work" / project / stack, ignore_errors=True)
    for kind in ("stacks", "history", "backups", "locks"):
        for root in (state() / ".pulumi" / kind / project, state() / ".pulumi" / kind / "organization" / project):
            for path in (root / stack, *root.glob(f"{stack}.json*")):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def home() -> Path:
    """Where the engine keeps what is ours."""
    return cache_root() / "pulumi"


def state() -> Path:
    """Folder of the file backend."""
    return home() / "state"


def backend() -> str:
    """Address of the file backend. Its side files with checksums are left out: they are not written in one step, and
    after a kill in that moment the engine reads its state no more ("failed to load checkpoint: EOF", seen)."""
    return f"file://{state()}?metadata=skip"


def checkpoint(project: str, stack: str) -> Path:
    """The state of a stack as the file backend keeps it."""
    return state() / ".pulumi" / "stacks" / project / f"{stack}.json"


def locks_of(project: str, stack: str) -> Path:
    """Folder of the backend's locks of a stack; `organization` is the one name that a file backend has for it."""
    return state() / ".pulumi" / "locks" / "organization" / project / stack


@contextlib.contextmanager
def only_one(project: Project) -> Generator[None]:
    """Within it nobody else runs the stack. The kernel frees the lock of a run that was killed. Raises Failed."""
    project.folder.mkdir(parents=True, exist_ok=True)
    path = project.folder / "run.lock"
    lock = locks.take(path, 0)
    if lock is None:
        raise Failed(f"another command runs stack {project.stack} now (process {locks.holder(path)}): wait for its end")
    try:
        yield
    finally:
        os.close(lock)


def _opened(project: Project, kube: Kube, display: Display) -> tuple[auto.Stack, bool]:
    """The stack, and whether a run before was killed; what that one left is put right."""

    def tell(line: str) -> None:
        display.tell({"event": "said", "message": line})

    locked = repair.free_lock(locks_of(project.name, project.stack), tell)
    stack = project.open()
    return stack, repair.finish_pending(stack, kube, tell, project.checkpoint) or locked


def _run(
    project: Project, action: Callable[..., Any], kube: Kube, display: Display, **options: Any
) -> tuple[Any, Outcome]:
    outcome = Outcome()

    def tell(note: events.Note) -> None:
        if note["event"] == "done":
            outcome.did.append(f"{events.VERBS[note['operation']]} {note['kind']} {note['name']}")
        display.tell(note)

    listener = Listener(tell)
    interrupts = Interrupts(project.engine.command, lambda line: tell({"event": "said", "message": line}))
    watch = Watch(kube, listener, display.busy)
    project.failure = None
    try:
        with _quiet(), display, watch, interrupts:
            result = action(on_event=listener, color="never", suppress_outputs=True, **options)
    except auto.CommandError as error:
        if interrupts.heard:
            raise KeyboardInterrupt from None
        raise _refusal(project, listener, watch, error) from None
    outcome.counts, outcome.changes = dict(listener.counts), listener.changes
    return result, outcome


def _refusal(project: Project, listener: Listener, watch: Watch, error: auto.CommandError) -> Exception:
    """One clean error for what the engine says in several places."""
    if failure := project.failure:
        # A defect of ours keeps its traceback.
        return failure if exit_code(failure) is not None else failure.with_traceback(failure.__traceback__)
    lines: list[str] = []
    for about, message in listener.errors:
        reason = watch.reasons.get(about.urn) if about else None
        line = f"{about} is not ready: {reason}" if reason else events.words(about, message)
        if line not in lines:
            lines.append(line)
    if not lines:
        # Before the program is run, the engine has no events: a wrong passphrase, a state that cannot be read.
        lines = [line for line in str(error).splitlines() if "error:" in line] or [str(error).strip()]
    return Failed("\n".join(["the engine could not finish:", *(f"  - {line}" for line in lines)]))


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    """What the SDK prints of an inline program that has failed, and nobody can mend: coroutines complain that no loop
    runs, and its server that the engine is gone (with three tracebacks)."""
    before, server = sys.unraisablehook, logging.getLogger("grpc._server")
    level = server.level
    server.setLevel(logging.CRITICAL)

    def hook(unraisable: Any) -> None:
        if not (isinstance(unraisable.exc_value, RuntimeError) and "event loop" in str(unraisable.exc_value)):
            before(unraisable)

    sys.unraisablehook = hook
    try:
        yield
    except BaseException:
        # What it left is freed now, and not while somebody reads what was wrong.
        gc.collect()
        raise
    finally:
        sys.unraisablehook = before
        server.setLevel(level)


def _impatient(program: Program, seconds: float) -> Program:
    """The program with a time limit for each object."""
    limit = f"{seconds:.0f}s"

    def limited(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
        args.opts.custom_timeouts = pulumi.CustomTimeouts(create=limit, update=limit, delete=limit)
        return pulumi.ResourceTransformResult(args.props, args.opts)

    def run() -> object:
        register_resource_transform(limited)
        return program()

    return run


def _passphrase() -> dict[str, str]:
    """From the environment, or generated once: a file with mode 0600."""
    if "PULUMI_CONFIG_PASSPHRASE" in os.environ or "PULUMI_CONFIG_PASSPHRASE_FILE" in os.environ:
        return {}
    file = home() / "passphrase"
    if not file.exists():
        _replace(file, secrets.token_urlsafe(32))
    return {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}


def _write(path: Path, document: Mapping[str, Any]) -> None:
    _replace(path, yaml.safe_dump(dict(document), sort_keys=False))


def _replace(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in one step: a run that is killed leaves no half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    new.replace(path)
