"""Kind `nfs`: an export of an NFS server that exists already."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import pulumi
from pydantic import Field, model_validator

from components.contract import Claim, Medium, Platform
from components.file.nfs import address_mistakes, refused_option, server_mistakes, service_mistakes, without_mistakes
from components.file.nfs_services import short
from estimate.offers import Offer, Part, Wanted
from estimate.products.own_storage import OwnStorage
from stacks.effects import KIND_ROW, VOLUME_SOURCE, VOLUME_TAKES, Effects, in_place, names, refused, words
from stacks.kinds import nfs_nodes
from stacks.kinds.base import Buys, Context, Identity, Kind, Made
from stacks.kinds.folders import by_nfs_job
from stacks.offered import file_claim
from stacks.settings.claim import ClaimSettings
from stacks.settings.existing import VOLUME, Id
from stacks.settings.fields import ExportPath, Server, Size, accept
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.file.nfs import NfsStorageArgs


class NfsClaim(ClaimSettings):
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
    without_options: list[str] = Field(
        default_factory=list[str],
        description="Names of default options that are left out, for example nconnect or actimeo.",
    )
    root_owner: Literal["app", "root"] = Field(
        "app",
        description="Who owns the export's root: app (the pod's uid, or all_squash to it), or root without squashing, "
        "where a preparation Job makes the folders.",
    )
    encrypted_by: str = Field("nobody known", description="Who encrypts the server's disks, for the storage table.")

    @model_validator(mode="after")
    def _options(self) -> "NfsClaim":
        for option in self.mount_options:
            if reason := refused_option(option, allow_nolock=self.allow_nolock):
                raise ValueError(f"mountOptions holds {option!r}, which is not allowed: {reason}")
        for key, found in (
            ("server", server_mistakes(self.server, in_tree=self.driver == "in-tree")),
            ("mountOptions", service_mistakes(self.server, self.mount_options)),
            ("mountOptions", address_mistakes(self.server, self.mount_options)),
            ("withoutOptions", without_mistakes(self.without_options, self.server)),
        ):
            accept(f"{key}: {found[0]}" if found else "")
        return self

    @property
    def parts(self) -> Mapping[str, Id]:
        """The volume and its claim."""
        return VOLUME

    @property
    def medium(self) -> Medium:
        """NFS is shared."""
        return Medium.FILE


class NfsKind(Kind[NfsClaim]):
    """An export of an existing NFS server."""

    settings = NfsClaim
    platforms = tuple(Platform)
    drivers = ("nfs.csi.k8s.io",)
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "server": names(VOLUME_SOURCE),
        "path": names(VOLUME_SOURCE),
        "driver": refused(
            VOLUME_SOURCE,
            "the volume keeps its driver; add a claim with the new driver on the same server and path, and give the "
            "roles that claim: it is the same storage",
        ),
        "size": in_place(VOLUME_TAKES, "the volume follows; NFS enforces no size, and the claim keeps its request"),
        **dict.fromkeys(
            ("mount_options", "without_options"), in_place(VOLUME_TAKES, "a node takes them at its next mount")
        ),
        "allow_nolock": words("it only allows a mount option"),
        "root_owner": in_place("components/file/preparation.py", "a Job makes the folders, or none does"),
        "encrypted_by": words(),
    }

    def planned(self, at: Context[NfsClaim]) -> Claim:
        """The claim as plain values."""
        from components.file.nfs import nfs_claim

        return nfs_claim(at.component, _args(at))

    def identity(self, at: Context[NfsClaim]) -> Identity:
        """Another server or another path is other storage."""
        return {"server": at.chosen.server, "path": at.chosen.path}

    def mistakes(self, chosen: NfsClaim, settings: Settings) -> Iterator[str]:
        """Nodes that do not mount it."""
        yield from nfs_nodes.mistakes(chosen.driver, chosen.mount_options, settings)

    def warnings(self, chosen: NfsClaim) -> Iterator[str]:
        """A server's name that nodes may not know."""
        if short(chosen.server):
            yield (
                f".server: {chosen.server!r} has no dot; the nodes mount it, so it must be a name that every node "
                "resolves, and not the name of a Service"
            )

    def products(self, at: Context[NfsClaim]) -> list[Buys]:
        """Nothing is bought; what the user's own server costs is not known here."""
        return [Buys(at.component, OwnStorage(self.planned(at)["size_gib"]))]

    def make(self, at: Context[NfsClaim], opts: pulumi.ResourceOptions) -> Made:
        """Volume and claim; where root owns the export, a Job makes the folders."""
        from components.file.nfs import NfsStorage

        made = NfsStorage(at.component, _args(at), opts)
        export: NfsStorageArgs = {**_args(at), "claim_name": at.component}
        return Made(made, by_nfs_job(at, export) if at.chosen.root_owner == "root" else None)

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """The server of a private cluster."""
        if wanted.platform != Platform.PRIVATE:
            return
        size = wanted.gib(Part.FILES)
        said = {"kind": "nfs", "size": f"{size}Gi", "server": "nfs.example.com", "path": "/srv/nfs/kotaemon"}
        said["encryptedBy"] = "LUKS on the server"
        yield Offer(Part.FILES, (OwnStorage(size),), file_claim(Part.FILES, size, "nfs4", "you"), said)


def _args(at: Context[NfsClaim]) -> "NfsStorageArgs":
    from components.file.nfs import NfsDriver, NfsStorageArgs

    return NfsStorageArgs(
        namespace=at.namespace,
        server=at.chosen.server,
        path=at.chosen.path,
        size=at.chosen.size,
        driver=NfsDriver(at.chosen.driver),
        mount_options=nfs_nodes.options(at.chosen.mount_options, at.settings),
        without_options=at.chosen.without_options,
        allow_nolock=at.chosen.allow_nolock,
        encrypted_by=at.chosen.encrypted_by,
        protect=at.settings.protect,
    )


KIND = NfsKind()
