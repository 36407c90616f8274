"""Kind `csi-volume`: a volume that is there already, by its CSI driver and handle."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import pulumi
from pydantic import Field

from components.contract import AccessMode, Claim, Platform
from estimate.products.own_storage import OwnStorage
from guard.classes import contradicted, facts_of
from guard.drivers import DRIVERS
from guard.object_mounts import Nodes, object_mount, refused_nodes
from stacks import kinds
from stacks.effects import (
    CLAIM_SPEC,
    KIND_ROW,
    VOLUME_SOURCE,
    VOLUME_TAKES,
    VOLUME_ZONES,
    Effects,
    in_place,
    names,
    new_only,
    refused,
    words,
)
from stacks.kinds.base import Buys, Context, Identity, Kind, Made
from stacks.kinds.foreign import ForeignClaim, read_only_mistakes
from stacks.settings.existing import VOLUME, Id
from stacks.settings.fields import ObjectName, matching
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.volumes.csi_volume import CsiVolumeClaimArgs

SecretPlace = Annotated[
    str, matching(r"[a-z0-9-]+/[a-z0-9][a-z0-9.-]*", "must be <namespace>/<name>, for example kotaemon/bucket-keys")
]


class CsiVolumeSettings(ForeignClaim):
    """A volume that somebody else made, by the names that its CSI driver gives it."""

    kind: Literal["csi-volume"]
    driver: ObjectName = Field(description="Name of the CSI driver, as `kubectl get csidrivers` shows it.")
    handle: str = Field(min_length=1, description="The volume's handle, as its driver knows it.")
    attributes: dict[str, str] = Field(
        default_factory=dict[str, str], description="Attributes that the driver wants beside the handle."
    )
    mount_options: list[str] = Field(default_factory=list[str], description="Options of the mount, for the driver.")
    node_secret: SecretPlace | None = Field(
        None, description="<namespace>/<name> of a Secret that the driver reads on the node, such as a bucket's keys."
    )

    @property
    def parts(self) -> Mapping[str, Id]:
        """The volume and its claim."""
        return VOLUME


class CsiVolumeKind(Kind[CsiVolumeSettings]):
    """A volume of a driver for which there is no kind of its own."""

    settings = CsiVolumeSettings
    platforms = tuple(Platform)
    snapshots = True
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        **dict.fromkeys(("driver", "handle"), names(VOLUME_SOURCE)),
        **dict.fromkeys(("attributes", "node_secret"), refused(VOLUME_SOURCE)),
        "access_mode": refused(CLAIM_SPEC),
        "zones": new_only(VOLUME_ZONES, "the living volume keeps its zones"),
        "mount_options": in_place(VOLUME_TAKES, "a node takes them at its next mount"),
        **dict.fromkeys(("size", "stands_on", "real_locks", "encrypted_by"), words()),
    }

    def planned(self, at: Context[CsiVolumeSettings]) -> Claim:
        """The claim as plain values, as the stack file says them."""
        from components.volumes.csi_volume import csi_volume_claim

        return csi_volume_claim(at.component, _args(at))

    def identity(self, at: Context[CsiVolumeSettings]) -> Identity:
        """Another driver or another handle is other storage."""
        return {"driver": at.chosen.driver, "handle": at.chosen.handle}

    def products(self, at: Context[CsiVolumeSettings]) -> list[Buys]:
        """Nothing is bought: it is storage of the user's own."""
        return [Buys(at.component, OwnStorage(self.planned(at)["size_gib"]))]

    def make(self, at: Context[CsiVolumeSettings], opts: pulumi.ResourceOptions) -> Made:
        """Volume and claim; deleting them deletes none of the data."""
        from components.volumes.csi_volume import CsiVolumeClaim

        return Made(CsiVolumeClaim(at.component, _args(at), opts))

    def renames(self, chosen: CsiVolumeSettings) -> bool:
        """As the client behind the driver, where it is known; a bucket behind an unknown one counts as without."""
        client = object_mount(chosen.driver)
        return chosen.stands_on != "object" if client is None else client.renames

    def mistakes(self, chosen: CsiVolumeSettings, settings: Settings) -> Iterator[str]:
        """A driver that has a kind of its own, and roles that are written on a volume that is read-only."""
        own = [name for name in kinds.NAMES if chosen.driver in kinds.kind(name).drivers]
        if own:
            yield (
                f"driver: {chosen.driver!r} is not allowed; kind {' or '.join(own)} is for its volumes. To use one "
                "that is there already, make its PersistentVolumeClaim yourself and name that by kind existing-claim"
            )
        facts = facts_of(
            "", chosen.driver, DRIVERS, chosen.attributes, chosen.mount_options, AccessMode(chosen.access_mode)
        )
        if reason := contradicted(chosen.stands_on, chosen.real_locks, facts):
            yield reason
        client = object_mount(chosen.driver)
        if client is not None and (reason := refused_nodes(client, _nodes(settings))):
            yield f"driver: {reason}; take another kind, or other nodes"
        yield from read_only_mistakes(chosen, settings)


def _nodes(settings: Settings) -> tuple[Nodes, ...]:
    """Families of nodes that the stack file says the cluster has."""
    section = getattr(settings, settings.platform.value, None)
    said = {Nodes.AUTO_MODE: "auto_mode", Nodes.BOTTLEROCKET: "bottlerocket"}
    return tuple(family for family, key in said.items() if getattr(section, key, False))


def _args(at: Context[CsiVolumeSettings]) -> "CsiVolumeClaimArgs":
    from components.volumes.csi_volume import CsiVolumeClaimArgs, NodeSecret

    chosen = at.chosen
    args = CsiVolumeClaimArgs(
        namespace=at.namespace,
        driver=chosen.driver,
        handle=chosen.handle,
        access_mode=AccessMode(chosen.access_mode),
        backend=chosen.stands_on,
        attributes=chosen.attributes,
        mount_options=chosen.mount_options,
        size=chosen.size,
        shared_locks=chosen.real_locks,
        zones=chosen.zones,
        encrypted_by=chosen.encrypted_by,
        protect=at.settings.protect,
    )
    if chosen.node_secret is not None:
        namespace, name = chosen.node_secret.split("/")
        args["node_secret"] = NodeSecret(namespace=namespace, name=name)
    return args


KIND = CsiVolumeKind()
