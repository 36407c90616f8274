"""The role folders on an NFS export that belongs to root: a Job makes them, once."""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from typing_extensions import NotRequired

from ..pod import imposed
from ..pod.args import ClusterImposes
from ..pod.folders import work_mistakes
from ..pod.names import GID, IMAGE, UID
from ..pod.preparation import Work, prepare_job
from ..pod.preparation_namespace import PreparationSpace, prepare_space
from ..refusal import refuse
from ..volumes.static import static_claim
from . import nfs
from .nfs import NfsStorageArgs, excepted, nfs_claim, nfs_volume_spec


class NfsPreparationArgs(TypedDict):
    """Arguments of NfsPreparation."""

    export: NfsStorageArgs
    """The arguments of the NfsStorage whose export is prepared. Its root belongs to root, and root is not squashed."""
    folders: list[str]
    """Folders to make, relative to the export; see role_folders."""
    image: NotRequired[Input[str]]
    """Default: the application's image. The nodes need it anyway, and it holds the Python that runs the script."""
    uid: NotRequired[int]
    """Owner of the folders; default 1001."""
    gid: NotRequired[int]
    """Group of the folders; default 1001."""
    give_root: NotRequired[bool]
    """Hand over the export's root as well, so that folders can be made once root is squashed; default false."""
    space: NotRequired[PreparationSpace]
    """Where the Job runs: the outputs of a PreparationNamespace, which the preparations of several exports share.
    Default: a namespace of its own, `<namespace>-prepare`."""
    cluster_imposes: NotRequired[ClusterImposes]
    """What the cluster asks of every pod: pull secrets, node labels, tolerations, a proxy. Default: nothing."""


def check(name: str, args: NfsPreparationArgs) -> list[str]:
    """Mistakes in the arguments of NfsPreparation(name, args); none: it can be made."""
    export = [f"export.{mistake}" for mistake in nfs.check(name, args["export"])]
    return [
        *export,
        *work_mistakes(args["folders"], args.get("uid", UID), args.get("gid", GID)),
        *(f"cluster_imposes.{mistake}" for mistake in imposed.mistakes(args.get("cluster_imposes", ClusterImposes()))),
    ]


class NfsPreparation(pulumi.ComponentResource):
    """Makes the role folders on an export that belongs to root, once, in a namespace without network.

    The application depends on this component.
    """

    job: Output[str]
    """Name of the Job; its log has one line for each folder."""

    def __init__(self, name: str, args: NfsPreparationArgs, opts: ResourceOptions | None = None) -> None:
        refuse("NfsPreparation", name, check(name, args))
        super().__init__("kotaemon:index:NfsPreparation", name, None, opts)
        export = args["export"]
        logins = args.get("cluster_imposes", ClusterImposes()).get("registry_logins")
        full_name = Output.concat(export["namespace"], "-prepare")
        space = args.get("space") or prepare_space(self, name, full_name, logins)
        work = Work(
            claim_name=export.get("claim_name", name),
            folders=args["folders"],
            image=args.get("image", IMAGE),
            uid=args.get("uid", UID),
            gid=args.get("gid", GID),
            place=[export["server"], export["path"]],
            cluster_imposes=args.get("cluster_imposes", ClusterImposes()),
            give_root=args.get("give_root", False),
        )
        claim = self._claim(name, space["namespace"], work.claim_name, export)
        self.job = prepare_job(self, name, space, claim, work)
        self.register_outputs({"job": self.job})

    def _claim(
        self, name: str, space: Input[str], claim_name: str, export: NfsStorageArgs
    ) -> k8s.core.v1.PersistentVolumeClaim:
        """A volume and a claim of its own on the same export: a claim cannot be used from another namespace."""
        here = export.copy()
        here["namespace"] = space
        here["claim_name"] = claim_name
        claim = nfs_claim(name, here)
        spec, exception = nfs_volume_spec(here, claim), excepted(here)
        return static_claim(name, claim, space, spec, parent=self, protect=None, keep=False, annotations=exception)
