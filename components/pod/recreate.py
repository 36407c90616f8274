"""A Deployment of one pod that has ended before the next one starts, and what a run waits for with it."""

import json

from pulumi_kubernetes.apps.v1 import DeploymentStrategyArgs

ONE_POD = {
    "pulumi.com/waitFor": json.dumps(
        [f"jsonpath={{.status.{field}}}=1" for field in ("updatedReplicas", "availableReplicas", "replicas")]
    )
}
"""Annotation of the Deployment: a run waits until its one pod is of the newest template, and available. The provider's
own wait ends too early: there is no new ReplicaSet until the old pod has gone, and it looks at the old one
(docs/decisions/0040-one-writer-is-waited-for-by-conditions.md)."""


def recreate() -> DeploymentStrategyArgs:
    """The strategy: the new pod must not start before the old one has let go of its disk."""
    return DeploymentStrategyArgs(type="Recreate")
