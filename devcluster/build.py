"""Builds programs from their Go modules, once for each version, into the cache.

`python -m devcluster.build engine` builds one part (see recipe.PARTS) and prints the folder that its programs are in;
without arguments it builds what the devcluster needs, with real nodes where the machine can have them.
"""

import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from devcluster import debian, locks, paths, progress, recipe, toolchain
from devcluster.errors import DevclusterError
from devcluster.process import die_with_parent
from devcluster.real import probe

_ALWAYS = ("control-plane", "simulated-nodes")
_UNFINISHED = ".unfinished-"
_TIMES = "times.json"
_PACKAGE = re.compile(r"[\w.~-]+(/[\w.~+-]+)*")
"""A line of `go build -v` that names the package just compiled."""


def ensure_built(console: Console, *parts: str) -> list[Path]:
    """The folders with the programs of these parts (recipe.PARTS), in their order; builds what is missing.

    Empty caches and two idle cores: see docs/devcluster.md for the minutes of each part.
    Raises DevclusterError: no Go, Go too old, no network, disk full, or what the compiler said.
    """
    targets = [paths.bin_dir(part) for part in parts]
    if all(target.exists() for target in targets):
        return targets
    go = toolchain.find_go()
    missing = [part for part, target in zip(parts, targets, strict=True) if not target.exists()]
    try:
        paths.bin_root().mkdir(parents=True, exist_ok=True)
        with progress.display(console, [binary.work for part in missing for binary in recipe.PARTS[part]]) as shown:
            for part in missing:
                _build_part(go, part, shown, console)
    except OSError as error:
        raise DevclusterError(toolchain.explain("the devcluster", [str(error)])) from error
    return targets


def _build_part(go: Path, part: str, shown: progress.Display, console: Console) -> None:
    """Build one part, or wait for the process that does. Each part has a lock: nobody waits for what is not needed."""
    target, lock = paths.bin_dir(part), paths.bin_root() / f"{part}.lock"
    if locks.is_held(lock):
        console.print(f"another process builds the part {part} of the devcluster; waiting for it", soft_wrap=True)
    with locks.hold(lock):
        if target.exists():
            for binary in recipe.PARTS[part]:
                shown.skip(binary.name)
            return
        for leftover in paths.bin_root().glob(f"{_UNFINISHED}{part}-*"):
            # The lock is ours, so its builder was killed.
            shutil.rmtree(leftover)
        work = Path(tempfile.mkdtemp(prefix=f"{_UNFINISHED}{part}-", dir=paths.bin_root()))
        try:
            for binary in recipe.PARTS[part]:
                shown.begin(binary.name)
                _build(go, binary, work, shown)
                shown.finish()
            _complete(go, part, work)
            work.chmod(0o755)
            work.rename(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _build(go: Path, binary: recipe.Binary, work: Path, shown: progress.Display) -> None:
    """Build one program. `-v` names each package as it is compiled, which is all the progress that Go reports."""
    command = [str(go), "build", "-v", *recipe.build_flags(binary), "-o", str(work / binary.name)]
    if binary.embedded:
        command.append(f"-overlay={_overlay(go, binary, work)}")
    began, cpu = time.monotonic(), os.times()
    _run(binary, [*command, binary.package], shown)
    after = os.times()
    for link in binary.links:
        (work / link).symlink_to(binary.name)
    times = {
        "wall_seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": round(after.children_user + after.children_system - cpu.children_user - cpu.children_system, 1),
    }
    known = json.loads((work / _TIMES).read_text()) if (work / _TIMES).exists() else {}
    (work / _TIMES).write_text(json.dumps({**known, binary.name: times}, indent=1) + "\n")


def _run(binary: recipe.Binary, command: list[str], shown: progress.Display) -> None:
    output: collections.deque[str] = collections.deque(maxlen=200)
    compiled = 0
    process = subprocess.Popen(
        command,
        cwd=recipe.MODULES / binary.module,
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
            raise DevclusterError(toolchain.explain(binary.name, list(output)))
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _overlay(go: Path, binary: recipe.Binary, work: Path) -> Path:
    """File that makes `go build` take the embedded files from the module cache, as if they lay beside our main."""
    folder = recipe.MODULES / binary.module
    replaced = {
        str(folder / name): str(_module_folder(go, binary.module, module) / path)
        for name, (module, path) in binary.embedded.items()
    }
    overlay = work / f"{binary.name}.overlay"
    overlay.write_text(json.dumps({"Replace": replaced}))
    return overlay


def _complete(go: Path, part: str, work: Path) -> None:
    """What a part has besides its Go programs."""
    for overlay in work.glob("*.overlay"):
        overlay.unlink()
    if part == "simulated-nodes":
        _copy_stages(go, work / "stages")
    if part == "real-nodes":
        debian.fetch(recipe.SYSTEM_PACKAGES, work)
    if part == "network-policy":
        debian.fetch(recipe.POLICY_PACKAGES, work)
        _link_iptables(work)
    if part == "python":
        module, path = recipe.PYTHON_SCRIPT
        script = shutil.copy(_module_folder(go, "pulumi-python", module) / path, work)
        Path(script).chmod(0o755)


def _link_iptables(work: Path) -> None:
    """Debian's package gives iptables its name when it is installed (alternatives), and ours is only unpacked."""
    variant = debian.SYSTEM + "/usr/sbin/xtables-nft-multi"
    if (work / variant).exists():
        for name in ("iptables", "iptables-save", "iptables-restore"):
            (work / name).symlink_to(variant)


def _copy_stages(go: Path, target: Path) -> None:
    source = _module_folder(go, recipe.KUBERNETES, "sigs.k8s.io/kwok") / "kustomize" / "stage"
    target.mkdir()
    for number, stage in enumerate(recipe.STAGES):
        # The module cache is read-only; copies must be removable.
        copy = shutil.copyfile(source / stage, target / f"{number}-{os.path.basename(stage)}")
        copy.chmod(0o644)


def _module_folder(go: Path, module: str, required: str) -> Path:
    """Where Go keeps the module `required` of the go.mod of `module`; downloads it when it is not there."""
    run = subprocess.run(
        [str(go), "mod", "download", "-json", required],
        cwd=recipe.MODULES / module,
        env=toolchain.environment(),
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        raise DevclusterError(toolchain.explain(required, [*run.stderr.splitlines(), *run.stdout.splitlines()]))
    return Path(json.loads(run.stdout)["Dir"])


def main(arguments: Sequence[str]) -> int:
    """Build the parts that are named; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m devcluster.build", description="Build programs into the cache.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(recipe.PARTS)}")
    parts: list[str] = parser.parse_args(arguments).parts
    if unknown := [part for part in parts if part not in recipe.PARTS]:
        parser.error(f"no part {unknown[0]!r}; there are {', '.join(recipe.PARTS)}")
    console = Console(stderr=True)
    try:
        for folder in ensure_built(console, *(parts or _ALWAYS)):
            print(folder)
    except DevclusterError as error:
        console.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        return 1
    if not parts:
        _build_real_nodes(console)
    return 0


def _build_real_nodes(console: Console) -> None:
    """Where this machine can have real nodes. What is missing for them is no failure: the devcluster has others."""
    reason = probe.why_not(paths.bin_root())
    try:
        if reason is None:
            print(*ensure_built(console, "real-nodes"))
    except DevclusterError as error:
        reason = str(error)
    if reason:
        console.print(f"nodes are simulated here: {reason}", markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
