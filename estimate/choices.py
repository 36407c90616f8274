"""Every way to store Kotaemon's data that the offers of a platform allow, and what a lost node or zone does to it.

A choice is a set of products to buy. Its storage map and its products follow from it, so that guard, cost and
performance judge an advised stack by the same rules as a stack file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product as every

from components.contract import Platform, Profile, Role, RoleMount, StorageMap
from estimate.cost import Bought
from estimate.offers import Offer, Part


@dataclass(frozen=True)
class Choice:
    """One way to store everything: an offer for each part."""

    platform: Platform
    profile: Profile
    place: Offer
    disk: Offer | None
    """The disk of the profile single-writer: for its databases, and for everything else when there are no shared
    files."""
    files: Offer | None
    """The file system for the shared roles."""
    models: Offer | None
    """Storage for the models alone. None: they are with the shared files, or on the disk."""
    database: Offer | None
    """The SQL database of the profile scaled."""
    vectors: Offer | None
    """The vector server of the profile scaled."""

    @property
    def name(self) -> str:
        """The choice in a few words: its profile and its parts."""
        parts = [part.words for part in (self.disk, self.files, self.models, self.database) if part is not None]
        return f"{self.profile.value}: {' + '.join(parts)}"

    @property
    def offers(self) -> tuple[Offer, ...]:
        """All its offers, in the order of a stack file."""
        parts = (self.place, self.files, self.models, self.disk, self.database, self.vectors)
        return tuple(part for part in parts if part is not None)

    @property
    def claims(self) -> dict[str, Offer]:
        """Name of each claim in the stack file -> the offer for it."""
        return {part.part.claim: part for part in (self.disk, self.files, self.models) if part is not None}

    @property
    def roles(self) -> dict[str, tuple[Role, ...]]:
        """Name of each claim in the stack file -> the roles on it."""
        apart = (Role.MODELS,) if self.models is not None else ()
        on_disk = (Role.INDEXES, Role.SESSIONS) if self.files is not None else tuple(Role)
        found = {Part.DISK.claim: on_disk} if self.disk is not None else {}
        if self.files is not None:
            found[Part.FILES.claim] = tuple(r for r in Role if r not in found.get(Part.DISK.claim, ()))
        kept = {claim: tuple(r for r in roles if r not in apart) for claim, roles in found.items()}
        return {**kept, Part.MODELS.claim: apart} if apart else kept

    def storage(self) -> StorageMap:
        """The storage map, for the guard."""
        claims = {name: part.claim for name, part in self.claims.items()}
        return {
            role.value: RoleMount(claim=claim, sub_path=role.value, read_only=False)
            for role in Role
            for name, roles in self.roles.items()
            if role in roles and (claim := claims[name]) is not None
        }

    def bought(self) -> list[Bought]:
        """The products, for cost and performance."""
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
    """All choices that the offers allow."""
    by = {part: [offer for offer in offers if offer.part == part] for part in Part}
    for place, files, models in every(by[Part.PLACE], [None, *by[Part.FILES]], [None, *by[Part.MODELS]]):
        for disk in by[Part.EVERYTHING if files is None else Part.DISK]:
            yield Choice(platform, Profile.SINGLE_WRITER, place, disk, files, models, None, None)
        if files is not None:
            for database, vectors in every(by[Part.DATABASE], by[Part.VECTORS]):
                yield Choice(platform, Profile.SCALED, place, None, files, models, database, vectors)


def outage_minutes(choice: Choice) -> int:
    """Minutes until the application runs again after the loss of its node, without fencing by hand: the slowest part.

    In the profile scaled the other pods keep running, but they need every store, and a store may have only one pod.
    """
    return max(product.outage_minutes for offer in choice.offers for product in offer.products)


def survives_zone(choice: Choice) -> tuple[bool, str]:
    """Whether all data is still available after the loss of a zone, and if not, what is lost or out of reach."""
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
    """Number of zones with nodes that the choice needs."""
    return max(product.zones_needed for offer in choice.offers for product in offer.products)
