"""The container's environment, and whether the runtime files find in it what they need."""

from pathlib import Path
from typing import Any

import pytest

from components.contract import Role
from components.kotaemon.application import Application
from components.kotaemon.environment import Secrets, container_env, version_of
from tests.unit.components.kotaemon.runtime.stand_in import House
from tests.unit.components.kotaemon.samples import FILES, elasticsearch, manifest, on, scaled, single, storage, stores


def environment(app: Application) -> dict[str, Any]:
    """Variable -> value, or "secret/key", or "field" for what the kubelet fills in."""
    found = {}
    for variable in manifest(container_env(app, Secrets("kotaemon-admin", "kotaemon-api-keys"))):
        assert variable["name"] not in found, f"{variable['name']} is set twice"
        source = variable.get("valueFrom", {})
        secret = source.get("secretKeyRef", {})
        found[variable["name"]] = variable.get("value", f"{secret.get('name')}/{secret.get('key')}")
        if "fieldRef" in source:
            found[variable["name"]] = source["fieldRef"]["fieldPath"]
    return found


def test_single_writer() -> None:
    assert environment(single()) == {
        "KS_POD_NAME": "metadata.name",
        "KS_PROFILE": "single-writer",
        "KS_MODELS_DIR": "/data/models",
        "KS_INDEXES_DIR": "/data/indexes",
        "KS_SESSIONS_DIR": "/data/sessions",
        "KS_UPLOADS_DIR": "/data/uploads",
        "KS_LOGS_DIR": "/data/logs",
        "KS_EVAL_DIR": "/data/eval",
        "KS_READ_ONLY_ROLES": "",
        "KS_SCRATCH_DIR": "/tmp/kotaemon",
        "KS_FINISH_SECONDS": "300",
        "KS_STOP_SECONDS": "25",
        "KS_LOCK_WAIT_SECONDS": "120",
        "THEFLOW_SETTINGS_MODULE": "kh_settings",
        "PYTHONPATH": "/etc/kotaemon",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": "7860",
        "KH_APP_VERSION": "0.11.3",
        "KH_FEATURE_USER_MANAGEMENT_ADMIN": "admin",
        "KH_FEATURE_USER_MANAGEMENT_PASSWORD": "kotaemon-admin/password",
        "OPENAI_API_KEY": "",
        "VOYAGE_API_KEY": "",
        "LOCAL_MODEL": "",
    }


def test_sizes_of_log_files_are_told_where_they_are_said() -> None:
    env = environment(single(logs={"max_file_mib": 8, "max_total_mib": 100.0}))
    assert {name: env[name] for name in env if name.startswith("KS_LOG_")} == {
        "KS_LOG_MAX_MIB": "8",
        "KS_LOG_TOTAL_MIB": "100",
    }


def test_scaled_has_its_stores_and_no_sessions() -> None:
    env = environment(scaled())
    assert "KS_SESSIONS_DIR" not in env
    assert {name: env[name] for name in ("KS_PROFILE", "KS_LOCK_WAIT_SECONDS", "PYTHONPATH")} == {
        "KS_PROFILE": "scaled",
        "KS_LOCK_WAIT_SECONDS": "900",
        "PYTHONPATH": "/etc/kotaemon:/deps",
    }
    assert {name: env[name] for name in ("KH_DATABASE", "KS_VECTOR_STORE", "QDRANT_URL", "QDRANT_API_KEY")} == {
        "KH_DATABASE": "postgres/url",
        "KS_VECTOR_STORE": "qdrant",
        "QDRANT_URL": "http://qdrant:6333",
        "QDRANT_API_KEY": "qdrant/api-key",
    }
    assert env["KS_DOC_STORE"] == "lancedb"


def test_milvus_and_elasticsearch() -> None:
    made = elasticsearch()
    made["vector_store"] |= {"kind": "milvus", "url": "http://milvus:19530"}
    env = environment(scaled(stores=made))
    names = [name for name in env if name.startswith(("KS_VECTOR", "KS_DOC", "QDRANT", "MILVUS", "ELASTICSEARCH"))]
    assert {name: env[name] for name in names} == {
        "KS_VECTOR_STORE": "milvus",
        "MILVUS_URI": "http://milvus:19530",
        "MILVUS_TOKEN": "qdrant/api-key",
        "KS_DOC_STORE": "elasticsearch",
        "ELASTICSEARCH_URL": "http://es:9200",
        "ELASTICSEARCH_USER": "elastic",
        "ELASTICSEARCH_PASSWORD": "es/password",
    }


def test_a_driver_in_the_image_needs_no_folder() -> None:
    made = stores()
    made["database"]["driver"] = "image"
    assert environment(scaled(stores=made))["PYTHONPATH"] == "/etc/kotaemon"


def test_placeholders_of_the_image_are_blanked_unless_used() -> None:
    env = environment(single(env={"LOCAL_MODEL": "qwen2.5:7b"}, api_keys={"OPENAI_API_KEY": "sk-1"}))
    assert env["LOCAL_MODEL"] == "qwen2.5:7b"
    assert env["OPENAI_API_KEY"] == "kotaemon-api-keys/OPENAI_API_KEY"
    assert env["VOYAGE_API_KEY"] == ""


def test_read_only_roles_are_told() -> None:
    roles = storage() | {role.value: on(FILES, role, read_only=True) for role in (Role.MODELS, Role.EVAL)}
    assert environment(single(storage=roles))["KS_READ_ONLY_ROLES"] == "models,eval"


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("ghcr.io/cinnamon/kotaemon:0.11.3-lite", "0.11.3"),
        ("registry.local:5000/kotaemon:v0.12.0", "0.12.0"),
        ("ghcr.io/cinnamon/kotaemon@sha256:" + 64 * "0", ""),
        ("ghcr.io/cinnamon/kotaemon:mine", ""),
    ],
)
def test_version_in_the_tag(image: str, version: str) -> None:
    assert version_of(image) == version


def in_the_house(house: House, app: Application, **secrets: str) -> dict[str, str]:
    """The container's environment, with the pod's folders in a temporary one and the Secrets filled in."""
    env = {name: str(value) for name, value in environment(app).items()} | secrets
    moved = {name: value.replace("/data/", f"{house.root}/data/") for name, value in env.items()}
    hidden = {name: "(unset)" for name in house.env("pod-a") if name.startswith("KS_") and name not in env}
    ours = {key: house.env("pod-a")[key] for key in ("PYTHONPATH", "KS_SCRATCH_DIR")}
    return hidden | moved | ours | {"KS_POD_NAME": "pod-a"}


def test_the_runtime_files_start_with_it(house: House) -> None:
    env = in_the_house(house, single())
    del env["GRADIO_SERVER_PORT"]  # the test's own free port
    pod = house.serving(**env)
    assert pod.stop() == 0
    assert pod.log == Path(house.root, "data", "logs", "pod-a", "app.log")
    assert pod.log.exists()


def test_the_scaled_settings_are_found_in_it(house: House) -> None:
    env = in_the_house(house, scaled(stores=elasticsearch()), KH_DATABASE="postgresql://u:p@db/kotaemon")
    got = house.values(**env)
    assert got["KH_DATABASE"].startswith("postgresql+psycopg2://u:p@db/kotaemon?connect_timeout=10&")
    assert got["KH_VECTORSTORE"]["url"] == "http://qdrant:6333"
    assert got["KH_DOCSTORE"]["basic_auth"] == ["elastic", "es/password"]
