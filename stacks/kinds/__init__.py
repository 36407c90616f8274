"""The kinds of claim that a stack file can name: one file and one line here for each (docs/ARCHITECTURE.md)."""

from importlib import import_module
from typing import Any

from stacks.kinds.base import Kind

NAMES = (
    "nfs",
    "nfs-server",
    "nfs-ha",
    "nfs-on-disk",
    "storage-class",
    "ebs",
    "efs",
    "openzfs",
    "lustre",
    "essd",
    "ecs-disk",
    "nas",
    "mountpoint-s3",
    "s3-files",
    "ossfs",
    "juicefs",
    "existing-claim",
    "csi-volume",
)
"""In the order of the documentation and of messages. The file is the name with `_` for `-`."""


def kind(name: str) -> Kind[Any]:
    """The kind of this name. Its file is imported when it is asked for: nobody pays for kinds that a stack lacks."""
    return import_module(f"stacks.kinds.{name.replace('-', '_')}").KIND
