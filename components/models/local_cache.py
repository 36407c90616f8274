"""The cache of models that the pods of a node share: one `local` volume that means another folder on each node."""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.core.v1 import (
    LocalVolumeSourceArgs,
    NodeSelectorArgs,
    NodeSelectorRequirementArgs,
    NodeSelectorTermArgs,
    ObjectReferenceArgs,
    PersistentVolumeClaimSpecArgs,
    PersistentVolumeSpecArgs,
    VolumeNodeAffinityArgs,
    VolumeResourceRequirementsArgs,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from typing_extensions import NotRequired

from ..quantity import refused_size
from ..refusal import because, reasons, refuse, refused_label
from ..volumes.names import cluster_wide

HOSTNAME = "kubernetes.io/hostname"


class LocalModelCacheArgs(TypedDict):
    """Arguments of LocalModelCache."""

    namespace: Input[str]
    """Namespace of the application."""
    path: str
    """Folder on each node, for example /var/lib/kotaemon/models. It has to be there, on a disk of the node, and belong
    to the pods' user (1001:1001): a `local` volume makes no folder."""
    size: str
    """The cache's limit, for example 40Gi; the volume is said to have it, and the fill keeps below it."""
    node_label: NotRequired[str]
    """Only nodes that have this label have the folder; default: every node."""


def check(name: str, args: LocalModelCacheArgs) -> list[str]:
    """Mistakes in the arguments of LocalModelCache(name, args); none: it can be made."""
    path = args["path"]
    ok = path.startswith("/") and path.strip("/") and ".." not in path.split("/")
    return [
        *reasons(f"name: {reason}" if (reason := refused_label(name)) else ""),
        *([] if ok else [f"path: {path!r} is not allowed; it must be an absolute path of a folder on the nodes"]),
        *because("size", refused_size(args["size"])),
    ]


def volume_spec(claim: str, namespace: Input[str], args: LocalModelCacheArgs) -> PersistentVolumeSpecArgs:
    """The volume. Its affinity leads to many nodes, and each of them mounts its own folder."""
    label = NodeSelectorRequirementArgs(key=args.get("node_label", HOSTNAME), operator="Exists")
    return PersistentVolumeSpecArgs(
        capacity={"storage": args["size"]},
        access_modes=["ReadWriteMany"],
        # Deleting it deletes nothing on a node: no provisioner is behind it.
        persistent_volume_reclaim_policy="Retain",
        storage_class_name="",
        volume_mode="Filesystem",
        claim_ref=ObjectReferenceArgs(namespace=namespace, name=claim),
        node_affinity=VolumeNodeAffinityArgs(
            required=NodeSelectorArgs(node_selector_terms=[NodeSelectorTermArgs(match_expressions=[label])])
        ),
        local=LocalVolumeSourceArgs(path=args["path"]),
    )


class LocalModelCache(pulumi.ComponentResource):
    """A `local` volume and its claim for a cache of kind `local`. What is in it can be filled again, so it is not
    protected, and another path is another volume."""

    claim_name: Output[str]
    """Name of the claim, for the argument `claim_name` of a cache of kind `local`."""

    def __init__(self, name: str, args: LocalModelCacheArgs, opts: ResourceOptions | None = None) -> None:
        refuse("LocalModelCache", name, check(name, args))
        super().__init__("kotaemon:index:LocalModelCache", name, None, opts)
        namespace = args["namespace"]
        volume = k8s.core.v1.PersistentVolume(
            f"{name}-volume",
            metadata=ObjectMetaArgs(name=cluster_wide(namespace, name)),
            spec=volume_spec(name, namespace, args),
            # One name: the volume goes before another path or limit takes its place.
            opts=ResourceOptions(parent=self, delete_before_replace=True),
        )
        claim = k8s.core.v1.PersistentVolumeClaim(
            f"{name}-claim",
            metadata=ObjectMetaArgs(name=name, namespace=namespace),
            spec=PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteMany"],
                resources=VolumeResourceRequirementsArgs(requests={"storage": "1Gi"}),
                storage_class_name="",
                volume_mode="Filesystem",
                volume_name=volume.metadata.apply(lambda metadata: metadata.name or ""),
            ),
            opts=ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.claim_name = claim.metadata.apply(lambda metadata: metadata.name or "")
        self.register_outputs({"claim_name": self.claim_name})
