"""From one profile to the other and back, with a real PostgreSQL where one is installed, and stand-ins for the vectors."""

import json
import sqlite3
from pathlib import Path

from tests.unit.components.kotaemon.runtime.convert.test_from_docker import SCALED, SINGLE, options
from tests.unit.components.kotaemon.runtime.convert.volume import CONVERT, Volume


def test_single_writer_to_scaled_and_back_with_everything_kept(volume: Volume, postgres: str, tmp_path: Path) -> None:
    volume.done("from_docker.py", *options(volume), **SINGLE)
    old = tmp_path / "old-disk"
    for role in ("sessions", "indexes"):
        (volume.data / role).rename((old.mkdir(exist_ok=True) or old) / role)
    (volume.data / "sessions").mkdir()
    # The files of indexes go by `make move`.
    (volume.data / "indexes").symlink_to(old / "indexes")
    env = SCALED | {"KH_DATABASE": postgres}
    said = volume.done("change_profile.py", "--to", "scaled", "--source", old, "--data", volume.data, **env)
    assert "chroma_to_vectors: index_1: 3 vectors, the same ids on both sides" in said
    assert said.rstrip().endswith("check_stores: nothing is missing")
    assert len(json.loads(volume.server.read_text())["index_1"]) == 3

    new = tmp_path / "new-disk"
    volume.done("change_profile.py", "--to", "single-writer", "--target", new, "--data", volume.data, **env)
    link = "/data/uploads/gradio_tmp/"
    with sqlite3.connect(new / "sessions/sql.db") as found:
        assert link in found.execute("SELECT data_source FROM conversation").fetchone()[0]
    with sqlite3.connect(old / "sessions/sql.db") as found:
        assert link in found.execute("SELECT data_source FROM conversation").fetchone()[0]


def test_the_order_of_the_steps_and_the_variables_of_the_pod(volume: Volume) -> None:
    assert "KS_PROFILE is not scaled" in volume.ends(78, "change_profile.py", "--to", "scaled", **SINGLE)
    said = volume.run("change_profile.py", "--to", "single-writer", **SCALED).stdout
    assert said.splitlines()[0] == "change_profile: check_stores.py --data /data"
    assert "postgres_to_sqlite" not in said, "nothing is written while something is missing"
    assert (CONVERT / "change_profile.py").exists()
