"""The settings module, imported by a process as the application does."""

import subprocess
from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import PYTHON, SCALED, SET_BY, House, python_has


def test_single_writer_paths_follow_the_storage_map(house: House) -> None:
    got, data = house.values(), house.root / "data"
    assert got["KH_DATABASE"] == f"sqlite:///{data}/sessions/sql.db"
    assert got["KH_FILESTORAGE_PATH"] == f"{data}/indexes/files"
    assert got["KH_DOCSTORE"] == {
        "__type__": "kotaemon.storages.LanceDBDocumentStore",
        "path": f"{data}/indexes/docstore",
    }
    assert got["KH_VECTORSTORE"] == {
        "__type__": "kotaemon.storages.ChromaVectorStore",
        "path": f"{data}/indexes/vectorstore",
    }
    assert got["KH_MARKDOWN_OUTPUT_DIR"] == f"{data}/uploads/cache/markdown"
    assert got["KH_CHUNKS_OUTPUT_DIR"] == f"{data}/uploads/cache/chunks"
    assert got["KH_ZIP_OUTPUT_DIR"] == f"{data}/uploads/cache/zip"
    assert got["KH_ZIP_INPUT_DIR"] == f"{house.root}/scratch-pod-a/zip_in"
    assert got["STORAGE"] == {"__type__": "ks_flow.ForgettingStorage"}
    assert got["CACHE"] == {"__type__": "ks_flow.BoundedCache"}
    assert got["env"]["HF_HOME"] == got["env"]["HF_HUB_CACHE"] == f"{data}/models/huggingface"
    assert got["KH_ENABLE_FIRST_SETUP"] is False
    assert got["KH_KEPT"] == "from the image"
    assert got["GRAPHRAG_ON"] == ["USE_MS_GRAPHRAG", "USE_NANO_GRAPHRAG", "USE_LIGHTRAG"]


def test_every_folder_that_the_settings_name_exists(house: House) -> None:
    got = house.values()
    named = [value for value in got.values() if isinstance(value, str)]
    named += [got["KH_DOCSTORE"]["path"], got["KH_VECTORSTORE"]["path"]]
    ours = [path for path in named if path.startswith(str(house.root))]
    assert len(ours) == 8
    assert [path for path in ours if not Path(path).is_dir()] == []


def test_read_only_models_are_not_written(house: House) -> None:
    house.values(KS_READ_ONLY_ROLES="models,eval")
    assert list(house.folders["models"].iterdir()) == []


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_scaled_database_gets_the_driver(house: House, scheme: str) -> None:
    got = house.values(**SCALED | {"KH_DATABASE": f"{scheme}://u:p@db/kotaemon"})
    assert got["KH_DATABASE"].startswith("postgresql+psycopg2://u:p@db/kotaemon?connect_timeout=10&")


def test_scaled_with_qdrant_and_lancedb(house: House) -> None:
    got = house.values(**SCALED)
    assert got["KH_VECTORSTORE"] == {
        "__type__": "kotaemon.storages.QdrantVectorStore",
        "url": "http://qdrant:6333",
        "api_key": "",
    }
    assert got["KH_DOCSTORE"]["path"] == str(house.folders["indexes"] / "docstore")
    assert not (house.folders["indexes"] / "vectorstore").exists()
    keyed = house.values(**SCALED, QDRANT_API_KEY="k")
    assert keyed["KH_VECTORSTORE"]["api_key"] == "k"


def test_scaled_with_milvus_and_elasticsearch(house: House) -> None:
    got = house.values(
        **SCALED | {"KS_VECTOR_STORE": "milvus", "KS_DOC_STORE": "elasticsearch"},
        MILVUS_URI="http://milvus:19530",
        MILVUS_TOKEN="root:Milvus",
        ELASTICSEARCH_URL="http://es:9200",
        ELASTICSEARCH_USER="elastic",
        ELASTICSEARCH_PASSWORD="pw",
    )
    assert got["KH_VECTORSTORE"] == {
        "__type__": "kotaemon.storages.MilvusVectorStore",
        "uri": "http://milvus:19530",
        "token": "root:Milvus",
        "path": f"{house.root}/scratch-pod-a/milvus",
    }
    assert got["KH_DOCSTORE"] == {
        "__type__": "kotaemon.storages.ElasticsearchDocumentStore",
        "elasticsearch_url": "http://es:9200",
        "basic_auth": ["elastic", "pw"],
    }


def test_scaled_switches_the_graph_indexes_off_even_where_the_image_sets_them(house: House) -> None:
    assert house.values(**SCALED, USE_LIGHTRAG="true")["GRAPHRAG_ON"] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"KS_PROFILE": "(unset)"}, f"the variable KS_PROFILE is not set; {SET_BY} sets it"),
        (
            {"KS_PROFILE": "big"},
            f"KS_PROFILE is 'big'; allowed: single-writer, scaled; {SET_BY} sets it",
        ),
        ({"KS_INDEXES_DIR": ""}, f"the variable KS_INDEXES_DIR is not set; {SET_BY} sets it"),
        ({"KS_SESSIONS_DIR": ""}, f"the variable KS_SESSIONS_DIR is not set; {SET_BY} sets it"),
        ({"KS_MODELS_DIR": ""}, f"the variable KS_MODELS_DIR is not set; {SET_BY} sets it"),
        ({"KS_UPLOADS_DIR": ""}, f"the variable KS_UPLOADS_DIR is not set; {SET_BY} sets it"),
        (
            SCALED | {"KH_DATABASE": ""},
            f"the variable KH_DATABASE is not set; {SET_BY} sets it",
        ),
        (
            SCALED | {"KH_DATABASE": "u:hunter2@db/kotaemon"},
            "KH_DATABASE has no scheme; it must start with postgresql+psycopg2://",
        ),
        (
            SCALED | {"KH_DATABASE": "mysql://u:hunter2@db/kotaemon"},
            "KH_DATABASE starts with mysql://; it must start with postgresql+psycopg2://",
        ),
        (
            SCALED | {"KS_VECTOR_STORE": "chroma"},
            f"KS_VECTOR_STORE is 'chroma'; allowed: qdrant, milvus; {SET_BY} sets it",
        ),
        (SCALED | {"QDRANT_URL": ""}, f"the variable QDRANT_URL is not set; {SET_BY} sets it"),
        (
            SCALED | {"KS_DOC_STORE": "elasticsearch"},
            f"the variable ELASTICSEARCH_URL is not set; {SET_BY} sets it",
        ),
        (
            SCALED
            | {
                "KS_DOC_STORE": "elasticsearch",
                "ELASTICSEARCH_URL": "x",
                "ELASTICSEARCH_USER": "e",
            },
            f"the variable ELASTICSEARCH_PASSWORD is not set; {SET_BY} sets it",
        ),
    ],
)
def test_settings_refuse_in_one_line(house: House, change: dict[str, str], message: str) -> None:
    done = house.settings(**change)
    assert (done.returncode, done.stderr) == (78, f"kh_settings: {message}\n")
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.skipif(not python_has("sqlalchemy"), reason="sqlalchemy is not installed here")
def test_each_table_gets_its_own_constraint_name(house: House) -> None:
    script = """
import os, sys
sys.path.insert(0, os.getcwd())
if "off" not in sys.argv: import kh_settings
from sqlalchemy import Column, Integer, MetaData, String, Table, UniqueConstraint
from sqlalchemy.orm import declarative_base
Base = declarative_base()
def model(table):
    return type(table, (Base,), {"__tablename__": table, "id": Column(Integer, primary_key=True),
        "name": Column(String), "user": Column(String),
        "__table_args__": (UniqueConstraint("name", "user", name="_name_user_uc"),
                           UniqueConstraint("id", name="other"))})
names = []
for table in ("index_1_source", "index_1_group"):
    model(table)
    names += [c.name for c in Base.metadata.tables[table].constraints
              if isinstance(c, UniqueConstraint)]
print(sorted(names))
"""
    env = {k: v for k, v in (house.env("pod-a") | SCALED).items() if v != "(unset)"}

    def names(*argv: str) -> str:
        command = [PYTHON, "-c", script, *argv]
        return subprocess.check_output(command, cwd=house.app, env=env, text=True)

    assert names("off") == "['_name_user_uc', '_name_user_uc', 'other', 'other']\n"
    renamed = "['index_1_group_name_user_uc', 'index_1_source_name_user_uc', 'other', 'other']"
    assert names() == f"{renamed}\n"
