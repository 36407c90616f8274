"""The application's namespace."""

from collections.abc import Mapping
from enum import Enum
from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from typing_extensions import NotRequired

from ..refusal import because, refuse, refused_label
from .args import RegistryLogin
from .registry import registry_secret


class PodSecurity(str, Enum):
    """Pod Security Standards levels in use here (kubernetes.io/docs/concepts/security/pod-security-standards)."""

    RESTRICTED = "restricted"
    BASELINE = "baseline"
    PRIVILEGED = "privileged"
    """Only for agents that read files of their node (components/logs/pods.py)."""


class ApplicationNamespaceArgs(TypedDict):
    """Arguments of ApplicationNamespace."""

    namespace_name: NotRequired[str]
    """Name of the Namespace; default: the component's name."""
    exists: NotRequired[bool]
    """Whether the Namespace is there already, made by somebody else: then it is neither made nor changed, and its
    labels, quotas and limits are those of its owner. Default false."""
    registry_logins: NotRequired[Mapping[str, RegistryLogin]]
    """Registry host -> its login; a Secret of them is made in the namespace. Default: none. See ClusterImposes."""
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
    """A Namespace that admits only pods of Pod Security level restricted, or one that exists."""

    namespace: pulumi.Output[str]
    """Name of the Namespace, known once it exists and pods can pull their images in it."""

    def __init__(self, name: str, args: ApplicationNamespaceArgs, opts: ResourceOptions | None = None) -> None:
        refuse("ApplicationNamespace", name, check(name, args))
        super().__init__("kotaemon:index:ApplicationNamespace", name, None, opts)
        full_name = args.get("namespace_name", name)
        self.namespace = pulumi.Output.from_input(full_name)
        if not args.get("exists", False):
            made = k8s.core.v1.Namespace(
                f"{name}-namespace",
                metadata=ObjectMetaArgs(name=full_name, labels=pod_security_labels(PodSecurity.RESTRICTED)),
                # Deleting it deletes the claims in it, retained or not.
                opts=ResourceOptions(parent=self, protect=args.get("protect", True), retain_on_delete=True),
            )
            self.namespace = made.metadata.apply(lambda metadata: metadata.name or "")
        if logins := args.get("registry_logins"):
            secret = registry_secret(self, f"{name}-registry", self.namespace, logins)
            self.namespace = secret.metadata.apply(lambda metadata: metadata.namespace or "")
        self.register_outputs({"namespace": self.namespace})
