"""The section `kotaemon:estimate` of a stack file: what a plan cannot know of use and speed."""

from pathlib import Path

from pydantic import Field

from stacks.settings.fields import Strict
from stacks.settings.files import in_project


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
    prices: str | None = Field(
        None,
        min_length=1,
        description="Path of a file with prices of your own, from the folder of Pulumi.yaml; default: none, and only "
        "the list prices in estimate/prices/ are known (docs/cost.md, Prices of your own).",
    )
    nfs_mib_per_second: float | None = Field(
        None, gt=0, description="MiB/s that your own NFS server gives to one pod; default: unknown."
    )

    @property
    def price_file(self) -> Path | None:
        """Path of the file with prices of the user's own."""
        return None if self.prices is None else in_project(self.prices)
