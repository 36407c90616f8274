"""Which models a version holds that an index may have been made with: their id, hash and dimension, from its manifest.

A model of the hub's layout (<folder>/models--<owner>--<name>/snapshots/<commit>/...) has the id <owner>/<name>. Its
hash is that of the names and hashes of the files that it is loaded from, so it costs no reading. Whether a model is
an embedding, nobody can tell from its files; so all of them are listed, and an index asks for the one that it used.
"""

import hashlib
import re
from collections.abc import Collection
from typing import Any

HUB = re.compile(r"(?:.*/)?models--(?P<owner>[^/]+?)--(?P<name>[^/]+)/snapshots/[^/]+/(?P<file>.+)")
WEIGHTS = (".safetensors", ".onnx", ".bin", ".pt", ".gguf", ".onnx_data", ".json", ".model", ".txt")
"""Files that decide what a model answers: weights, and how its words are cut."""


def models_in(manifest: dict[str, Any]) -> dict[str, str]:
    """Id of each model of the hub in a version -> its hash."""
    files: dict[str, list[str]] = {}
    for path, entry in manifest["files"].items():
        found = HUB.fullmatch(path)
        if found and found["file"].lower().endswith(WEIGHTS):
            files.setdefault(f"{found['owner']}/{found['name']}", []).append(f"{found['file']} {entry['sha256']}")
    return {
        model: hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest() for model, lines in sorted(files.items())
    }


def changed(before: dict[str, Any], after: dict[str, Any], used: Collection[str]) -> list[str]:
    """What the next version changes of the models that are used, in words."""
    old, new = models_in(before), models_in(after)
    return [
        f"{model} is not in it" if model not in new else f"the files of {model} are others"
        for model in old
        if model in used and new.get(model) != old[model]
    ]
