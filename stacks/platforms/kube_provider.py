"""The Kubernetes provider: by a kubeconfig file, from the outputs of another stack, or by what a cloud says."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import Input, Output
from pulumi_kubernetes import Provider

from stacks.settings.settings import Settings


def by_file(settings: Settings) -> Provider:
    """The cluster of `kotaemon:cluster`.

    The kubeconfig's path, not its contents, so no token gets into the state or a `preview --diff`.
    """
    given = settings.cluster
    return _provider(given.identifier, kubeconfig=given.kubeconfig, context=given.context)


def by_stack(key: str, stack: str) -> Provider:
    """The cluster whose kubeconfig is an output of another stack; `key`: where the stack file names it.

    Raises RunError, when the program runs, where that stack has no such output.
    """
    reference = pulumi.StackReference("cluster", stack_name=stack)
    found = Output.all(reference.get_output("kubeconfig"), reference.outputs)
    return by_contents(found.apply(lambda known: _required(key, stack, known[0], known[1])), stack)


def by_contents(kubeconfig: Input[str], identifier: str) -> Provider:
    """The cluster of a kubeconfig that may hold a token; the identifier stays when address and token change."""
    return _provider(identifier, kubeconfig=Output.secret(kubeconfig))


def _provider(identifier: str | None, **cluster: Any) -> Provider:
    return Provider(
        "cluster",
        **cluster,
        # Without it a new API address or token replaces the provider and with it every object.
        cluster_identifier=identifier,
        # The default replaces a changed ConfigMap or Secret, and the delete comes first.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
    )


def _required(key: str, stack: str, value: Any, outputs: Mapping[str, Any]) -> Any:
    if value is None:
        known = ", ".join(sorted(outputs)) or "none"
        raise pulumi.RunError(f"{key}: stack {stack} has no output kubeconfig; it has: {known}")
    return value
