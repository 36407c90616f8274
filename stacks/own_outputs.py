"""The outputs that the stack's last run left, read before anything is registered."""

from collections.abc import Mapping
from typing import Any

import pulumi

READ = "pulumi:pulumi:readStackOutputs"
"""The engine's own function behind StackReference (pkg/resource/deploy/builtins.go). It is synchronous, works in
previews, and gives no outputs for a stack that was never up. The SDK does not document it."""


def read() -> Mapping[str, Any]:
    """Name of an output -> its value. Empty on a first run."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    answer = pulumi.runtime.invoke(READ, {"name": name}).value or {}
    return answer.get("outputs") or {}
