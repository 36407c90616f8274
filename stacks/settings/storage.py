"""The section `kotaemon:storage` of a stack file: the claims, and which role is on which claim."""

from collections.abc import Mapping

from pydantic import Field, model_validator

from components.contract import Medium, Profile, Role
from stacks.settings.claim import ClaimSettings
from stacks.settings.classes import ClassSettings
from stacks.settings.fields import DnsLabel, ObjectName, Strict, SubPath

ON_DISK = {Profile.SINGLE_WRITER: (Role.INDEXES, Role.SESSIONS), Profile.SCALED: ()}
"""Profile -> roles that are on a disk by default, as they hold databases for one writer: SQLite, Chroma and LanceDB
(`docs/facts/kotaemon.md`, chapter 3). In the profile scaled several pods mount every role."""


class RoleStorage(Strict):
    """Where the data of one role is, for a role that is not at its default place."""

    claim: DnsLabel | None = Field(
        None,
        description="Name of the claim; default: the first disk for databases, the first file claim for other roles.",
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
        """Name of the role's claim.

        By default databases are on a disk and other roles on a file claim, if there is one.
        """
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
        """Name of each claim -> its medium."""
        return {name: claim.medium for name, claim in self.claims.items()}
