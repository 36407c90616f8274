"""What may not leave the program, by what the last run that ended well has left."""

import pytest

from guard.twice import Described
from stacks.protected import names, refuse
from stacks.safety import RefusedByGuard

NAMESPACE = Described("kubernetes:core/v1:Namespace", "kotaemon-namespace", {}, protect=True)
POD = Described("kubernetes:apps/v1:Deployment", "kotaemon", {})


def test_only_what_is_protected_is_remembered() -> None:
    assert names([POD, NAMESPACE]) == ("Namespace kotaemon-namespace",)


def test_what_is_still_there_or_was_never_remembered_is_not_refused() -> None:
    refuse(names([NAMESPACE]), [NAMESPACE], "x")
    refuse((), [POD], "x")


def test_another_name_in_this_release_is_no_leaving() -> None:
    renamed = NAMESPACE._replace(name="space", earlier=("kotaemon-namespace",))
    refuse(names([NAMESPACE]), [renamed], "x")


def test_what_leaves_is_refused_with_its_name() -> None:
    with pytest.raises(
        RefusedByGuard, match=r"Pulumi\.x\.yaml: these would leave the stack.*\n  - Namespace kotaemon-n"
    ):
        refuse(names([NAMESPACE]), [POD], "x")
