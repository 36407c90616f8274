"""Kind `juicefs`: a JuiceFS file system, by the Secret that its CSI driver reads."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import pulumi
from pydantic import AfterValidator, Field

from components.contract import Claim, Medium, Platform
from components.quantity import gib
from estimate.products.own_storage import OwnStorage
from stacks.effects import KIND_ROW, VOLUME_SOURCE, VOLUME_TAKES, Effects, in_place, names, refused, words
from stacks.kinds.base import Buys, Context, Identity, Kind, Made
from stacks.settings.claim import ClaimSettings
from stacks.settings.existing import VOLUME, Id
from stacks.settings.fields import ObjectName, Size, accept

if TYPE_CHECKING:
    from components.object.juicefs import JuicefsStorageArgs


def _allowed(options: list[str]) -> list[str]:
    from components.object.juicefs import option_refused

    for option in options:
        accept(option_refused(option))
    return options


class JuicefsClaim(ClaimSettings):
    """A JuiceFS file system: chunks in a bucket, names in a database."""

    kind: Literal["juicefs"]
    secret: ObjectName = Field(
        description="Secret in the application's namespace with name, metaurl, storage, bucket, access-key and "
        "secret-key, as the driver reads them. The database in metaurl is a system of record: back it up."
    )
    metadata: Literal["postgresql", "redis"] = Field(
        description="Engine of the metadata in that Secret; redis only with appendfsync always and a backup."
    )
    size: Size = Field("1Ti", description="Size of the claim; a static volume has no quota.")
    mount_options: Annotated[list[str], AfterValidator(_allowed)] = Field(
        default_factory=list[str], description="Options of juicefs mount, without --; writeback is refused."
    )
    mount_service_account: ObjectName | None = Field(
        None, description="Service account of the mount pods, for a role of the cloud in place of keys in the Secret."
    )
    encrypted_by: str = Field("nobody known", description="Who encrypts bucket and database, for the storage table.")

    @property
    def parts(self) -> Mapping[str, Id]:
        """The volume and its claim."""
        return VOLUME

    @property
    def medium(self) -> Medium:
        """Chunks in a bucket: no role is on it by default, although it could take those of a file system."""
        return Medium.OBJECT


class JuicefsKind(Kind[JuicefsClaim]):
    """A JuiceFS file system that somebody else has formatted."""

    settings = JuicefsClaim
    platforms = tuple(Platform)
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "secret": names(VOLUME_SOURCE),
        "metadata": words("only described here; another engine is another Secret: dump and load the metadata first"),
        "size": in_place(VOLUME_TAKES, "a static volume has no quota; the claim keeps its request"),
        "mount_options": in_place(VOLUME_TAKES, "a node takes them at its next mount"),
        "mount_service_account": refused(VOLUME_SOURCE),
        "encrypted_by": words(),
    }

    def planned(self, at: Context[JuicefsClaim]) -> Claim:
        """The claim as plain values."""
        from components.object.juicefs import juicefs_claim

        return juicefs_claim(at.component, _args(at))

    def identity(self, at: Context[JuicefsClaim]) -> Identity:
        """The Secret names bucket and metadata."""
        return {"kind": at.chosen.kind, "secret": f"{at.settings.namespace}/{at.chosen.secret}"}

    def products(self, at: Context[JuicefsClaim]) -> list[Buys]:
        """Nothing is bought here: bucket and database are the user's own."""
        return [Buys(at.component, OwnStorage(gib(at.chosen.size, "size")))]

    def make(self, at: Context[JuicefsClaim], opts: pulumi.ResourceOptions) -> Made:
        """Volume and claim; deleting them deletes none of the data."""
        from components.object.juicefs import JuicefsStorage

        return Made(JuicefsStorage(at.component, _args(at), opts))

    def warnings(self, chosen: JuicefsClaim) -> Iterator[str]:
        """Redis, which loses what it has not yet written."""
        if chosen.metadata == "redis":
            yield (
                ".metadata: redis loses acknowledged metadata at a crash unless it has appendonly yes and appendfsync "
                "always; postgresql is the safer engine (docs/cold-tier.md)"
            )


def _args(at: Context[JuicefsClaim]) -> "JuicefsStorageArgs":
    from components.object.juicefs import JuicefsStorageArgs

    args = JuicefsStorageArgs(
        namespace=at.namespace,
        secret_name=at.chosen.secret,
        mount_options=at.chosen.mount_options,
        size=at.chosen.size,
        encrypted_by=at.chosen.encrypted_by,
        protect=at.settings.protect,
    )
    if at.chosen.mount_service_account is not None:
        args["mount_service_account"] = at.chosen.mount_service_account
    return args


KIND = JuicefsKind()
