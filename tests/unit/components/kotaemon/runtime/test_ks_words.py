"""ks_words.py: Word files without NLTK's tables. The real reader is tried by tests/application."""

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import RUNTIME, House

TOKENIZE = """
import nltk

def _download_nltk_packages_if_not_present():
    raise OSError("Name or service not known")

def _from_table(text):
    nltk.data.find("tokenizers/punkt_tab")
    return ["by nltk"]

_sent_tokenize = _word_tokenize = _pos_tag = _from_table

def sent_tokenize(text):
    _download_nltk_packages_if_not_present()
    return _sent_tokenize(text)

def pos_tag(text):
    _download_nltk_packages_if_not_present()
    return _pos_tag(_word_tokenize(text))
"""
NLTK = """
import os
class data:
    @staticmethod
    def find(path):
        if not os.path.exists(os.path.join(os.environ["NLTK_DATA"], path)):
            raise LookupError(path)

def download(what, download_dir=None, quiet=False):
    print("fetching", what, "to", download_dir, flush=True)
"""
USE = """
from unstructured.nlp import tokenize
for _ in range(2):
    print("sentences:", tokenize.sent_tokenize("It is long. It is red!"), flush=True)
print("tags:", tokenize.pos_tag("It is."), flush=True)
"""


@pytest.fixture
def reader(house: House) -> House:
    """The image with the reader of Word files."""
    for name, text in {"unstructured/__init__.py": "", "unstructured/nlp/__init__.py": "",
                       "unstructured/nlp/tokenize.py": TOKENIZE, "nltk.py": NLTK}.items():  # fmt: skip
        path = house.app / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (house.app / "app.py").write_text(USE + (house.app / "app.py").read_text())
    return house


def output(house: House, **extra: str) -> str:
    pod = house.serving(PYTHONPATH=f"{RUNTIME}:{house.app}", **extra)
    assert pod.stop() == 0
    return pod.text()


def test_without_tables_rules_cut_the_text_and_nothing_is_fetched(reader: House) -> None:
    text = output(reader)
    assert "sentences: ['It is long.', 'It is red!']" in text
    assert "tags: [('It', 'VB'), ('is', 'VB'), ('.', '.')]" in text
    assert "fetching" not in text
    assert text.count("NLTK's punkt_tab is not in") == 1


def test_where_the_operator_allows_it_they_are_fetched_to_where_nltk_looks(reader: House) -> None:
    text = output(reader, HF_HUB_OFFLINE="0")
    assert text.count(f"fetching punkt_tab to {reader.folders['models'] / 'nltk'}\n") == 1
    assert "fetching averaged_perceptron_tagger_eng" in text


def test_tables_in_the_role_models_are_used(reader: House) -> None:
    (reader.folders["models"] / "nltk/tokenizers/punkt_tab").mkdir(parents=True)
    assert "sentences: ['by nltk']" in output(reader)


def test_a_reader_that_looks_otherwise_is_said_and_served(reader: House) -> None:
    changed = TOKENIZE.replace("_download_nltk_packages_if_not_present", "_fetch")
    (reader.app / "unstructured/nlp/tokenize.py").write_text(changed)
    (reader.app / "app.py").write_text(
        (reader.app / "app.py").read_text().replace(USE, "import unstructured.nlp.tokenize\n")
    )
    assert "warning: unstructured.nlp.tokenize has no _download_nltk_packages_if_not_present" in output(reader)
