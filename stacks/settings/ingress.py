"""The section `kotaemon:ingress` of a stack file: how users reach the application from outside."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator, model_validator

from components.contract import Platform
from components.kotaemon.args import Exposure, ExposureKind
from components.kotaemon.controllers import WAYS, Controller, by_class
from components.pod.labels import annotation_mistakes
from stacks.settings.fields import Cidr, DnsLabel, HostName, ObjectName, Strict, accept

if TYPE_CHECKING:
    from stacks.settings.settings import Settings

ON_ALICLOUD = {"alb": Controller.ALIBABA_ALB, "nginx": Controller.ACK_NGINX}
"""IngressClasses that ACK brings, and whose controllers are not those of the same name elsewhere."""


class Ingress(Strict):
    """How users reach the application from outside.

    Set authProxy as well: the application's own login leaves its API open.
    """

    kind: Literal["httproute", "ingress"] | None = Field(
        None,
        description="httproute: an HTTPRoute of the Gateway API; ingress: an Ingress object. Default: httproute with "
        "gateway, ingress with className.",
    )
    hostname: HostName = Field(description="Public host name of the application, of its own: it works below no path.")
    gateway: str | None = Field(None, description="`namespace/name` of the Gateway, for kind httproute.")
    class_name: ObjectName | None = Field(
        None, description="Name of the IngressClass, for kind ingress; `kubectl get ingressclass` lists them."
    )
    controller: Controller | None = Field(
        None,
        description="Who serves it, which decides the annotations; default: by className, as far as that is known.",
    )
    annotations: dict[str, str] = Field(
        default_factory=dict[str, str], description="Annotations of the Ingress or HTTPRoute, stronger than our own."
    )
    service_annotations: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="Annotations of the Service, stronger than our own, for a controller that reads them there, for "
        "example cloud.google.com/backend-config or konghq.com/upstream-policy.",
    )
    sticky_by: str | None = Field(
        None,
        min_length=1,
        description="What sends a browser always to the same pod, in words, where this program does not know it: your "
        "annotation, or a policy of the gateway.",
    )
    tls_secret: ObjectName | None = Field(
        None, description="Existing Secret with the certificate; default: TLS ends before the ingress."
    )
    controller_namespace: DnsLabel | list[DnsLabel] | None = Field(
        None,
        description="Namespaces of the controller or gateway, whose pods may connect to the application; default: the "
        "usual one of a known controller, or that of the gateway.",
    )
    controller_networks: list[Cidr] = Field(
        default_factory=list[str],
        description="Networks that may connect as well: of the nodes, for a controller on the host's network, or of a "
        "load balancer outside of the cluster.",
    )
    max_upload_mib: int = Field(
        1000, ge=1, description="Largest request body in MiB, which limits uploads; Kotaemon's own limit is 1000 MB."
    )

    @model_validator(mode="before")
    @classmethod
    def _no_path(cls, given: Any) -> Any:
        if isinstance(given, dict) and "path" in given:
            raise ValueError(
                "path: the application works below no path of a shared host: its pages and citations link to /; remove "
                "path, and give it a hostname of its own"
            )
        return given

    @field_validator("hostname")
    @classmethod
    def _a_name(cls, value: str) -> str:
        if value != value.lower():
            raise ValueError(f"has capitals, which Kubernetes refuses in a host; write {value.lower()}")
        if re.fullmatch(r"[\d.]+", value):
            raise ValueError(
                "is an address, and Kubernetes takes a name only; give one that leads there, as rag.example.com"
            )
        return value

    @field_validator("annotations", "service_annotations")
    @classmethod
    def _keys(cls, value: dict[str, str]) -> dict[str, str]:
        accept("; ".join(annotation_mistakes(value)))
        return value

    @model_validator(mode="after")
    def _of_its_kind(self) -> "Ingress":
        if self.is_route and not re.fullmatch(r"[a-z0-9-]+/[a-z0-9-]+", self.gateway or ""):
            raise ValueError("kind httproute needs gateway: <namespace>/<name>")
        if not self.is_route and self.gateway is not None:
            raise ValueError("gateway is for kind httproute; leave it out, or use that kind")
        if not self.is_route and self.class_name is None:
            raise ValueError(
                "className is missing, and no controller is a default; name the IngressClass of your controller "
                "(kubectl get ingressclass), or give gateway: <namespace>/<name> for the Gateway API. Earlier releases "
                "wrote className: nginx"
            )
        return self

    @property
    def is_route(self) -> bool:
        """Whether it is an HTTPRoute."""
        return self.kind == "httproute" or (self.kind is None and self.gateway is not None)

    @property
    def gateway_namespace(self) -> str:
        """Namespace of the Gateway, where many implementations run its proxy. Empty for an Ingress."""
        return (self.gateway or "").split("/")[0]

    @property
    def namespaces(self) -> list[str]:
        """The namespaces in the stack file."""
        given = self.controller_namespace
        return [given] if isinstance(given, str) else given or []


def controller_of(ingress: Ingress, platform: Platform) -> Controller:
    """Who serves it: said in the stack file, or by the name of the IngressClass."""
    if ingress.controller is not None:
        return ingress.controller
    if ingress.is_route:
        return Controller.OTHER
    own = ON_ALICLOUD if platform == Platform.ALICLOUD else {}
    return own.get(ingress.class_name or "") or by_class(ingress.class_name)


def exposure(ingress: Ingress, platform: Platform) -> Exposure:
    """The section as the argument `exposure` of `Kotaemon`."""
    controller = controller_of(ingress, platform)
    usual = "" if WAYS[controller].entity else WAYS[controller].namespace or ingress.gateway_namespace
    spaces = ingress.namespaces or ([usual] if usual and not ingress.controller_networks else [])
    made = Exposure(
        kind=ExposureKind.HTTPROUTE if ingress.is_route else ExposureKind.INGRESS,
        hostname=ingress.hostname,
        controller=controller,
        controller_namespaces=spaces,
        controller_networks=ingress.controller_networks,
        annotations=ingress.annotations,
        service_annotations=ingress.service_annotations,
        max_upload_mib=ingress.max_upload_mib,
    )
    if ingress.class_name is not None:
        made["class_name"] = ingress.class_name
    if ingress.tls_secret is not None:
        made["tls_secret"] = ingress.tls_secret
    if ingress.gateway is not None:
        made["gateway_namespace"], made["gateway_name"] = ingress.gateway.split("/")
    return made


def sticky(settings: "Settings") -> bool:
    """Whether something sends a browser always to the same pod. Without an ingress people use port-forward to a pod."""
    ingress = settings.ingress
    if ingress is None or ingress.sticky_by is not None:
        return True
    return bool(WAYS[controller_of(ingress, settings.platform)].sticky)


def mistakes(settings: "Settings") -> Iterator[str]:
    """Why nobody would get in."""
    ingress = settings.ingress
    if ingress is None:
        return
    controller = controller_of(ingress, settings.platform)
    way = WAYS[controller]
    if way.outside and not ingress.controller_networks:
        yield (
            f"ingress.controllerNetworks: missing; requests of {controller.value} come from a load balancer outside of "
            "the cluster's pods, which no namespace names; give the networks of its subnets"
        )
    elif not (ingress.namespaces or ingress.controller_networks or way.namespace or way.entity or ingress.is_route):
        yield (
            "ingress.controllerNamespace: missing; the network policy lets nobody in but your controller; give the "
            "namespace of its pods, or controllerNetworks with those of the nodes when it is on the host's network"
        )
    if way.gateway != ingress.is_route and controller != Controller.OTHER:
        kind = "httproute" if way.gateway else "ingress"
        yield f"ingress.controller: '{controller.value}' is for kind {kind}; for another gateway use 'other'"


def warnings(settings: "Settings") -> Iterator[str]:
    """What the controller does not do by itself."""
    ingress = settings.ingress
    if ingress is None:
        return
    controller = controller_of(ingress, settings.platform)
    yield from (f"kotaemon:ingress: {note}" for note in WAYS[controller].notes)
    if controller == Controller.OTHER and not ingress.is_route:
        known = ", ".join(c.value for c in Controller if not WAYS[c].gateway)
        yield (
            f"kotaemon:ingress.className: '{ingress.class_name}' is no controller that is known here, so nothing sets "
            "stickiness, body size and time-outs; set them by ingress.annotations or serviceAnnotations (and say in "
            f"stickyBy what makes stickiness), or name ingress.controller: {known}"
        )
