"""The namespace of the Jobs that make role folders on exports which belong to root: one for all exports of a stack."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Alias, Input, Output, ResourceOptions
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from typing_extensions import NotRequired

from ..refusal import because, refuse
from .args import RegistryLogin
from .files import content_hash, runtime_files
from .folders import SCRIPT
from .namespace import PodSecurity, pod_security_labels
from .network import no_network
from .registry import registry_secret


class PreparationSpace(TypedDict):
    """A namespace in which a preparation Job can run, with the Job's script."""

    namespace: Input[str]
    """Name of the Namespace."""
    script: Input[str]
    """Name of the ConfigMap with the script."""


class PreparationNamespaceArgs(TypedDict):
    """Arguments of PreparationNamespace."""

    namespace: Input[str]
    """Namespace of the application. The Jobs' own one is called `<namespace>-prepare`."""
    registry_logins: NotRequired[Mapping[str, RegistryLogin]]
    """Registry host -> its login; a Secret of them is made in the namespace. Default: none. See ClusterImposes."""
    earlier: NotRequired[list[str]]
    """Names of the NfsPreparations of the stack: in earlier releases the one of them that there could be had these
    objects. Default: none."""


def check(name: str, args: PreparationNamespaceArgs) -> list[str]:
    """Mistakes in the arguments of PreparationNamespace(name, args); none: it can be made."""
    return because("namespace", "empty; it is that of the application" if args["namespace"] == "" else "")


def prepare_space(
    parent: pulumi.Resource,
    name: str,
    full_name: Input[str],
    logins: Mapping[str, RegistryLogin] | None = None,
    earlier: Sequence[str] = (),
) -> PreparationSpace:
    """Register Namespace, isolation and script: `restricted` admits no root, and `baseline` is as near as it gets.

    The Namespace counts as there when its pods have no network and can pull their image. `logins`: at registries.
    `earlier`: the parents of the objects in earlier releases.
    """
    namespace = k8s.core.v1.Namespace(
        f"{name}-namespace",
        metadata=ObjectMetaArgs(name=full_name, labels=pod_security_labels(PodSecurity.BASELINE)),
        opts=_child(parent, "core/v1:Namespace", "namespace", earlier),
    )
    space = namespace.metadata.apply(lambda metadata: metadata.name or "")
    policy = k8s.networking.v1.NetworkPolicy(
        f"{name}-no-network",
        metadata=ObjectMetaArgs(name="no-network", namespace=space),
        spec=no_network(),
        opts=_child(parent, "networking.k8s.io/v1:NetworkPolicy", "no-network", earlier),
    )
    isolated = policy.metadata.apply(lambda metadata: metadata.namespace or "")
    if logins:
        secret = registry_secret(parent, f"{name}-registry", isolated, logins)
        isolated = secret.metadata.apply(lambda metadata: metadata.namespace or "")
    files = runtime_files(SCRIPT)
    script = k8s.core.v1.ConfigMap(
        f"{name}-script",
        metadata=ObjectMetaArgs(name=f"prepare-{content_hash(files)}", namespace=space),
        data=files,
        immutable=True,
        opts=_child(parent, "core/v1:ConfigMap", "script", earlier),
    )
    return PreparationSpace(namespace=isolated, script=script.metadata.apply(lambda metadata: metadata.name or ""))


def _child(parent: pulumi.Resource, type_: str, suffix: str, earlier: Sequence[str]) -> ResourceOptions:
    before = (
        f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::kotaemon:index:NfsPreparation$kubernetes:{type_}::"
    )
    aliases: list[str | Alias] = [f"{before}{name}-{suffix}" for name in earlier]
    return ResourceOptions(parent=parent, aliases=aliases or None)


class PreparationNamespace(pulumi.ComponentResource):
    """A Namespace without network for the NfsPreparations of a stack, with their script."""

    namespace: Output[str]
    """Name of the Namespace, known once its pods have no network."""
    script: Output[str]
    """Name of the ConfigMap with the script."""

    def __init__(self, name: str, args: PreparationNamespaceArgs, opts: ResourceOptions | None = None) -> None:
        refuse("PreparationNamespace", name, check(name, args))
        super().__init__("kotaemon:index:PreparationNamespace", name, None, opts)
        full_name = Output.concat(args["namespace"], "-prepare")
        space = prepare_space(self, name, full_name, args.get("registry_logins"), args.get("earlier", ()))
        self.namespace = Output.from_input(space["namespace"])
        self.script = Output.from_input(space["script"])
        self.register_outputs({"namespace": self.namespace, "script": self.script})
