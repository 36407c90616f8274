"""What a stack file says about storage: its claims, and which role is on which."""

from collections.abc import Mapping

from pydantic import Field, model_validator

from components.contract import Medium, Profile, Role
from stacks.settings.claim import ClaimSettings
from stacks.settings.fields import DnsLabel, Strict, SubPath

ON_DISK = {Profile.SINGLE_WRITER: (Role.INDEXES, Role.SESSIONS), Profile.SCALED: ()}
"""Roles that hold databases of one writer: SQLite, Chroma and LanceDB want a disk (docs/facts/kotaemon.md 3). In the
profile scaled several pods mount every role."""


class RoleStorage(Strict):
    """Where one role lives, when not on the default."""

    claim: DnsLabel | None = Field(None, description="Name of a claim; default: the first that suits the role.")
    sub_path: SubPath | None = Field(None, description="Folder in the claim; default: the role's name.")
    read_only: bool = Field(False, description="Mount read-only.")


class Storage(Strict):
    """The claims of the stack, and which role is on which.

    `claims` gets its real type from stacks/settings/model.py: a union of the kinds in stacks/kinds/.
    """

    claims: Mapping[DnsLabel, ClaimSettings] = Field(min_length=1, description="Claims by a name of your own.")
    roles: dict[Role, RoleStorage] = Field(
        default_factory=dict[Role, RoleStorage], description="Only the roles that differ from the default."
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Storage":
        for role, storage in self.roles.items():
            if storage.claim is not None and storage.claim not in self.claims:
                claims = ", ".join(self.claims)
                raise ValueError(f"roles.{role.value}.claim is {storage.claim!r}; the claims are: {claims}")
        for profile in Profile:
            self._refuse_shared_folders(profile)
        return self

    def _refuse_shared_folders(self, profile: Profile) -> None:
        seen: dict[tuple[str, str], Role] = {}
        for role in Role:
            place = (self.claim_of(role, profile), self.sub_path_of(role))
            if place in seen:
                raise ValueError(
                    f"roles {seen[place].value} and {role.value} share the folder {place[1]!r} of claim {place[0]!r}; "
                    "give one of them another subPath"
                )
            seen[place] = role

    def claim_of(self, role: Role, profile: Profile) -> str:
        """Name of the role's claim. Databases want a disk, the rest wants to be shared; else whatever there is."""
        chosen = self.roles[role].claim if role in self.roles else None
        wanted = Medium.BLOCK if role in ON_DISK[profile] else Medium.FILE
        suited = [name for name, claim in self.claims.items() if claim.medium == wanted]
        return chosen or (suited or list(self.claims))[0]

    def sub_path_of(self, role: Role) -> str:
        """Folder of the role in its claim."""
        return (self.roles[role].sub_path if role in self.roles else None) or role.value

    def read_only(self, role: Role) -> bool:
        """Whether the role is mounted read-only."""
        return role in self.roles and self.roles[role].read_only

    @property
    def media(self) -> dict[str, Medium]:
        """Name of each claim -> what it is made of."""
        return {name: claim.medium for name, claim in self.claims.items()}
