"""One spelling for one place: what a server takes for the same path, folder or name."""

import pytest

from guard import spelling
from guard.changes import Data, Known, Memory, Place, changes
from guard.moves import refusal

AS_MADE = Place("storage.claims.a", {"server": "NAS.example.net", "path": "/srv//nfs/"}, folder="uploads", claim="k-a")


@pytest.mark.parametrize(
    ("words", "folder", "same"),
    [
        ({"server": "nas.example.net", "path": "/srv/nfs"}, "uploads/", True),
        ({"server": "nas.example.net", "path": "/srv/nfs/uploads"}, "uploads", False),
        ({"server": "nas.example.net", "path": "/srv/NFS"}, "uploads", False),  # paths have a case
        ({"server": "nas2.example.net", "path": "/srv/nfs"}, "uploads", False),
    ],
)
def test_a_place_is_the_same_whatever_its_spelling(words: dict[str, str], folder: str, same: bool) -> None:
    assert AS_MADE.same(Place("storage.claims.b", words, folder=folder)) is same


@pytest.mark.parametrize(
    ("one", "other"),
    [("fd00::1", "FD00:0:0::1"), ("Nas", "nas"), ("10.0.0.1", "10.0.0.1")],
)
def test_a_server_has_one_spelling(one: str, other: str) -> None:
    assert spelling.server(one) == spelling.server(other)


@pytest.mark.parametrize(("written", "path"), [("/", "/"), ("//srv", "/srv"), ("/a//b/", "/a/b"), ("/a/./b", "/a/b")])
def test_a_path_has_one_spelling(written: str, path: str) -> None:
    assert spelling.path(written) == path


def test_a_folder_of_an_export_is_one_place_with_an_export_of_that_folder() -> None:
    inner = spelling.whole({"server": "nas", "path": "/srv/a"}, "b")
    assert inner == spelling.whole({"server": "nas", "path": "/srv"}, "a/b/")
    assert spelling.whole({"bucket": "x"}, "a/") == spelling.whole({"bucket": "x"}, "a") != {"bucket": "x"}


def test_what_is_no_server_and_no_path_keeps_its_case_and_slashes() -> None:
    words = {"claim": "ns/Name", "prefix": "a//b/"}
    assert spelling.place(words) == words


def test_a_living_volume_keeps_its_spelling_and_the_message_says_that_it_is_the_same_place() -> None:
    """A PersistentVolume's source is immutable, whatever its spelling means."""
    new = Place(AS_MADE.key, {"server": "nas.example.net", "path": "/srv/nfs"}, folder="uploads", claim="k-a")
    known = Memory({AS_MADE.key: Known(AS_MADE, fixed=True)}, {"uploads": Data(AS_MADE)})
    found = changes(known, Memory({new.key: Known(new, fixed=True)}, {"uploads": Data(new)}), {})
    assert [one.respelled for one in found.swapped] == [True]
    assert found.left == ()
    said = refusal("Pulumi.s.yaml", "k", found)
    assert "the same place, spelled in another way" in said
    assert "keep it as it was spelled" in said
    assert "move the data" not in said


def test_the_same_words_are_not_respelled() -> None:
    known = Memory({AS_MADE.key: Known(AS_MADE, fixed=True)}, {"uploads": Data(AS_MADE)})
    assert not changes(known, known, {}).refused
