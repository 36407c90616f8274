"""`make move`: shows the plan, asks, moves, writes the stack file, and says what comes next."""

import contextlib
import hashlib
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kubernetes.client import ApiClient, CoreV1Api
from kubernetes.stream import stream
from rich.console import Console
from rich.table import Table

from deploy import own, up
from deploy.kube import Kube, Manifest
from deploy.move.choice import Choice, choose, is_disk
from deploy.move.cluster import NAME, Cluster
from deploy.move.profile import SCALED, Change
from deploy.move.steps import Mover
from devcluster.paths import cache_root
from plan import stack_file, terminal
from plan.exits import UserError
from plan.stack_file import StackFile
from stacks.cluster import client_of
from stacks.moving import pods
from stacks.moving.state import State, Step


@dataclass(frozen=True)
class Wish:
    """What the command line asks for."""

    role: str
    to: str
    folder: str = ""
    """Folder on the new claim; empty: the role's own."""
    back: bool = False
    write: bool = False
    """Whether to write the lines into the stack file."""
    then_up: bool = False
    """Whether to run `up` at once."""
    yes: bool = False
    keep_days: int = 30


def move(file: StackFile, wish: Wish, ways: up.Ways, ask: Callable[[str], str] | None = None) -> int:
    """Move a role's data to another claim; the exit code. `ask`: default the person at a terminal."""
    console = ways.console

    def say(line: str) -> None:
        console.print(line, soft_wrap=True, markup=False, highlight=False)

    with _cluster(file, console, say) as cluster:
        known = cluster.state(wish.role)
        choice = choose(file, wish.role, wish.to, wish.folder, known)
        mover = Mover(choice, cluster, say, wish.keep_days)
        if wish.back:
            return _back(file, mover, known, say)
        state = mover.begin()
        console.print(_table(choice, state))
        if state.step in (Step.NEW, Step.MEASURED):
            state = mover.measure(state)
            if not _goes_on(wish, ask):
                say("Nothing is stopped yet. Go on with the same command and YES=1")
                return 0
        state = copied(mover, state)
        if state.step == Step.DONE:
            return 0
        _write(file, wish, choice, mover, state, say)
        if not wish.then_up:
            return 0
        _up(stack_file.read(file.name, file.path.parent), ways)
        return move(stack_file.read(file.name, file.path.parent), wish, ways, ask)


def convert(file: StackFile, claim: str, to: str, ways: up.Ways, *, aside: bool, back: bool) -> int:
    """Convert between the profiles; the exit code."""

    def say(line: str) -> None:
        ways.console.print(line, soft_wrap=True, markup=False, highlight=False)

    with _cluster(file, ways.console, say) as cluster:
        change = Change(cluster, claim, to, say, time.time, aside, to != SCALED and is_disk(file, claim))
        if back:
            change.back()
        else:
            change.run()
    return 0


def copied(mover: Mover, state: State) -> State:
    """Every step up to the copy, or to the end where the application has been switched already."""
    while True:
        if state.step == Step.MEASURED:
            state = mover.sync(state)
        elif state.step in (Step.SYNCED, Step.STOPPING):
            state = mover.stop(state)
        elif state.step == Step.STOPPED:
            state = mover.copy(state)
        elif state.step == Step.COPIED:
            found = mover.switched(state)
            if found is None or found.step == Step.DONE:
                return found or state
            state = found
        else:
            return state


def _write(file: StackFile, wish: Wish, choice: Choice, mover: Mover, state: State, say: Callable[[str], None]) -> None:
    """The lines of the stack file: written into it with --write, printed in any case."""
    say(f"\n{file.path.name} has to say, under `config`:")
    for line in choice.by_hand:
        say(line)
    text = file.path.read_text()
    if (said := file.settings.moved.get(choice.role)) is not None and said.to == choice.new_text:
        say(f"{file.path.name} says so already.")
    elif wish.write:
        new = choice.written(text)
        kept = _kept(file, wish.role)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(text)
        mover.cluster.keep(state.at(Step.COPIED, written=_hash(new)))
        part = file.path.with_name(f".{file.path.name}.part")
        part.write_text(new)
        part.replace(file.path)
        say(f"They are written into {file.path.name}; BACK=1 takes them out again ({kept}).")
    if not wish.then_up:
        say(
            f"Next: run `up` (`make up STACK={file.name}` or `pulumi up -s {file.name}`), which starts the application "
            "on the new claim; then the same `make move` again, which counts the seconds without service.\n"
            f"Until then: `make move STACK={file.name} ROLE={wish.role} TO={wish.to} BACK=1` starts it on the old one."
        )


def _back(file: StackFile, mover: Mover, known: State | None, say: Callable[[str], None]) -> int:
    if known is None or known.step == Step.BACK:
        raise UserError(f"no move of {mover.choice.role} is under way")
    kept = _kept(file, known.role)
    if known.written and known.written == _hash(file.path.read_text()) and kept.exists():
        file.path.write_text(kept.read_text())
        say(f"{file.path.name} is as it was before the move")
    elif known.written and mover.choice.new_text in file.path.read_text():
        say(f"{file.path.name} was changed since the move wrote it: take the lines of kotaemon:moved out by hand")
    mover.back(known)
    return 0


def _up(file: StackFile, ways: up.Ways) -> None:
    """`up`, with the engine that the stack has."""
    if up.elsewhere(file):
        # With the user's terminal: the engine shows what it will do, and asks.
        own.up(file)
    elif code := up.up(file, ways):
        raise UserError(f"`up` ended with code {code}; run the same `make move` again, or take it back with BACK=1")


def _goes_on(wish: Wish, ask: Callable[[str], str] | None) -> bool:
    if wish.yes:
        return True
    if ask is None and sys.stdin.isatty():
        ask = input
    return ask is not None and ask("Move it now? [y/N] ").strip().lower() in ("y", "yes")


def _table(choice: Choice, state: State) -> Table:
    tools = "rclone" if pods.copy_command(choice.work)[0] == "rclone" else "rsync"
    rows = [
        ("from", f"{state.old} ({choice.old_text})"),
        ("to", f"{state.new} ({choice.new_text})"),
        ("by", f"{tools}, in a Job beside the application where its disks allow that"),
        (
            "the application",
            "goes on, because it only reads this role" if choice.read_only else "is stopped for the rest",
        ),
        ("done so far", state.step.value),
    ]
    return terminal.table(f"Move of {choice.role}", ("what", "how"), rows)


def _kept(file: StackFile, role: str) -> Path:
    """Where the text of the stack file from before the move is."""
    return cache_root() / "moves" / file.project / f"{file.name}-{role}.yaml"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@contextlib.contextmanager
def _cluster(file: StackFile, console: Console, say: Callable[[str], None]) -> Generator[Cluster]:
    """The cluster of a stack: its own, or the devcluster, which has to run."""
    chosen = file.settings.cluster
    if chosen.kubeconfig_path is not None:
        api = ApiClient(client_of(chosen.kubeconfig_path, chosen.context).configuration)
        cache = cache_root() / "discovery" / f"{file.project}-{file.name}.json"
        cache.parent.mkdir(parents=True, exist_ok=True)
    else:
        if up.elsewhere(file):
            raise UserError(
                f"{file.path.name}: kotaemon:cluster names no kubeconfig and context, and a move has to reach "
                "the cluster"
            )
        running = up.cluster_of(file, console)
        if not running.running:
            raise UserError(f"the devcluster of stack {file.name} does not run; run `make up STACK={file.name}`")
        api, cache = running.api(), running.directory / "discovery.json"

    def execute(pod: Manifest, words: Sequence[str]) -> str:
        # The stream client changes the ApiClient that it is given: a copy.
        said: str = stream(
            CoreV1Api(ApiClient(api.configuration)).connect_get_namespaced_pod_exec,
            pod["metadata"]["name"],
            pod["metadata"]["namespace"],
            container=NAME,
            command=list(words),
            stdin=False,
            stdout=True,
            stderr=True,
            tty=False,
            _preload_content=True,
        )
        return said

    yield Cluster(Kube(api, cache), file.settings.namespace, say, execute)
