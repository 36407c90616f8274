"""The platforms that a stack file can name: one folder and one name here for each (docs/ARCHITECTURE.md)."""

from importlib import import_module

from stacks.platforms.base import PlatformStack

NAMES = ("private", "aws", "alicloud")
"""Names of the platforms, in the order of the documentation and of messages."""


def platform(name: str) -> PlatformStack:
    """The platform with this name. Its folder is imported by this call, so that a stack loads only its own platform."""
    return import_module(f"stacks.platforms.{name}.platform").PLATFORM
