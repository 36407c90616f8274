"""The cache of a node is filled once, goes on after a kill, and never holds half of a version."""

import contextlib
import os
import subprocess

import pytest

from components.models.names import NO_VERSION
from tests.unit.components.models.runtime import faults
from tests.unit.components.models.runtime.pods import Place, tree
from tests.unit.pod_user import UID

SMALL = {f"d{i % 7}/f{i}": f"file {i}".encode() * (i % 50) for i in range(300)}
LARGE = {"m/model.safetensors": bytes(range(256)) * 40960, "m/config.json": b"{}", "m/empty": b""}
"""10 MiB: the tests set the size of a part to 1 MiB."""
PARTS = "import ks_models_manifest as m; m.PART = m.BYTES_AT_ONCE = 2**20\n"


def test_a_cold_start_copies_and_a_warm_one_reads_no_model(pod: Place) -> None:
    pod.publish("v1", {**SMALL, **LARGE})
    cold = pod.fill("v1")
    assert cold.returncode == 0, cold.stderr
    assert "a cold start of" in cold.stdout
    assert tree(pod.cache / "v1") == {**SMALL, **LARGE}
    metrics = (pod.cache / "metrics.prom").read_text()
    assert 'kotaemon_models_fill_files{version="v1"} 303' in metrics
    traced = pod.root / "trace"
    code = "import ks_models_fill; sys.exit(ks_models_fill.main())"
    told = {"KS_MODELS_VERSION": "v1", "KS_MODELS_SHARED": str(pod.shared), "KS_MODELS_CACHE": str(pod.cache)}
    opened = (
        "import atexit\nseen = []\nsys.addaudithook(lambda e, a: seen.append(str(a[0])) if e == 'open' else None)\n"
    )
    keep = f"atexit.register(lambda: Path({str(traced)!r}).write_text('\\n'.join(seen)))\n"
    pod.root.chmod(0o777)
    done = pod.run(opened + keep + code, **told)
    assert "a warm start of" in done.stdout, done.stderr
    of_the_claim = [line for line in traced.read_text().splitlines() if line.startswith(str(pod.shared))]
    assert of_the_claim == [str(pod.shared / "versions" / "v1" / ".manifest.sha256")]


def test_each_pod_tells_the_numbers_of_the_copy_that_its_node_has(pod: Place) -> None:
    pod.publish("v1", SMALL)
    for scratch in ("scratch-of-the-first", "scratch-of-the-second"):
        pod.root.chmod(0o777)
        assert pod.fill("v1", KS_SCRATCH_DIR=str(pod.root / scratch)).returncode == 0
        told = (pod.root / scratch / "metrics" / "models.prom").read_text()
        assert told == (pod.cache / "metrics.prom").read_text()


def test_without_a_release_there_is_nothing_to_do(pod: Place) -> None:
    """The kubelet mounts a folder of that name, and would make it as root."""
    done = pod.fill(NO_VERSION)
    assert (done.returncode, os.listdir(pod.cache)) == (0, [NO_VERSION])
    assert os.stat(pod.cache / NO_VERSION).st_uid == UID
    assert "no version was released yet" in done.stdout


def test_a_version_that_is_not_there_is_refused_by_name(pod: Place) -> None:
    done = pod.fill("v9")
    assert done.returncode == 78
    assert "version v9 is not on the shared claim" in done.stderr


@pytest.mark.parametrize("what", ["truncated", "corrupted", "missing", "longer", "manifest"])
def test_what_differs_from_the_manifest_is_refused_by_name(pod: Place, what: str) -> None:
    pod.publish("v1", {**SMALL, **LARGE})
    version = pod.shared / "versions" / "v1"
    victim = version / ("m/model.safetensors" if what in ("truncated", "corrupted") else "d3/f31")
    data = victim.read_bytes()
    if what == "truncated":
        victim.write_bytes(data[:-1])
    elif what == "corrupted":
        victim.write_bytes(data[:5000] + b"?" + data[5001:])
    elif what == "missing":
        victim.unlink()
    elif what == "longer":
        victim.write_bytes(data + b"?")
    else:
        victim = version / ".manifest.json"
        victim.write_text(victim.read_text().replace("303", "304").replace('"size": 2', '"size": 3'))
    done = pod.fill("v1")
    assert done.returncode == 78, done.stdout
    assert str(victim.relative_to(version)) in done.stderr
    assert not (pod.cache / "v1").exists()


def test_a_version_with_other_bytes_than_the_cached_one_is_refused(pod: Place) -> None:
    pod.publish("v1", SMALL)
    assert pod.fill("v1").returncode == 0
    subprocess.run(["rm", "-r", str(pod.shared / "versions" / "v1")], check=True)
    pod.publish("v1", LARGE)
    done = pod.fill("v1")
    assert done.returncode == 78
    assert "their manifests differ" in done.stderr


def test_every_hash_of_a_warm_cache_is_looked_at_when_asked(pod: Place) -> None:
    pod.publish("v1", SMALL)
    pod.fill("v1")
    (pod.cache / "v1" / "d1" / "f1").write_bytes(b"file ?")
    assert pod.fill("v1").returncode == 0
    done = pod.fill("v1", KS_MODELS_VERIFY="1")
    assert done.returncode == 78
    assert "d1/f1 is corrupt" in done.stderr


def test_two_fills_at_once_make_one_copy(pod: Place) -> None:
    pod.publish("v1", LARGE)
    slow = """
import ks_models_copy as c, ks_models_fill, time
real = c.Copy.run
def run(self, progress):
    (cache.parent / f"copied.{os.getpid()}").touch(); time.sleep(1); return real(self, progress)
c.Copy.run = run
print(ks_models_fill.fill(cache, shared, "v1"))
"""
    pod.root.chmod(0o777)
    both = [pod.start(slow), pod.start(slow)]
    said = [running.communicate(timeout=60) for running in both]
    assert sorted(out.splitlines()[-1] for out, _ in said) == ["cold", "warm"], said
    assert len(list(pod.root.glob("copied.*"))) == 1
    assert sum("waiting for it" in out for out, _ in said) == 1
    assert tree(pod.cache / "v1") == LARGE


def test_killed_at_every_step_there_is_a_whole_version_or_none(pod: Place) -> None:
    files = {"m/large": LARGE["m/model.safetensors"][: 3 * 2**20], "a": b"a", "b/c": b"c"}
    pod.package("v1", files)
    pod.ok(PARTS + "import ks_models_publish as p; p.publish(shared, 'v1')")
    code = """
import shutil, ks_models_fill, ks_models_copy, ks_models_work
ks_models_work.processes = lambda: 2
from ks_models_manifest import read, verify
manifest = read(shared / "versions/v1")
def begin():
    shutil.rmtree(cache); cache.mkdir()
def look(killed):
    there = [n for n in os.listdir(cache) if not n.startswith(".") and not n.startswith("metrics")]
    assert there in ([], ["v1"]) and (killed or there == ["v1"]), there
    if there:
        assert verify(cache / "v1", manifest) == []
    if not killed:
        assert set(os.listdir(cache)) <= {".filling", ".lock", "metrics.prom", "metrics.prom.part", "v1"}, os.listdir(cache)
        assert os.listdir(cache / ".filling") == []
sys.stdout, told = open(os.devnull, "w"), sys.stdout
print(steps(begin, lambda: ks_models_fill.fill(cache, shared, "v1"), look), file=told)
"""
    assert int(pod.ok(PARTS + faults.CODE + code).splitlines()[-1]) >= 18


def test_a_resumed_copy_keeps_the_parts_that_are_right(pod: Place) -> None:
    pod.package("v1", LARGE)
    pod.ok(PARTS + "import ks_models_publish as p; p.publish(shared, 'v1')")
    code = """
import ks_models_fill, ks_models_copy as c, ks_models_tree
real, copied = c.Copy._copy, cache.parent / "copied"
def copy(self, part, done):
    with copied.open("a") as f: f.write(f"{part.path} {part.offset}\\n")
    if part.offset == 7 * 2**20 and not os.environ.get("SECOND"):
        os._exit(1)
    return real(self, part, done)
c.Copy._copy = copy
ks_models_fill.fill(cache, shared, "v1")
"""
    pod.root.chmod(0o777)
    first = pod.run(
        PARTS + "import ks_models_work; ks_models_work.processes = lambda: 1; ks_models_work.LARGE_THREADS = 1\n" + code
    )
    assert "a process that copies was killed" in first.stderr
    right = set((pod.root / "copied").read_text().splitlines()[:-1])
    assert len(right) >= 7
    (pod.root / "copied").unlink()
    pod.ok(PARTS + code, SECOND="1")
    assert right.isdisjoint((pod.root / "copied").read_text().splitlines())
    assert tree(pod.cache / "v1") == LARGE


def test_versions_that_were_not_used_for_the_longest_time_are_evicted(pod: Place) -> None:
    for number in range(1, 5):
        pod.publish(f"v{number}", {"f": bytes([number]) * 1000})
        assert pod.fill(f"v{number}").returncode == 0
        os.utime(pod.cache / f"v{number}" / ".manifest.sha256", (number, number))
    pod.publish("v5", {"f": b"5" * 1000})
    held = pod.start(
        "import fcntl; f = open(cache / 'v1/.manifest.sha256'); fcntl.flock(f, fcntl.LOCK_SH); print('held', flush=True);"
        "sys.stdin.read() if False else __import__('time').sleep(60)"
    )
    try:
        assert held.stdout is not None
        assert held.stdout.readline() == "held\n"
        done = pod.fill("v5", KS_MODELS_LIMIT="3000")
        assert done.returncode == 0, done.stderr
    finally:
        held.kill()
        held.communicate()
    assert sorted(path.name for path in pod.cache.glob("v*")) == ["v1", "v4", "v5"]
    done = pod.fill("v2", KS_MODELS_LIMIT="999")
    assert (done.returncode, "raise cache.limit" in done.stderr) == (78, True)


def test_a_full_disk_is_reported_and_leaves_no_half_version(pod: Place) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root mounts a small file system")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0777", "tmpfs", str(pod.cache)], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a tmpfs")
    try:
        pod.publish("v1", LARGE)
        told = pod.fill("v1")
        assert told.returncode == 75
        assert "bytes free, and" in told.stderr
        # What the numbers do not show: somebody else fills the disk meanwhile.
        late = pod.run(
            "import ks_models_fill as f; f.make_room = lambda *a: None; f.main()",
            KS_MODELS_VERSION="v1",
            KS_MODELS_SHARED=str(pod.shared),
            KS_MODELS_CACHE=str(pod.cache),
        )
        assert "No space left on device" in late.stderr
        assert os.listdir(pod.cache / ".filling") == []
        assert not (pod.cache / "v1").exists()
        assert os.statvfs(pod.cache).f_bavail * 4096 > 3 * 2**20
    finally:
        subprocess.run(["umount", str(pod.cache)], check=True)


def test_a_full_claim_leaves_the_package_where_it_is(pod: Place) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root mounts a small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0777", "tmpfs", str(pod.shared)], check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a tmpfs")
    try:
        pod.package("v1", {"f": b"1" * 45000})
        (pod.shared / "rest").write_bytes(b"2" * 4096)
        rest = os.open(pod.shared / "rest", os.O_WRONLY | os.O_APPEND)
        with contextlib.suppress(OSError):
            while os.write(rest, b"3" * 4096):
                pass
        os.close(rest)
        done = pod.run("import ks_models_publish as p; p.publish(shared, 'v1'); p.flip(shared, 'v1')")
        assert done.returncode == 1
        assert "No space left on device" in done.stderr
        assert not (pod.shared / "versions" / "v1").exists()
        (pod.shared / "rest").unlink()
        pod.ok("import ks_models_publish as p; p.publish(shared, 'v1'); p.flip(shared, 'v1')")
    finally:
        subprocess.run(["umount", str(pod.shared)], check=True)
