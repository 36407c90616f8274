"""The product ECS instance, with the disk of its operating system."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from estimate.product import HOURS, Charge, Inputs, Product, Recognised, Use

RECOVERY_MINUTES = 15
"""Minutes until an instance serves again when its host fails. ECS restarts it on another one by itself (ECS,
"Instance downtime event O&M best practices", AutoRecover) and names no bound, so this is an assumption."""
_SYSTEM = "cloud_auto"


@dataclass(frozen=True)
class EcsInstance(Product):
    """A pay-as-you-go instance that runs all the time."""

    kind: str
    """Instance type, with the prefix ecs."""
    root_gib: int
    """Size of the cloud_auto disk of its operating system."""

    apart_medium = "file"

    items: ClassVar[Mapping[str, str]] = {r"ecs\.instance\.ecs\.[a-z0-9-]+\.[a-z0-9-]+": "hour"}

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"alicloud:ecs/instance:Instance": cls._from},
            free={
                "alicloud:ecs/ecsNetworkInterface:EcsNetworkInterface": "private addresses are free",
                "alicloud:ecs/ecsDiskAttachment:EcsDiskAttachment": "the disk is billed, wherever it is attached",
                "alicloud:ecs/securityGroup:SecurityGroup": "security groups are free",
                "alicloud:ecs/securityGroupRule:SecurityGroupRule": "security groups are free",
            },
        )

    @classmethod
    def _from(cls, inputs: Inputs, _size: int | None) -> "EcsInstance":
        if inputs["systemDiskCategory"] != _SYSTEM:
            raise ValueError(f"a disk of the system of type {inputs['systemDiskCategory']}: only {_SYSTEM} has a rule")
        return cls(inputs["instanceType"], int(inputs["systemDiskSize"]))

    @property
    def words(self) -> str:
        return f"NFS on {self.kind}"

    def charges(self, use: Use) -> Iterator[Charge]:
        yield Charge("server", f"ecs.instance.{self.kind}", Decimal(HOURS), "pay-as-you-go, all hours of a month")
        yield Charge("disk of the system", f"ecs.{_SYSTEM}.storage", Decimal(self.root_gib))

    def lost_with_zone(self) -> str:
        return f"the server on {self.kind} is in one zone"

    @property
    def outage_minutes(self) -> int:
        return RECOVERY_MINUTES
