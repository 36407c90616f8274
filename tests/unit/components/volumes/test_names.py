"""Names that are unique in the cluster."""

from collections.abc import Callable
from typing import Any

from components.volumes.names import cluster_wide


def test_names_do_not_collide(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: {"one": cluster_wide("a", "b-c"), "other": cluster_wide("a-b", "c")})
    assert (run.outputs["one"].value, run.outputs["other"].value) == ("a.b-c", "a-b.c")
