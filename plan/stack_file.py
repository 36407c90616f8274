"""A stack file, read and validated, and the program that it configures."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from stacks import program
from stacks.names import NAMESPACE
from stacks.settings import load
from stacks.settings.settings import Settings

ROOT = Path(__file__).parents[1]
"""The project's folder, which holds the stack files."""


@dataclass(frozen=True)
class StackFile:
    """One stack as its file describes it. Encrypted values are not decrypted."""

    project: str
    name: str
    path: Path
    settings: Settings
    config: dict[str, str]
    secret_keys: list[str]
    text: str

    @property
    def document(self) -> dict[str, Any]:
        """The file's content, with encrypted values as they are."""
        return yaml.safe_load(self.text)

    @property
    def program(self) -> Callable[[], None]:
        """The Pulumi program, without a question to the cluster. It reads the configuration of the run in which it is
        called."""
        return program.run

    def with_cluster(self, kubeconfig: Path, context: str) -> dict[str, str]:
        """The stack's configuration with this cluster in place of its own."""
        cluster = json.dumps({"kubeconfig": str(kubeconfig), "context": context, "identifier": context})
        return {**self.config, f"{NAMESPACE}:cluster": cluster}


def read(name: str, folder: Path | None = None) -> StackFile:
    """Read and validate `Pulumi.<name>.yaml`. `folder`: default the project's folder. Raises SettingsError."""
    return _read(name, (folder or ROOT) / load.stack_file(name))


def read_path(path: Path) -> StackFile:
    """Read and validate the stack file at a path, `Pulumi.<name>.yaml` or any other name. Raises SettingsError."""
    return _read(path.stem.removeprefix("Pulumi."), path)


def _read(name: str, path: Path) -> StackFile:
    config, secret_keys = load.from_file(path)
    settings = load.load(config, set(secret_keys), path.name)
    project: dict[str, str] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    return StackFile(project["name"], name, path, settings, config, secret_keys, path.read_text())
