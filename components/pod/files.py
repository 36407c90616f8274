"""The files that run inside pods, and the hash that says when they change."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

_RUNTIME = Path(__file__).parents[1] / "kotaemon" / "runtime"
API_CALL = "ks_api.py"
"""The script with the call to the API server, for every pod that has a token."""


def runtime_files(*only: str) -> dict[str, str]:
    """File name -> text of components/kotaemon/runtime: all of them, or the named ones.

    They are one folder, because the application's pod mounts all of them; the preparation Job takes one.
    """
    names = only or [path.name for path in sorted(_RUNTIME.iterdir()) if path.suffix in (".py", ".txt", ".js")]
    return {name: (_RUNTIME / name).read_text() for name in names}


def api_call() -> dict[str, str]:
    """The script of API_CALL: file name -> text."""
    return {API_CALL: (Path(__file__).parent / "runtime" / API_CALL).read_text()}


def content_hash(texts: Mapping[str, str]) -> str:
    """Eight hexadecimal digits that change when a name or a text does."""
    digest = hashlib.sha256()
    for name, text in sorted(texts.items()):
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:8]
