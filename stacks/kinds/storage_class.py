"""Kind `storage-class`: a disk, or shared files, from a StorageClass that the cluster already has."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import pulumi
from pydantic import Field, field_validator

from components.contract import AccessMode, Claim, Locks, Medium, Platform
from estimate.offers import Offer, Wanted
from estimate.products.own_class import OwnClass
from stacks.classes import OnClass
from stacks.effects import CLAIM_GROWS, CLAIM_SPEC, KIND_ROW, Effects, grows, late, names, refused, words
from stacks.kinds.base import Buys, Context, Identity, Kind, Made
from stacks.offered import DISKS, OWN_CLASS, disk_claim
from stacks.settings.claim import ClaimSettings
from stacks.settings.existing import OBJECT, Id
from stacks.settings.fields import ObjectName, Size

if TYPE_CHECKING:
    from components.volumes.existing_class import ExistingClassClaimArgs


class StorageClassClaim(ClaimSettings):
    """A volume from a StorageClass that the cluster already has. What it is follows from the driver of the class."""

    kind: Literal["storage-class"]
    storage_class: ObjectName = Field(description="Name of the StorageClass; it should wait for the first consumer.")
    size: Size = Field("20Gi", description="Size of the volume; 500 documents took 17 GiB in one report.")
    access_mode: Literal["ReadWriteOncePod", "ReadWriteOnce", "ReadWriteMany"] = Field(
        "ReadWriteOncePod",
        description="ReadWriteOncePod keeps a second pod Pending; it needs a CSI driver. ReadWriteMany: shared files, "
        "from a class whose driver makes them.",
    )
    encrypted_by: str = Field("nobody known", description="Who encrypts the volumes, for the storage table.")

    @field_validator("storage_class")
    @classmethod
    def _today(cls, value: str) -> str:
        if value == "alicloud-disk-ssd":
            raise ValueError(
                "is unencrypted, binds before the pod is placed and deletes with the claim, and its disks are not sold "
                "for new instance families; use a claim of kind essd"
            )
        return value

    @property
    def parts(self) -> Mapping[str, Id]:
        """The claim."""
        return {"claim": OBJECT}

    @property
    def medium(self) -> Medium:
        """By the access mode, for the places of the roles; what the driver makes is known when the stack is planned."""
        return Medium.FILE if self.access_mode == AccessMode.RWX.value else Medium.BLOCK


class StorageClassKind(Kind[StorageClassClaim]):
    """A volume from a StorageClass that the cluster already has."""

    settings = StorageClassClaim
    platforms = tuple(Platform)
    snapshots = True
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "storage_class": names(CLAIM_SPEC),
        "size": late(grows(CLAIM_GROWS)),
        "access_mode": refused(CLAIM_SPEC),
        "encrypted_by": words(),
    }

    def planned(self, at: Context[StorageClassClaim]) -> Claim:
        """The claim as plain values."""
        from components.volumes.existing_class import existing_class_claim

        return existing_class_claim(at.component, _args(at))

    def on_class(self, at: Context[StorageClassClaim]) -> OnClass:
        """The class of the claim."""
        return OnClass(at.chosen.storage_class, AccessMode(at.chosen.access_mode))

    def identity(self, at: Context[StorageClassClaim]) -> Identity:
        """A claim of another class, or of another name, is another volume."""
        return {"class": at.chosen.storage_class, "claim": f"{at.settings.namespace}/{at.component}"}

    def products(self, at: Context[StorageClassClaim]) -> list[Buys]:
        """A volume whose price only the owner of the class knows."""
        product = OwnClass(self.planned(at)["size_gib"], at.chosen.storage_class)
        return [Buys(f"{at.component}-claim", product)]

    def make(self, at: Context[StorageClassClaim], opts: pulumi.ResourceOptions) -> Made:
        """The claim; the class makes the volume."""
        from components.volumes.existing_class import ExistingClassClaim

        made = ExistingClassClaim(at.component, _args(at), opts)
        return Made(made, id=made.volume_name)

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """The disks of a private cluster."""
        if wanted.platform != Platform.PRIVATE:
            return
        for part in DISKS:
            size = wanted.gib(part)
            said = {"kind": "storage-class", "size": f"{size}Gi", **OWN_CLASS}
            yield Offer(part, (OwnClass(size, OWN_CLASS["storageClass"]),), disk_claim(part, size, "you"), said)


def _args(at: Context[StorageClassClaim]) -> "ExistingClassClaimArgs":
    from components.volumes.existing_class import ExistingClassClaimArgs

    mode = AccessMode(at.chosen.access_mode)
    facts = at.classes.facts(at.chosen.storage_class, mode)
    return ExistingClassClaimArgs(
        namespace=at.namespace,
        storage_class=at.chosen.storage_class,
        size=at.chosen.size,
        access_mode=mode,
        backend=facts.backend,
        shared_locks=facts.locks == Locks.SHARED,
        encrypted_by=at.chosen.encrypted_by,
        protect=at.settings.protect,
    )


KIND = StorageClassKind()
