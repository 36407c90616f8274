"""The role folders on a file system behind a CSI driver whose root belongs to root (FSx for Lustre)."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import CustomTimeouts, Input, Output, ResourceOptions
from pulumi_kubernetes.core.v1 import CSIPersistentVolumeSourceArgs
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.networking.v1 import NetworkPolicySpecArgs
from typing_extensions import NotRequired

from components.contract import Claim
from components.file.csi_volume import static_claim, volume_spec
from components.file.preparation import JOB_ANNOTATIONS, SCRIPT, job_spec, prepare_task
from components.kotaemon.names import GID, IMAGE, UID
from components.kotaemon.namespace import PodSecurity, pod_security_labels
from components.kotaemon.runtime_files import content_hash, runtime_files


class CsiVolume(TypedDict):
    """A file system as a CSI driver mounts it."""

    namespace: Input[str]
    """Namespace of the application."""
    claim: Claim
    driver: str
    handle: Input[str]
    attributes: Mapping[str, Input[str]]
    mount_options: Sequence[str]


class CsiPreparationArgs(TypedDict):
    """Arguments of CsiPreparation."""

    volume: CsiVolume
    """The file system that is prepared."""
    folders: list[str]
    """Folders to make, relative to the file system's root; see preparation.role_folders."""
    image: NotRequired[Input[str]]
    """Default: the application's image. The nodes need it anyway, and it holds the Python that runs the script."""
    uid: NotRequired[int]
    """Owner of the folders; default 1001."""
    gid: NotRequired[int]
    """Group of the folders; default 1001."""


def source(volume: CsiVolume) -> CSIPersistentVolumeSourceArgs:
    """The volume's source."""
    return CSIPersistentVolumeSourceArgs(
        driver=volume["driver"], volume_handle=volume["handle"], volume_attributes=volume["attributes"]
    )


class CsiPreparation(pulumi.ComponentResource):
    """Makes the role folders once, by the Job of components/file/preparation.py, in a namespace of its own."""

    job: Output[str]
    """Name of the Job; its log has one line for each folder."""

    def __init__(self, name: str, args: CsiPreparationArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:CsiPreparation", name, None, opts)
        volume, child = args["volume"], ResourceOptions(parent=self)
        claim_name = volume["claim"]["name"]
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace",
            # Not the `-prepare` of an NFS export: a stack may have both.
            metadata=ObjectMetaArgs(
                name=Output.concat(volume["namespace"], "-prepare-", claim_name),
                labels=pod_security_labels(PodSecurity.BASELINE),
            ),
            opts=child,
        )
        space = namespace.metadata.apply(lambda metadata: metadata.name or "")
        spec = volume_spec(volume["claim"], space, source(volume), volume["mount_options"])
        claim = static_claim(name, volume["claim"], space, spec, parent=self, protect=False, keep=False)
        policy = k8s.networking.v1.NetworkPolicy(
            f"{name}-no-network",
            metadata=ObjectMetaArgs(name="no-network", namespace=space),
            spec=NetworkPolicySpecArgs(pod_selector=LabelSelectorArgs(), policy_types=["Ingress", "Egress"]),
            opts=child,
        )
        files = runtime_files(SCRIPT)
        script = k8s.core.v1.ConfigMap(
            f"{name}-script",
            metadata=ObjectMetaArgs(name=f"prepare-{content_hash(files)}", namespace=space),
            data=files,
            immutable=True,
            opts=child,
        )
        image = args.get("image", IMAGE)
        task = prepare_task([(claim_name, args["folders"], False)], args.get("uid", UID), args.get("gid", GID))
        # The same task never runs twice on one file system, and a new one is a new Job.
        self.job = Output.all(image, volume["handle"]).apply(
            lambda where: f"{claim_name}-{content_hash({'task': task, 'where': ' '.join(where), **files})}"
        )
        k8s.batch.v1.Job(
            f"{name}-job",
            metadata=ObjectMetaArgs(
                name=self.job,
                namespace=space,
                annotations=JOB_ANNOTATIONS,
            ),
            spec=job_spec(image, claim_name, script.metadata.apply(lambda metadata: metadata.name or ""), task),
            opts=ResourceOptions(
                parent=self,
                depends_on=[claim, policy],
                custom_timeouts=CustomTimeouts(create="40m"),  # the image is 8-10 GB, and may be new to the node
            ),
        )
        self.register_outputs({"job": self.job})
