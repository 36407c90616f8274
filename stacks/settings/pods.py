"""What a stack file says about the application's pods, and the way to them."""

import re
from typing import Literal

from pydantic import Field, model_validator

from stacks.settings.fields import Cidr, Cpu, DnsLabel, HostName, Memory, ObjectName, Strict


class Resources(Strict):
    """Resources of one application pod. Idle it holds 0.8 GiB; upstream's fly.toml gives it 4 CPUs and 4 GiB."""

    cpu_request: Cpu = Field("500m", description="CPU request; starting takes 60 to 70 CPU-seconds.")
    memory_request: Memory = Field("2Gi", description="Memory request.")
    memory_limit: Memory = Field("4Gi", description="Memory limit. No CPU limit: it would only slow the start.")


class Ingress(Strict):
    """How the application is reached from outside. Put authentication in front: its own login leaves the API open."""

    kind: Literal["ingress", "httproute"] = Field("ingress", description="Ingress object, or Gateway API HTTPRoute.")
    hostname: HostName = Field(description="Public host name.")
    class_name: ObjectName = Field("nginx", description="ingressClassName; the annotations are those of ingress-nginx.")
    tls_secret: ObjectName | None = Field(None, description="Secret with the certificate; none: TLS ends before it.")
    gateway: str | None = Field(None, description="`namespace/name` of the Gateway, for kind httproute.")
    controller_namespace: DnsLabel = Field("ingress-nginx", description="Whose pods may reach the application.")
    max_upload_mib: int = Field(1000, ge=1, description="Largest request body in MiB; Kotaemon's own limit is 1000 MB.")

    @model_validator(mode="after")
    def _gateway_for_route(self) -> "Ingress":
        if self.kind == "httproute" and not re.fullmatch(r"[a-z0-9-]+/[a-z0-9-]+", self.gateway or ""):
            raise ValueError("kind httproute needs gateway: <namespace>/<name>")
        return self


class Endpoint(Strict):
    """A destination the pods may open connections to."""

    cidr: Cidr = Field(description="Network, for example 203.0.113.7/32.")
    port: int = Field(443, ge=1, le=65535, description="TCP port.")


class AutoscalerSettings(Strict):
    """A HorizontalPodAutoscaler; only in the scaled profile."""

    min_replicas: int = Field(ge=1, le=50, description="Fewest pods.")
    max_replicas: int = Field(ge=1, le=50, description="Most pods.")
    cpu_percent: int = Field(80, ge=1, le=100, description="Target CPU use in percent of the request.")

    @model_validator(mode="after")
    def _in_order(self) -> "AutoscalerSettings":
        if self.min_replicas > self.max_replicas:
            raise ValueError(f"minReplicas {self.min_replicas} is more than maxReplicas {self.max_replicas}")
        return self
