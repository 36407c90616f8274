"""A marker file for each role, in the pods of real nodes: every accepted change leaves it, and a refused one too.

The tests follow each other, in this order.
"""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.contract import Role
from deploy import up
from stacks.safety import RefusedByGuard
from tests.cluster import stacks
from tests.cluster.objects import wait
from tests.cluster.single_writer import ready_pods
from tests.cluster.sites import Site, brought_up, need_real_nodes
from tests.cluster.stacks import DISK, FILES

NAME = "markers"
MORE = {**FILES, "path": "/srv/more"}
ROLES: dict[str, Any] = {
    role.value: {"claim": "disk" if role in (Role.INDEXES, Role.SESSIONS) else "files"} for role in Role
}
CLAIMS: dict[str, Any] = {"disk": DISK, "files": FILES}
WRITE = 'for role in "$@"; do echo "of $role" > /data/$role/marker || exit 1; done'
READ = 'for role in "$@"; do cat /data/$role/marker || echo "$role has no marker"; done'
ACCEPTED: dict[str, dict[str, Any]] = {
    "a claim more, first by name": {"claims": {**CLAIMS, "archive": MORE}},
    "and one more, last by name": {"claims": {**CLAIMS, "archive": MORE, "zone": {**MORE, "path": "/srv/zone"}}},
    "a claim without a role is released": {
        "claims": {**CLAIMS, "archive": MORE, "zone": {**MORE, "path": "/srv/zone"}},
        "released": ["storage.claims.zone"],
    },
    "and leaves": {"claims": {**CLAIMS, "archive": MORE}},
    "no protection": {"claims": {**CLAIMS, "archive": MORE}, "protect": False},
    "protection again": {"claims": {**CLAIMS, "archive": MORE}},
    "another mount option": {"claims": {**CLAIMS, "archive": MORE, "files": {**FILES, "mountOptions": ["actimeo=3"]}}},
    "a larger shared claim": {"claims": {**CLAIMS, "archive": MORE, "files": {**FILES, "size": "200Gi"}}},
    "a variable of the pod": {"claims": {**CLAIMS, "archive": MORE}, "env": {"ANYTHING": "else"}},
}
REFUSED: dict[str, dict[str, Any]] = {
    "another folder": {"claims": CLAIMS, "roles": {**ROLES, "uploads": {"claim": "files", "subPath": "elsewhere"}}},
    "another server": {"claims": {**CLAIMS, "files": {**FILES, "server": "other.example.org"}}},
    "another claim": {"claims": {**CLAIMS, "archive": MORE}, "roles": {**ROLES, "models": {"claim": "archive"}}},
    "another name": {
        "claims": {"disk": DISK, "shared": FILES},
        "roles": {role: {"claim": place["claim"].replace("files", "shared")} for role, place in ROLES.items()},
    },
    "a smaller disk": {"claims": {**CLAIMS, "disk": {**DISK, "size": "5Gi"}}},
}
BRIEF = ("a claim more, first by name", "no protection", "protection again", "a variable of the pod", "another server")
"""The changes of the short form."""


def params(table: dict[str, dict[str, Any]]) -> list[Any]:
    return [pytest.param(name, marks=() if name in BRIEF else pytest.mark.long) for name in table]


@dataclass
class Marked:
    """A stack with a marker in each role."""

    site: Site
    folder: Path

    def say(self, claims: dict[str, Any], roles: dict[str, Any] = ROLES, **settings: Any) -> None:
        """Write the stack file."""
        ours = {"storage": {"claims": claims, "roles": roles}, **settings}
        self.site.file = stacks.write(self.folder, NAME, claims, **ours)

    def run(self, script: str) -> str:
        """Run a script with the roles as its arguments in the pod that serves."""
        api = self.site.cluster.api()
        wait("one pod is ready", lambda: len(ready_pods(api, NAME)) == 1, 120)
        return self.site.execute("sh", "-c", script, "sh", *ROLES)

    @property
    def whole(self) -> bool:
        """Whether the pod reads every marker."""
        return self.run(READ).split("\n") == [*(f"of {role}" for role in ROLES), ""]


@pytest.fixture(scope="module")
def marked(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Marked]:
    need_real_nodes()
    folder = tmp_path_factory.mktemp("markers")
    with brought_up(stacks.write(folder, NAME, CLAIMS)) as site:
        yield Marked(site, folder)


def test_the_pod_writes_a_marker_into_each_role(marked: Marked) -> None:
    assert not marked.whole
    assert marked.run(WRITE) == ""
    assert marked.whole


@pytest.mark.parametrize("change", params(ACCEPTED))
def test_an_accepted_change_leaves_every_marker(marked: Marked, change: str) -> None:
    marked.say(**ACCEPTED[change])
    marked.site.run(up.up)
    assert marked.whole


@pytest.mark.parametrize("change", params(REFUSED))
def test_a_refused_change_leaves_pod_and_markers(marked: Marked, change: str) -> None:
    before = [pod.metadata.name for pod in ready_pods(marked.site.cluster.api(), NAME)]
    marked.say(**REFUSED[change])
    with pytest.raises(RefusedByGuard):
        marked.site.run(up.up)
    assert [pod.metadata.name for pod in ready_pods(marked.site.cluster.api(), NAME)] == before
    assert marked.whole


def test_going_back_changes_nothing(marked: Marked) -> None:
    marked.say(**ACCEPTED["a variable of the pod"])
    assert "No change: everything is as the program wants it." in marked.site.run(up.up)
    assert marked.whole
