"""The role folders on a file system behind a CSI driver whose root belongs to root (FSx for Lustre)."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.core.v1 import CSIPersistentVolumeSourceArgs
from typing_extensions import NotRequired

from ..contract import Claim
from ..pod import imposed
from ..pod.args import ClusterImposes
from ..pod.folders import work_mistakes
from ..pod.names import GID, IMAGE, UID
from ..pod.preparation import Work, prepare_job
from ..pod.preparation_namespace import prepare_space
from ..refusal import refuse
from ..volumes.static import static_claim, volume_spec


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
    """The file system in which the folders are made."""
    folders: list[str]
    """Folders to make, relative to the file system's root; see preparation.role_folders."""
    image: NotRequired[Input[str]]
    """Default: the application's image. The nodes need it anyway, and it holds the Python that runs the script."""
    uid: NotRequired[int]
    """Owner of the folders; default 1001."""
    gid: NotRequired[int]
    """Group of the folders; default 1001."""
    give_root: NotRequired[bool]
    """Hand the root of the file system over as well, because the servers squash root next; default false."""
    cluster_imposes: NotRequired[ClusterImposes]
    """What the cluster asks of every pod: pull secrets, node labels, tolerations, a proxy. Default: nothing."""


def source(volume: CsiVolume) -> CSIPersistentVolumeSourceArgs:
    """The part of a PersistentVolume that says which driver mounts what."""
    return CSIPersistentVolumeSourceArgs(
        driver=volume["driver"], volume_handle=volume["handle"], volume_attributes=volume["attributes"]
    )


def check(name: str, args: CsiPreparationArgs) -> list[str]:
    """Mistakes in the arguments of CsiPreparation(name, args); none: it can be made."""
    return [
        *work_mistakes(args["folders"], args.get("uid", UID), args.get("gid", GID)),
        *(f"cluster_imposes.{mistake}" for mistake in imposed.mistakes(args.get("cluster_imposes", ClusterImposes()))),
    ]


class CsiPreparation(pulumi.ComponentResource):
    """Makes the role folders once, by the Job of components/pod/preparation.py, in a namespace of its own."""

    job: Output[str]
    """Name of the Job; its log has one line for each folder."""

    def __init__(self, name: str, args: CsiPreparationArgs, opts: ResourceOptions | None = None) -> None:
        refuse("CsiPreparation", name, check(name, args))
        super().__init__("kotaemon:index:CsiPreparation", name, None, opts)
        volume, claim_name = args["volume"], args["volume"]["claim"]["name"]
        # Not the `-prepare` of an NFS export: a stack may have both.
        logins = args.get("cluster_imposes", ClusterImposes()).get("registry_logins")
        space = prepare_space(self, name, Output.concat(volume["namespace"], "-prepare-", claim_name), logins)
        spec = volume_spec(volume["claim"], space["namespace"], source(volume), volume["mount_options"])
        claim = static_claim(name, volume["claim"], space["namespace"], spec, parent=self, protect=False, keep=False)
        work = Work(
            claim_name=claim_name,
            folders=args["folders"],
            image=args.get("image", IMAGE),
            uid=args.get("uid", UID),
            gid=args.get("gid", GID),
            place=[volume["handle"]],
            give_root=args.get("give_root", False),
            cluster_imposes=args.get("cluster_imposes", ClusterImposes()),
        )
        self.job = prepare_job(self, name, space, claim, work)
        self.register_outputs({"job": self.job})
