"""The section `kotaemon:cluster` of a stack file."""

from pathlib import Path

from pydantic import Field, model_validator

from stacks.settings.fields import Strict


class Cluster(Strict):
    """The Kubernetes cluster.

    Give kubeconfig and context, or none: the user's current context is never used by accident.
    """

    kubeconfig: str | None = Field(None, description="Path of a kubeconfig file; ~ is the home folder.")
    context: str | None = Field(None, description="Context in the kubeconfig file.")
    identifier: str | None = Field(
        None,
        description="Name of the cluster, for one whose API address may change; without it a new address counts as "
        "another cluster.",
    )

    zones: list[str] = Field(
        default_factory=list[str],
        description="Zones of the nodes, used by the plan on platform private; default: those that the claims name.",
    )

    @model_validator(mode="after")
    def _both(self) -> "Cluster":
        if (self.kubeconfig is None) != (self.context is None):
            raise ValueError("kubeconfig and context go together: the current context is never used by accident")
        return self

    @property
    def kubeconfig_path(self) -> str | None:
        """The path of the kubeconfig with the home folder in place of `~`."""
        return None if self.kubeconfig is None else str(Path(self.kubeconfig).expanduser())
