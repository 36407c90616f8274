"""The rendered rules as files for promtool, and promtool itself, from Debian's package `prometheus`."""

import json
import subprocess
from pathlib import Path
from typing import Any

from components.monitoring.args import MonitoringArgs
from components.monitoring.monitoring import watched
from components.monitoring.rules import groups
from tests.programs.build import debian_program

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
    """promtool of the machine, or of Debian's package. Raises DevclusterError."""
    return debian_program("promtool", "prometheus")


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool and return what it said."""
    return subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False)


def write(folder: Path) -> Path:
    """The rules as a file that Prometheus reads. JSON is YAML."""
    file = folder / "rules.yml"
    file.write_text(json.dumps({"groups": rendered()}))
    return file
