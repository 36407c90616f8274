"""Names that the stacks give."""

NAMESPACE = "kotaemon"
"""Configuration namespace of this program; the `name` of Pulumi.yaml."""


def claim_name(name: str) -> str:
    """Name of the PersistentVolumeClaim (and of its component) for a claim of the stack file."""
    return f"{NAMESPACE}-{name}"
