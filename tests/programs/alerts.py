"""The rendered rules as files for promtool, and promtool itself, from Debian's package `prometheus`."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from components.monitoring.args import MonitoringArgs
from components.monitoring.monitoring import watched
from components.monitoring.rules import groups
from devcluster import debian, locks, paths

NAMESPACE = "kotaemon"
ARGS = MonitoringArgs(
    namespace=NAMESPACE,
    volumes=["kotaemon-disk", "kotaemon-files.v2"],
    backups=["kotaemon-database-backup", "kotaemon-vectors-backup"],
    drills=["kotaemon-backup-drill"],
    shipping_namespace="kotaemon",
)


def rendered() -> list[dict[str, Any]]:
    """The groups of rules with everything watched."""
    return groups(watched(ARGS, NAMESPACE, NAMESPACE))


def promtool() -> Path:
    """promtool of the machine, or of Debian's package, unpacked once into the cache. Raises DevclusterError."""
    if on_path := shutil.which("promtool"):
        return Path(on_path)
    part = paths.bin_root() / "test-promtool"
    found = part / debian.SYSTEM / "usr/bin/promtool"
    paths.bin_root().mkdir(parents=True, exist_ok=True)
    with locks.hold(paths.bin_root() / "test-promtool.lock"):
        if not found.exists():
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            debian.fetch({"promtool": "prometheus"}, part)
    return found


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool and return what it said."""
    return subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False)


def write(folder: Path) -> Path:
    """The rules as a file that Prometheus reads. JSON is YAML."""
    file = folder / "rules.yml"
    file.write_text(json.dumps({"groups": rendered()}))
    return file
