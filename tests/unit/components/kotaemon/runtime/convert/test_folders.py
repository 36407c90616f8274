"""The copy of a `ktem_app_data` folder into the roles."""

import json
import os
import subprocess
from pathlib import PurePosixPath

import pytest

from tests.unit.components.kotaemon.runtime.convert.volume import UPLOAD, Volume, converter_module
from tests.unit.components.kotaemon.runtime.stand_in import SCALED, House, runtime_module

SINGLE = ("--profile", "single-writer")


def copy(volume: Volume, *more: str, profile: str = "single-writer") -> tuple[str, ...]:
    return ("--source", str(volume.source), "--data", str(volume.data), "--profile", profile, *more)


def held(volume: Volume) -> set[str]:
    return {str(path.relative_to(volume.data)) for path in volume.data.rglob("*") if not path.is_dir()}


def test_every_folder_goes_to_its_role_and_nothing_of_the_source_changes(volume: Volume) -> None:
    before = volume.tree()
    said = volume.done("folders.py", *copy(volume))
    assert held(volume) == {
        "sessions/.copied-from.json",
        "sessions/sql.db",
        "indexes/.copied-from.json",
        f"indexes/files/index_1/{UPLOAD}",
        "indexes/docstore/index_1.lance",
        "indexes/vectorstore/chroma.sqlite3",
        "uploads/.copied-from.json",
        f"uploads/gradio_tmp/{UPLOAD}/Rivers of the world.pdf",
        "uploads/cache/chunks/Rivers of the world_0.md",
        "uploads/cache/markdown/Rivers.md",
        "uploads/cache/zip/all.zip",
        "models/.copied-from.json",
        "models/huggingface/blobs/b",
        "models/huggingface/link",
    }
    assert (volume.data / "indexes/files/index_2").is_dir(), "uploading to an empty collection needs its folder"
    assert os.readlink(volume.data / "models/huggingface/link") == "blobs/b"
    assert volume.tree() == before
    assert "every hash compared" in said
    volume.done("folders.py", *copy(volume, "--check"))


def test_in_scaled_the_database_and_the_vectors_stay_for_their_servers(volume: Volume) -> None:
    volume.done("folders.py", *copy(volume, profile="scaled"))
    assert not [name for name in held(volume) if name.startswith(("sessions/", "indexes/vectorstore/"))]
    assert "indexes/docstore/index_1.lance" in held(volume)


@pytest.mark.parametrize("extra", [{}, SCALED])
def test_the_places_are_those_that_the_settings_name(house: House, extra: dict[str, str]) -> None:
    layout, got, data = converter_module("layout"), house.values(**extra), house.root / "data"
    named = {
        "user_data/files": got["KH_FILESTORAGE_PATH"],
        "user_data/docstore": got["KH_DOCSTORE"]["path"],
        "markdown_cache_dir": got["KH_MARKDOWN_OUTPUT_DIR"],
        "chunks_cache_dir": got["KH_CHUNKS_OUTPUT_DIR"],
        "zip_cache_dir": got["KH_ZIP_OUTPUT_DIR"],
        "huggingface": got["env"]["HF_HOME"],
    }
    if not extra:
        named |= {"user_data/vectorstore": got["KH_VECTORSTORE"]["path"]}
        assert got["KH_DATABASE"] == f"sqlite:///{layout.PLACES['user_data/sql.db'].under(str(data))}"
    assert {old: layout.PLACES[old].under(str(data)) for old in named} == named


def test_the_upload_folder_is_the_launchers(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    found = runtime_module("ks_variables").upload_folder(volume.data / "uploads")
    layout = converter_module("layout")
    assert str(found) == layout.place_of(PurePosixPath("gradio_tmp")).under(str(volume.data))


def test_a_second_run_leaves_a_role_as_it_has_become(volume: Volume) -> None:
    volume.done("folders.py", *copy(volume))
    (volume.data / "sessions/sql.db").write_text("the application has run since")
    assert "copied before" in volume.done("folders.py", *copy(volume))
    assert (volume.data / "sessions/sql.db").read_text() == "the application has run since"
    assert "sessions/sql.db differ" in volume.ends(1, "folders.py", *copy(volume, "--check"))


def test_a_killed_run_is_continued(volume: Volume) -> None:
    volume.done("folders.py", *copy(volume))
    mark = volume.data / "uploads/.copied-from.json"
    mark.write_text(json.dumps({"listing": json.loads(mark.read_text())["listing"]}))
    lost = volume.data / f"uploads/gradio_tmp/{UPLOAD}/Rivers of the world.pdf"
    lost.rename(lost.with_name(".part-0123"))
    volume.done("folders.py", *copy(volume, "--aside"))
    assert lost.read_text() == "%PDF"
    assert not list(volume.data.glob("uploads/.aside-*")), "a continued run moves nothing of its own aside"


def test_what_is_in_the_way_is_refused_before_anything_is_copied(volume: Volume) -> None:
    (volume.data / "sessions/sql.db").write_text("of the stack's first start")
    said = volume.ends(78, "folders.py", *copy(volume))
    assert "role sessions" in said
    assert "sql.db" in said
    assert "--aside" in said
    assert held(volume) == {"sessions/sql.db"}


def test_aside_keeps_what_was_in_the_way(volume: Volume) -> None:
    (volume.data / "sessions/sql.db").write_text("of the stack's first start")
    (volume.data / "sessions/.writer.lock").write_text("pod-a")
    volume.done("folders.py", *copy(volume, "--aside"))
    (aside,) = (volume.data / "sessions").glob(".aside-*")
    assert (aside / "sql.db").read_text() == "of the stack's first start"
    assert (volume.data / "sessions/.writer.lock").exists()
    assert (volume.data / "sessions/sql.db").read_bytes() == volume.sqlite.read_bytes()


def test_a_folder_of_another_volume_is_refused_afterwards(volume: Volume) -> None:
    volume.done("folders.py", *copy(volume))
    volume.put("gradio_tmp", "new", "later.pdf", text="uploaded after the copy")
    assert "came from another folder, or from another state" in volume.ends(78, "folders.py", *copy(volume))


def test_unknown_files_are_named_and_can_be_left(volume: Volume) -> None:
    volume.put("my_models", "a.gguf", text="weights")
    said = volume.ends(78, "folders.py", *copy(volume))
    assert "my_models/a.gguf" in said
    assert held(volume) == set()
    volume.done("folders.py", *copy(volume, "--leave", "my_models"))


def test_a_link_in_the_upload_folder_is_refused(volume: Volume) -> None:
    (volume.source / "gradio_tmp" / "link").symlink_to(UPLOAD)
    assert "is a symbolic link" in volume.ends(78, "folders.py", *copy(volume))


def test_another_folder_than_ktem_app_data_is_refused(volume: Volume) -> None:
    options = ("--source", str(volume.source.parent), "--data", str(volume.data), *SINGLE)
    assert "it is not a ktem_app_data folder" in volume.ends(78, "folders.py", *options)


def test_a_role_that_is_not_mounted_is_refused(volume: Volume) -> None:
    (volume.data / "models").rmdir()
    assert "the role models must be mounted there" in volume.ends(78, "folders.py", *copy(volume))
    assert held(volume) == set()


def test_a_folder_that_did_not_arrive_whole_is_found_by_its_sums(volume: Volume) -> None:
    sums = volume.root / "sums.txt"
    listed = subprocess.check_output(
        "find . -type f -print0 | xargs -0 sha256sum", shell=True, cwd=volume.source, text=True
    )
    sums.write_text(listed)
    assert "arrived whole" in volume.done("folders.py", *copy(volume, "--sums", str(sums)))
    volume.put("user_data", "files", "index_1", UPLOAD, text="%PD")
    assert UPLOAD in volume.ends(1, "folders.py", *copy(volume, "--sums", str(sums)))
