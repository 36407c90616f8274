"""The sections of a stack file for the application's pods."""

from pydantic import Field, model_validator

from stacks.settings.fields import Cpu, Memory, Strict
from stacks.settings.stores import StoreEndpoint


class Resources(Strict):
    """CPU and memory of each pod of the application.

    Idle, a pod uses 0.8 GiB; Kotaemon's fly.toml gives it 4 CPUs and 4 GiB.
    """

    cpu_request: Cpu = Field("500m", description="CPU request of each pod; a start takes 60 to 70 CPU seconds.")
    memory_request: Memory = Field("2Gi", description="Memory request of each pod, in Mi or Gi.")
    memory_limit: Memory = Field(
        "4Gi",
        description="Memory limit of each pod, in Mi or Gi. There is no CPU limit, because it would only slow the "
        "start.",
    )


class Endpoint(StoreEndpoint):
    """Where the pods may call models: a network, or pods in a namespace of this cluster."""

    port: int = Field(443, ge=1, le=65535, description="TCP port; of a pod, not of its Service.")


class AutoscalerSettings(Strict):
    """A HorizontalPodAutoscaler for the application; only in the profile scaled."""

    min_replicas: int = Field(ge=1, le=50, description="Smallest number of pods.")
    max_replicas: int = Field(ge=1, le=50, description="Largest number of pods.")
    cpu_percent: int = Field(
        80, ge=1, le=100, description="CPU use that the autoscaler aims at, in percent of the CPU request."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "AutoscalerSettings":
        if self.min_replicas > self.max_replicas:
            raise ValueError(f"minReplicas {self.min_replicas} is more than maxReplicas {self.max_replicas}")
        return self
