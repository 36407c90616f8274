"""What a move would do by the stack file alone: the lines, and what is refused before a cluster is asked."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.move.choice import choose, is_disk
from plan import stack_file
from plan.exits import UserError
from plan.stack_file import StackFile
from stacks.moving.state import Step, fresh
from stacks.safety import RefusedByGuard

NFS = {"kind": "nfs", "server": "nfs.example.org", "path": "/srv/nfs", "encryptedBy": "simulated"}
CLAIMS: dict[str, Any] = {
    "disk": {"kind": "storage-class", "storageClass": "dev-block", "size": "10Gi"},
    "files": NFS,
}


def write(folder: Path, claims: dict[str, Any] | None = None, **storage: Any) -> StackFile:
    config = {
        "kotaemon:platform": "private",
        "kotaemon:storage": {"claims": claims or {**CLAIMS, "new": {**NFS, "path": "/srv/new"}}, **storage},
    }
    (folder / "Pulumi.m.yaml").write_text("# mine\n" + yaml.safe_dump({"config": config}))
    return stack_file.read("m", folder)


ROLES = {role: {"claim": "files"} for role in ("models", "uploads", "logs", "eval")}


def test_the_lines_are_accepted_by_the_next_run(tmp_path: Path) -> None:
    file = write(tmp_path, roles=ROLES)
    found = choose(file, "uploads", "new")
    assert (found.work.old.text, found.work.new.text) == ("kotaemon-files/uploads", "kotaemon-new/uploads")
    text = found.written(file.path.read_text())
    assert text.startswith("# mine\n")
    file.path.write_text(text)
    after = stack_file.read("m", tmp_path)
    assert after.settings.moved["uploads"].from_ == "path /srv/nfs, server nfs.example.org, folder uploads"
    assert after.settings.storage.roles["uploads"].claim == "new"  # type: ignore[index]


def test_roles_that_had_the_claim_by_default_stay(tmp_path: Path) -> None:
    file = write(tmp_path, CLAIMS)
    found = choose(file, "sessions", "files", "people")
    assert found.roles == {
        "sessions": {"claim": "files", "subPath": "people"},
        "models": {"claim": "files"},
        "indexes": {"claim": "disk"},
        "uploads": {"claim": "files"},
        "logs": {"claim": "files"},
        "eval": {"claim": "files"},
    }
    file.path.write_text(found.written(file.path.read_text()))
    stack_file.read("m", tmp_path)


def test_a_stack_file_that_says_the_new_place_already_goes_on(tmp_path: Path) -> None:
    file = write(tmp_path, roles=ROLES)
    first = choose(file, "uploads", "new")
    known = fresh("uploads", first.work.old.text, first.work.new.text).at(Step.COPIED)
    file.path.write_text(first.written(file.path.read_text()))
    again = choose(stack_file.read("m", tmp_path), "uploads", "new", known=known)
    assert (again.work.old, again.work.new) == (first.work.old, first.work.new)
    assert (again.old_text, again.new_text) == (first.old_text, first.new_text)


def refused(file: StackFile, role: str, to: str, folder: str = "") -> str:
    with pytest.raises(UserError) as error:
        choose(file, role, to, folder)
    return str(error.value)


def test_where_it_is_already(tmp_path: Path) -> None:
    assert refused(write(tmp_path, roles=ROLES), "uploads", "files") == (
        "uploads is on files already, in the folder 'uploads'; nothing was done"
    )


def test_a_claim_that_is_not_there(tmp_path: Path) -> None:
    said = refused(write(tmp_path, roles=ROLES), "uploads", "cold")
    assert said.startswith("TO=cold is no claim of Pulumi.m.yaml; its claims are disk, files, new.")


def test_a_role_that_is_not_there(tmp_path: Path) -> None:
    assert "ROLE=chats is on no claim of Pulumi.m.yaml: allowed are models, indexes" in refused(
        write(tmp_path, roles=ROLES), "chats", "files"
    )


def test_a_claim_that_the_guard_refuses_for_the_role(tmp_path: Path) -> None:
    claims = {
        **CLAIMS,
        "nolock": {**NFS, "path": "/srv/new", "mountOptions": ["nolock", "nfsvers=3"], "allowNolock": True},
    }
    file = write(tmp_path, claims, roles=ROLES)
    with pytest.raises(RefusedByGuard, match="sessions"):
        choose(file, "sessions", "nolock")


SAME = {**NFS, "path": "/srv//nfs/uploads/", "server": NFS["server"].upper()}


@pytest.mark.parametrize(("to", "folder"), [("files", "uploads/inner"), ("same", "inner")])
def test_a_folder_is_not_moved_into_itself(to: str, folder: str, tmp_path: Path) -> None:
    """The copy would hold itself; and removing the old folder would remove the new one."""
    file = write(tmp_path, {**CLAIMS, "same": SAME}, roles=ROLES)
    assert "the same storage: one folder is the other, or inside of it" in refused(file, "uploads", to, folder)


def test_a_folder_is_not_moved_to_what_it_is_in(tmp_path: Path) -> None:
    roles = {**ROLES, "uploads": {"claim": "files", "subPath": "a/b"}}
    assert "the same storage" in refused(write(tmp_path, roles=roles), "uploads", "files", "a")


def test_a_folder_beside_the_old_one_is_another_place(tmp_path: Path) -> None:
    assert choose(write(tmp_path, roles=ROLES), "uploads", "files", "uploads-new").work.new.folder == "uploads-new"


def test_which_claims_are_disks(tmp_path: Path) -> None:
    file = write(tmp_path, CLAIMS)
    assert [is_disk(file, claim) for claim in ("kotaemon-disk", "kotaemon-files", "theirs")] == [True, False, False]
