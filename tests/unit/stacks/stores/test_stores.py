"""The section `kotaemon:stores`: every mistake has its exact message and prints no secret; and what comes of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.contract import Medium
from plan import stack_file
from plan.recorder import Run
from stacks.safety import RefusedByGuard
from stacks.settings import load
from stacks.settings.settings import Settings
from stacks.stores.external import refused_url
from stacks.stores.on_disks import backup_folders

RunProgram = Callable[..., Run]
FILES = {"kind": "nfs", "server": "nfs.example.org", "path": "/srv/nfs", "encryptedBy": "LUKS"}
DISK = {"kind": "storage-class", "storageClass": "fast", "encryptedBy": "LUKS"}
BUNDLED = {"kind": "bundled", "storageClass": "fast", "encryptedBy": "LUKS"}
QDRANT = {"kind": "qdrant-bundled", "storageClass": "fast", "encryptedBy": "LUKS"}
ENDPOINT = {"cidr": "10.0.0.5/32", "port": 5432}
URL = "postgresql://kotaemon:hunter2@db.example.com:5432/kotaemon"
EXTERNAL = {"kind": "external", "url": URL, "endpoint": ENDPOINT}
OUTSIDE = {"kind": "qdrant", "url": "https://q.example.com:6333", "apiKey": "hunter2", "endpoint": ENDPOINT}
SCALED: dict[str, Any] = {"profile": "scaled", "stores": {"database": BUNDLED, "vectorStore": QDRANT}}


def without(mapping: dict[str, Any], *keys: str, **changes: Any) -> dict[str, Any]:
    return {**{k: v for k, v in mapping.items() if k not in keys}, **changes}


def write(folder: Path, **settings: Any) -> Path:
    ours = {"platform": "private", "storage": {"claims": {"files": FILES}}, **settings}
    path = folder / "Pulumi.x.yaml"
    path.write_text(yaml.safe_dump({"config": {f"kotaemon:{k}": v for k, v in ours.items()}}, sort_keys=False))
    return path


def settings_of(folder: Path, **settings: Any) -> Settings:
    path = write(folder, **settings)
    values, secret = load.from_file(path)
    return load.load(values, set(secret), path.name)


def errors(folder: Path, **settings: Any) -> list[str]:
    with pytest.raises(load.SettingsError) as caught:
        settings_of(folder, **settings)
    assert "hunter2" not in str(caught.value)
    return caught.value.errors


def stores(database: Any = BUNDLED, vectors: Any = QDRANT, **more: Any) -> dict[str, Any]:
    return {"profile": "scaled", "stores": {"database": database, "vectorStore": vectors, **more}}


WHOLE_FILE = [
    (
        {"profile": "scaled", "stores": {"vectorStore": QDRANT}},
        "kotaemon:stores.database: missing; the profile scaled needs it",
    ),
    (
        {"profile": "scaled", "stores": {"database": BUNDLED}},
        "kotaemon:stores.vectorStore: missing; the profile scaled needs it",
    ),
    (
        {"stores": {"database": BUNDLED, "vectorStore": QDRANT}},
        "kotaemon:stores: only the profile scaled has stores, single-writer keeps its state in files; leave it out, or use profile: scaled",
    ),
    (
        {"autoscaler": {"minReplicas": 1, "maxReplicas": 3}},
        "kotaemon:autoscaler: only the profile scaled can have several pods, and this stack has profile single-writer; leave it out",
    ),
    (
        {**SCALED, "autoscaler": {"minReplicas": 4, "maxReplicas": 3}},
        "kotaemon:autoscaler: minReplicas 4 is more than maxReplicas 3",
    ),
    *(
        (
            {**SCALED, "env": {name: "true"}},
            f"kotaemon:env: {name}: graph indexes are local files for one writer, which the profile scaled cannot have; leave it out",
        )
        for name in ("USE_MS_GRAPHRAG", "USE_NANO_GRAPHRAG", "USE_LIGHTRAG")
    ),
]


@pytest.mark.parametrize(("settings", "message"), WHOLE_FILE)
def test_what_the_profile_needs_and_refuses(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    assert errors(tmp_path, **settings) == [message]


def test_graph_indexes_that_are_off_are_fine(tmp_path: Path) -> None:
    assert settings_of(tmp_path, **SCALED, env={"USE_LIGHTRAG": "false"}).env == {"USE_LIGHTRAG": "false"}


def test_two_replicas_of_a_single_writer_are_the_guards_to_refuse(pulumi_run: RunProgram, tmp_path: Path) -> None:
    write(tmp_path, replicas=2)
    file = stack_file.read("x", tmp_path)
    with pytest.raises(RefusedByGuard, match="sqlite-many-writers"):
        pulumi_run(file.program, stack="x", config=file.config)


MISTAKES = [
    (
        stores(database=without(EXTERNAL, url="db.example.com/kotaemon?password=hunter2")),
        "kotaemon:stores.database.url: [secret] has no scheme; it must be like "
        "postgresql://<user>:<password>@<host>:5432/<database>",
    ),
    (
        stores(database=without(EXTERNAL, url="mysql://kotaemon:hunter2@db/kotaemon")),
        "kotaemon:stores.database.url: [secret] must start with postgresql://, like "
        "postgresql://<user>:<password>@<host>:5432/<database>",
    ),
    (
        stores(database=without(EXTERNAL, url="postgresql:///hunter2")),
        "kotaemon:stores.database.url: [secret] has no host; it must be like "
        "postgresql://<user>:<password>@<host>:5432/<database>",
    ),
    (
        stores(database=URL),
        "kotaemon:stores.database: [secret] is not allowed; must be a mapping: keys with values, indented below it",
    ),
    (
        stores(database=without(EXTERNAL, "url")),
        "kotaemon:stores.database: give either url, or secretName and secretKey; the application needs it to connect",
    ),
    (
        stores(database=without(EXTERNAL, secretName="db", secretKey="url")),
        "kotaemon:stores.database: give either url, or secretName and secretKey; the application needs it to connect",
    ),
    (
        stores(database=without(EXTERNAL, "url", secretName="db")),
        "kotaemon:stores.database: secretName and secretKey must be given together",
    ),
    (
        stores(database=without(EXTERNAL, endpoint={"port": 5432})),
        "kotaemon:stores.database.endpoint: give either cidr or namespace, not both",
    ),
    (
        stores(database=without(EXTERNAL, endpoint={**ENDPOINT, "podLabels": {"app": "db"}})),
        "kotaemon:stores.database.endpoint: podLabels are allowed only with namespace",
    ),
    (
        stores(database=without(EXTERNAL, "kind")),
        "kotaemon:stores.database.kind: missing; allowed: external, bundled, cloudnative-pg",
    ),
    (
        stores(database={"kind": "sqlite"}),
        "kotaemon:stores.database.kind: 'sqlite' is not allowed; allowed: external, bundled, cloudnative-pg",
    ),
    (
        stores(vectors={"kind": "chroma"}),
        "kotaemon:stores.vectorStore.kind: 'chroma' is not allowed; allowed: qdrant, qdrant-bundled, milvus",
    ),
    *(
        (
            stores(vectors=without(OUTSIDE, "apiKey", kind=kind)),
            "kotaemon:stores.vectorStore: give either apiKey, or secretName and secretKey; without a key everybody who "
            "reaches the server can read every document",
        )
        for kind in ("qdrant", "milvus")
    ),
    (
        stores(vectors=without(OUTSIDE, url="q.example.com")),
        "kotaemon:stores.vectorStore.url: 'q.example.com' must be a URL, for example https://qdrant.example.com:6333",
    ),
    (
        stores(documentStore={"kind": "elasticsearch", "url": "http://es:9200", "endpoint": ENDPOINT}),
        "kotaemon:stores.documentStore: give either password, or secretName and secretKey; without one everybody who "
        "reaches the server can read every document",
    ),
    (
        stores(database=without(BUNDLED, "storageClass")),
        "kotaemon:stores.database.storageClass: missing: StorageClass of the disks; "
        "its binding mode should be WaitForFirstConsumer",
    ),
    (
        stores(database={**BUNDLED, "image": "docker.io/library/postgres:latest"}),
        "kotaemon:stores.database.image: 'docker.io/library/postgres:latest' must be pinned by a version tag or a "
        "digest, because main-* and latest-* name changing images",
    ),
    (
        stores(database={**BUNDLED, "backup": {"schedule": "daily"}}),
        "kotaemon:stores.database.backup.schedule: 'daily' must be a cron schedule of five fields, for example 15 2 * * *",
    ),
    (
        stores(database={**BUNDLED, "backup": {"claim": "fils"}}),
        "kotaemon:stores.database.backup.claim is 'fils', but the claims are: files",
    ),
    (
        stores(database={**BUNDLED, "pasword": "hunter2"}),
        "kotaemon:stores.database.pasword: unknown key; known here: existing, kind, storageClass, size, encryptedBy, "
        "cpuRequest, memoryRequest, memoryLimit, accessMode, backup, image, driver",
    ),
    (
        stores(
            database={
                "kind": "cloudnative-pg",
                "storageClass": "fast",
                "archive": {"destination": "https://backups.example.com"},
            }
        ),
        "kotaemon:stores.database.archive.destination: 'https://backups.example.com' must be the URL of a bucket, for "
        "example s3://backups/kotaemon",
    ),
]


@pytest.mark.parametrize(("settings", "message"), MISTAKES)
def test_mistakes(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    assert errors(tmp_path, **settings) == [message]


TWICE = [
    (
        {"claims": {"files": FILES, "database-disk": DISK}},
        "kotaemon:stores.database: its disk is called database-disk, and so is a claim; "
        "rename that claim in storage.claims",
    ),
    (
        {"claims": {"files": FILES}, "roles": {"eval": {"subPath": "backup-vectors/eval"}}},
        "kotaemon:stores.vectorStore.backup: its folder backup-vectors on files is the folder of the role eval; "
        "give the role another subPath",
    ),
    (
        {"claims": {"files": FILES}, "roles": {"eval": {"subPath": "uploads"}}},
        "kotaemon:storage: roles uploads and eval share the folder 'uploads' of claim 'files'; give one of them "
        "another subPath",
    ),
    (
        {"claims": {"disk": DISK}},
        "kotaemon:stores.database.backup: needs a file claim to copy to, and there is none; "
        "add one to storage.claims, or set backup: null",
    ),
]


@pytest.mark.parametrize(("storage", "message"), TWICE)
def test_two_stores_on_one_claim_path(tmp_path: Path, storage: dict[str, Any], message: str) -> None:
    assert errors(tmp_path, **SCALED, storage=storage)[0] == message


def test_what_two_stores_lack_is_told_of_each(tmp_path: Path) -> None:
    assert errors(tmp_path, profile="scaled") == [
        "kotaemon:stores.database: missing; the profile scaled needs it",
        "kotaemon:stores.vectorStore: missing; the profile scaled needs it",
    ]


def test_a_copy_goes_to_a_file_claim_and_to_no_disk(tmp_path: Path) -> None:
    claims = {"files": FILES, "disk": DISK}
    wrong = stores(database={**BUNDLED, "backup": {"claim": "disk"}})
    assert errors(tmp_path, **wrong, storage={"claims": claims}) == [
        "kotaemon:stores.database.backup.claim is 'disk', which is a disk, but only a file claim can be mounted on every node; give a file claim"
    ]


@pytest.mark.parametrize("url", ["postgresql://u:p@h/d", "postgresql://u:p@[::1]:5432/d", load.SECRET_TEXT])
def test_urls_that_are_fine(url: str) -> None:
    assert refused_url(url) == ""


def test_a_url_that_is_still_encrypted_can_be_planned(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, **stores(database=without(EXTERNAL, url={"secure": "v1:abc"})))
    assert settings.stores
    assert settings.stores.database


def test_defaults(tmp_path: Path) -> None:
    found = settings_of(tmp_path, **SCALED).stores
    assert found
    assert {name: (store.size, store.backup and store.backup.keep) for name, store in found.bundled.items()} == {
        "database": ("20Gi", 14),
        "vectors": ("20Gi", 14),
    }
    assert found.document_store is None


def test_the_preparation_makes_the_folders_of_the_copies(tmp_path: Path) -> None:
    claims = {"files": FILES, "cold": {**FILES, "path": "/srv/cold"}}
    more = stores(vectors={**QDRANT, "backup": {"claim": "cold"}})
    more["stores"]["database"] = {**more["stores"]["database"], "backup": {"claim": "files"}}
    roles = {role: {"claim": "files"} for role in ("models", "indexes", "uploads", "logs", "eval")}
    settings = settings_of(tmp_path, **more, storage={"claims": claims, "roles": roles})
    assert backup_folders(settings, "files") == ["backup-database"]
    assert backup_folders(settings, "cold") == ["backup-vectors"]
    assert settings.storage.claims["cold"].medium == Medium.FILE
