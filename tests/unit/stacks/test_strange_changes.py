"""Stack files as strangers change them: two things at once, names swapped, other spellings, lines left in place or wrong.

Whatever is accepted leaves every role where it is, and takes no protected resource out of the program.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.effects.fields import STACKS
from tests.unit.stacks.strangers import Document, changed, document, outcome

Values = dict[str, Any]
ARCHIVE = {"kind": "nfs", "server": "nfs.devcluster.internal", "path": "/srv/nfs/archive", "encryptedBy": "simulated"}
FILES = {**ARCHIVE, "path": "/srv/nfs/kotaemon"}
DISK = {"kind": "storage-class", "storageClass": "dev-block", "size": "20Gi", "encryptedBy": "simulated"}
SHARED = ("models", "uploads", "logs", "eval")
TWO: Values = {
    "storage.claims": {"files": FILES, "archive": ARCHIVE, "disk": DISK},
    "storage.roles": {**{role: {"claim": "files"} for role in SHARED}, "eval": {"claim": "archive"}},
}
SWAPPED = {"files": ARCHIVE, "archive": FILES, "disk": DISK}
UPLOADS, EVAL = (
    f"path /srv/nfs/{path}, server nfs.devcluster.internal, folder {folder}"
    for path, folder in (("kotaemon", "uploads"), ("archive", "eval"))
)
EXTERNAL = {
    "kind": "external",
    "secretName": "db",
    "secretKey": "url",
    "endpoint": {"cidr": "10.0.0.0/24", "port": 5432},
}
BACKUP = {"to": {"url": "s3:https://s3.example.com/bucket/folder", "secretName": "repository"}}
URL: Values = {"stores.database.secretName": None, "stores.database.secretKey": None}
FS = "fs-0123456789abcdef0"


def url(text: str) -> Values:
    return {**URL, "stores.database.url": text}


def on(claim: str, *roles: str) -> Values:
    return {f"storage.roles.{role}.claim": claim for role in roles}


ACCEPTED: list[tuple[str, str, Values, Values]] = [
    (
        "the same size in another unit",
        "dev",
        {"storage.claims.disk.size": "1024Gi"},
        {"storage.claims.disk.size": "1Ti"},
    ),
    ("the backups, once they are not protected", "dev", {"backup": BACKUP, "protect": False}, {"backup": None}),
    ("a folder with a slash at its end", "dev", {}, {"storage.roles.uploads.subPath": "uploads/"}),
    ("roles say where they are", "dev", {}, on("files", *SHARED) | on("disk", "indexes", "sessions")),
    ("protect false", "dev", {}, {"protect": False}),
    ("protect false and back", "dev", {"protect": False}, {"protect": None}),
    ("a line of moved that names nothing", "dev", {}, {"moved": {"uploads": {"from": "here", "to": "there"}}}),
    ("a line of moved that stays", "dev", {}, {"moved": {"uploads": {"from": EVAL, "to": UPLOADS}}}),
    ("a released key that is not there", "dev", {}, {"released": ["storage.claims.nothing"]}),
    ("the namespace, once it is not protected", "dev", {"protect": False}, {"namespaceExists": True}),
    (
        "the archive of a database, once released",
        "fields-operated",
        {"released": ["stores.database"]},
        {"released": None, "stores.database.archive": None},
    ),
    (
        "another password, and the host in capitals",
        "fields-theirs",
        url("postgresql://u:first@db.example.org/k"),
        url("postgresql://u:second@DB.example.org:5432/k"),
    ),
    (
        "a wider network of a database whose URL is in the stack file",
        "fields-theirs",
        url("postgresql://u:p@db.example.org/k"),
        {"stores.database.endpoint.cidr": "10.9.0.0/16"},
    ),
]


@pytest.mark.parametrize(("stack", "before", "change"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_it_is_accepted_and_everything_stays_where_it_is(stack: str, before: Values, change: Values) -> None:
    lives = changed(document(stack), before)
    found = outcome(stack, lives, changed(lives, change))
    assert (found.refused, found.unprotected, found.left) == ("", (), ())


REFUSED: list[tuple[str, str, Values, Values, list[str]]] = [
    (
        "two claims change names",
        "dev",
        TWO,
        {"storage.claims": SWAPPED},
        [
            "kotaemon:storage.claims.files: is path /srv/nfs/kotaemon",
            "kotaemon:storage.claims.archive: is path /srv/nfs/a",
        ],
    ),
    (
        "two claims change names, and their roles as well",
        "dev",
        TWO,
        {"storage.claims": SWAPPED, **on("archive", "models", "uploads", "logs"), **on("files", "eval")},
        ["kotaemon:storage.claims.files: is path /srv/nfs/kotaemon"],
    ),
    (
        "two roles change folders",
        "dev",
        {},
        {"storage.roles.uploads.subPath": "models", "storage.roles.models.subPath": "uploads"},
        [
            "models: its new place is where uploads is. Move uploads first",
            "ROLE=models TO=files FOLDER=uploads-new WRITE=1",
        ],
    ),
    (
        "a folder of a role that moves away",
        "dev",
        {},
        {"storage.roles.uploads.subPath": "models", "storage.roles.models.subPath": "elsewhere"},
        [
            "uploads: its new place is where models is. Move models first",
            "ROLE=models TO=files FOLDER=elsewhere WRITE=1",
        ],
    ),
    (
        "a claim has another name, and a role another folder",
        "dev",
        {},
        {"storage.claims.files": None, "storage.claims.shared": FILES, **on("shared", *SHARED)}
        | {"storage.roles.uploads.subPath": "new"},
        ["kotaemon:storage.claims.files: left the stack file", "uploads: is on kotaemon:storage.claims.files"],
    ),
    (
        "a claim goes, and its name comes back with another kind",
        "dev",
        {},
        {"storage.claims.disk": ARCHIVE, "storage.claims.second": DISK, **on("files", *SHARED)}
        | on("second", "indexes", "sessions"),
        [
            "kotaemon:storage.claims.disk: is claim kotaemon/kotaemon-disk",
            "indexes: is on kotaemon:storage.claims.disk",
        ],
    ),
    (
        "unprotected and renamed in one run",
        "dev",
        {},
        {"protect": False, "storage.claims.disk": None, "storage.claims.fast": DISK},
        ["kotaemon:storage.claims.disk: left the stack file", "indexes: is on kotaemon:storage.claims.disk"],
    ),
    (
        "renamed after it was unprotected",
        "dev",
        {"protect": False},
        {"storage.claims.disk": None, "storage.claims.fast": DISK},
        ["indexes: is on kotaemon:storage.claims.disk"],
    ),
    (
        "moved the other way round",
        "dev",
        TWO,
        {**on("archive", "uploads"), "moved": {"uploads": {"from": EVAL, "to": UPLOADS}}},
        ["uploads: is on kotaemon:storage.claims.files"],
    ),
    (
        "one line of moved for two roles",
        "dev",
        TWO,
        {
            **on("archive", "uploads", "logs"),
            "moved": {"uploads": {"from": UPLOADS, "to": EVAL.replace("folder eval", "folder uploads")}},
        },
        ["logs: is on kotaemon:storage.claims.files"],
    ),
    (
        "a size of a tenth",
        "dev",
        {},
        {"storage.claims.disk.size": "0.1Ti"},
        ["kotaemon:storage.claims.disk.size: '0.1Ti' must be a whole number of Gi or Ti"],
    ),
    (
        "a smaller size in a larger unit",
        "dev",
        {"storage.claims.disk.size": "2000Gi"},
        {"storage.claims.disk.size": "1Ti"},
        ["storage.claims.disk.size: 2000Gi -> 1Ti, refused: it cannot shrink"],
    ),
    (
        "a path with a slash at its end, which a volume keeps for ever",
        "dev",
        {},
        {"storage.claims.files.path": "/srv/nfs/kotaemon/"},
        ["kotaemon:storage.claims.files: is path /srv/nfs/kotaemon, server"],
    ),
    (
        "the same URL in another spelling",
        "aws-scaled",
        {},
        {"stores.vectorStore.url": "http://qdrant.internal.example.com:6333/"},
        ["vectors: if it is the same server under another name, nothing has to be moved"],
    ),
    (
        "a store of the stack becomes an existing one",
        "private-scaled",
        {},
        {"stores.database": EXTERNAL},
        ["kotaemon:stores.database: left the stack file", "`kotaemon:released: [stores.database]`"],
    ),
    (
        "a store of the stack becomes an existing one, once released",
        "private-scaled",
        {"released": ["stores.database"]},
        {"released": None, "stores.database": EXTERNAL},
        ["sessions: is on kotaemon:stores.database"],
    ),
    (
        "the Secret with the URL of a database",
        "fields-theirs",
        {},
        {"stores.database.secretName": "other"},
        [
            "sessions: is on kotaemon:stores.database",
            "id secret other/key",
            "if it is the same server under another name",
        ],
    ),
    (
        "another network of a database whose URL is in a Secret",
        "fields-theirs",
        {},
        {"stores.database.endpoint.cidr": "10.9.1.0/24"},
        ["sessions: is on kotaemon:stores.database"],
    ),
    (
        "another database of the same server",
        "fields-theirs",
        url("postgresql://u:p@db.example.org/k"),
        url("postgresql://u:p@db.example.org/other"),
        ["sessions: is on kotaemon:stores.database"],
    ),
    (
        "the namespace is somebody else's from now on",
        "dev",
        {},
        {"namespaceExists": True},
        ["  - Namespace kotaemon-namespace\n", "write `kotaemon:protect: false` beside it and run `up`"],
    ),
    (
        "the namespace is the stack's from now on",
        "dev",
        {"namespaceExists": True},
        {"namespaceExists": None},
        ["kotaemon:namespaceExists: true -> false, refused: leave it true"],
    ),
    (
        "the archive of a database is left out",
        "fields-operated",
        {},
        {"stores.database.archive": None},
        ["  - ObjectStore kotaemon-database-archive\n  - ScheduledBackup kotaemon-database-backups\n"],
    ),
    (
        "the backups are left out",
        "dev",
        {"backup": BACKUP},
        {"backup": None},
        ["  - Secret kotaemon-backup-secret\n"],
    ),
    (
        "a driver of the stack is somebody else's from now on",
        "aws-single",
        {"aws.cluster": "acme", "aws.drivers.efs": {"mode": "install"}},
        {"aws.drivers.efs": None},
        ["  - Addon aws-efs-csi-driver-addon-addon\n  - Role aws-efs-csi-driver-role\n"],
    ),
    (
        "an earlier PostgreSQL for the operator",
        "fields-operated",
        {},
        {"stores.database.image": "ghcr.io/cloudnative-pg/postgresql:17.6"},
        [
            "stores.database.image: ghcr.io/cloudnative-pg/postgresql:18.6-system-trixie -> ",
            "refused: recover a backup",
        ],
    ),
    (
        "no claim at all",
        "dev",
        {},
        {"storage.claims": {}},
        ["kotaemon:storage.claims: must have at least one entry"],
    ),
    (
        "a claim without a line below it",
        "dev",
        {},
        {"storage.claims": {"files": None, "disk": DISK}},
        ["kotaemon:storage.claims.files: must be a mapping"],
    ),
    (
        "a word in place of a list",
        "dev",
        {},
        {"released": "namespace"},
        ["kotaemon:released: 'namespace' is not allowed; must be a list"],
    ),
]


@pytest.mark.parametrize(
    ("stack", "before", "change", "lines"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_it_is_refused_with_the_way(stack: str, before: Values, change: Values, lines: list[str]) -> None:
    lives = changed(document(stack), before)
    found = outcome(stack, lives, changed(lives, change))
    assert [line for line in lines if line not in found.refused] == [], found.refused


def test_an_id_in_the_stack_file_that_is_not_the_remembered_one_is_refused() -> None:
    lives = document("aws-single")
    named = changed(lives, {"storage.claims.files.existing": {"files": FS}})
    assert outcome("aws-single", lives, named, {"storage.claims.files": FS}).refused == ""
    other = outcome("aws-single", lives, named, {"storage.claims.files": "fs-1111111111abcdef0"})
    assert f"would be kind efs, name files, region eu-central-1, zone all, id {FS}" in other.refused


def paths(of: Document, *above: str) -> Iterator[tuple[str, ...]]:
    """Every key of a stack file, with those above it."""
    for key, value in of.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from paths(value, *above, key)


def without(of: Document, path: tuple[str, ...]) -> Document:
    """The document without one key."""
    first, *rest = path
    kept = {key: value for key, value in of.items() if key != first}
    return {**kept, first: without(of[first], tuple(rest))} if rest else kept


OF_A_STORE = ("fields-operated", "kotaemon:stores")
SECTIONS = [
    pytest.param(stack, key, id=f"{stack}-{key}", marks=() if (stack, key) == OF_A_STORE else pytest.mark.long)
    for stack in STACKS
    for key in document(stack)["config"]
]


@pytest.mark.parametrize(("stack", "section"), SECTIONS)
def test_a_key_that_is_left_out_takes_nothing_protected_along(stack: str, section: str) -> None:
    lives = document(stack)
    for path in paths({section: lives["config"][section]}):
        found = outcome(stack, lives, {"config": without(lives["config"], path)})
        assert (found.unprotected, found.left) == ((), ()), path
