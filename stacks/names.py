"""Names that the program gives to objects of a stack."""

NAMESPACE = "kotaemon"
"""Namespace of the program's configuration keys: the `name` in Pulumi.yaml."""


def claim_name(name: str) -> str:
    """Name of the PersistentVolumeClaim, and of its component, for a claim of the stack file."""
    return f"{NAMESPACE}-{name}"
