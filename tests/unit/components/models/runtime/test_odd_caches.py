"""Caches as disks, clocks and other people leave them: a start goes on, or says in one line why it cannot."""

import os
import signal
import stat

import pytest

from tests.unit.components.models.runtime.pods import Place, tree

FULL = {"f": b"1" * 3000}
LIMIT = {"KS_MODELS_LIMIT": "4000"}


def test_the_lost_and_found_of_a_disk_is_no_version(pod: Place) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root makes what another user cannot read")
    pod.publish("v1", FULL)
    (pod.cache / "lost+found").mkdir(mode=0o700)
    os.chown(pod.cache / "lost+found", 0, 0)
    done = pod.fill("v1", **LIMIT)
    assert done.returncode == 0, done.stderr


def test_a_rotten_manifest_of_another_version_holds_nothing_up(pod: Place) -> None:
    pod.publish("v1", FULL)
    pod.publish("v2", FULL)
    assert pod.fill("v1").returncode == 0
    (pod.cache / "v1" / ".manifest.json").write_text("{")
    os.utime(pod.cache / "v1" / ".manifest.sha256", (1, 1))
    done = pod.fill("v2", **LIMIT)
    assert done.returncode == 0, done.stderr
    assert "evicting version v1" in done.stdout


def test_a_rotten_digest_is_another_version_and_refused_in_words(pod: Place) -> None:
    pod.publish("v1", FULL)
    assert pod.fill("v1").returncode == 0
    (pod.cache / "v1" / ".manifest.sha256").write_bytes(b"\xff\xfe")
    done = pod.fill("v1")
    assert done.returncode == 78
    assert "their manifests differ" in done.stderr


def test_a_cache_of_another_user_is_read_all_the_same(pod: Place) -> None:
    """As after a change of kotaemon:uid."""
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    pod.publish("v1", FULL)
    assert pod.fill("v1").returncode == 0
    for path in (pod.cache / "v1", *(pod.cache / "v1").iterdir()):
        os.chown(path, 0, 0)
    done = pod.fill("v1")
    assert done.returncode == 0, done.stderr
    assert "a warm start" in done.stdout
    code = "import ks_models_fill; sys.exit(ks_models_fill.main())"
    told = {"KS_MODELS_VERSION": "v1", "KS_MODELS_SHARED": str(pod.shared), "KS_MODELS_CACHE": str(pod.cache)}
    assert pod.run(code, **told).returncode == 0


def test_a_copy_of_another_version_that_was_broken_off_gives_its_room_back(pod: Place) -> None:
    pod.publish("v1", FULL)
    pod.publish("v2", FULL)
    pod.run(
        "import ks_models_fill as f, ks_models_copy as c\nc.Copy.run = lambda s, p: os._exit(9)\nf.fill(cache, shared, 'v1')"
    )
    assert os.listdir(pod.cache / ".filling") == ["v1"]
    assert pod.fill("v2", **LIMIT).returncode == 0
    assert os.listdir(pod.cache / ".filling") == []


def test_a_clock_that_was_ahead_keeps_no_version_in_the_cache(pod: Place) -> None:
    pod.publish("v1", FULL)
    pod.publish("v2", FULL)
    assert pod.fill("v1").returncode == 0
    os.utime(pod.cache / "v1" / ".manifest.sha256", (2**32, 2**32))
    done = pod.fill("v2", **LIMIT)
    assert done.returncode == 0, done.stderr


def test_numbers_that_cannot_be_handed_on_hold_nothing_up(pod: Place) -> None:
    pod.publish("v1", FULL)
    (pod.root / "scratch").write_text("a file")
    done = pod.fill("v1", KS_SCRATCH_DIR=str(pod.root / "scratch"))
    assert done.returncode == 0, done.stderr
    assert "are in no metric" in done.stdout


@pytest.mark.parametrize("version", ["..", ".", "../shared/versions/v1", "latest", "metrics.prom"])
def test_what_is_no_version_is_never_a_warm_start(pod: Place, version: str) -> None:
    pod.publish("v1", FULL)
    for folder in (pod.cache, pod.root):
        (folder / ".manifest.sha256").write_text("x")
    (pod.shared / ".manifest.sha256").write_text("x")
    pod.owned()
    done = pod.fill(version)
    assert (done.returncode, "is no name of a version" in done.stderr) == (78, True), done.stdout


def test_a_large_file_that_is_longer_than_the_manifest_says_is_refused(pod: Place) -> None:
    parts = "import ks_models_manifest as m; m.PART = m.BYTES_AT_ONCE = 2**20\n"
    pod.package("v1", {"large": b"x" * (3 * 2**20)})
    pod.ok(f"{parts}import ks_models_publish as p; p.publish(shared, 'v1')")
    with (pod.shared / "versions" / "v1" / "large").open("ab") as file:
        file.write(b"more")
    told = {"KS_MODELS_VERSION": "v1", "KS_MODELS_SHARED": str(pod.shared), "KS_MODELS_CACHE": str(pod.cache)}
    done = pod.run(f"{parts}import ks_models_fill as f; sys.exit(f.main())", **told)
    assert done.returncode == 78
    assert "large has 3145732 bytes, and the manifest says 3145728" in done.stderr


def test_holes_and_second_names_are_copied_as_files(pod: Place) -> None:
    package = pod.package("v1", {"a": b"1"})
    with (package / "sparse").open("wb") as file:
        file.truncate(9 * 2**20)
        file.seek(5 * 2**20)
        file.write(b"in the middle")
    os.link(package / "a", package / "b")
    pod.owned()
    pod.ok("import ks_models_publish as p; p.publish(shared, 'v1')")
    for path in (pod.shared / "versions" / "v1").rglob("*"):
        path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)  # as a mount that is read-only
    assert pod.fill("v1").returncode == 0
    assert tree(pod.cache / "v1") == tree(pod.shared / "versions" / "v1")


SLOW = """
import ks_models_copy, time
def piece(self, number, done):
    print("copying", flush=True); time.sleep(600)
ks_models_copy.Copy.piece = piece
{more}
import ks_models_start; sys.exit(ks_models_start.main())
"""
DELETED_BEFORE_IT_WAITS = """
import threading
start = threading.Thread.start
def started(thread):
    feeds = thread._target.__name__ == "_feed"
    start(thread)
    if feeds:
        time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)
threading.Thread.start = started
"""


@pytest.mark.parametrize("moment", ["while they copy", "when they have their work"])
def test_a_pod_that_is_deleted_while_it_copies_ends_at_once_and_lets_the_next_one_copy(pod: Place, moment: str) -> None:
    """The first process of a container ignores a SIGTERM that it does not handle, and would be waited for for minutes;
    and its copiers would go on holding the lock of the cache."""
    pod.publish("v1", FULL)
    told = {"KS_MODELS_VERSION": "v1", "KS_MODELS_SHARED": str(pod.shared), "KS_MODELS_CACHE": str(pod.cache)}
    more = DELETED_BEFORE_IT_WAITS if moment == "when they have their work" else ""
    running = pod.start(SLOW.format(more=more), **told)
    assert running.stdout is not None
    if not more:
        assert running.stdout.readline() == "copying\n"
        running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 128 + signal.SIGTERM
    done = pod.fill("v1")
    assert done.returncode == 0, done.stderr
    running.communicate(timeout=60)
