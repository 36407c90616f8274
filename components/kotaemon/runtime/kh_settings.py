"""Kotaemon's settings inside the pod: its own, with every path and store moved to its role.

The application reads this instead of its `flowsettings.py` when THEFLOW_SETTINGS_MODULE=kh_settings
and this folder is on PYTHONPATH (docs/facts/kotaemon.md 2, theflow/settings/__init__.py:22-59). It reads
none of these paths from the environment by itself (flowsettings.py:33-104); this module takes them
from the KS_* variables of the Deployment.
"""

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from ks_database import check_before_use, with_limits

_SET_BY = "the Deployment in components/kotaemon/deployment.py"


def _refuse(message: str) -> NoReturn:
    # Not SystemExit(message): that ends with code 1, and 78 (EX_CONFIG) says: do not just restart.
    print(f"kh_settings: {message}", file=sys.stderr, flush=True)
    raise SystemExit(78)


def _need(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        _refuse(f"the variable {name} is not set; {_SET_BY} sets it")
    return value


def _one_of(name: str, allowed: tuple[str, ...]) -> str:
    value = _need(name)
    if value not in allowed:
        _refuse(f"{name} is {value!r}; allowed: {', '.join(allowed)}; {_SET_BY} sets it")
    return value


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _refuse(f"the folder {path} cannot be made by uid {os.getuid()}: {error.strerror}")
    return path


def _sqlite_url() -> str:
    return f"sqlite:///{_folder(Path(_need('KS_SESSIONS_DIR'))) / 'sql.db'}"


def _server_url() -> str:
    """The SQLAlchemy URL; it holds a password, so it is never printed."""
    scheme, found, rest = _need("KH_DATABASE").partition("://")
    if not found:
        _refuse("KH_DATABASE has no scheme; it must start with postgresql+psycopg2://")
    if scheme not in ("postgres", "postgresql", "postgresql+psycopg2"):
        _refuse(f"KH_DATABASE starts with {scheme}://; it must start with postgresql+psycopg2://")
    return with_limits(f"postgresql+psycopg2://{rest}")


def _rename_shared_constraint() -> None:
    """Give each table its own constraint name.

    `index_N_source` and `index_N_group` both name theirs `_name_user_uc`
    (ktem/index/file/index.py:69,133), and PostgreSQL keeps such names in one namespace per schema:
    the first start dies with DuplicateTable.
    """
    from sqlalchemy import Table, UniqueConstraint, event  # pyright: ignore

    def rename(constraint: Any, parent: Any) -> None:
        if isinstance(parent, Table) and constraint.name == "_name_user_uc":
            constraint.name = f"{parent.name}_name_user_uc"  # pyright: ignore

    event.listen(UniqueConstraint, "after_parent_attach", rename)  # pyright: ignore


def _vector_server(scratch: Path) -> dict[str, Any]:
    if _one_of("KS_VECTOR_STORE", ("qdrant", "milvus")) == "qdrant":
        return {
            "__type__": "kotaemon.storages.QdrantVectorStore",
            "url": _need("QDRANT_URL"),
            # None is a ValueError in the application, "" is accepted (docs/facts/kotaemon.md 3).
            "api_key": os.environ.get("QDRANT_API_KEY", ""),
        }
    return {
        "__type__": "kotaemon.storages.MilvusVectorStore",
        "uri": _need("MILVUS_URI"),
        "token": os.environ.get("MILVUS_TOKEN", ""),
        # Unused with a server; without it the first use is a TypeError (milvus.py:34,49).
        "path": str(_folder(scratch / "milvus")),
    }


def _document_store(indexes: Path) -> dict[str, Any]:
    if _one_of("KS_DOC_STORE", ("lancedb", "elasticsearch")) == "lancedb":
        return _lance_store(indexes)
    store: dict[str, Any] = {
        # No "path": it is a TypeError here (docs/facts/kotaemon.md 3).
        "__type__": "kotaemon.storages.ElasticsearchDocumentStore",
        "elasticsearch_url": _need("ELASTICSEARCH_URL"),
    }
    user = os.environ.get("ELASTICSEARCH_USER", "")
    if user:
        store["basic_auth"] = (user, _need("ELASTICSEARCH_PASSWORD"))
    return store


def _lance_store(indexes: Path) -> dict[str, Any]:
    path = str(_folder(indexes / "docstore"))
    return {"__type__": "kotaemon.storages.LanceDBDocumentStore", "path": path}


def _chroma_store(indexes: Path) -> dict[str, Any]:
    path = str(_folder(indexes / "vectorstore"))
    return {"__type__": "kotaemon.storages.ChromaVectorStore", "path": path}


def _graph_indexes_off() -> None:
    # They rebuild local files at query time, with no external store (graph/pipelines.py:232-237);
    # the full image switches LightRAG on in its own environment, so this overrides.
    # flowsettings.py:356-359 reads it while it is imported.
    for name in ("USE_MS_GRAPHRAG", "USE_NANO_GRAPHRAG", "USE_LIGHTRAG"):
        os.environ[name] = "false"


def _read_only_roles() -> set[str]:
    listed = os.environ.get("KS_READ_ONLY_ROLES", "").split(",")
    return {role.strip() for role in listed if role.strip()}


_scaled = _one_of("KS_PROFILE", ("single-writer", "scaled")) == "scaled"
_indexes = Path(_need("KS_INDEXES_DIR"))
_models = Path(_need("KS_MODELS_DIR"))
_uploads = Path(_need("KS_UPLOADS_DIR"))
_scratch = Path(os.environ.get("KS_SCRATCH_DIR") or "/tmp/kotaemon")  # noqa: S108 the pod's own emptyDir
if _scaled:
    _graph_indexes_off()

from flowsettings import *  # noqa: E402  # pyright: ignore

if _scaled:
    _rename_shared_constraint()
    check_before_use()

KH_DATABASE = _server_url() if _scaled else _sqlite_url()
KH_VECTORSTORE = _vector_server(_scratch) if _scaled else _chroma_store(_indexes)
KH_DOCSTORE = _document_store(_indexes) if _scaled else _lance_store(_indexes)
KH_FILESTORAGE_PATH = str(_folder(_indexes / "files"))
KH_MARKDOWN_OUTPUT_DIR = _folder(_uploads / "cache" / "markdown")
KH_CHUNKS_OUTPUT_DIR = _folder(_uploads / "cache" / "chunks")
KH_ZIP_OUTPUT_DIR = _folder(_uploads / "cache" / "zip")
# Per pod on purpose: every upload removes the whole folder (index/file/ui.py:1065,1112-1113).
KH_ZIP_INPUT_DIR = _folder(_scratch / "zip_in")
# The default is cwd/.theflow: a crash at import on a read-only root (theflow/storage/local.py:17).
# Runs are not kept at all, and the cache is bounded memory (ks_flow.py).
STORAGE = {"__type__": "ks_flow.ForgettingStorage"}
CACHE = {"__type__": "ks_flow.BoundedCache"}
KH_ENABLE_FIRST_SETUP = False
KH_FIRST_SETUP = False

# flowsettings.py:62-63 has just overwritten both, whatever the pod's environment said.
_hub = _models / "huggingface"
if "models" not in _read_only_roles():
    _folder(_hub)
os.environ["HF_HOME"] = os.environ["HF_HUB_CACHE"] = str(_hub)
