"""The product EC2 instance, with the disk of its operating system."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from estimate.product import HOURS, Charge, Inputs, Product, Recognised, Use

RECOVERY_MINUTES = 15
"""Minutes until an instance serves again when its host fails. EC2 starts it on another one by itself (EC2 user guide,
"Automatic instance recovery"); AWS names no bound, so this is an assumption."""


@dataclass(frozen=True)
class Ec2Instance(Product):
    """An instance on demand that runs all the time."""

    kind: str
    """Instance type."""
    root_gib: int
    """Size of the gp3 disk of its operating system."""

    apart_medium = "file"

    items: ClassVar[Mapping[str, str]] = {r"ec2\.[a-z0-9-]+\.[a-z0-9-]+": "hour"}

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"aws:ec2/instance:Instance": cls._from},
            free={
                "aws:ec2/networkInterface:NetworkInterface": "private addresses are free",
                "aws:ec2/volumeAttachment:VolumeAttachment": "the disk is billed, wherever it is attached",
            },
        )

    @classmethod
    def _from(cls, inputs: Inputs, _size: int | None) -> "Ec2Instance":
        root = inputs["rootBlockDevice"]
        if root["volumeType"] != "gp3":
            raise ValueError(f"a disk of the system of type {root['volumeType']}: only gp3 has a rule")
        return cls(inputs["instanceType"], int(root["volumeSize"]))

    @property
    def words(self) -> str:
        return f"NFS on EC2 {self.kind}"

    def charges(self, use: Use) -> Iterator[Charge]:
        yield Charge("server", f"ec2.{self.kind}", Decimal(HOURS), "on demand, all hours of a month")
        yield Charge("disk of the system", "ebs.gp3.storage", Decimal(self.root_gib))

    def lost_with_zone(self) -> str:
        return f"the server on EC2 {self.kind} is in one zone"

    @property
    def outage_minutes(self) -> int:
        return RECOVERY_MINUTES
