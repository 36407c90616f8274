"""Builds the devcluster's programs from their Go modules, once per version, into the cache."""

import collections
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console

from devcluster import locks, paths, progress, recipe, toolchain
from devcluster.errors import DevclusterError
from devcluster.process import die_with_parent

_LOCK = "build.lock"
_UNFINISHED = ".unfinished-"
_PACKAGE = re.compile(r"[\w.~-]+(/[\w.~+-]+)*")
"""A line of `go build -v` that names the package just compiled."""


def ensure_built(console: Console) -> Path:
    """The folder with the programs and kwok's stage files; builds them where it is missing.

    About 9 minutes on 2 idle cores and 5 GB of disk the first time; 20 s when Go's own caches are warm.
    Raises DevclusterError: no Go, Go too old, no network, disk full, or what the compiler said.
    """
    target = paths.bin_dir()
    if target.exists():
        return target
    go = toolchain.find_go()
    lock = target.parent / _LOCK
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if locks.is_held(lock):
            console.print("another process builds the devcluster's programs; waiting for it", soft_wrap=True)
        with locks.hold(lock):
            if not target.exists():
                _build_all(go, target, console)
    except OSError as error:
        raise DevclusterError(toolchain.explain("the devcluster", [str(error)])) from error
    return target


def _build_all(go: Path, target: Path, console: Console) -> None:
    for leftover in target.parent.glob(f"{_UNFINISHED}*"):
        # The lock is ours, so its builder was killed.
        shutil.rmtree(leftover)
    work = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=target.parent))
    try:
        with progress.display(console, len(recipe.PROGRAMS)) as shown:
            for program, package in recipe.PROGRAMS.items():
                shown.begin(program)
                _build(go, program, package, work, shown)
                shown.finish()
        _copy_stages(go, work / "stages")
        work.chmod(0o755)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _build(go: Path, program: str, package: str, work: Path, shown: progress.Display) -> None:
    """Build one program. `-v` names each package as it is compiled, which is all the progress that Go reports."""
    command = [str(go), "build", "-v", *recipe.build_flags(), "-o", str(work / program), package]
    output: collections.deque[str] = collections.deque(maxlen=200)
    compiled = 0
    process = subprocess.Popen(
        command,
        cwd=recipe.MODULE,
        env=toolchain.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        preexec_fn=die_with_parent(),
    )
    try:
        assert process.stderr is not None  # noqa: S101 - for the type checker: it is a pipe
        for line in process.stderr:
            text = line.strip()
            if _PACKAGE.fullmatch(text):
                compiled += 1
                shown.step(f"{compiled} packages compiled, {text}")
            elif text.startswith("go: downloading "):
                shown.step(text.removeprefix("go: "))
            else:
                output.append(text)
        if process.wait() != 0:
            raise DevclusterError(toolchain.explain(program, list(output)))
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _copy_stages(go: Path, target: Path) -> None:
    run = subprocess.run(
        [str(go), "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"],
        cwd=recipe.MODULE,
        env=toolchain.environment(),
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        raise DevclusterError(toolchain.explain("kwok's stages", run.stderr.splitlines()))
    source = Path(run.stdout.strip()) / "kustomize" / "stage"
    target.mkdir()
    for number, stage in enumerate(recipe.STAGES):
        # The module cache is read-only; copies must be removable.
        copy = shutil.copyfile(source / stage, target / f"{number}-{os.path.basename(stage)}")
        copy.chmod(0o644)
