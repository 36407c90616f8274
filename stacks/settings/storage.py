"""The section `kotaemon:storage` of a stack file: the claims, and which role is on which claim."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field, model_validator

from components.contract import Medium, Profile, Role
from stacks.settings.claim import ClaimSettings
from stacks.settings.classes import ClassSettings
from stacks.settings.fields import DnsLabel, ObjectName, Strict, SubPath

ON_DISK = {Profile.SINGLE_WRITER: (Role.INDEXES, Role.SESSIONS), Profile.SCALED: ()}
"""Profile -> roles that are on a disk by default, as they hold databases for one writer: SQLite, Chroma and LanceDB
(`docs/facts/kotaemon.md`, chapter 3). In the profile scaled several pods mount every role."""


def roles_of(profile: Profile) -> list[Role]:
    """The roles that are on a claim. In the profile scaled users and conversations are in PostgreSQL."""
    return [role for role in Role if not (profile == Profile.SCALED and role == Role.SESSIONS)]


def _wanted(role: Role, profile: Profile) -> Medium:
    return Medium.BLOCK if role in ON_DISK[profile] else Medium.FILE


class RoleStorage(Strict):
    """Where the data of one role is, for a role that is not at its default place."""

    claim: DnsLabel | None = Field(
        None,
        description="Name of the claim; default: the only disk (databases) or file claim (other roles) that no role "
        "names. Where there are several or none, it must be given.",
    )
    sub_path: SubPath | None = Field(None, description="Folder in the claim; default: the name of the role.")
    read_only: bool = Field(False, description="Whether the role is mounted read-only.")


class Storage(Strict):
    """The claims of the stack, and which role is on which claim.

    `claims` gets its real type from stacks/settings/model.py: a union of the kinds in stacks/kinds/.
    """

    claims: Mapping[DnsLabel, ClaimSettings] = Field(min_length=1, description="Claims, each under a name of your own.")
    roles: dict[Role, RoleStorage] = Field(
        default_factory=dict[Role, RoleStorage], description="Places of the roles that are not at their default place."
    )
    classes: dict[ObjectName, ClassSettings] = Field(
        default_factory=dict[ObjectName, ClassSettings],
        description="StorageClasses of the cluster by name, for a plan without a cluster and for drivers that are not "
        "known; what the cluster says of its driver goes first.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Storage":
        for role, storage in self.roles.items():
            if storage.claim is not None and storage.claim not in self.claims:
                claims = ", ".join(self.claims)
                raise ValueError(f"roles.{role.value}.claim is {storage.claim!r}, but the claims are: {claims}")
        return self

    def mistakes(self, profile: Profile) -> Iterator[str]:
        """Roles without a place, and roles that share one. Each line has its key below `storage`."""
        homeless = [role for role in roles_of(profile) if self.found_claim(role, profile) is None]
        for medium in Medium:
            if roles := [role for role in homeless if _wanted(role, profile) == medium]:
                yield self._homeless(roles, profile)
        seen: dict[tuple[str, str], Role] = {}
        for role in roles_of(profile):
            if role in homeless:
                continue
            place = (self.claim_of(role, profile), posixpath.normpath(self.sub_path_of(role)))
            if place in seen:
                yield (
                    f"roles {seen[place].value} and {role.value} share the folder {place[1]!r} of claim {place[0]!r}; "
                    "give one of them another subPath"
                )
            seen[place] = role

    def claim_of(self, role: Role, profile: Profile) -> str:
        """Name of the role's claim: the one that the stack file names, else the only one that can be meant.

        Databases are on a disk, other roles on a file claim. A claim that some role names is no default of another
        one, unless it is the only claim of the stack. Raises LookupError where several are left, or none; a stack
        file of which that is true has been refused by `mistakes`.
        """
        if (found := self.found_claim(role, profile)) is None:
            raise LookupError(self._homeless([role], profile))
        return found

    def found_claim(self, role: Role, profile: Profile) -> str | None:
        """Name of the role's claim, as `claim_of`. None where the stack file does not say it."""
        if role in self.roles and (named := self.roles[role].claim) is not None:
            return named
        possible = list(self.claims) if len(self.claims) == 1 else self._possible(role, profile)
        return possible[0] if len(possible) == 1 else None

    def _possible(self, role: Role, profile: Profile) -> list[str]:
        named = {storage.claim for storage in self.roles.values()}
        return [name for name in self._suited(role, profile) if name not in named]

    def _suited(self, role: Role, profile: Profile) -> list[str]:
        wanted = _wanted(role, profile)
        return sorted(name for name, claim in self.claims.items() if claim.medium == wanted)

    def _homeless(self, roles: Sequence[Role], profile: Profile) -> str:
        """Why these roles of one medium have no claim, and the lines to write: with the claim of earlier releases."""
        medium = "disk" if _wanted(roles[0], profile) == Medium.BLOCK else "file claim"
        suited, possible = self._suited(roles[0], profile), self._possible(roles[0], profile)
        if possible:
            why = f"{', '.join(possible)} could be meant"
        elif suited:
            why = f"every {medium} is named by another role ({', '.join(suited)})"
        else:
            why = f"there is no {medium}, and {', '.join(sorted(self.claims))} could be meant"
        earlier = (suited or sorted(self.claims))[0]
        lines = [f"{role.value}: {{claim: {earlier}}}" for role in roles]
        return "\n      ".join(
            (
                f"roles: the claim of {', '.join(role.value for role in roles)} is missing, because {why}. Add under "
                f"kotaemon:storage.roles, with the right claim (earlier releases took {earlier}; on a stack that lives "
                "the one that has the data, and another one is refused before anything changes):",
                *lines,
            )
        )

    def sub_path_of(self, role: Role) -> str:
        """Folder of the role in its claim."""
        return (self.roles[role].sub_path if role in self.roles else None) or role.value

    def read_only(self, role: Role) -> bool:
        """Whether the role is mounted read-only."""
        return role in self.roles and self.roles[role].read_only

    @property
    def media(self) -> dict[str, Medium]:
        """Name of each claim -> its medium."""
        return {name: claim.medium for name, claim in self.claims.items()}
