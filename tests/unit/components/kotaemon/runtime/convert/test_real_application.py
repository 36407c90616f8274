"""The data of the real Kotaemon, converted, and used by the real Kotaemon. Needs a copy of it; says so where there is none.

KOTAEMON_APP_DIR: a checkout of upstream's v0.11.3 with the `.venv` that its own lock file installs. It is not written:
the sources are copied. Everything runs without a network, in a namespace of its own.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.components.kotaemon.runtime.convert.volume import CONVERT
from tests.unit.components.kotaemon.runtime.stand_in import RUNTIME

COPY = os.environ.get("KOTAEMON_APP_DIR", "")
pytestmark = [
    pytest.mark.skipif(not COPY, reason="KOTAEMON_APP_DIR names no copy of Kotaemon: the real application was not run"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root: the real application was not run"),
    pytest.mark.timeout(1800),
]
SCRIPT = Path(__file__).with_name("in_application.py")
ROLES = ("indexes", "sessions", "uploads", "models")


class Real:
    """A copy of the application's sources, its data, and the roles of a stack."""

    def __init__(self, root: Path) -> None:
        self.app, self.data, self.root = root / "app", root / "data", root
        leave = shutil.ignore_patterns(".venv", ".git", "ktem_app_data", "*.pyi")
        shutil.copytree(COPY, self.app, ignore=leave, symlinks=True)
        for role in ROLES:
            (self.data / role).mkdir(parents=True)

    def run(self, script: Path, *options: str | Path, **env: str) -> str:
        static = next(Path(COPY).glob(".venv/lib/python3.*/site-packages/llama_index/core/_static"))
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": f"{RUNTIME}:{self.app}/libs/ktem:{self.app}/libs/kotaemon",
            "TIKTOKEN_CACHE_DIR": str(static / "tiktoken_cache"),
            "HF_HUB_OFFLINE": "1",
            "OPENAI_API_KEY": "sk-test",
            "VOYAGE_API_KEY": "",
            "LOCAL_MODEL": "",
            "USE_LIGHTRAG": "false",
            "USE_MS_GRAPHRAG": "false",
        }
        command = [f"{COPY}/.venv/bin/python", str(script), *map(str, options)]
        done = subprocess.run(
            ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command],
            cwd=self.app,
            env=variables | env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def in_application(self, what: str, script: Path = SCRIPT, **env: str) -> dict[str, Any]:
        said = self.run(script, IN_APPLICATION=what, **env)
        return json.loads(next(line for line in reversed(said.splitlines()) if line.startswith("{")))

    def stack(self) -> dict[str, str]:
        return {f"KS_{role.upper()}_DIR": str(self.data / role) for role in ROLES} | {
            "KS_PROFILE": "single-writer",
            "KS_SCRATCH_DIR": str(self.root / "scratch"),
            "KH_APP_VERSION": "0.11.3",
            "THEFLOW_SETTINGS_MODULE": "kh_settings",
        }


def test_real_data_is_converted_and_used_by_the_real_application(tmp_path: Path) -> None:
    real = Real(tmp_path)
    old = real.app / "ktem_app_data"
    made = real.in_application("make", GRADIO_TEMP_DIR=str(old / "gradio_tmp"))
    assert made["said"] == ["success"]
    source = real.root / "source"
    old.rename(source)  # citations point to what is no longer there
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    options = ("--source", source, "--data", real.data, "--app-data", old)
    said = real.run(CONVERT / "from_docker.py", *options, **real.stack())
    assert said.rstrip().endswith("check_stores: nothing is missing")
    assert {path: path.read_bytes() for path in source.rglob("*") if path.is_file()} == before

    used = real.in_application("use", RUNTIME / "launch.py", KS_APP=str(SCRIPT), **real.stack())
    assert len(used["links"]) == made["cited"]
    for path in (*used["links"], *used["cited"]):
        assert path.startswith(f"{real.data}/uploads/gradio_tmp/")
        assert Path(path).is_file()
    assert used["said"] == ["success"]
    assert (used["files"], used["collection"]) == (2, 2)
    assert "the tables fit this version" in real.run(RUNTIME / "ks_schema.py", **real.stack())
