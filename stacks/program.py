"""The program: stack file -> Settings -> the platform's stack -> outputs."""

import importlib

import pulumi

from stacks import load
from stacks.adopt import adopt
from stacks.settings import Settings


def settings_of_this_run() -> Settings:
    """The validated stack file of the running Pulumi program. Raises SettingsError."""
    values, secret = load.from_runtime()
    return load.load(values, secret, load.stack_file(pulumi.get_stack()))


def main() -> None:
    """Everything is checked before the first resource is made."""
    settings = settings_of_this_run()
    adopt(settings.adopt)
    # Only the platform's own SDKs are imported: one of them costs up to 2.5 s (facts/pulumi.md 8).
    platform = importlib.import_module(f"stacks.{settings.platform.value}")
    for name, value in platform.deploy(settings).items():
        pulumi.export(name, value)
