"""Every path, page, heading and module that a text of the repository names is there. The rules: tests/unit/references.py."""

import pytest

from tests.unit import references
from tests.unit.tree import files


def test_every_reference_leads_somewhere() -> None:
    lost = [line for name in files() for line in references.broken(name)]
    assert not lost, f"{len(lost)} references lead nowhere:\n" + "\n".join(lost)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[stores](stores.md#which-kind)", ""),
        ("[stores](stores.md#no-such-kind)", "link to stores.md#no-such-kind: no such heading"),
        ("[stores](../docs/store.md)", "link to ../docs/store.md: no such file"),
        ("[here](#drills)", ""),
        ("[here](#drill)", "link to #drill: no such heading"),
        ("[out](https://example.com/a.md)", ""),
        ("[a pull request's](../blob/main/docs/stores.md)", ""),
        ("```\n[code](nowhere.md)\n```", ""),
    ],
)
def test_links_are_followed_from_their_page(text: str, told: str) -> None:
    assert [what for _, what in references.broken_links("docs/drills.md", text)] == ([told] if told else [])


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("see docs/stores.md", ""),
        ("see `facts/kotaemon.md`, beside it", ""),
        ("see components/block/", ""),
        ("see components/blocks/", "components/blocks/"),
        ("see docs/facts/peers.md.", "docs/facts/peers.md"),
        ("see Pulumi.*.yaml and docs/decisions/*.md and docs/decisions/<number>-cost-output.md", ""),
        ("see docs/decisions/<number>-no-such.md", "docs/decisions/<number>-no-such.md"),
        ("as JSON in build/plan/<stack>.json", ""),
        ("aws-ebs-csi-driver docs/parameters.md", ""),
        ("the driver's docs/parameters.md", "docs/parameters.md"),
        ("read/write, and/or, policy/v1, /srv/nfs/kotaemon, https://example.com/docs/x.md, ../docs/x.md", ""),
    ],
)
def test_paths_are_followed(text: str, lost: str) -> None:
    told = [what for _, what in references.broken_paths("docs/drills.md", text)]
    assert told == ([f"{lost}: no such file or folder"] if lost else [])


@pytest.mark.parametrize(("text", "lost"), [("stores.md", ""), ("design.md 4", "design.md"), ("docs/nowhere.md", "")])
def test_a_bare_page_is_beside_the_file(text: str, lost: str) -> None:
    told = [what for _, what in references.broken_pages("docs/drills.md", text)]
    assert told == ([f"{lost}: no such page beside this file; name its folder"] if lost else [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("docs/facts/storage.md 5.2", ""),
        ("docs/facts/kotaemon.md 8-3", ""),
        ("`docs/facts/kotaemon.md`, chapter 8", ""),
        ("[facts](docs/facts/kotaemon.md) 1", ""),
        ("docs/facts/kotaemon.md 80", "docs/facts/kotaemon.md 80: docs/facts/kotaemon.md has no chapter 80"),
        ("`docs/facts/storage.md`, chapter 5.9", "docs/facts/storage.md has no chapter 5.9"),
        ('"A URN that changes" in docs/ARCHITECTURE.md', ""),
        ('"A URN that stays" in docs/ARCHITECTURE.md', '"A URN that stays" in docs/ARCHITECTURE.md: no such heading'),
        ("`python -m devcluster.build`, `python -m pytest`", ""),
        ("`python -m devcluster.nothing`", "python -m devcluster.nothing: no such module"),
        ("the limit (issue 9)", "issue 9: of which tracker? Write owner/repository#9"),
        ("pulumi/pulumi#7888", ""),
    ],
)
def test_chapters_headings_modules_and_issues_are_followed(text: str, told: str) -> None:
    found = [what for _, what in references.broken_words("README.md", text)]
    assert len(found) == bool(told)
    assert all(what.endswith(told) for what in found)


def test_of_python_comments_docstrings_and_messages_are_read() -> None:
    read = {text: prose for _, text, prose in references.texts(".github/scripts/redact.py")}
    assert read["Takes out of an output what a log or a comment must not show."]
    assert read["# Certificates and keys of a kubeconfig, in base64."]
    assert read["<long value>"] is False
