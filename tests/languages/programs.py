"""A copy of an example with an engine of its own, and what is in a cluster."""

import base64
import os
import shlex
import shutil
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pulumi import automation as auto

from deploy.kube import Kube, Manifest
from devcluster import paths
from plan.stack_file import ROOT
from tests.engine import engines

STAND_IN = ROOT / "tests" / "engine" / "examples" / "provider.py"
"""For the clouds' plugins: it speaks the engine's protocol and asks no cloud."""


BUILT = ("yaml", "python")
"""Parts of the devcluster's programs with language hosts; `make cluster` builds them."""


def lacking(*tools: str) -> str:
    """Why something is not run; empty when all tools are on PATH or were built."""
    missing = [tool for tool in tools if which(tool) is None]
    return f"not run: neither on PATH nor built: {', '.join(missing)}" if missing else ""


def which(tool: str) -> str | None:
    """A program on PATH, else one that was built."""
    return shutil.which(tool, path=search_path())


def search_path() -> str:
    """PATH, and the folders of what was built for where it has no language host."""
    return os.pathsep.join([os.environ["PATH"], *(str(paths.bin_dir(part)) for part in BUILT)])


@dataclass
class Home:
    """A PULUMI_HOME of the tests' own: the user's would remember the schema of this version of the plugin."""

    folder: Path
    kubeconfig: Path
    """Of the cluster that Alibaba Cloud's stand-in gives the credentials of."""

    def __post_init__(self) -> None:
        for name in ("kubernetes", "aws", "alicloud"):
            self.add(name, version(f"pulumi-{name}"))

    @property
    def calls(self) -> Path:
        """What the stand-ins were asked to create, update or delete; one line each."""
        return self.folder / "calls.jsonl"

    @property
    def environment(self) -> dict[str, str]:
        """Of everything that the engine starts."""
        state = self.folder / "state"
        state.mkdir(exist_ok=True)
        return {
            "PULUMI_HOME": str(self.folder),
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE": "of-the-tests",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PATH": os.pathsep.join(
                [str(Path(sys.prefix) / "bin"), engines.found().environment["PATH"], search_path()]
            ),
        }

    def add(self, name: str, wanted: str) -> None:
        """A plugin as if it had been installed: the real one of Kubernetes where it is on PATH, a cloud's stand-in."""
        program = self.folder / "plugins" / f"resource-{name}-v{wanted}" / f"pulumi-resource-{name}"
        stand_in = [sys.executable, str(STAND_IN), str(self.calls), str(self.kubeconfig), wanted]
        real = shutil.which("pulumi-resource-kubernetes", path=engines.found().environment["PATH"])
        command = stand_in if name != "kubernetes" else [real] if real else []
        if command:  # else the engine downloads the one of Kubernetes
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.join(command)} "$@"\n')
            program.chmod(0o755)


def copy_of(example: str, folder: Path) -> Path:
    """The example as in the repository: the plugin that it names is two folders up.

    The plugin has the packages of the environment that runs this test. To install its own, as `pulumi install` does,
    takes pip half a minute of CPU time.
    """
    made = shutil.ignore_patterns("node_modules", "sdks", "venv", "__pycache__", "Pulumi.*.yaml", "package-lock.json")
    shutil.copytree(ROOT / "plugin", folder / "plugin", ignore=made)
    for name in ("components", "requirements.txt"):
        (folder / name).symlink_to(ROOT / name)
    environment(folder / "plugin" / "venv")
    return Path(shutil.copytree(ROOT / "examples" / example, folder / "examples" / example, ignore=made))


def environment(folder: Path) -> None:
    """A virtual environment with the packages of this one. It has no pip, so nothing is installed into this one."""
    venv.create(folder, symlinks=True, with_pip=False)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    (packages / "ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n")


def clone_of_project(folder: Path) -> Path:
    """The project's files as they are here, with the environment that runs this; the stack files can be written to."""
    left_out = shutil.ignore_patterns(".git", ".venv*", "venv", "build", "tests", "node_modules", "__pycache__")
    shutil.copytree(ROOT, folder, ignore=left_out)
    environment(folder / ".venv")
    return folder


def opened(name: str, work: Path, home: Home, config: Mapping[str, str], secrets: Mapping[str, str]) -> auto.Stack:
    """A new stack of the program in `work`."""
    options = auto.LocalWorkspaceOptions(env_vars=home.environment, pulumi_command=engines.found().command)
    stack = auto.create_stack(name, work_dir=str(work), opts=options)
    for values, secret in ((config, False), (secrets, True)):
        stack.set_all_config({k: auto.ConfigValue(v, secret=secret) for k, v in values.items()})
    return stack


def changes(summary: Any) -> set[str]:
    """Operations that are not `same`."""
    return {getattr(op, "value", str(op)) for op, count in (summary or {}).items() if count} - {"same"}


def must(kube: Kube, kind: str, name: str, namespace: str = "") -> Manifest:
    """An object that has to be there."""
    versions = {"Deployment": "apps/v1", "StorageClass": "storage.k8s.io/v1"}
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    found = kube.get({"apiVersion": versions.get(kind, "v1"), "kind": kind, "metadata": metadata})
    assert found, f"{kind} {name}"
    return found


def secret_values(kube: Kube, namespace: str) -> set[str]:
    """All values of the Secrets of a namespace."""
    secrets = kube.list("v1", "Secret", namespace)
    return {base64.b64decode(v).decode() for secret in secrets for v in (secret.get("data") or {}).values()}
