"""Where the engine and its plugin of Kubernetes come from: PATH, their own installers, or their public Go modules."""

import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pulumi import automation as auto
from rich.console import Console
from semver import VersionInfo

from deploy.command import Command
from devcluster import build, recipe
from devcluster.paths import bin_dir, bin_root, cache_root

PLUGIN = "pulumi-resource-kubernetes"
MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4"
CLI = "github.com/pulumi/pulumi/pkg/v3"
OLDEST = VersionInfo(3, 181)
"""Older ones cannot take down a program that runs in our own process (pulumi/pulumi CHANGELOG, 3.181.0)."""
INSTALLER = "https://get.pulumi.com/install.sh"
REACH_SECONDS = 5
"""For the first answer of a server that has an installer: who is offline waits no longer."""
INSTALL_SECONDS = 120
"""For one download once the server has answered: 150 MB, at 10 Mbit/s."""
_QUIET = {"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}
"""The engine asks nobody, and downloads no plugin that nobody has asked for."""


@dataclass(frozen=True)
class Engine:
    """`pulumi` with the plugin of Kubernetes."""

    command: Command
    environment: Mapping[str, str]
    """What it is run with."""
    line: str
    """One line for people: which it is, and where from."""


def find(console: Console) -> Engine:
    """The engine: what is on PATH or was got before, else what can be installed, else what is built.

    `console` shows what takes longer. Raises DevclusterError: it cannot be built either, and why.
    """
    root, problems = bin_root() / "pulumi-cli", list[str]()
    command, source = _on_path(problems), "on PATH"
    if not command and (root / "bin" / "pulumi").exists():
        command, source = _usable(str(root), problems), "installed"
    if not command and not _is_built():
        command, source = _installed(root, problems, console), "installed"
    if not command:
        command, source = _built(console), "built from its Go modules"
    environment = {**_QUIET, **({} if source == "on PATH" else {"PULUMI_HOME": str(bin_root() / "pulumi-home")})}
    environment["PATH"], plugin = _with_plugin(command, environment, problems, console)
    for problem in problems:
        console.print(f"Engine: {problem}", soft_wrap=True)
    return Engine(command, environment, f"pulumi {command.version}, {source}; {plugin}")


def _on_path(problems: list[str]) -> Command | None:
    return _usable(None, problems) if shutil.which("pulumi") else None


def _usable(root: str | None, problems: list[str]) -> Command | None:
    try:
        return Command(root=root, version=OLDEST)
    except (auto.InvalidVersionError, subprocess.CalledProcessError, OSError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        problems.append(f"the pulumi {f'in {root}' if root else 'on PATH'} cannot be used ({first})")
        return None


def _installed(root: Path, problems: list[str], console: Console) -> Command | None:
    if not _answers(INSTALLER):
        problems.append(f"pulumi is not on PATH, and its installer did not answer within {REACH_SECONDS} s")
        return None
    console.print("Engine: pulumi is not on PATH; its own installer gets it (150 MB, once) ...")
    # In a process of its own: the download has no time limit.
    code = "import sys; from pulumi.automation import PulumiCommand; PulumiCommand.install(root=sys.argv[1])"
    try:
        subprocess.run(
            [sys.executable, "-c", code, str(root)], check=True, capture_output=True, timeout=INSTALL_SECONDS
        )
    except (subprocess.SubprocessError, OSError):
        problems.append(f"pulumi's installer failed, or did not end within {INSTALL_SECONDS} s")
        shutil.rmtree(root, ignore_errors=True)
        return None
    return _usable(str(root), problems)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=REACH_SECONDS):  # noqa: S310 a constant, https
            return True
    except (urllib.error.URLError, OSError):
        return False


def _is_built() -> bool:
    return bin_dir("engine").exists()


def _built(console: Console) -> Command:
    (folder,) = build.ensure_built(console, "engine")
    return Command.known(_rooted(folder), VersionInfo.parse(recipe.required_version(CLI, "pulumi").lstrip("v")))


def _rooted(folder: Path) -> Path:
    """PulumiCommand takes a folder with `bin/pulumi`; ours has the program itself."""
    root = cache_root() / "pulumi" / "built"
    root.mkdir(parents=True, exist_ok=True)
    link = root / "bin"
    if not link.is_symlink() or link.resolve() != folder.resolve():
        new = root / f".bin-{os.getpid()}"
        new.unlink(missing_ok=True)
        new.symlink_to(folder)
        new.replace(link)
    return root


def _with_plugin(
    command: Command, environment: Mapping[str, str], problems: list[str], console: Console
) -> tuple[str, str]:
    """PATH for the engine, on which it takes whatever plugin it finds, and where the plugin is from."""
    path = os.environ.get("PATH", os.defpath)
    wanted = version("pulumi-kubernetes")
    if found := shutil.which(PLUGIN):
        return path, f"its plugin is {found}"
    if _has_plugin(command, wanted, environment):
        return path, f"plugin kubernetes {wanted}"
    if not _is_built() and _install_plugin(command, wanted, environment, problems, console):
        return path, f"plugin kubernetes {wanted}"
    (folder,) = build.ensure_built(console, "engine")
    # A program on PATH is taken whatever version it is; the SDK is newer, and what it needs of the plugin is tested.
    built = recipe.required_version(MODULE, "pulumi-kubernetes").partition("-")
    told = f"{built[0]} of {built[2][:8]}" if built[1] else built[0]
    return f"{folder}{os.pathsep}{path}", f"plugin kubernetes {told}, built from its Go modules"


def _has_plugin(command: Command, wanted: str, environment: Mapping[str, str]) -> bool:
    folder = Path(environment.get("PULUMI_HOME") or os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    return (folder / "plugins" / f"resource-kubernetes-v{wanted}" / PLUGIN).exists()


def _install_plugin(
    command: Command, wanted: str, environment: Mapping[str, str], problems: list[str], console: Console
) -> bool:
    if not _answers("https://get.pulumi.com/"):
        problems.append(f"the plugin kubernetes {wanted} is not here, and its server did not answer")
        return False
    console.print(f"Engine: getting the plugin kubernetes {wanted} (once) ...")
    try:
        subprocess.run(
            [command.command, "plugin", "install", "resource", "kubernetes", wanted],
            check=True,
            capture_output=True,
            timeout=INSTALL_SECONDS,
            env={**os.environ, **environment},
        )
    except (subprocess.SubprocessError, OSError):
        problems.append(f"the plugin kubernetes {wanted} cannot be had from its server")
        return False
    return True
