"""Runs inside the real Kotaemon, in its own Python: makes the data of a `docker run`, or uses converted data.

`in_application.py make` indexes a PDF and keeps a conversation with its citations; `in_application.py use` reads that
conversation, asks, uploads and makes a collection. The last line of the output is JSON. Vectors come from an endpoint of
OpenAI's kind in this process: what is tested is what the application stores.
"""

import hashlib
import importlib
import json
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Embeddings(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        digests = [hashlib.sha256(str(text).encode()).digest() for text in asked]
        data = [
            {"object": "embedding", "index": number, "embedding": [byte / 255 - 0.5 for byte in digest]}
            for number, digest in enumerate(digests)
        ]
        body = json.dumps(
            {"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        )
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


def started() -> tuple[Any, Any, str]:
    """The application without its page, its first collection, and the administrator's id."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Embeddings)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["OPENAI_API_BASE"] = f"http://127.0.0.1:{server.server_port}/v1"
    sys.path.insert(0, os.getcwd())
    app = importlib.import_module("ktem.main").App()
    app.make()
    models, sql = importlib.import_module("ktem.db.models"), importlib.import_module("sqlmodel")
    manager = importlib.import_module("ktem.embeddings.manager").embedding_models_manager
    manager.options()["openai"].base_url = os.environ["OPENAI_API_BASE"]  # the port of this run
    with sql.Session(models.engine) as session:
        return app, app.index_manager.indices[0], session.exec(sql.select(models.User)).first().id


def settings_of(app: Any, collection: Any) -> dict[str, Any]:
    prefix = f"index.options.{collection.id}"
    off = {f"{prefix}.use_reranking": False, f"{prefix}.use_llm_reranking": False}
    return app.default_settings.flatten() | off


def upload(app: Any, collection: Any, user: str, name: str, content: bytes) -> list[str]:
    """Where gradio puts an upload, then the application's own indexing; returns what it said of each file."""
    folder = Path(os.environ["GRADIO_TEMP_DIR"]) / hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    pipeline = collection.get_indexing_pipeline(settings_of(app, collection), user)
    said = pipeline.stream([str(folder / name)], reindex=False)
    return [answer.content["status"] for answer in said if answer is not None and answer.channel == "index"]


def sources(collection: Any) -> list[str]:
    sql, engine = importlib.import_module("sqlmodel"), importlib.import_module("ktem.db.engine").engine
    with sql.Session(engine) as session:
        return [row[0].id for row in session.execute(sql.select(collection._resources["Source"])).all()]


def ask(app: Any, collection: Any, user: str, question: str) -> list[Any]:
    ids = sources(collection)
    retriever = collection.get_retriever_pipelines(settings_of(app, collection), user, ("select", ids, user))[0]
    return retriever(text=question, doc_ids=ids)


def make(app: Any, collection: Any, user: str) -> dict[str, Any]:
    fitz, render = importlib.import_module("fitz"), importlib.import_module("ktem.utils.render").Render
    document = fitz.open()
    text = " ".join(f"River {number} flows to the sea." for number in range(60))
    document.new_page().insert_textbox(fitz.Rect(50, 50, 550, 800), text)
    said = upload(app, collection, user, "Flüsse 江河.pdf", document.tobytes())
    docs = ask(app, collection, user, "Where does river 7 flow?")
    cited = "".join(render.preview("", doc) for doc in docs)
    models, sql = importlib.import_module("ktem.db.models"), importlib.import_module("sqlmodel")
    with sql.Session(models.engine) as session:
        conversation = models.Conversation(user=user, name="rivers")
        session.add(conversation)
        session.commit()
        identity = conversation.id
    selected = ("select", sources(collection), user)
    state = {"app": {"regen": False}}
    app.chat_page.persist_data_source(identity, user, cited, None, [], [], [["q", "a"]], state, *selected)
    return {"said": said, "cited": len(docs)}


def use(app: Any, collection: Any, user: str) -> dict[str, Any]:
    models, sql = importlib.import_module("ktem.db.models"), importlib.import_module("sqlmodel")
    with sql.Session(models.engine) as session:
        kept = "".join(session.exec(sql.select(models.Conversation)).first().data_source["retrieval_messages"])
    docs = ask(app, collection, user, "Where does river 7 flow?")
    later = app.index_manager.build_index("Later", {"embedding": "default"}, "ktem.index.file.FileIndex")
    return {
        "links": re.findall(r'data-src="/file=([^"]+)"', kept),
        "cited": [doc.metadata["file_path"] for doc in docs],
        "said": upload(app, collection, user, "new.txt", b"glaciers " * 50),
        "files": len(sources(collection)),
        "collection": later.id,
    }


if __name__ == "__main__":
    what = {"make": make, "use": use}[os.environ["IN_APPLICATION"]]
    print(json.dumps(what(*started())), flush=True)
    os._exit(0)
