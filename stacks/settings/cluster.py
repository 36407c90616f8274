"""The section `kotaemon:cluster` of a stack file."""

from pathlib import Path

from pydantic import Field, field_validator, model_validator

from components.kubernetes_version import OLDEST_TEXT, refused_version
from stacks.settings.fields import Strict, accept


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

    version: str | None = Field(
        None,
        description=f"Version of the cluster's Kubernetes, for example 1.33: one older than {OLDEST_TEXT} is refused.",
    )
    zones: list[str] = Field(
        default_factory=list[str],
        description="Zones of the nodes, used by the plan on platform private; default: those that the claims name.",
    )

    @field_validator("version", mode="before")
    @classmethod
    def _not_a_number(cls, value: object) -> object:
        if isinstance(value, float):
            raise ValueError(f'must be in quotation marks: 1.30 without them is the number 1.3; write "{value}"')
        return value

    @field_validator("version")
    @classmethod
    def _new_enough(cls, value: str | None) -> str | None:
        accept(refused_version(value) if value is not None else "")
        return value

    @model_validator(mode="after")
    def _both(self) -> "Cluster":
        if (self.kubeconfig is None) != (self.context is None):
            raise ValueError("kubeconfig and context go together: the current context is never used by accident")
        return self

    @property
    def kubeconfig_path(self) -> str | None:
        """The path of the kubeconfig with the home folder in place of `~`."""
        return None if self.kubeconfig is None else str(Path(self.kubeconfig).expanduser())
