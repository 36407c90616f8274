"""The vectors of a backup in a Qdrant of the drill's own pod: restored, counted and queried."""

import json
import os
from pathlib import Path
from typing import Any

from ks_protect_indexes import Looked
from qdrant_backup import Qdrant, restore  # pyright: ignore # from components/state/runtime

PAGE = 1000


def look(copies: Path, referred: set[str]) -> Looked:
    """Every collection restored into the pod's own server, and held against what the database refers to."""
    server: Any = Qdrant(
        os.environ.get("KS_DRILL_QDRANT", "http://127.0.0.1:6333"), os.environ.get("QDRANT_API_KEY", "")
    )
    restore(server, copies, "latest", "")
    names: list[str] = server.collections()
    held: set[str] = set()
    queried = 0
    for name in names:
        ids, vector = _points(server, name)
        held |= ids
        if vector is not None:
            answer = _ask(server, f"/collections/{name}/points/query", {"query": vector, "limit": 1})
            if not answer["points"]:
                raise OSError(f"the collection {name} answers nothing")
            queried += 1
    missing = [f"{len(referred - held)} of {len(referred)} vectors"] if referred - held else []
    return Looked(missing, f"{len(held)} vectors, {queried} collections queried")


def _points(server: Any, name: str) -> tuple[set[str], Any]:
    """The ids of a collection, and one vector of it."""
    ids: set[str] = set()
    vector: Any = None
    after: Any = None
    while True:
        body = {"limit": PAGE, "with_payload": False, "with_vector": vector is None, "offset": after}
        page = _ask(server, f"/collections/{name}/points/scroll", body)
        for point in page["points"]:
            ids.add(str(point["id"]))
            vector = vector or point.get("vector")
        after = page.get("next_page_offset")
        if after is None:
            return ids, vector


def _ask(server: Any, path: str, body: Any) -> Any:
    data = json.dumps(body).encode()
    answer = server.send("POST", path, iter([data]), Content_Type="application/json", Content_Length=str(len(data)))
    return json.load(answer)["result"]
