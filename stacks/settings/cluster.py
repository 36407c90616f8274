"""What a stack file says about the cluster."""

from pydantic import Field, model_validator

from stacks.settings.fields import Strict


class Cluster(Strict):
    """Which cluster. The current context of the user's kubeconfig is never used by accident: both keys or none."""

    kubeconfig: str | None = Field(None, description="Path of a kubeconfig file.")
    context: str | None = Field(None, description="Context in it.")
    identifier: str | None = Field(
        None,
        description="Name of the cluster whose API address may change; without it another address is another cluster.",
    )

    zones: list[str] = Field(
        default_factory=list[str],
        description="Zones of the nodes, for the plan, where no section of a platform has them.",
    )

    @model_validator(mode="after")
    def _both(self) -> "Cluster":
        if (self.kubeconfig is None) != (self.context is None):
            raise ValueError("kubeconfig and context go together: the current context is never used by accident")
        return self
