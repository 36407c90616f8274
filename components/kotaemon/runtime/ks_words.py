"""Word files are read where NLTK's tables are not.

`unstructured`, which reads them, cuts each paragraph into sentences and words to tell headings from text. For that it
looks for two tables of NLTK in folders that are called `nltk_data` only (unstructured/nlp/tokenize.py), so never where
NLTK itself looks, and downloads them from a bucket of its own: without a way out every .docx was refused. Here NLTK's
own search counts, a download goes through NLTK (ks_downloads.py refuses it unless the operator allows it), and where
the tables are missing simple rules cut the text. The application uses the text alone, which is the same either way.
"""

import os
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ks_environment import say
from ks_hooks import after_import

TABLES = {
    "punkt_tab": "tokenizers/punkt_tab",
    "averaged_perceptron_tagger_eng": "taggers/averaged_perceptron_tagger_eng",
}
PLACES = ("_download_nltk_packages_if_not_present", "_sent_tokenize", "_word_tokenize", "_pos_tag")


def sentences(text: str, *_more: Any, **_named: Any) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?\u3002\uff01\uff1f])\s*", text) if part]


def words(text: str, *_more: Any, **_named: Any) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text)


def tags(tokens: list[str], *_more: Any, **_named: Any) -> list[tuple[str, str]]:
    """Every word may be a verb: what has one counts as text, not as a heading."""
    return [(token, "VB" if token.isalpha() else ".") for token in tokens]


def otherwise(by_nltk: Callable[..., Any], by_rule: Callable[..., Any]) -> Callable[..., Any]:
    """NLTK's function, and the rule where its table is missing (it raises LookupError then)."""

    def either(*values: Any, **named: Any) -> Any:
        try:
            return by_nltk(*values, **named)
        except LookupError:
            return by_rule(*values, **named)

    return either


def look_where_nltk_looks(nltk: Any) -> Callable[[], None]:
    """What is missing is asked for once in a process."""
    asked: set[str] = set()

    def look() -> None:
        for name, path in TABLES.items():
            if name in asked:
                continue
            asked.add(name)
            try:
                nltk.data.find(path)
            except LookupError:
                nltk.download(name, download_dir=os.environ["NLTK_DATA"], quiet=True)

    return look


def read_without_tables(tokenize: ModuleType) -> None:
    if missing := [name for name in ("nltk", *PLACES) if not hasattr(tokenize, name)]:
        say(f"warning: unstructured.nlp.tokenize has no {', '.join(missing)}; Word files may want a download")
        return
    changed: Any = tokenize
    changed._download_nltk_packages_if_not_present = look_where_nltk_looks(changed.nltk)
    changed._sent_tokenize = otherwise(changed._sent_tokenize, sentences)
    changed._word_tokenize = otherwise(changed._word_tokenize, words)
    changed._pos_tag = otherwise(changed._pos_tag, tags)


def read_word_files() -> None:
    after_import("unstructured.nlp.tokenize", read_without_tables)
