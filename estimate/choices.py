"""Every way to store a Kotaemon that the offers of a platform allow, and what the loss of a node or a zone does to it.

A choice is what is bought; the storage map and the products follow from it, so that guard, cost and performance judge
an advice by the same rules as a stack file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product as every

from components.contract import Platform, Profile, Role, RoleMount, StorageMap
from estimate.cost import Bought
from estimate.offers import Offer, Part


@dataclass(frozen=True)
class Choice:
    """One way to store everything."""

    platform: Platform
    profile: Profile
    place: Offer
    disk: Offer | None
    """Databases of the profile single-writer, and everything else where there are no files."""
    files: Offer | None
    """What is shared."""
    models: Offer | None
    """Models apart; None: with the files, or on the disk."""
    database: Offer | None
    """The SQL database of the profile scaled."""
    vectors: Offer | None
    """The vector server of the profile scaled."""

    @property
    def name(self) -> str:
        """In a few words."""
        parts = [part.words for part in (self.disk, self.files, self.models, self.database) if part is not None]
        return f"{self.profile.value}: {' + '.join(parts)}"

    @property
    def offers(self) -> tuple[Offer, ...]:
        """All of it, in the order in which a stack file says it."""
        parts = (self.place, self.files, self.models, self.disk, self.database, self.vectors)
        return tuple(part for part in parts if part is not None)

    @property
    def claims(self) -> dict[str, Offer]:
        """Claim of the stack file -> what it is."""
        return {part.part.claim: part for part in (self.disk, self.files, self.models) if part is not None}

    @property
    def roles(self) -> dict[str, tuple[Role, ...]]:
        """Claim of the stack file -> roles on it."""
        apart = (Role.MODELS,) if self.models is not None else ()
        on_disk = (Role.INDEXES, Role.SESSIONS) if self.files is not None else tuple(Role)
        found = {Part.DISK.claim: on_disk} if self.disk is not None else {}
        if self.files is not None:
            found[Part.FILES.claim] = tuple(r for r in Role if r not in found.get(Part.DISK.claim, ()))
        kept = {claim: tuple(r for r in roles if r not in apart) for claim, roles in found.items()}
        return {**kept, Part.MODELS.claim: apart} if apart else kept

    def storage(self) -> StorageMap:
        """As the guard reads it."""
        claims = {name: part.claim for name, part in self.claims.items()}
        return {
            role.value: RoleMount(claim=claim, sub_path=role.value, read_only=False)
            for role in Role
            for name, roles in self.roles.items()
            if role in roles and (claim := claims[name]) is not None
        }

    def bought(self) -> list[Bought]:
        """As cost and performance read it."""
        of_claims = [
            Bought(name, name, ", ".join(role.value for role in self.roles[name]), part.claim["medium"].value, product)
            for name, part in self.claims.items()
            if part.claim is not None
            for product in part.products
        ]
        return of_claims + [
            Bought(part.part.value, "", _STORE_ROLES.get(part.part, product.apart_roles), product.apart_medium, product)
            for part in (self.place, self.database, self.vectors)
            if part is not None
            for product in part.products
        ]


_STORE_ROLES = {Part.DATABASE: Role.SESSIONS.value, Part.VECTORS: Role.INDEXES.value}


def choices(platform: Platform, offers: Sequence[Offer]) -> Iterator[Choice]:
    """All ways that the offers allow."""
    by = {part: [offer for offer in offers if offer.part == part] for part in Part}
    for place, files, models in every(by[Part.PLACE], [None, *by[Part.FILES]], [None, *by[Part.MODELS]]):
        for disk in by[Part.EVERYTHING if files is None else Part.DISK]:
            yield Choice(platform, Profile.SINGLE_WRITER, place, disk, files, models, None, None)
        if files is not None:
            for database, vectors in every(by[Part.DATABASE], by[Part.VECTORS]):
                yield Choice(platform, Profile.SCALED, place, None, files, models, database, vectors)


def outage_minutes(choice: Choice) -> int:
    """How long the application is away when its node is lost, without fencing by hand: as long as the slowest part.

    Of the profile scaled the pods go on, but not without a store whose only pod is lost.
    """
    return max(product.outage_minutes for offer in choice.offers for product in offer.products)


def survives_zone(choice: Choice) -> tuple[bool, str]:
    """Whether the data is still there after the loss of a zone, and what is not."""
    lost = [text for part in choice.claims.values() for p in part.products if (text := p.lost_with_zone())]
    stores = [
        part.part.noun
        for part in (choice.database, choice.vectors)
        if part is not None and any(product.lost_with_zone() for product in part.products)
    ]
    if len(stores) == 1:
        lost.append(f"the {stores[0]} is in one zone")
    elif stores:
        lost.append(f"{' and '.join(stores)} are in one zone")
    return not lost, "; ".join(lost)


def zones_needed(choice: Choice) -> int:
    """Zones with nodes that it takes."""
    return max(product.zones_needed for offer in choice.offers for product in offer.products)
