"""What a move would do, by the stack file alone: both places, the lines to write, and refusals without a cluster."""

import tempfile
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from components.contract import Role
from guard import spelling
from guard.changes import Place
from plan import collect, stack_file
from plan.exits import UserError
from plan.stack_file import StackFile
from stacks import memory
from stacks.moving import lines
from stacks.moving.pods import Side, Work
from stacks.moving.state import State, Step
from stacks.planned import Planned
from stacks.program import listening
from stacks.settings.pod_rules import imposed
from stacks.settings.storage import RoleStorage, Storage, roles_of

Places = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Choice:
    """One role, from its claim to another one."""

    role: str
    work: Work
    read_only: bool
    """Whether the application only reads this role, so that nobody has to stop it."""
    roles: Places
    """What the stack file has to say under `kotaemon:storage.roles`."""
    old_text: str
    """The place before, in the words of `kotaemon:moved`."""
    new_text: str

    @property
    def by_hand(self) -> list[str]:
        """The lines of the stack file that say the move."""
        return lines.by_hand(self.roles, self.role, self.old_text, self.new_text)

    def written(self, text: str) -> str:
        """The text of a stack file with these lines. Raises UserError: they have to be written by hand."""
        try:
            return lines.moved(text, self.roles, self.role, self.old_text, self.new_text)
        except lines.Unwritable as error:
            raise UserError(str(error)) from None


def choose(file: StackFile, role: str, to: str, folder: str = "", known: State | None = None) -> Choice:
    """The move of a role to a claim of the stack file. `folder`: default the role's own.

    `known`: a move that is under way: its stack file may say the new place already. Raises UserError, and what the
    program raises for a stack that the guard or a check refuses.
    """
    name = _role(file, role)
    storage, profile = file.settings.storage, file.settings.profile
    if to not in storage.claims:
        raise UserError(
            f"TO={to} is no claim of {file.path.name}; its claims are {', '.join(sorted(storage.claims))}. Add the new "
            "one under kotaemon:storage.claims, leave every role where it is, and run `up`"
        )
    here = (storage.claim_of(name, profile), storage.sub_path_of(name))
    if here == (to, folder or here[1]):
        if known is None or known.step in (Step.NEW, Step.BACK, Step.DONE):
            raise UserError(f"{role} is on {to} already, in the folder {here[1]!r}; nothing was done")
        file = _earlier(file, name, known)
    return _chosen(file, name, {"claim": to, **({"subPath": folder} if folder else {})})


def _chosen(file: StackFile, name: Role, place: dict[str, str]) -> Choice:
    role, text = name.value, yaml.safe_dump(file.document)
    roles = _roles(file, name, place)
    before = planned_of(file)
    old = _place(before, role)
    # The words of the new place come from a plan with the role there, which needs no memory.
    after = planned_of(with_document(file, lines.meant(text, roles, role, old.text, old.text)))
    new = _place(after, role)
    if _inside(old, new):
        raise UserError(
            f"{role} would be copied from {old.text} to {new.text}, the same storage: one folder is the other, "
            "or inside of it. The copy would hold itself, and removing the old one would remove the new one; give "
            "another claim, or a FOLDER beside the old one. Nothing was done"
        )
    document = lines.meant(text, roles, role, old.text, new.text)
    planned_of(with_document(file, document), memory.to_plain(memory.now(before)))
    mount = before.storage[role]
    return Choice(
        role=role,
        work=Work(
            namespace=file.settings.namespace,
            image=file.settings.image,
            uid=file.settings.uid,
            gid=file.settings.gid,
            imposed=imposed(file.settings, "application"),
            old=Side(mount["claim"], mount["sub_path"]),
            new=Side(after.storage[role]["claim"], after.storage[role]["sub_path"]),
        ),
        read_only=mount["read_only"] or (name == Role.MODELS and file.settings.models is not None),
        roles=roles,
        old_text=old.text,
        new_text=new.text,
    )


def _inside(one: Place, other: Place) -> bool:
    """Whether one of two places is the other, or inside of it, by the words of the stack file."""
    first, second = (spelling.whole(place.words, place.folder) for place in (one, other))
    where = "path" if "path" in first else "folder"
    if {**first, where: ""} != {**second, where: ""}:
        return False
    inner, outer = (f"{words[where]}/" for words in (first, second))
    return inner.startswith(outer) or outer.startswith(inner)


def _earlier(file: StackFile, role: Role, known: State) -> StackFile:
    """The stack file as it was before the move, by what the cluster remembers of it. Raises UserError."""
    claim, _, folder = known.old.partition("/")
    found = planned_of(file)
    names = [name for name, one in found.claims.items() if one["name"] == claim]
    if not names:
        raise UserError(
            f"{file.path.name} has no claim any more that is the PersistentVolumeClaim {claim}, and {role.value} is "
            "being moved from it; put it back until the move is done"
        )
    document = deepcopy(file.document)
    config = document["config"]
    config["kotaemon:storage"].setdefault("roles", {})[role.value] = {"claim": names[0], "subPath": folder}
    config.get("kotaemon:moved", {}).pop(role.value, None)
    return with_document(file, document)


def _role(file: StackFile, role: str) -> Role:
    known = [found.value for found in roles_of(file.settings.profile)]
    if role not in known:
        why = "in the profile scaled it is in the database, " if role == Role.SESSIONS.value else ""
        raise UserError(f"ROLE={role} is on no claim of {file.path.name}: {why}allowed are {', '.join(known)}")
    return Role(role)


def _roles(file: StackFile, role: Role, place: dict[str, str]) -> dict[str, dict[str, str]]:
    """The role's new place, and the old places of others that would lose their default: a claim that some role names
    is no default of another."""
    storage, profile = file.settings.storage, file.settings.profile
    named = storage.roles.get(role) or RoleStorage.model_validate({})
    changed = named.model_copy(update={"claim": place["claim"], "sub_path": place.get("subPath", named.sub_path)})
    moved: Storage = storage.model_copy(update={"roles": {**storage.roles, role: changed}})
    others = [one for one in roles_of(profile) if one != role]
    if all(moved.found_claim(one, profile) == storage.found_claim(one, profile) for one in others):
        return {role.value: place}
    pinned = {
        one.value: {"claim": storage.claim_of(one, profile)}
        for one in others
        if one not in storage.roles or storage.roles[one].claim is None
    }
    return {role.value: place, **pinned}


def with_document(file: StackFile, document: Any) -> StackFile:
    """A stack file of the same name with other content, read and checked as any."""
    with tempfile.TemporaryDirectory(prefix="move-") as folder:
        path = Path(folder) / file.path.name
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return replace(stack_file.read(file.name, Path(folder)), path=file.path)


def is_disk(file: StackFile, claim: str) -> bool:
    """Whether a PersistentVolumeClaim is a disk of the stack file, whose root belongs to root when it is new."""
    return any(one["name"] == claim and one["fs_group"] for one in planned_of(file).claims.values())


def planned_of(file: StackFile, before: Mapping[str, Any] | None = None) -> Planned:
    """The planned stack. `before`: the memory of an earlier one."""
    found: list[Planned] = []
    with listening(found.append):
        collect.preview(file, before)
    return found[0]


def _place(stack: Planned, role: str) -> Place:
    place = memory.now(stack).data[role].at
    if place is None:
        raise LookupError(role)
    return place
