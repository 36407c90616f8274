"""What a stack file says about money and speed: assumptions of the plan that nobody can read from a definition."""

from pydantic import Field

from stacks.settings.fields import Strict


class EstimateSettings(Strict):
    """Assumptions of `make plan` about cost and performance. What is left out is unknown there, never 0."""

    model_gib: float = Field(
        15, gt=0, le=100_000, description="GiB of the models that a pod loads; the default is an 8B model in 16 bits."
    )
    read_gib: int | None = Field(None, ge=0, description="GiB read in a month from each file system that bills it.")
    written_gib: int | None = Field(None, ge=0, description="GiB written in a month, the same.")
    backup_gib: int | None = Field(None, ge=0, description="GiB that the backups of each file system hold.")
    nfs_mib_per_second: float | None = Field(
        None, gt=0, description="MiB/s that an NFS server of your own gives to one pod."
    )
