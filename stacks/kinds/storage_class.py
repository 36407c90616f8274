"""Kind `storage-class`: a disk from a StorageClass that the cluster already has."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

import pulumi
from pydantic import Field, field_validator

from components.contract import AccessMode, Claim, Medium, Platform
from estimate.offers import Offer, Wanted
from estimate.products.own_class import OwnClass
from stacks.effects import CLAIM_GROWS, CLAIM_SPEC, KIND_ROW, Effects, grows, names, refused, words
from stacks.kinds.base import Buys, Context, Identity, Kind, Made
from stacks.offered import DISKS, OWN_CLASS, disk_claim
from stacks.settings.claim import ClaimSettings
from stacks.settings.fields import ObjectName, Size

if TYPE_CHECKING:
    from components.volumes.existing_class import ExistingClassClaimArgs


class StorageClassClaim(ClaimSettings):
    """A disk from a StorageClass that the cluster already has."""

    kind: Literal["storage-class"]
    storage_class: ObjectName = Field(description="Name of the StorageClass; it should wait for the first consumer.")
    size: Size = Field("20Gi", description="Size of the disk; 500 documents took 17 GiB in one report.")
    access_mode: Literal["ReadWriteOncePod", "ReadWriteOnce"] = Field(
        "ReadWriteOncePod", description="ReadWriteOncePod keeps a second pod Pending; it needs a CSI driver."
    )
    encrypted_by: str = Field("nobody known", description="Who encrypts the disks, for the storage table.")

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
    def medium(self) -> Medium:
        """Taken as a disk."""
        return Medium.BLOCK


class StorageClassKind(Kind[StorageClassClaim]):
    """A disk from a StorageClass that the cluster already has."""

    settings = StorageClassClaim
    platforms = tuple(Platform)
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "storage_class": names(CLAIM_SPEC),
        "size": grows(CLAIM_GROWS),
        "access_mode": refused(CLAIM_SPEC),
        "encrypted_by": words(),
    }

    def planned(self, at: Context[StorageClassClaim]) -> Claim:
        """The claim as plain values."""
        from components.volumes.existing_class import existing_class_claim

        return existing_class_claim(at.component, _args(at))

    def identity(self, at: Context[StorageClassClaim]) -> Identity:
        """A claim of another class, or of another name, is another disk."""
        return {"class": at.chosen.storage_class, "claim": f"{at.settings.namespace}/{at.component}"}

    def products(self, at: Context[StorageClassClaim]) -> list[Buys]:
        """A disk whose price only the owner of the class knows."""
        product = OwnClass(self.planned(at)["size_gib"], at.chosen.storage_class)
        return [Buys(f"{at.component}-claim", product)]

    def make(self, at: Context[StorageClassClaim], opts: pulumi.ResourceOptions) -> Made:
        """The claim; the class makes the disk."""
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

    return ExistingClassClaimArgs(
        namespace=at.namespace,
        storage_class=at.chosen.storage_class,
        size=at.chosen.size,
        access_mode=AccessMode(at.chosen.access_mode),
        encrypted_by=at.chosen.encrypted_by,
        protect=at.settings.protect,
    )


KIND = StorageClassKind()
