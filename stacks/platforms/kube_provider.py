"""Makes the Kubernetes provider: from a kubeconfig file, the outputs of another stack, or a kubeconfig of a cloud."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import Input, Output
from pulumi_kubernetes import Provider

from stacks.settings.settings import Settings


def by_file(settings: Settings) -> Provider:
    """The provider for the cluster in the section `kotaemon:cluster`.

    It gets the path of the kubeconfig, not its contents, so that no token is in the state or in a `preview --diff`.
    """
    given = settings.cluster
    return _provider(given.identifier, kubeconfig=given.kubeconfig_path, context=given.context)


def by_stack(key: str, stack: str) -> Provider:
    """The provider for the cluster whose kubeconfig is an output of another stack. `key`: the key that names it.

    Raises RunError while the program runs when that stack has no such output.
    """
    reference = pulumi.StackReference("cluster", stack_name=stack)
    found = Output.all(reference.get_output("kubeconfig"), reference.outputs)
    return by_contents(found.apply(lambda known: _required(key, stack, known[0], known[1])), stack)


def by_contents(kubeconfig: Input[str], identifier: str) -> Provider:
    """The provider for a kubeconfig that may contain a token.

    `identifier`: stays the same when address and token change.
    """
    return _provider(identifier, kubeconfig=Output.secret(kubeconfig))


def _provider(identifier: str | None, **cluster: Any) -> Provider:
    return Provider(
        "cluster",
        **cluster,
        # Without an identifier, a new API address or token would replace the provider and with it every object.
        cluster_identifier=identifier,
        # By default a changed ConfigMap or Secret is replaced, and the old one is deleted first.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
    )


def _required(key: str, stack: str, value: Any, outputs: Mapping[str, Any]) -> Any:
    if value is None:
        known = ", ".join(sorted(outputs)) or "none"
        raise pulumi.RunError(f"{key}: stack {stack} has no output kubeconfig; it has: {known}")
    return value
