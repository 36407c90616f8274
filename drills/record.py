"""Writes docs/test-record.md: what the full drills measured, when, and with which versions. Nobody edits that page."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from devcluster import recipe
from drills import samples
from drills.program import REAL_TITLE, Section
from drills.results import markdown_table, versions_table
from plan.stack_file import ROOT

FILE = ROOT / "docs" / "test-record.md"
SUITES = {
    "Zone verdict against the real scheduler": "tests/cluster/test_zones.py",
    "Real engine": "tests/engine",
    "Other languages and the policy pack on the real engine": "tests/languages",
}
"""Test suites that run again for the record: title -> folder or file."""
_HEAD = """# Test record

Written by `make drill`; do not edit. What each drill does, and what it does not prove: [drills.md](drills.md).
"""
_LOSS_NOTE = """Times are from the loss of the node. The devcluster's node controller notices after 8 s of silence;
Kubernetes's own default is 50 s, so add 42 s for a cluster with defaults. `ready`: the pod is Ready on another node and
its disks are attached there. `shown`: the new process shows the turns; the stand-in starts in a second, Kotaemon itself
takes 28 to 95 s (`docs/facts/kotaemon.md`, chapter 1).
"""
_REAL_NOTE = """Kubelets, containerd and containers of this machine. Disks are files behind loop devices, file
systems are folders of the machine. The application is the stand-in in Kotaemon's own pod, which starts in two seconds.
Detection: from the loss until the control plane says so (its own limit is 8 s here and 50 s by Kubernetes's default).
Detach: until nobody holds the disk any more. Start: until the new pod is Ready, or answers.
"""
_NOTES = {REAL_TITLE: _REAL_NOTE, "Node loss, simulated nodes": _LOSS_NOTE}


def write(sections: Sequence[Section], suites: dict[str, str], seed: int, file: Path | None = None) -> None:
    """Write the record. `file`: default docs/test-record.md."""
    (file or FILE).write_text(text(sections, suites, seed))


def renew(section: Section, seed: int, file: Path | None = None) -> None:
    """Write one section anew, with its own date and commit; the others stay as their own run wrote them."""
    page = file or FILE
    before, *others = page.read_text().split("\n## ")
    mine = _said_of(section, seed)
    kept = [other for other in others if other.partition("\n")[0] != section.title]
    page.write_text("\n## ".join([before, mine.removeprefix("## "), *kept]))


def _said_of(section: Section, seed: int) -> str:
    """A section that was measured by itself."""
    green = sum(result.green for result in section.results)
    head = (
        f"Measured by itself: {_now()}, {machine()}, seed {seed}, commit {versions()['git commit']}. "
        f"{green} of {len(section.results)} drills went as promised."
    )
    parts = [f"## {section.title}", head, _note(section), _tables(section)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _note(section: Section) -> str:
    return (section.note or _NOTES.get(section.title, "")).rstrip()


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def text(sections: Sequence[Section], suites: dict[str, str], seed: int) -> str:
    """The record as Markdown."""
    red = [r.name for s in sections for r in s.results if not r.green]
    total = sum(len(s.results) for s in sections)
    parts = [
        f"{_HEAD}\n{_now()}, {machine()}, seed {seed}. {total - len(red)} of {total} drills went as promised"
        + (f"; not: {', '.join(red)}." if red else "."),
        versions_table(versions()),
    ]
    for section in sections:
        parts.append(f"## {section.title}")
        if note := _note(section):
            parts.append(note)
        parts.append(_tables(section))
    rows = [f"| {name} | {said} |" for name, said in suites.items()]
    parts.append("\n".join(["## Suites", "", "| suite | pytest says |", "| --- | --- |", *rows]))
    return "\n\n".join(parts) + "\n"


def _tables(section: Section) -> str:
    """The tables of a section. Results with the same facts share a table."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, result in enumerate(section.results):
        groups.setdefault(tuple(result.facts), []).append(number)
    return "\n\n".join(markdown_table([section.results[n] for n in numbers]) for numbers in groups.values())


def run_suites() -> dict[str, str]:
    """The last line of pytest for each suite."""
    said: dict[str, str] = {}
    for name, path in SUITES.items():
        command = [sys.executable, "-m", "pytest", "-q", "-rs", "--no-header", path]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        lines = [re.sub(r"^=+ | =+$", "", line) for line in run.stdout.splitlines() if line.strip()]
        skipped = [line.partition("]")[2].strip() for line in lines if line.startswith("SKIPPED")]
        said[name] = "; ".join([lines[-1] if lines else f"exit code {run.returncode}", *skipped])
    return said


def machine() -> str:
    """The machine in one line, as far as it explains the measured times."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"


def versions() -> dict[str, str]:
    """Versions of the software that the drills used."""
    return {
        "Kubernetes (kube-apiserver, controller-manager, scheduler)": recipe.required_version("k8s.io/kubernetes"),
        "etcd": recipe.required_version("go.etcd.io/etcd/server/v3"),
        "containerd": recipe.required_version("github.com/containerd/containerd/v2", "containerd"),
        "kwok": recipe.required_version("sigs.k8s.io/kwok"),
        "pulumi (Python SDK)": version("pulumi"),
        "pulumi-kubernetes (Python SDK)": version("pulumi-kubernetes"),
        "engine": samples.found().line,
        "git commit": _output(["git", "-C", str(ROOT), "describe", "--always", "--dirty"]) or "not a checkout",
    }


def _output(command: list[str]) -> str:
    run = subprocess.run(command, capture_output=True, text=True)
    return run.stdout.strip() if run.returncode == 0 else ""
