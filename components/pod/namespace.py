"""The application's namespace."""

from enum import Enum
from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from typing_extensions import NotRequired

from ..refusal import because, refuse, refused_label


class PodSecurity(str, Enum):
    """Pod Security Standards levels in use here (kubernetes.io/docs/concepts/security/pod-security-standards)."""

    RESTRICTED = "restricted"
    BASELINE = "baseline"


class ApplicationNamespaceArgs(TypedDict):
    """Arguments of ApplicationNamespace."""

    namespace_name: NotRequired[str]
    """Name of the Namespace; default: the component's name."""
    protect: NotRequired[bool]
    """Refuse to delete the namespace; default true. It is kept on deletion in any case: the claims in it go with it."""


def pod_security_labels(level: PodSecurity) -> dict[str, str]:
    """Labels that make the API server refuse pods below `level`, and warn and audit as well."""
    return {f"pod-security.kubernetes.io/{mode}": level.value for mode in ("enforce", "audit", "warn")} | {
        f"pod-security.kubernetes.io/{mode}-version": "latest" for mode in ("enforce", "audit", "warn")
    }


def check(name: str, args: ApplicationNamespaceArgs) -> list[str]:
    """Mistakes in the arguments of ApplicationNamespace(name, args); none: it can be made."""
    return because("namespace_name", refused_label(args.get("namespace_name", name)))


class ApplicationNamespace(pulumi.ComponentResource):
    """A Namespace that admits only pods of Pod Security level restricted."""

    namespace: pulumi.Output[str]
    """Name of the Namespace, known once it exists."""

    def __init__(self, name: str, args: ApplicationNamespaceArgs, opts: ResourceOptions | None = None) -> None:
        refuse("ApplicationNamespace", name, check(name, args))
        super().__init__("kotaemon:index:ApplicationNamespace", name, None, opts)
        made = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata=ObjectMetaArgs(
                name=args.get("namespace_name", name), labels=pod_security_labels(PodSecurity.RESTRICTED)
            ),
            # Deleting it deletes the claims in it, retained or not.
            opts=ResourceOptions(parent=self, protect=args.get("protect", True), retain_on_delete=True),
        )
        self.namespace = made.metadata.apply(lambda metadata: metadata.name or "")
        self.register_outputs({"namespace": self.namespace})
