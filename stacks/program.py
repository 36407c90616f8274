"""The program: stack file -> Settings -> the platform's stack -> outputs."""

import importlib

import pulumi

from stacks import cost, load
from stacks.adopt import adopt
from stacks.names import NAMESPACE
from stacks.registered import watch
from stacks.settings import Settings

SECRET_KEYS = ("apiKeys", "adminPassword", "authProxy")
"""Keys that hold a secret whatever they hold."""


def settings_of_this_run() -> Settings:
    """The validated stack file of the running Pulumi program. Raises SettingsError."""
    values, secret = load.from_runtime()
    file = load.stack_file(pulumi.get_stack())
    for key in (f"{NAMESPACE}:{name}" for name in SECRET_KEYS):
        if key in values and key not in secret:
            pulumi.log.warn(
                f"{key} stands in plain text in {file}, and so it will in the engine's history; encrypt it with "
                f"`pulumi config set --secret`, for a key in a mapping with --path"
            )
    return load.load(values, secret, file)


def main() -> None:
    """Everything is checked before the first resource is made."""
    settings = settings_of_this_run()
    adopt(settings.adopt)
    # Only the platform's own SDKs are imported: one of them costs up to 2.5 s (facts/pulumi.md 8).
    platform = importlib.import_module(f"stacks.{settings.platform.value}")
    registered = watch()
    outputs = platform.deploy(settings)
    # An Output at once: a coroutine can be awaited only by one reader.
    outputs["cost"] = pulumi.Output.from_input(cost.output(settings, outputs["storage"], registered))
    for name, value in outputs.items():
        pulumi.export(name, value)
