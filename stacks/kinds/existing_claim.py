"""Kind `existing-claim`: a PersistentVolumeClaim that is there already, whoever made it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

import pulumi
from pydantic import Field

from components.contract import AccessMode, Claim, Platform
from estimate.products.own_storage import OwnStorage
from stacks.effects import KIND_ROW, Effects, names, words
from stacks.kinds.base import Buys, Context, Identity, Kind, Made
from stacks.kinds.foreign import ForeignClaim, read_only_mistakes
from stacks.settings.fields import ObjectName
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.volumes.existing_claim import ExistingClaimArgs


class ExistingClaimSettings(ForeignClaim):
    """A PersistentVolumeClaim in the application's namespace that somebody else keeps."""

    kind: Literal["existing-claim"]
    claim: ObjectName = Field(description="Name of the PersistentVolumeClaim, in the application's namespace.")


class ExistingClaimKind(Kind[ExistingClaimSettings]):
    """A claim that is there: of another team, of Fluid or KServe, or made by hand."""

    settings = ExistingClaimSettings
    platforms = tuple(Platform)
    made = False
    snapshots = True
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "claim": names("the stack file names the claim"),
        **dict.fromkeys(("size", "access_mode", "stands_on", "real_locks", "zones", "encrypted_by"), words()),
    }

    def planned(self, at: Context[ExistingClaimSettings]) -> Claim:
        """The claim as plain values, as the stack file says them."""
        from components.volumes.existing_claim import existing_claim

        return existing_claim(at.component, _args(at))

    def identity(self, at: Context[ExistingClaimSettings]) -> Identity:
        """Another claim, or the same name in another namespace, is other storage."""
        return {"claim": f"{at.settings.namespace}/{at.chosen.claim}"}

    def products(self, at: Context[ExistingClaimSettings]) -> list[Buys]:
        """Nothing is bought: it is storage of the user's own."""
        return [Buys(at.chosen.claim, OwnStorage(self.planned(at)["size_gib"]))]

    def make(self, at: Context[ExistingClaimSettings], opts: pulumi.ResourceOptions) -> Made:
        """The claim is read, and nothing is made."""
        from components.volumes.existing_claim import ExistingClaim

        return Made(ExistingClaim(at.component, _args(at), opts))

    def mistakes(self, chosen: ExistingClaimSettings, settings: Settings) -> Iterator[str]:
        """Roles that are written on a claim that is read-only."""
        yield from read_only_mistakes(chosen, settings)


def _args(at: Context[ExistingClaimSettings]) -> "ExistingClaimArgs":
    from components.volumes.existing_claim import ExistingClaimArgs

    return ExistingClaimArgs(
        namespace=at.namespace,
        claim_name=at.chosen.claim,
        access_mode=AccessMode(at.chosen.access_mode),
        backend=at.chosen.stands_on,
        size=at.chosen.size,
        shared_locks=at.chosen.real_locks,
        zones=at.chosen.zones,
        encrypted_by=at.chosen.encrypted_by,
    )


KIND = ExistingClaimKind()
