"""The archiver on a bucket that is really mounted: copied, read back, deleted; killed midway; and without its server.

The mount is `rclone mount` (FUSE) of a real server of S3. It stands for Mountpoint for Amazon S3, which cannot be had
here: like it, it uploads a file as a whole when it is closed, and unlike it, it can rename (as a copy and a deletion), so
the archiver is told here what it is told of Mountpoint: `renames: false`.
"""

import hashlib
import json
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.programs.mounted import Bucket, mounted, possible
from tests.unit.components.kotaemon.runtime.stand_in import eventually
from tests.unit.components.models.runtime.pods import place
from tests.unit.components.object.runtime.test_archive import LOGS, REPORTS, Claims, hashes, manifest

pytestmark = pytest.mark.long


@pytest.fixture
def claims() -> Iterator[Claims]:
    possible()
    with place() as found:
        yield Claims(found)


@pytest.fixture
def bucket(claims: Claims) -> Iterator[Bucket]:
    with mounted(claims.cold) as made:
        yield made


def test_old_files_are_objects_and_their_sources_are_gone(claims: Claims, bucket: Bucket) -> None:
    claims.write(REPORTS, "eval")
    claims.write(LOGS, "logs")
    told = claims.report(renames=False, saved_per_gib="0.277", currency="USD")
    assert told["failed"] == 0
    assert manifest(bucket.objects / "eval") == hashes(REPORTS)
    rotated = {name: data for name, data in LOGS.items() if not name.endswith("3.log")}
    assert manifest(bucket.objects / "logs/archive") == hashes(rotated)
    assert set(manifest(claims.hot)) == {"logs/pod-a/app-00000003.log", "logs/pod-b/app-00000003.log"}
    assert claims.report(renames=False)["bytes"] == 0
    read = claims.pod.ok("print((cache / 'eval/single.html').read_bytes().decode(), end='')")
    assert read.encode() == REPORTS["single.html"], "whoever could read it reads it through the mount"


STEP = """
import ks_archive, time
real = ks_archive.{step}
def stop(*given, **more):
    {before}
    print("here", flush=True)
    time.sleep(600)
ks_archive.{step} = stop
sys.exit(ks_archive.main())
"""
STEPS = {
    "half of a copy is written": ("_write", "real(given[0], bytes(given[1])[: len(given[1]) // 2])"),
    "a copy is whole and not yet compared": ("digest_of", "pass"),
    "a copy is compared": ("_keep", "pass"),
    "all but the deletion": ("same", "pass"),
}


@pytest.mark.parametrize("step", list(STEPS))
def test_killed_midway_nothing_is_lost_and_the_next_run_ends_it(claims: Claims, bucket: Bucket, step: str) -> None:
    claims.write(REPORTS, "eval")
    name, before = STEPS[step]
    running = claims.pod.start(STEP.format(step=name, before=before), KS_ARCHIVE=claims.asked(renames=False))
    assert running.stdout is not None
    assert running.stdout.readline() == "here\n", running.communicate(timeout=60)
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=60)
    hot, cold = manifest(claims.hot / "eval"), manifest(bucket.objects / "eval")
    assert set(hot) >= set(REPORTS) - {"run-1/empty"}, "an empty file has no step in which it could be killed"
    assert all(digest in (hot.get(name), cold.get(name)) for name, digest in hashes(REPORTS).items())
    told: dict[str, Any] = {}

    def ended() -> bool:
        """The mount uploads what the killed run had open a moment later, as Mountpoint never would."""
        done = claims.archive(renames=False)
        told.update(json.loads(done.stdout.splitlines()[-1]))
        return done.returncode == 0 and manifest(claims.hot / "eval") == {}

    eventually(ended, "a run that moves everything", bucket.said)
    found = manifest(bucket.objects / "eval")
    assert set(hashes(REPORTS).values()) <= set(found.values())
    whole = {hashlib.sha256(data).hexdigest() for data in REPORTS.values()}
    assert {name for name, digest in found.items() if digest not in whole} == set(), "no half of a file stays"


def test_bytes_that_the_bucket_gives_back_changed_cost_nothing(claims: Claims, bucket: Bucket) -> None:
    """The object rots between its upload and the look at it."""
    claims.write({"x.json": b"data" * 5000}, "eval")
    code = """
import ks_archive, time
real = ks_archive.digest_of
def look(path):
    print("here", flush=True)
    while not (shared.parent / "go").exists():
        time.sleep(0.05)
    return real(path)
ks_archive.digest_of = look
sys.exit(ks_archive.main())
"""
    running = claims.pod.start(code, KS_ARCHIVE=claims.asked(renames=False))
    assert running.stdout is not None
    assert running.stdout.readline() == "here\n"
    (rotten,) = bucket.objects.rglob("x.json")
    with rotten.open("r+b") as opened:
        opened.write(b"rot!")
    (claims.pod.root / "go").touch()
    out, err = running.communicate(timeout=60)
    assert running.returncode == 1, out + err
    assert json.loads(out.splitlines()[0])["failed"] == "x.json"
    # The mount sees it itself, by the object's MD5, and gives an error in place of the bytes. So does the next run.
    assert claims.archive(renames=False).returncode == 1
    assert manifest(claims.hot / "eval") == hashes({"x.json": b"data" * 5000})
    rotten.unlink()  # by a person, who mounts anew: the mount remembers the object
    bucket.unmount()
    bucket.mount()
    assert claims.report(renames=False)["bytes"] == 20000


def test_without_its_server_every_file_stays_and_it_is_said(claims: Claims, bucket: Bucket) -> None:
    claims.write(REPORTS, "eval")
    bucket.server.kill()
    done = claims.archive(renames=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert '"failed":' in done.stdout
    assert manifest(claims.hot / "eval") == hashes(REPORTS)
    bucket.server.start()
    until = time.monotonic() + 60
    while claims.archive(renames=False).returncode != 0 and time.monotonic() < until:
        time.sleep(1)
    assert manifest(claims.hot / "eval") == {}
    assert manifest(bucket.objects / "eval") == hashes(REPORTS)


def test_a_bucket_that_is_not_mounted_takes_nothing(claims: Claims, bucket: Bucket) -> None:
    """The mount ends while the pod runs: its folder answers with an error, and no file goes into the folder below."""
    claims.write(REPORTS, "eval")
    bucket.die()
    done = claims.archive(renames=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert manifest(claims.hot / "eval") == hashes(REPORTS)
