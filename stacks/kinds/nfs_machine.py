"""What the stack file says of an NFS server on a machine of the cloud, and what a cloud answers to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pulumi
from pydantic import Field, model_validator
from pydantic.alias_generators import to_camel
from typing_extensions import Self

from components.nfs_server.files import NfsFileSystem
from components.nfs_server.on_disk import DEFAULT_SNAPSHOT_DAYS, NfsServing, serving_mistakes
from estimate.offers import Offer, Wanted
from stacks.effects import Values
from stacks.kinds.base import Buys, Context
from stacks.kinds.nfs_export import ExportSettings
from stacks.settings.existing import Id
from stacks.settings.fields import Size
from stacks.settings.settings import Settings

TOLD = "components/nfs_server/on_disk.py: it is in the user data, which a machine reads at its first start"
ANOTHER_MACHINE = (
    "the machine is replaced, and disk and address stay: writes wait for some minutes; locks that were held are lost"
)


class MachineSettings(ExportSettings):
    """An export of a disk on a machine of the cloud."""

    size: Size = Field("100Gi", description="Size of the disk and of the claim; it can only grow.")
    zone: str | None = Field(
        None, description="Zone of disk, address and machine for ever; none: the first of the stack's by name."
    )
    address: str | None = Field(
        None, description="Private address of the server, in the subnet of its zone; none: the cloud chooses one, once."
    )
    instance_type: str | None = Field(
        None, description="Type of the machine; none: m7g.large on AWS, ecs.g8i.large on Alibaba Cloud."
    )
    image: str | None = Field(
        None,
        description="Id of the machine's image; none: the newest Debian 12 at the first up, and that one from then on.",
    )
    disk_type: str | None = Field(None, description="Type of the disk; none: gp3 on AWS, cloud_auto on Alibaba Cloud.")
    iops: int | None = Field(None, ge=1, description="IOPS of the disk; none: what its type has.")
    throughput: int | None = Field(None, ge=1, description="MiB/s of a disk of AWS; none: what its type has.")
    snapshot_days: int = Field(
        DEFAULT_SNAPSHOT_DAYS,
        description="How many daily snapshots of the disk are kept; on Alibaba Cloud: for how many days.",
    )

    @model_validator(mode="after")
    def _without_secrets(self) -> Self:
        if self.security != "sys":
            raise ValueError(
                "security: krb5p needs a keytab on the machine, and nothing brings one to a machine that may be "
                "replaced; leave it out, or set up a host of your own with kind: nfs-server"
            )
        return self

    def serving(self, uid: int, gid: int) -> NfsServing:
        """What the machine serves."""
        found = NfsServing(
            export=self.export(uid, gid),
            file_system=NfsFileSystem(self.file_system),
            alert_percent=self.alert_percent,
        )
        if self.threads is not None:
            found["threads"] = self.threads
        return found


def served_mistakes(chosen: MachineSettings, settings: Settings, device: str, limit: int) -> Iterator[str]:
    """What cannot be served, each with the key of the claim. `limit`: bytes of user data."""
    for mistake in serving_mistakes(chosen.serving(settings.uid, settings.gid), device, chosen.size, limit):
        key, _, reason = mistake.removeprefix("serving.").removeprefix("export.").partition(": ")
        yield f"{to_camel(key) if '_' in key else key}: {reason}"


@dataclass(frozen=True)
class MadeServer:
    """What a cloud made."""

    component: pulumi.ComponentResource
    address: pulumi.Output[str]
    disk_id: pulumi.Output[str]


class Cloud(Protocol):
    """How a cloud makes the machine: one object in one file for each cloud."""

    @property
    def parts(self) -> Mapping[str, Id]:
        """What of it can be there already: the disk first."""
        ...

    def zone(self, chosen: MachineSettings, settings: Settings) -> str:
        """Zone of the server, with its default. Empty: it is found at up, which is refused."""
        ...

    def check(self, at: Context[Any]) -> None:
        """Raise pulumi.RunError for what cannot be made."""
        ...

    def mistakes(self, chosen: MachineSettings, settings: Settings) -> Iterator[str]:
        """What does not fit the rest of the stack file."""
        ...

    def other_processor(self, before: Values, after: Values) -> bool:
        """Whether the type of the machine is changed to one that cannot start the kept image."""
        ...

    def encrypted_by(self, settings: Settings) -> str:
        """Whose key encrypts, for the storage table."""
        ...

    def products(self, at: Context[Any]) -> list[Buys]:
        """The machine, the disk and its snapshots."""
        ...

    def make(self, at: Context[Any], opts: pulumi.ResourceOptions) -> MadeServer:
        """Register the component."""
        ...

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """What the advisor may weigh."""
        ...
