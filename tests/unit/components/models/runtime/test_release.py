"""A package becomes a version in steps that may be killed at any point; readers see whole versions."""

import json
import os
from pathlib import Path

import pytest

from tests.unit.components.models.runtime import faults
from tests.unit.components.models.runtime.pods import UID, Place, tree

V1 = {"huggingface/m/config.json": b"{1}", "huggingface/m/w.safetensors": b"1" * 5000, "tiktoken/t": b"one"}
V2 = {"huggingface/m/config.json": b"{2}", "huggingface/m/w.safetensors": b"2" * 5000, "nltk/n": b"two"}
RELEASE = """
import ks_models_publish as p
def release(version, keep):
    p.publish(shared, version); p.flip(shared, version); p.prune(shared, set(), keep)
"""


def test_the_scripts_run_as_the_pods_user(pod: Place) -> None:
    assert pod.ok("print(os.getuid())").strip() == str(UID if os.geteuid() == 0 else os.geteuid())


def test_a_package_is_published_whole_and_latest_leads_to_it(pod: Place) -> None:
    pod.package("v1", V1)
    pod.ok(RELEASE + "release('v1', 3)")
    assert tree(pod.shared / "versions" / "v1") == V1
    assert os.readlink(pod.shared / "latest") == "versions/v1"
    assert os.listdir(pod.shared / ".incoming") == []
    files = json.loads((pod.shared / "versions" / "v1" / ".manifest.json").read_text())["files"]
    assert files["tiktoken/t"] == {
        "size": 3,
        "sha256": "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
    }
    assert "is published already" in pod.ok(RELEASE + "release('v1', 3)")


def test_killed_at_every_step_latest_is_valid_and_a_second_run_finishes(pod: Place) -> None:
    """Every call that changes the tree, in a release that publishes, flips and removes the version before."""
    code = f"""
import shutil
from ks_models_manifest import read, verify
V1, V2 = {V1!r}, {V2!r}
def package(version, files):
    for name, data in files.items():
        path = shared / ".incoming" / version / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
def begin():
    shutil.rmtree(shared); shared.mkdir()
    package("v1", V1); release("v1", 1); package("v2", V2)
def look(killed):
    version = os.readlink(shared / "latest")
    assert version in ("versions/v1", "versions/v2"), version
    whole = V1 if version.endswith("v1") else V2
    assert verify(shared / version, read(shared / version)) == []
    assert {{n: (shared / version / n).read_bytes() for n in whole}} == whole
    if not killed:
        assert version == "versions/v2" and os.listdir(shared / "versions") == ["v2"], os.listdir(shared / "versions")
        left = sorted(os.listdir(shared)) + os.listdir(shared / ".incoming") + os.listdir(shared / version)
        assert sorted(left) == sorted([".incoming", "latest", "versions", ".manifest.json", ".manifest.sha256",
                                       "huggingface", "nltk"]), left
sys.stdout, told = open(os.devnull, "w"), sys.stdout
print(steps(begin, lambda: release("v2", 1), look), file=told)
"""
    # manifest and digest (3 each), rename, link (2), and the removal of a version of five files and four folders
    assert int(pod.ok(RELEASE + faults.CODE + code)) >= 18


def test_readers_through_a_hundred_flips_never_see_a_mixed_version(pod: Place) -> None:
    for version in ("a", "b"):
        pod.publish(version, {f"{i}": version.encode() * 2000 for i in range(20)})
    reader = """
import os
from pathlib import Path
seen = set()
print("reading", flush=True)
while not (cache / "stop").exists():
    folder = os.open(shared / "latest", os.O_RDONLY | os.O_DIRECTORY)  # resolves the link once
    found = set()
    for name in sorted(n for n in os.listdir(folder) if not n.startswith(".")):
        file = os.open(name, os.O_RDONLY, dir_fd=folder)
        found.add(os.read(file, 9999)); os.close(file)
    os.close(folder)
    assert len(found) == 1 and len(next(iter(found))) == 2000, found
    seen |= found
print(len(seen))
"""
    readers = [pod.start(reader) for _ in range(3)]
    for running in readers:
        assert running.stdout is not None
        assert running.stdout.readline() == "reading\n"
    pod.ok(
        "import ks_models_publish as p, time\nfor i in range(100): p.flip(shared, 'ab'[i % 2]); time.sleep(0.005)\n"
        "(cache / 'stop').touch()"
    )
    for running in readers:
        out, err = running.communicate(timeout=60)
        assert (running.returncode, out.strip()) == (0, "2"), err


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("m/pytorch_model.bin", b"anything", "its name is that of PyTorch's pickled weights"),
        ("m/model.pt", b"", "its name is that of a pickle"),
        ("m/model.CKPT", b"x", "its name is that of a pickle"),
        ("m/forest.joblib", b"x", "its name is that of a pickle"),
        (
            "m/harmless.dat",
            b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x94K\x01s.",
            "begins as a pickle",
        ),
    ],
)
def test_pickled_weights_are_refused_by_name(pod: Place, name: str, data: bytes, said: str) -> None:
    pod.package("v1", {**V1, name: data})
    done = pod.run("import ks_models_publish as p; p.publish(shared, 'v1')")
    assert f"{name}: {said}" in done.stderr or f"{name}: it {said}" in done.stderr
    assert not (pod.shared / "versions" / "v1").exists()
    assert "warning: pickled weights" in pod.ok(
        "import ks_models_publish as p; p.publish(shared, 'v1', allow_pickle=True)"
    )


def test_a_zip_of_torch_is_looked_into_and_fasttext_passes(pod: Place) -> None:
    pod.package(
        "v1", {"lid.176.bin": (793712314).to_bytes(4, "little") + b"x", "safe.safetensors": b"\x80\x02" + bytes(6)}
    )
    pod.ok("import ks_models_publish as p; p.publish(shared, 'v1')")
    pod.ok(
        "import zipfile\n(shared / '.incoming/v2').mkdir()\n"
        "with zipfile.ZipFile(shared / '.incoming/v2/weights', 'w') as z: z.writestr('archive/data.pkl', 'x')"
    )
    done = pod.run("import ks_models_publish as p; p.publish(shared, 'v2')")
    assert "weights: it is a zip with the pickle archive/data.pkl" in done.stderr


@pytest.mark.parametrize("version", ["latest", "../x", "..", "V1", "", ".none", "a/b", "metrics.prom", "v1\n"])
def test_names_that_are_no_version_are_refused(pod: Place, version: str) -> None:
    done = pod.run(f"import ks_models_publish as p; p.publish(shared, {version!r})")
    assert "is no name of a version" in done.stderr


def test_a_published_version_never_changes(pod: Place) -> None:
    pod.publish("v1", V1)
    pod.package("v1", V2)
    done = pod.run("import ks_models_publish as p; p.publish(shared, 'v1')")
    assert "a version never changes" in done.stderr
    assert tree(pod.shared / "versions" / "v1") == V1


def test_a_package_that_brings_its_manifest_is_held_to_it(pod: Place) -> None:
    package = pod.package("v1", V1)
    pod.ok("import ks_models_manifest as m; m.write(shared/'.incoming/v1', m.make(shared/'.incoming/v1'))")
    (package / "tiktoken" / "t").write_bytes(b"two")
    (package / "nltk").mkdir()
    done = pod.run("import ks_models_publish as p; p.publish(shared, 'v1')")
    assert "tiktoken/t is corrupt: its sha256 is not the one in the manifest" in done.stderr


def test_links_and_unfinished_files_are_refused(pod: Place) -> None:
    package = pod.package("v1", V1)
    (package / "link").symlink_to("/etc/passwd")
    assert (
        "link is a symbolic link to /etc/passwd"
        in pod.run("import ks_models_publish as p; p.publish(shared, 'v1')").stderr
    )
    (package / "link").unlink()
    (package / "w.incomplete").write_bytes(b"1")
    assert (
        "w.incomplete is a file that is still being written"
        in pod.run("import ks_models_publish as p; p.publish(shared, 'v1')").stderr
    )


def test_old_versions_go_unless_a_pod_uses_them_or_they_are_young(pod: Place) -> None:
    for version in ("v1", "v2", "v3", "v4", "v5"):
        pod.publish(version, {"f": version.encode()})
    prune = "import ks_models_publish as p; print(p.prune(shared, {'v1'}, 2, %s))"
    assert pod.ok(prune % 1).strip() == "[]"
    assert pod.ok(prune % 0).splitlines()[-1] == "['v2', 'v3']"
    assert sorted(os.listdir(pod.shared / "versions")) == ["v1", "v4", "v5"]


def hub(root: Path) -> Path:
    """A model as the cache of Hugging Face holds it."""
    model = root / "hub" / "models--BAAI--bge-m3"
    (model / "blobs").mkdir(parents=True)
    (model / "blobs" / "abc").write_bytes(b"weights")
    (model / "snapshots" / "5617").mkdir(parents=True)
    (model / "snapshots" / "5617" / "model.safetensors").symlink_to("../../blobs/abc")
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text("5617")
    return model


def test_a_snapshot_of_the_hub_comes_in_as_files(pod: Place) -> None:
    model = hub(pod.root)
    pod.owned()
    name = "huggingface/models--BAAI--bge-m3"
    pod.ok(f"import ks_models_take as t; t.take(Path({str(model)!r}), shared, 'v1', {name!r})")
    assert tree(pod.shared / ".incoming" / "v1") == {
        f"{name}/refs/main": b"5617",
        f"{name}/snapshots/5617/model.safetensors": b"weights",
    }
    (model / "snapshots" / "5617" / "out").symlink_to("/etc/passwd")
    done = pod.run(f"import ks_models_take as t; t.take(Path({str(model)!r}), shared, 'v2')")
    assert "leads to /etc/passwd, outside of" in done.stderr
