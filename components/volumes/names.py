"""Names of what belongs to the whole cluster: volumes and StorageClasses."""

from pulumi import Input, Output


def cluster_wide(namespace: Input[str], claim_name: str) -> Output[str]:
    """A name that is unique in the cluster. A dot joins the two: a namespace has none, so no two pairs collide."""
    return Output.from_input(namespace).apply(lambda space: f"{space}.{claim_name}")
