"""A `ktem_app_data` folder as `docker run` leaves it, and stand-ins for the libraries that the image has.

The database is real SQLite with the tables of 0.11.3, as dumped from the real application's data. LanceDB's stand-in keeps
rows in SQLite, so that its conditions are real SQL; Chroma's and the vector server's keep them in JSON files.
"""

import importlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from tests.unit.components.kotaemon.runtime.stand_in import PYTHON, RUNTIME

CONVERT = RUNTIME / "convert"
UPLOAD = "6b9d7b5013b64ea9049efed3325c7425d820b5c938504f40b38b54d8c8c4c0ce"
OLD = f"/app/ktem_app_data/gradio_tmp/{UPLOAD}/Rivers of the world.pdf"
TYPED = "my path is /app/ktem_app_data/gradio_tmp and /mnt/app/ktem_app_data/gradio_tmp/x"

SCHEMA = """
CREATE TABLE conversation (id VARCHAR NOT NULL, name VARCHAR NOT NULL, user VARCHAR NOT NULL,
 is_public BOOLEAN NOT NULL, data_source JSON, date_created DATETIME NOT NULL, date_updated DATETIME NOT NULL,
 PRIMARY KEY (id));
CREATE INDEX ix_conversation_id ON conversation (id);
CREATE TABLE user (id VARCHAR NOT NULL, username VARCHAR NOT NULL, username_lower VARCHAR NOT NULL,
 password VARCHAR NOT NULL, admin BOOLEAN NOT NULL, PRIMARY KEY (id), UNIQUE (username), UNIQUE (username_lower));
CREATE TABLE issuereport (id INTEGER NOT NULL, issues JSON, chat JSON, settings JSON, user VARCHAR, PRIMARY KEY (id));
CREATE TABLE ktem__index (id INTEGER NOT NULL, name VARCHAR NOT NULL, index_type VARCHAR NOT NULL, config JSON,
 PRIMARY KEY (id), UNIQUE (name));
CREATE TABLE llm_table (name VARCHAR NOT NULL, spec JSON, "default" BOOLEAN, PRIMARY KEY (name), UNIQUE (name));
CREATE TABLE index__1__source (id VARCHAR NOT NULL, name VARCHAR, path VARCHAR, size INTEGER, date_created DATETIME,
 user VARCHAR, note JSON, PRIMARY KEY (id), CONSTRAINT _name_user_uc UNIQUE (name, user), UNIQUE (id));
CREATE TABLE index__1__index (id INTEGER NOT NULL, source_id VARCHAR, target_id VARCHAR, relation_type VARCHAR,
 user VARCHAR, PRIMARY KEY (id));
CREATE TABLE index__1__group (id VARCHAR NOT NULL, date_created DATETIME, name VARCHAR, user VARCHAR, data JSON,
 PRIMARY KEY (id), CONSTRAINT _name_user_uc UNIQUE (name, user), UNIQUE (id));
"""

LANCEDB = """
import json, re, sqlite3
from pathlib import Path

class Rows(list):
    def select(self, names): return Rows({name: row[name] for name in names} for row in self)
    def to_pylist(self): return list(self)

class Table:
    def __init__(self, folder, name):
        self.file = Path(folder, name + ".lance")
        self.db = sqlite3.connect(self.file)
        self.db.create_function("strpos", 2, lambda text, part: text.find(part) + 1)
    def count_rows(self, where="1"):
        return self.db.execute(f"SELECT count(*) FROM t WHERE {where}").fetchone()[0]
    def update(self, where, values_sql):
        sets = ", ".join(f"{name} = {value}" for name, value in values_sql.items())
        self.db.execute(f"UPDATE t SET {sets} WHERE {where}"); self.db.commit()
    def create_fts_index(self, column, tokenizer_name, replace):
        assert (column, tokenizer_name, replace) == ("text", "en_stem", True)
        self.file.with_suffix(".indexed").write_text("yes")
    def to_arrow(self):
        rows = self.db.execute("SELECT id, text, attributes FROM t").fetchall()
        return Rows({"id": i, "text": t, "attributes": a} for i, t, a in rows)

class Database:
    def __init__(self, folder): self.folder = folder
    def table_names(self, page_token=None, limit=10):
        names = sorted(path.stem for path in Path(self.folder).glob("*.lance"))
        return [name for name in names if page_token is None or name > page_token][:limit]
    def open_table(self, name): return Table(self.folder, name)

def connect(folder): return Database(folder)
"""

CHROMADB = """
import json
from pathlib import Path

class Collection:
    def __init__(self, name, rows): self.name, self.rows = name, rows
    def count(self): return len(self.rows)
    def get(self, limit=None, offset=0, include=()):
        rows = self.rows[offset:][:limit]
        found = {"ids": [row["id"] for row in rows]}
        for many, one in (("embeddings", "embedding"), ("documents", "document"), ("metadatas", "metadata")):
            if many in include: found[many] = [row[one] for row in rows]
        return found

class PersistentClient:
    def __init__(self, path, settings):
        file = Path(path, "chroma.sqlite3")
        self.found = json.loads(file.read_text())
        file.write_text(file.read_text() + " ")  # it writes where it reads
    def list_collections(self): return [Collection(name, []) for name in self.found]
    def get_collection(self, name): return Collection(name, self.found[name])
"""

COMPONENTS = '''
import json, os
from pathlib import Path
from types import SimpleNamespace

FILE = Path(os.environ["VECTOR_SERVER"])

class MilvusException(Exception):
    __module__ = "pymilvus.exceptions"

class Client:
    """The part of Qdrant's client that is used, with its rows in a file."""
    def __init__(self): self.rows = json.loads(FILE.read_text()) if FILE.exists() else {}
    def collection_exists(self, name): return name in self.rows
    def scroll(self, name, limit, offset, with_payload, with_vectors):
        ids = sorted(self.rows[name])
        start = ids.index(offset) if offset else 0
        more = ids[start + limit] if len(ids) > start + limit else None
        def point(id):
            row = self.rows[name][id]
            payload = {"_node_content": json.dumps({"text": row["text"], "metadata": row["metadata"]})}
            return SimpleNamespace(id=id, payload=payload if with_payload else None, vector=row["vector"] if with_vectors else None)
        return [point(id) for id in ids[start:start + limit]], more
    def get_collections(self): return SimpleNamespace(collections=[SimpleNamespace(name=name) for name in self.rows])

class QdrantVectorStore:
    def __init__(self, name): self.name, self._client = name, SimpleNamespace(client=Client())
    def add(self, embeddings, ids):
        rows = self._client.client.rows.setdefault(self.name, {})
        for number, (document, id) in enumerate(zip(embeddings, ids)):
            if len(json.dumps([document.content.text, document.content.metadata])) > 65536:
                raise MilvusException("the length of dynamic field exceeds max length")
            if os.environ.get("SERVER_DIES_AFTER") == str(len(rows)):
                raise ConnectionError("the server is away")
            assert id not in rows, "added twice"
            vector = [-n for n in document.embedding] if "SERVER_IS_WRONG" in os.environ else document.embedding
            rows[id] = {"vector": vector, "text": document.content.text, "metadata": document.content.metadata}
            FILE.write_text(json.dumps(self._client.client.rows))
    def query(self, embedding, top_k, doc_ids):
        rows = self._client.client.rows[self.name]
        def like(id):
            other = rows[id]["vector"]
            dot = sum(a * b for a, b in zip(embedding, other))
            return dot / (sum(a * a for a in embedding) * sum(b * b for b in other)) ** 0.5
        best = sorted(doc_ids, key=like, reverse=True)[:top_k]
        return [], [like(id) for id in best], best

def get_vectorstore(name):
    if os.environ["KS_VECTOR_STORE"] == "qdrant": return QdrantVectorStore(name)
    class ChromaVectorStore: pass
    return ChromaVectorStore()
'''

STORAGES = """
import json, os
from pathlib import Path

class ChromaVectorStore:
    def __init__(self, path, collection_name): self.file, self.name = Path(path, "chroma.sqlite3"), collection_name
    def add(self, embeddings, ids):
        found = json.loads(self.file.read_text()) if self.file.exists() else {}
        rows = found.setdefault(self.name, [])
        for document, id in zip(embeddings, ids):
            assert id not in [row["id"] for row in rows], "added twice"
            if os.environ.get("CHROMA_DIES_AFTER") == str(len(rows)): raise OSError("disk full")
            node = {"metadata": document.content.metadata}
            rows.append({"id": id, "embedding": document.embedding, "document": document.content.text,
                "metadata": {"_node_content": json.dumps(node)}})
            self.file.write_text(json.dumps(found))
"""

BASE = """
class Document:
    def __init__(self, text, id_, metadata, **more): self.text, self.id_, self.metadata, self.more = text, id_, metadata, more
class DocumentWithEmbedding:
    def __init__(self, embedding, content): self.embedding, self.content = embedding, content
"""


def converter_module(name: str) -> ModuleType:
    """A converter as a module, found as its pod finds it: in its own folder."""
    sys.path.insert(0, str(CONVERT))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(CONVERT))


def attributes(path: str = OLD, **more: str) -> dict[str, object]:
    return {"page_label": "1", "file_name": "Rivers of the world.pdf", "file_path": path, **more}


class Volume:
    """The folder that `docker run` mounted, the roles of a stack, and a converter as a process."""

    def __init__(self, root: Path, chunks: int = 3) -> None:
        self.root = root
        self.source = root / "source" / "ktem_app_data"
        self.data = root / "data"
        for role in ("indexes", "sessions", "uploads", "models"):
            (self.data / role).mkdir(parents=True)
        self.chunks = [f"chunk-{number}" for number in range(chunks)]
        user_data = self.source / "user_data"
        self.put("gradio_tmp", UPLOAD, "Rivers of the world.pdf", text="%PDF")
        self.put("user_data", "files", "index_1", UPLOAD, text="%PDF")
        self.put("chunks_cache_dir", "Rivers of the world_0.md", text="chunk")
        self.put("markdown_cache_dir", "Rivers.md", text="md")
        self.put("zip_cache_dir", "all.zip", text="zip")
        self.put("zip_cache_dir_in", "x", "a.pdf", text="temporary")
        self.put("changelogs", "0.11.3.md", text="changes")
        self.put("huggingface", "blobs", "b", text="weights")
        (self.source / "huggingface" / "link").symlink_to("blobs/b")
        (user_data / "files" / "index_2").mkdir()
        self.sqlite = user_data / "sql.db"
        self.make_database()
        self.make_docstore(user_data / "docstore")
        self.make_chroma(user_data / "vectorstore")
        self.fakes = root / "fakes"
        for name, text in {
            "lancedb.py": LANCEDB,
            "chromadb/__init__.py": CHROMADB,
            "chromadb/config.py": "def Settings(**_): return None",
            "ktem/components.py": COMPONENTS,
            "kotaemon/base.py": BASE,
            "kotaemon/storages.py": STORAGES,
        }.items():
            (self.fakes / name).parent.mkdir(parents=True, exist_ok=True)
            (self.fakes / name).write_text(text)
        self.server = root / "server.json"

    def put(self, *parts: str, text: str) -> Path:
        path = self.source.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def make_database(self) -> None:
        link = f'<a href="#" class="pdf-link" data-src="/file={OLD}" data-page="1">'
        conversation = {"messages": [[TYPED, "42"]], "retrieval_messages": [link, link], "selected": {}}
        with self.rows() as rows:
            rows.executescript(SCHEMA)
            rows.execute(
                "INSERT INTO conversation VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    "c1",
                    "Flüsse 江河",
                    "u1",
                    0,
                    json.dumps(conversation),
                    "2026-11-28 18:00:00.123456",
                    "2026-11-28 18:00:00",
                ),
            )
            rows.execute("INSERT INTO user VALUES ('u1', 'admin', 'admin', 'hash', 1)")
            rows.execute(
                "INSERT INTO issuereport VALUES (7, NULL, ?, NULL, 'u1')", (json.dumps({"retrieval": [link]}),)
            )
            rows.execute("INSERT INTO ktem__index VALUES (1, 'File Collection', 'ktem.index.file.FileIndex', '{}')")
            rows.execute(
                "INSERT INTO llm_table VALUES ('local', ?, 1)", (json.dumps({"model_path": "/models/a.gguf"}),)
            )
            rows.execute(
                "INSERT INTO index__1__source VALUES ('s1', 'Rivers of the world.pdf', ?, 4, '2026-11-28 18:00:00', 'u1', '{}')",
                (UPLOAD,),
            )
            for chunk in self.chunks:
                for relation in ("document", "vector"):
                    rows.execute("INSERT INTO index__1__index VALUES (NULL, 's1', ?, ?, 'u1')", (chunk, relation))

    def rows(self, file: Path | None = None) -> sqlite3.Connection:
        return sqlite3.connect(file or self.sqlite)

    def make_docstore(self, folder: Path) -> None:
        folder.mkdir()
        with sqlite3.connect(folder / "index_1.lance") as table:
            table.execute("CREATE TABLE t (id, text, attributes)")
            for chunk in self.chunks:
                text = f"{TYPED} {OLD}"  # the text of a document is never changed
                table.execute("INSERT INTO t VALUES (?, ?, ?)", (chunk, text, json.dumps(attributes())))

    def make_chroma(self, folder: Path) -> None:
        folder.mkdir()
        rows = []
        for number, chunk in enumerate(self.chunks):
            metadata = attributes(image_origin="data:" + "x" * 60000) if number == 0 else attributes()
            node = {"metadata": metadata, "excluded_llm_metadata_keys": []}
            vector = [float(number + 1), 2.0, -float(number)]
            rows.append(
                {
                    "id": chunk,
                    "embedding": vector,
                    "document": f"text {chunk}",
                    "metadata": {"_node_content": json.dumps(node)},
                }
            )
        (folder / "chroma.sqlite3").write_text(json.dumps({"index_1": rows, "index_2": []}))

    def tree(self, folder: Path | None = None) -> dict[str, tuple[str, int]]:
        """Every file with its content and time: what must not change."""
        base = folder or self.source
        files = [path for path in base.rglob("*") if path.is_file()]
        return {str(path.relative_to(base)): (path.read_bytes().hex(), path.stat().st_mtime_ns) for path in files}

    def run(self, script: str, *options: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a converter as a process, as the Job does."""
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{self.fakes}:{RUNTIME}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "KS_SCRATCH_DIR": str(self.root / "scratch"),
            "VECTOR_SERVER": str(self.server),
        }
        (self.root / "app").mkdir(exist_ok=True)
        return subprocess.run(
            [PYTHON, str(CONVERT / script), *map(str, options)],
            cwd=self.root / "app",
            env=variables | env,
            capture_output=True,
            text=True,
        )

    def done(self, script: str, *options: str | Path, **env: str) -> str:
        """Run a converter that must succeed; returns what it said."""
        result = self.run(script, *options, **env)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def ends(self, code: int, script: str, *options: str | Path, **env: str) -> str:
        """Run a converter that must end with this code and one line."""
        result = self.run(script, *options, **env)
        assert result.returncode == code, result.stdout + result.stderr
        assert "Traceback" not in result.stderr
        return result.stderr
