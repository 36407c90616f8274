"""Environment variables of containers."""

from pulumi import Input
from pulumi_kubernetes.core.v1 import (
    EnvVarArgs,
    EnvVarSourceArgs,
    ObjectFieldSelectorArgs,
    SecretKeySelectorArgs,
)

from .args import SecretKey


def plain(values: dict[str, Input[str]]) -> list[EnvVarArgs]:
    """Variables whose values stand in the pod's `spec`."""
    return [EnvVarArgs(name=name, value=value) for name, value in values.items()]


def secret_variable(name: str, source: SecretKey) -> EnvVarArgs:
    """A variable whose value is in a Secret."""
    selector = SecretKeySelectorArgs(name=source["secret_name"], key=source["key"])
    return EnvVarArgs(name=name, value_from=EnvVarSourceArgs(secret_key_ref=selector))


def node_variable(name: str) -> EnvVarArgs:
    """A variable with the name of the node that the pod is on."""
    field = ObjectFieldSelectorArgs(field_path="spec.nodeName")
    return EnvVarArgs(name=name, value_from=EnvVarSourceArgs(field_ref=field))
