"""The platforms that a stack file can name. One folder a platform, one line here; see docs/ARCHITECTURE.md."""

from importlib import import_module

from stacks.platforms.base import PlatformStack

NAMES = ("private", "aws", "alicloud")
"""In the order of the documentation and of messages."""


def platform(name: str) -> PlatformStack:
    """The platform of this name. Its folder is imported when it is asked for."""
    return import_module(f"stacks.platforms.{name}.platform").PLATFORM
