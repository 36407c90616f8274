"""The section `kotaemon:estimate` of a stack file: what a plan cannot know of use and speed."""

from pydantic import Field

from stacks.settings.fields import Strict


class EstimateSettings(Strict):
    """Assumptions of a plan about use and speed. A value that is left out is unknown in the plan, never 0."""

    model_gib: float = Field(
        15,
        gt=0,
        le=100_000,
        description="Size in GiB of the models that a pod loads; default: 15, a model of 8 billion parameters in 16 "
        "bits.",
    )
    read_gib: int | None = Field(
        None, ge=0, description="GiB read in a month from each file system that bills reading; default: unknown."
    )
    written_gib: int | None = Field(
        None, ge=0, description="GiB written in a month to each file system that bills writing; default: unknown."
    )
    backup_gib: int | None = Field(
        None, ge=0, description="GiB that the backups of each file system hold; default: unknown."
    )
    nfs_mib_per_second: float | None = Field(
        None, gt=0, description="MiB/s that your own NFS server gives to one pod; default: unknown."
    )
