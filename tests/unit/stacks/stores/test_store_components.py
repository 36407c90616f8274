"""What comes of the section `kotaemon:stores`: environment, Secrets, policies, order and warnings."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plan import stack_file
from plan.recorder import Run
from tests.unit.stacks.stores.test_stores import (
    BUNDLED,
    ENDPOINT,
    EXTERNAL,
    OUTSIDE,
    QDRANT,
    SCALED,
    URL,
    stores,
    without,
    write,
)

RunProgram = Callable[..., Run]


def run(pulumi_run: RunProgram, folder: Path, **settings: Any) -> Run:
    write(folder, **settings)
    file = stack_file.read("x", folder)
    return pulumi_run(file.program, stack="x", config=file.config, secret_keys=file.secret_keys)


def environment(done: Run) -> dict[str, Any]:
    (container,) = done.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]["containers"]
    return {e["name"]: e.get("value") or e.get("valueFrom", {}).get("secretKeyRef") for e in container["env"]}


def out_of_the_pods(done: Run) -> list[Any]:
    policy = done.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "kotaemon-policy")
    return policy.inputs["spec"]["egress"]


def test_bundled_stores_reach_the_application(pulumi_run: RunProgram, tmp_path: Path) -> None:
    done = run(pulumi_run, tmp_path, **SCALED, replicas=3)
    found = environment(done)
    assert found["KH_DATABASE"] == {"name": "kotaemon-database", "key": "url"}
    assert (found["KS_VECTOR_STORE"], found["QDRANT_URL"]) == ("qdrant", "http://kotaemon-vectors:6333")
    assert found["QDRANT_API_KEY"] == {"name": "kotaemon-vectors", "key": "api-key"}
    assert found["KS_DOC_STORE"] == "lancedb"
    peers = [rule.get("to", [{}])[0].get("podSelector", {}).get("matchLabels") for rule in out_of_the_pods(done)]
    assert {"app.kubernetes.io/name": "postgresql", "app.kubernetes.io/instance": "kotaemon-database"} in peers
    assert {"app.kubernetes.io/name": "qdrant", "app.kubernetes.io/instance": "kotaemon-vectors"} in peers


def test_the_application_waits_for_the_bundled_stores(pulumi_run: RunProgram, tmp_path: Path) -> None:
    done = run(pulumi_run, tmp_path, **SCALED)
    waited = done.one("kubernetes:apps/v1:Deployment").depends_on
    servers = done.of("kubernetes:apps/v1:StatefulSet")
    assert len(servers) == 2
    assert all(server.urn in waited for server in servers)


def test_external_stores_by_value(pulumi_run: RunProgram, tmp_path: Path) -> None:
    elastic = {
        "kind": "elasticsearch",
        "url": "https://es.example.com:9200",
        "password": "hunter2",
        "endpoint": {"namespace": "elastic", "podLabels": {"app": "es"}, "port": 9200},
    }
    done = run(pulumi_run, tmp_path, **stores(EXTERNAL, OUTSIDE, documentStore=elastic))
    found = environment(done)
    assert found["KH_DATABASE"] == {"name": "kotaemon-database-url", "key": "url"}
    assert found["QDRANT_API_KEY"] == {"name": "kotaemon-vectors-api-key", "key": "api-key"}
    assert found["ELASTICSEARCH_PASSWORD"] == {"name": "kotaemon-documents-password", "key": "password"}
    secrets = {r.name: r for r in done.of("kubernetes:core/v1:Secret")}
    assert all("data" in secret.secret_keys for secret in secrets.values())
    data = secrets["kotaemon-database-url"].inputs["data"]
    assert base64.b64decode(data["url"]).decode() == URL
    assert {
        "to": [
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "elastic"}},
                "podSelector": {"matchLabels": {"app": "es"}},
            }
        ],
        "ports": [{"port": 9200, "protocol": "TCP"}],
    } in out_of_the_pods(done)
    assert done.of("kubernetes:apps/v1:StatefulSet") == []


def test_external_stores_by_secret(pulumi_run: RunProgram, tmp_path: Path) -> None:
    database = without(EXTERNAL, "url", secretName="db", secretKey="uri", driver="image")
    milvus = without(OUTSIDE, "apiKey", kind="milvus", secretName="milvus", secretKey="token")
    done = run(pulumi_run, tmp_path, **stores(database, milvus))
    found = environment(done)
    assert found["KH_DATABASE"] == {"name": "db", "key": "uri"}
    assert found["MILVUS_TOKEN"] == {"name": "milvus", "key": "token"}
    assert [r.name for r in done.of("kubernetes:core/v1:Secret")] == ["kotaemon-admin"]
    pod = done.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]
    assert [c["name"] for c in pod["initContainers"]] == ["prepare", "wait-stores"]


def test_the_operators_database(pulumi_run: RunProgram, tmp_path: Path) -> None:
    archive = {"destination": "s3://backups/kotaemon", "credentialsSecret": "bucket", "retentionDays": 7}
    operated = {"kind": "cloudnative-pg", "storageClass": "fast", "encryptedBy": "LUKS", "archive": archive}
    done = run(pulumi_run, tmp_path, **stores(operated))
    assert environment(done)["KH_DATABASE"] == {"name": "kotaemon-database-app", "key": "uri"}
    assert done.one("kubernetes:barmancloud.cnpg.io/v1:ObjectStore").inputs["spec"]["retentionPolicy"] == "7d"


WARNINGS = [
    (
        stores(without(BUNDLED, "encryptedBy")),
        "kotaemon:stores.database.encryptedBy: nothing is known to encrypt the disks of class fast",
    ),
    (
        stores(vectors={**QDRANT, "backup": None}),
        "kotaemon:stores.vectorStore.backup: null, so nothing copies this store",
    ),
    (
        stores({"kind": "cloudnative-pg", "storageClass": "fast", "encryptedBy": "LUKS"}),
        "kotaemon:stores.database.archive: missing, so nothing copies the database; add archive",
    ),
]


@pytest.mark.parametrize(("settings", "warning"), WARNINGS)
def test_risks_are_told_on_every_run(
    pulumi_run: RunProgram, tmp_path: Path, settings: dict[str, Any], warning: str
) -> None:
    told = [line for line in run(pulumi_run, tmp_path, **settings).warnings if line.startswith("kotaemon:stores")]
    assert told == [warning]


def test_elasticsearch_spares_the_guards_warning_about_lancedb(pulumi_run: RunProgram, tmp_path: Path) -> None:
    elastic = {"kind": "elasticsearch", "url": "http://es:9200", "password": "p", "endpoint": ENDPOINT}
    assert "lancedb-many-writers" in str(run(pulumi_run, tmp_path, **SCALED).warnings)
    assert "lancedb" not in str(run(pulumi_run, tmp_path, **stores(documentStore=elastic)).warnings)
