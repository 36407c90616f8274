"""The lines of a move in the text of a stack file: comments and layout stay, and what came out is what was meant."""

import pytest
import yaml

from stacks.moving.lines import Unwritable, meant, moved

HEAD = """# ours
encryptionsalt: v1:abc=
config:
  # the platform
  kotaemon:platform: private
  kotaemon:adminPassword:
    secure: AAAB # from the vault
  kotaemon:storage:
    claims:
      files: {kind: nfs, server: s, path: /srv}  # shared
"""
BLOCK = HEAD + "    roles:\n      # why\n      uploads:\n        claim: files # here\n      eval: {claim: files}\n"
FLOW = HEAD + "    roles: {uploads: {claim: files, subPath: up}, eval: {claim: files}}\n"
OLD = 'path /srv, "quoted", folder uploads'
TO = {"uploads": {"claim": "new"}}


@pytest.mark.parametrize("text", [HEAD, BLOCK, FLOW], ids=["no roles", "block", "flow"])
@pytest.mark.parametrize("roles", [TO, {"uploads": {"claim": "new", "subPath": "a/b"}, "logs": {"claim": "files"}}])
def test_only_what_was_meant_changes(text: str, roles: dict[str, dict[str, str]]) -> None:
    found = moved(text, roles, "uploads", OLD, "path /new: x")
    assert yaml.safe_load(found) == meant(text, roles, "uploads", OLD, "path /new: x")
    for comment in ("# ours", "# the platform", "# from the vault", "# shared"):
        assert comment in found
    assert yaml.safe_load(found)["config"]["kotaemon:moved"] == {"uploads": {"from": OLD, "to": "path /new: x"}}


def test_comments_beside_a_changed_value_stay() -> None:
    assert "        claim: new # here\n" in moved(BLOCK, TO, "uploads", OLD, "n")


@pytest.mark.parametrize(
    "before",
    [
        "  kotaemon:moved: {uploads: {from: a, to: b}}\n",
        "  kotaemon:moved:\n    uploads:\n      from: a\n      to: b\n    eval: {from: c, to: d}\n",
        "  kotaemon:moved: {}\n",
    ],
)
def test_lines_of_an_earlier_move_are_replaced_and_others_stay(before: str) -> None:
    found = yaml.safe_load(moved(BLOCK + before, TO, "uploads", OLD, "n"))["config"]["kotaemon:moved"]
    assert found["uploads"] == {"from": OLD, "to": "n"}
    assert found.get("eval") == ({"from": "c", "to": "d"} if "eval" in before else None)


def test_what_cannot_be_written_is_said_with_the_lines() -> None:
    anchored = HEAD + "    roles:\n      uploads: &same {claim: files}\n      eval: *same\n"
    with pytest.raises(Unwritable) as error:
        moved(anchored, TO, "uploads", OLD, "n")
    assert "      uploads: {claim: new}" in str(error.value)
    assert "kotaemon:moved:" in str(error.value)
