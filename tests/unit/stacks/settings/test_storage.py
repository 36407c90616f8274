"""The default claim of a role is the only one that can be meant; else the stack file must say, and reads what."""

import itertools
import json
from typing import Any

import pytest

from components.contract import Profile, Role
from stacks.settings import load
from stacks.settings.settings import Settings

NFS = {"kind": "nfs", "server": "nfs.example.com", "path": "/srv", "encryptedBy": "LUKS"}
DISK = {"kind": "storage-class", "storageClass": "fast"}


def stack(claims: dict[str, Any], **roles: str) -> Settings:
    storage = {"claims": claims, "roles": {role: {"claim": claim} for role, claim in roles.items()}}
    return load.load({"kotaemon:platform": "private", "kotaemon:storage": json.dumps(storage)}, set(), "Pulumi.s.yaml")


def claims_of(settings: Settings) -> dict[str, str]:
    return {role.value: settings.storage.claim_of(role, Profile.SINGLE_WRITER) for role in Role}


def refused(claims: dict[str, Any], **roles: str) -> list[str]:
    with pytest.raises(load.SettingsError) as caught:
        stack(claims, **roles)
    return caught.value.errors


def test_the_only_disk_has_the_databases_and_the_only_file_claim_the_rest() -> None:
    assert claims_of(stack({"files": NFS, "disk": DISK})) == {
        "models": "files",
        "indexes": "disk",
        "sessions": "disk",
        "uploads": "files",
        "logs": "files",
        "eval": "files",
    }


def test_the_only_claim_of_the_stack_has_everything() -> None:
    assert set(claims_of(stack({"files": NFS})).values()) == {"files"}


def test_a_claim_that_a_role_names_is_no_default_of_another() -> None:
    found = claims_of(stack({"files": NFS, "archive": {**NFS, "path": "/old"}, "disk": DISK}, eval="archive"))
    assert (found["eval"], found["models"], found["logs"]) == ("archive", "files", "files")


@pytest.mark.parametrize("order", list(itertools.permutations(["archive", "cold", "disk", "files"])))
def test_of_several_the_stack_file_must_say(order: tuple[str, ...]) -> None:
    all_ = {"archive": {**NFS, "path": "/old"}, "cold": DISK, "disk": DISK, "files": NFS}
    assert refused({name: all_[name] for name in order}) == [
        "kotaemon:storage: roles: the claim of indexes, sessions is missing, because cold, disk could be meant. Add under "
        "kotaemon:storage.roles, with the right claim (earlier releases took cold; on a stack that lives the one that has the data, and another one is refused before anything changes):\n"
        "      indexes: {claim: cold}\n"
        "      sessions: {claim: cold}",
        "kotaemon:storage: roles: the claim of models, uploads, logs, eval is missing, because archive, files could be "
        "meant. Add under kotaemon:storage.roles, with the right claim (earlier releases took archive; on a stack that lives the one that has the data, and another one is refused before anything changes):\n"
        "      models: {claim: archive}\n"
        "      uploads: {claim: archive}\n"
        "      logs: {claim: archive}\n"
        "      eval: {claim: archive}",
    ]


def test_where_none_suits_the_stack_file_must_say() -> None:
    lines = refused({"one": DISK, "two": DISK}, indexes="one", sessions="one")
    assert [line.splitlines()[0] for line in lines] == [
        "kotaemon:storage: roles: the claim of models, uploads, logs, eval is missing, because there is no file claim, and "
        "one, two could be meant. Add under kotaemon:storage.roles, with the right claim (earlier releases took one; on a stack that lives the one that has the data, and another one is refused before anything changes):"
    ]


def test_where_all_are_named_the_stack_file_must_say() -> None:
    assert [
        "every disk is named by another role (disk)" in line
        for line in refused({"files": NFS, "disk": DISK}, indexes="disk")
    ] == [True]
