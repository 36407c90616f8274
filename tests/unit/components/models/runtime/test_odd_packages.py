"""Packages as nobody should make them: what cannot be published is refused by name, and nothing is left out in silence."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.components.models.runtime.pods import Place, tree

PUBLISH = "import ks_models_publish as p\np.publish(shared, 'v1')"
WRITE = "import ks_models_manifest as m; m.write(shared / '.incoming/v1', m.make(shared / '.incoming/v1'))"
ODD = {"a b/c\nd": b"1", "ünï 漢/\t": b"2", " ": b"3", "-rf": b"4", "'\"$(x)`": b"5"}


def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root makes what another user cannot read")


def test_names_of_files_may_have_spaces_line_breaks_and_any_letters(pod: Place) -> None:
    pod.publish("v1", ODD)
    done = pod.fill("v1")
    assert done.returncode == 0, done.stderr
    assert tree(pod.cache / "v1") == ODD


def test_a_name_that_is_no_text_is_copied_and_a_message_shows_it_in_one_line(pod: Place) -> None:
    name, breaks = b"/\xff\xfe", "two\nlines"
    package = pod.package("v1", {"a": b"1", breaks: b"2"})
    Path(os.fsdecode(os.fsencode(package) + name)).write_bytes(b"3")
    pod.owned()
    pod.ok(PUBLISH)
    version = pod.shared / "versions" / "v1"
    assert pod.fill("v1").returncode == 0
    assert Path(os.fsdecode(os.fsencode(pod.cache / "v1") + name)).read_bytes() == b"3"
    for wrong in (Path(os.fsdecode(os.fsencode(version) + name)), version / breaks):
        wrong.write_bytes(b"?")
    # As in a container without a locale: its output takes ASCII only.
    told = {
        "KS_MODELS_SHARED": str(pod.shared),
        "KS_MODELS_CACHE": str(pod.cache / "other"),
        "PYTHONIOENCODING": "ascii",
    }
    (pod.cache / "other").mkdir()
    pod.owned()
    done = pod.run("import ks_models_start as s; sys.exit(s.main())", KS_MODELS_VERSION="v1", **told)
    assert done.returncode == 78, done.stderr
    (line,) = done.stderr.splitlines()
    assert r"\udcff\udcfe is corrupt" in line
    assert r"two\nlines is corrupt" in line


@pytest.mark.parametrize("closed", ["d", "d/b"])
def test_what_cannot_be_read_is_refused_and_not_left_out(pod: Place, closed: str) -> None:
    """os.walk passes over a folder that it may not read, and the version would have less than its package."""
    as_root()
    package = pod.package("v1", {"a": b"1", "d/b": b"2"})
    os.chown(package / closed, 0, 0)
    (package / closed).chmod(0o600)
    done = pod.run(PUBLISH)
    assert f"Permission denied: '{package / closed}'" in done.stderr
    assert not (pod.shared / "versions" / "v1").exists()


def test_a_package_that_is_a_link_is_none(pod: Place) -> None:
    package = pod.package("elsewhere", {"a": b"1"})
    (pod.shared / ".incoming" / "v1").symlink_to(package)
    assert "there is no folder" in pod.run(PUBLISH).stderr
    assert not os.path.lexists(pod.shared / "versions" / "v1")


def test_a_manifest_that_is_a_link_is_refused(pod: Place) -> None:
    package = pod.package("v1", {"a": b"1"})
    pod.ok(WRITE)
    (package / ".manifest.json").rename(pod.shared / "elsewhere")
    (package / ".manifest.json").symlink_to(pod.shared / "elsewhere")
    assert ".manifest.json is a symbolic link to" in pod.run(PUBLISH).stderr


def test_manifests_that_are_none_are_refused_by_name(pod: Place) -> None:
    pod.package("v1", {"a": b"a"})
    code = """
import hashlib
import ks_models_manifest as m
right = {"size": 1, "sha256": hashlib.sha256(b"a").hexdigest()}
def of(files, size=1): return {"format": 1, "bytes": size, "files": files}
odd = {
    "it names no file": of({}, 0),
    "'/etc/x' is outside": of({"/etc/x": right}),
    "'../x' is outside": of({"../x": right}),
    "'d/../../x' is outside": of({"d/../../x": right}),
    "'./a' is outside": of({"./a": right}),
    "'d//a' is outside": of({"d//a": right}),
    "'d/' is outside": of({"d/": right}),
    "or no name of a file": of({"a" + chr(0): right}),
    ".manifest.json is no part": of({".manifest.json": right}),
    "bytes is not their sum": of({"a": right}, -5),
    "the sizes are no sizes": of({"a": {**right, "size": "1"}}),
    "KeyError 'sha256'": of({"a": {"size": 1}}),
    "non-hexadecimal number": of({"a": {**right, "sha256": "z" * 64}}),
    "a hash is no sha256": of({"a": {**right, "sha256": "0"}}),
    "a file of 1 bytes has 2 parts": of({"a": {**right, "parts": ["0" * 64] * 2}}),
    "KeyError 'files'": {"format": 1, "bytes": 1},
    "KeyError 'bytes'": {"format": 1, "files": {"a": right}},
    "has no attribute": of(["a"]),
    "TypeError": [],
    "has the format 2": {**of({"a": right}), "format": 2},
    "JSONDecodeError": None,
    "is corrupt: it is no text": bytes([255]),
}
for said, manifest in odd.items():
    data = b"{" if manifest is None else manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    (shared / ".incoming/v1/.manifest.json").write_bytes(data)
    (shared / ".incoming/v1/.manifest.sha256").write_text(hashlib.sha256(data).hexdigest())
    try:
        m.read(shared / ".incoming/v1")
        print("passed:", said)
    except m.Refused as error:
        if said not in str(error):
            print(said, "not in", error)
assert len(odd) == 22
"""
    assert pod.ok(code) == ""


def test_a_manifest_with_the_line_breaks_of_another_system_is_as_good(pod: Place) -> None:
    pod.package("v1", {"a": b"1"})
    code = """
import hashlib
manifest = shared / ".incoming/v1/.manifest.json"
data = manifest.read_bytes().replace(bytes([10]), bytes([13, 10])); manifest.write_bytes(data)
(shared / ".incoming/v1/.manifest.sha256").write_text(hashlib.sha256(data).hexdigest() + chr(13) + chr(10))
"""
    pod.ok(WRITE + code)
    pod.ok(PUBLISH)
    assert pod.fill("v1").returncode == 0


def test_an_empty_folder_is_no_package(pod: Place) -> None:
    (pod.package("v1", {}) / "d").mkdir(parents=True)
    pod.owned()
    assert "holds no file" in pod.run(PUBLISH).stderr


def test_a_file_that_grows_while_it_is_published_is_found(pod: Place) -> None:
    pod.package("v1", {"f": b"1"})
    grows = """
import ks_models_manifest as m
def make(folder, real=m.make):
    made = real(folder)
    with (folder / "f").open("ab") as file: file.write(b"2")
    return made
m.make = make
"""
    assert "f has 2 bytes, and the manifest says 1" in pod.run(grows + PUBLISH).stderr
    assert not (pod.shared / "versions" / "v1").exists()


def test_a_folder_in_the_place_of_a_version_is_not_written_over(pod: Place) -> None:
    pod.package("v1", {"a": b"1"})
    (pod.package("v1", {"mine": b"1"}, "versions")).chmod(0o755)
    assert "is there, and is no published version" in pod.run(PUBLISH).stderr
    assert tree(pod.shared / "versions" / "v1") == {"mine": b"1"}


@pytest.mark.parametrize("brought", ["an old manifest", "a clock that went back"])
def test_the_version_that_was_published_last_is_the_newest(pod: Place, brought: str) -> None:
    """The times of a package are those of whoever made it, and a clock may jump: neither makes a new version an old
    one, which would be removed first."""
    for version in ("v7", "v8"):
        pod.publish(version, {"f": version.encode()})
    package = pod.package("v1", {"f": b"1"})
    if brought == "an old manifest":
        pod.ok(WRITE)
        for file in package.iterdir():
            os.utime(file, (1000, 1000))
    back = "import time; time.time_ns = lambda: 10**9\n" if brought == "a clock that went back" else ""
    pod.ok(f"{back}{PUBLISH}")
    assert pod.ok("import ks_models_tree as t; print(t.versions_in(shared))").strip() == "['v7', 'v8', 'v1']"
    pod.ok("import ks_models_publish as p; p.prune(shared, set(), 1)")
    assert sorted(os.listdir(pod.shared / "versions")) == ["v1", "v8"], "v8 is the one that latest leads to"


def test_a_clock_that_was_ahead_keeps_no_version_for_ever(pod: Place) -> None:
    for version in ("v1", "v2"):
        pod.publish(version, {"f": version.encode()})
    for version in ("v1", "v2"):
        os.utime(pod.shared / "versions" / version / ".manifest.json", (2**32, 2**32))
    assert pod.ok("import ks_models_publish as p; print(p.prune(shared, set(), 1, 30))").splitlines()[-1] == "['v1']"


def taken(pod: Place, source: str, name: str = "") -> str:
    return pod.run(
        f"import ks_models_take as t; t.take(Path({str(pod.root / source)!r}), shared, 'v1', {name!r})"
    ).stderr


def test_another_revision_with_files_as_long_as_these_is_taken_and_not_mixed(pod: Place) -> None:
    for number, source in enumerate(("one", "two")):
        (pod.root / source).mkdir()
        (pod.root / source / "config.json").write_text(f"{number}")
        os.utime(pod.root / source / "config.json", (1000 + number, 1000 + number))
    for source in ("one", "two"):
        assert taken(pod, source) == ""
    assert tree(pod.shared / ".incoming" / "v1") == {"config.json": b"1"}


def unreadable(pod: Place) -> None:
    as_root()
    (pod.root / "model" / "d").chmod(0)
    os.chown(pod.root / "model" / "d", 0, 0)


@pytest.mark.parametrize(
    ("make", "name", "said"),
    [
        (lambda pod: None, "../../x", "leads out of it"),
        (lambda pod: None, "/etc", "leads out of it"),
        (unreadable, "", "Permission denied"),
        (lambda pod: (pod.root / "model" / "broken").symlink_to("nowhere"), "", "is the snapshot complete?"),
    ],
)
def test_what_cannot_be_taken_is_refused(pod: Place, make: Callable[[Place], object], name: str, said: str) -> None:
    (pod.root / "model" / "d").mkdir(parents=True)
    (pod.root / "model" / "d" / "f").write_text("1")
    pod.owned()
    make(pod)
    assert said in taken(pod, "model", name)
