"""How a kind has the folders of roles made where the pod cannot: by a Job, on an export whose root belongs to root."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pulumi

from stacks.kinds.base import Context, Prepare, Space
from stacks.settings.pod_rules import imposed

if TYPE_CHECKING:
    from components.file.nfs import NfsStorageArgs


def squashed_next(at: Context[Any]) -> None:
    """Say that this run leaves root as it is on a new file system, and why."""
    pulumi.log.warn(
        f"kotaemon:storage.claims.{at.name}.squash: not in this run, because only root can hand a new file system "
        "over; the next up squashes it"
    )


def by_nfs_job(at: Context[Any], export: "NfsStorageArgs", *, give_root: bool = False) -> Prepare:
    """A Job that mounts the export. `give_root`: it hands the root over as well, because that is squashed next."""

    def prepare(folders: Sequence[str], kubernetes: pulumi.ResourceOptions, space: Space) -> pulumi.Resource:
        from components.file.preparation import NfsPreparation, NfsPreparationArgs

        args = NfsPreparationArgs(
            export=export,
            folders=list(folders),
            image=at.settings.image,
            uid=at.settings.uid,
            gid=at.settings.gid,
            cluster_imposes=imposed(at.settings, "preparation"),
            space=space(),
        )
        if give_root:
            args["give_root"] = True
        return NfsPreparation(f"{at.component}-folders", args, kubernetes)

    return prepare
