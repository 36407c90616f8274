"""The kinds of claim a stack file can define. One model a kind; `kind` decides."""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator

from components.contract import Medium, Platform
from components.file.nfs import refused_option
from stacks.alicloud_settings import EcsDiskClaim, EssdClaim, NasClaim
from stacks.aws_claims import EbsClaim, EfsClaim, LustreClaim, OpenZfsClaim
from stacks.fields import ExportPath, ObjectName, Server, Size, Strict


class NfsClaim(Strict):
    """An export of an existing NFS server, shared by all pods (ReadWriteMany)."""

    kind: Literal["nfs"]
    server: Server = Field(description="Host name or address of the server, or of the VIP that follows it.")
    path: ExportPath = Field(description="Exported path.")
    size: Size = Field("100Gi", description="Size of the claim; NFS does not enforce it.")
    driver: Literal["in-tree", "csi"] = Field("in-tree", description="in-tree needs no driver; csi is nfs.csi.k8s.io.")
    allow_nolock: bool = Field(False, description="Accept nolock: locks are then local to each node.")
    mount_options: list[str] = Field(
        default_factory=list[str], description="Added to the defaults; an option of the same name replaces the default."
    )
    root_owner: Literal["app", "root"] = Field(
        "app",
        description="Who owns the export's root: app (the pod's uid, or all_squash to it), or root without squashing, "
        "where a preparation Job makes the folders.",
    )
    encrypted_by: str = Field("nobody known", description="Who encrypts the server's disks, for the storage table.")
    platforms: ClassVar[tuple[Platform, ...]] = tuple(Platform)

    @field_validator("mount_options")
    @classmethod
    def _options(cls, value: list[str], info: ValidationInfo) -> list[str]:
        for option in value:
            if reason := refused_option(option, allow_nolock=info.data.get("allow_nolock", False)):
                raise ValueError(f"holds {option!r}, which is not allowed: {reason}")
        return value

    @property
    def medium(self) -> Medium:
        """What it is made of."""
        return Medium.FILE


class StorageClassClaim(Strict):
    """A disk from a StorageClass that the cluster already has."""

    kind: Literal["storage-class"]
    storage_class: ObjectName = Field(description="Name of the StorageClass; it should wait for the first consumer.")
    size: Size = Field("20Gi", description="Size of the disk; 500 documents took 17 GiB in one report.")
    access_mode: Literal["ReadWriteOncePod", "ReadWriteOnce"] = Field(
        "ReadWriteOncePod", description="ReadWriteOncePod keeps a second pod Pending; it needs a CSI driver."
    )
    encrypted_by: str = Field("nobody known", description="Who encrypts the disks, for the storage table.")
    platforms: ClassVar[tuple[Platform, ...]] = tuple(Platform)

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
        """What it is made of."""
        return Medium.BLOCK


ClaimSettings = Annotated[
    NfsClaim
    | StorageClassClaim
    | EbsClaim
    | EfsClaim
    | OpenZfsClaim
    | LustreClaim
    | EssdClaim
    | EcsDiskClaim
    | NasClaim,
    Field(discriminator="kind"),
]


def kinds() -> list[str]:
    """Every `kind` a claim can have."""
    union = get_args(ClaimSettings)[0]
    return [get_args(m.model_fields["kind"].annotation)[0] for m in get_args(union)]
