"""The archiver on real folders: nothing is ever lost, whatever it is killed at and whoever writes meanwhile."""

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.object.archiver import script
from tests.unit.components.models.runtime import faults
from tests.unit.components.models.runtime.pods import Place, place

OLD = time.time() - 40 * 86400
REPORTS = {
    "run-1/scores.json": b"{}" * 3000,
    "run-1/deep/answers.csv": bytes(range(256)) * 9000,
    "run-1/empty": b"",
    "single.html": b"<html>" * 500,
}
LOGS = {f"pod-{pod}/app-{number:08}.log": f"{pod} {number}\n".encode() * 400 for pod in "ab" for number in (1, 2, 3)}


class Claims:
    """A file claim with hot folders, and a cold tier."""

    def __init__(self, pod: Place) -> None:
        self.pod = pod
        self.hot, self.cold = pod.shared, pod.cache
        for name, text in script().items():
            (pod.scripts / name).write_text(text)

    def write(self, files: dict[str, bytes], folder: str, age: float = OLD) -> None:
        for name, data in files.items():
            path = self.hot / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (age, age))
        self.pod.owned()

    def asked(self, **changes: Any) -> str:
        moves = [
            {"what": "reports", "from": str(self.hot / "eval"), "to": str(self.cold / "eval")},
            {"what": "logs", "from": str(self.hot / "logs"), "to": str(self.cold / "logs" / "archive")},
        ]
        return json.dumps({"days": 30, "renames": True, "moves": moves, **changes})

    def archive(self, **changes: Any) -> "subprocess.CompletedProcess[str]":
        return self.pod.run("import ks_archive; sys.exit(ks_archive.main())", KS_ARCHIVE=self.asked(**changes))

    def report(self, **changes: Any) -> dict[str, Any]:
        done = self.archive(**changes)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return json.loads(done.stdout.splitlines()[-1])


def manifest(root: Path) -> dict[str, str]:
    """Path -> sha256 of every file below a folder, but for the archiver's own numbers."""
    every = [path for path in root.rglob("*") if path.name != "archive.prom"]
    found = sorted(path for path in every if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def hashes(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


@pytest.fixture
def claims() -> Iterator[Claims]:
    with place() as found:
        yield Claims(found)


def test_old_reports_and_rotated_logs_are_at_their_defined_path(claims: Claims) -> None:
    claims.write(REPORTS, "eval")
    claims.write(LOGS, "logs")
    told = claims.report(saved_per_gib="0.277", currency="USD")
    assert manifest(claims.cold / "eval") == hashes(REPORTS)
    rotated = {name: data for name, data in LOGS.items() if not name.endswith("3.log")}
    assert manifest(claims.cold / "logs" / "archive") == hashes(rotated)
    assert set(manifest(claims.hot)) == {"logs/pod-a/app-00000003.log", "logs/pod-b/app-00000003.log"}
    size = sum(map(len, (*REPORTS.values(), *rotated.values())))
    assert told["bytes"] == size
    assert told["archived"]["reports"]["files"] == 4
    assert told["archived"]["logs"]["files"] == 4
    assert told["saved_per_month"] == str(round(size / 2**30 * 0.277, 4))
    assert os.listdir(claims.hot / "eval") == [], "no empty folders of reports stay"
    assert (claims.cold / "eval/single.html").stat().st_mtime == pytest.approx(OLD, abs=1)


def test_a_second_run_has_nothing_to_do(claims: Claims) -> None:
    claims.write(REPORTS, "eval")
    claims.report()
    before = manifest(claims.cold)
    assert claims.report()["bytes"] == 0
    assert manifest(claims.cold) == before


def test_the_numbers_of_all_runs_are_added_up_beside_the_logs(claims: Claims) -> None:
    for number in (1, 2):
        claims.write({f"run-{number}/x.json": b"x" * 1024 * 1024}, "eval")
        claims.write({"pod-a/app-00000001.log": b"1"}, "logs")
        claims.report(saved_per_gib="1024", currency="USD")
    said = (claims.hot / "logs/archive.prom").read_text()
    found = {line.split(" ")[0]: line.split(" ")[1] for line in said.splitlines() if not line.startswith("#")}
    assert float(found.pop("kotaemon_archive_last_run_seconds")) == pytest.approx(time.time(), abs=300)
    assert found == {
        "kotaemon_archive_moved_bytes_total": str(2 * 1024 * 1024),
        "kotaemon_archive_moved_files_total": "2",
        "kotaemon_archive_failed_files": "0",
        'kotaemon_archive_saved_per_month{currency="USD"}': "2.0000",
    }
    for name in found:
        assert f"# TYPE {name.partition('{')[0]} " in said


def test_numbers_that_are_damaged_begin_anew_and_cost_no_run(claims: Claims) -> None:
    claims.write({"pod-a/app-00000001.log": b"1"}, "logs")
    (claims.hot / "logs/archive.prom").write_bytes(b"\xff kotaemon_archive_moved_bytes_total 1.2.3\n")
    claims.write({"run-1/x.json": b"x"}, "eval")
    assert claims.report()["bytes"] == 1
    assert "kotaemon_archive_moved_bytes_total 1\n" in (claims.hot / "logs/archive.prom").read_text()
    (claims.hot / "logs/archive.prom").unlink()
    (claims.hot / "logs/archive.prom").mkdir()
    claims.write({"run-2/x.json": b"x"}, "eval")
    done = claims.archive()
    assert done.returncode == 0, done.stderr
    assert "the numbers of this run are not in" in done.stdout


def test_what_is_young_unfinished_or_no_file_stays(claims: Claims) -> None:
    now = time.time()
    claims.write({"young.json": b"1"}, "eval", now)
    claims.write({"run-2/old.json": b"1"}, "eval")
    claims.write({"run-2/new.json": b"2"}, "eval", now)
    claims.write({"run-3/old.json": b"1", "run-3/x.tmp": b"half", ".hidden": b"1"}, "eval")
    claims.write({"pod-a/app-00000001.log": b"1", "pod-a/other.txt": b"1", "pod-a/app.log.1": b"1"}, "logs")
    (claims.hot / "eval" / "latest").symlink_to("run-2")
    before = manifest(claims.hot)
    assert claims.report()["bytes"] == 0
    assert manifest(claims.hot) == before
    assert manifest(claims.cold) == {}


def test_a_link_out_of_the_folder_is_not_followed(claims: Claims) -> None:
    claims.write({"secret": b"s"}, "indexes")
    claims.write({"run-1/a.json": b"1"}, "eval")
    (claims.hot / "eval" / "run-1" / "out").symlink_to(claims.hot / "indexes" / "secret")
    (claims.hot / "eval" / "all").symlink_to(claims.hot / "indexes")
    claims.report()
    assert manifest(claims.cold) == hashes({"eval/run-1/a.json": b"1"})
    assert (claims.hot / "indexes" / "secret").read_bytes() == b"s"


@pytest.mark.parametrize("renames", [True, False])
def test_a_report_written_again_gets_a_name_beside_the_archived_one(claims: Claims, renames: bool) -> None:
    claims.write({"run-1/scores.json": b"first"}, "eval")
    claims.report(renames=renames)
    claims.write({"run-1/scores.json": b"other"}, "eval")
    claims.report(renames=renames)
    found = manifest(claims.cold / "eval")
    assert sorted(found.values()) == sorted(hashes({"1": b"first", "2": b"other"}).values())
    assert found["run-1/scores.json"] == hashes({"": b"first"})[""]


KILL = """
import ks_archive, shutil
asked = {asked!r}
os.environ["KS_ARCHIVE"] = asked
saved = shared.parent / "saved"
shutil.copytree(shared, saved)
def begin():
    for folder in (shared, cache):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(saved, shared)
    cache.mkdir()
def run():
    assert ks_archive.main() == 0
def files(root):
    every = [p for p in root.rglob("*") if "archive.prom" not in p.name]
    return {{str(p.relative_to(root)): p.read_bytes() for p in every if p.is_file()}}
wanted = files(saved)
def look(killed):
    hot, cold = files(shared), files(cache)
    for name, data in wanted.items():
        moved = cold.get(name.replace("logs/", "logs/archive/", 1) if name.startswith("logs/") else name)
        assert hot.get(name) == data or moved == data, (killed, name, "lost")
    if not killed:
        assert not [name for name in hot if not name.endswith("3.log")], hot.keys()
        assert len(cold) == len(wanted) - 1 and not [n for n in cold if ".archiving-" in n], cold.keys()
print(steps(begin, run, look))
"""


@pytest.mark.parametrize("renames", [True, False])
def test_killed_at_every_step_it_loses_nothing_and_goes_on(claims: Claims, renames: bool) -> None:
    claims.write({"run-1/a.json": b"a" * 5000, "run-1/b/c.csv": b"c" * 3000, "single.html": b"x"}, "eval")
    claims.write({f"pod-a/app-0000000{number}.log": b"line\n" * number * 100 for number in (1, 2, 3)}, "logs")
    claims.pod.root.chmod(0o777)
    steps = int(claims.pod.ok(faults.CODE + KILL.format(asked=claims.asked(renames=renames))).splitlines()[-1])
    assert steps >= 20


def during(claims: Claims, patch: str, **changes: Any) -> "subprocess.CompletedProcess[str]":
    """Run with something that happens at one place of the script."""
    code = f"import ks_archive as a\nhot = shared / 'eval'\n{patch}\nsys.exit(a.main())"
    return claims.pod.run(code, KS_ARCHIVE=claims.asked(**changes))


CHANGED = """
real = a._copy
def copy(*given):
    real(*given)
    {what}
a._copy = copy
"""


@pytest.mark.parametrize(
    ("what", "kept"),
    [
        ("(hot / 'x.json').open('ab').write(b'more')", b"old" * 100 + b"more"),
        ("(hot / 'x.json').write_bytes(b'new')", b"new"),
        ("(hot / 'n').write_bytes(b'another'); os.replace(hot / 'n', hot / 'x.json')", b"another"),
    ],
    ids=["appended", "rewritten", "replaced"],
)
def test_a_file_that_changes_during_the_copy_is_not_lost(claims: Claims, what: str, kept: bytes) -> None:
    claims.write({"x.json": b"old" * 100}, "eval")
    done = during(claims, CHANGED.format(what=what))
    assert done.returncode == 0, done.stderr
    assert (claims.hot / "eval/x.json").read_bytes() == kept
    os.utime(claims.hot / "eval/x.json", (OLD, OLD))
    claims.report()
    assert hashlib.sha256(kept).hexdigest() in manifest(claims.cold).values()


def test_a_write_into_the_open_file_after_the_last_look_is_given_back(claims: Claims) -> None:
    claims.write({"x.json": b"old"}, "eval")
    patch = """
writer = (hot / 'x.json').open('ab')
real = os.unlink
def unlink(path, **more):
    real(path, **more)
    if str(path).endswith('eval/x.json'):
        writer.write(b' and new'); writer.flush()
os.unlink = unlink
"""
    done = during(claims, patch)
    assert done.returncode == 1
    assert "it was given back" in done.stdout
    assert (claims.hot / "eval/x.json").read_bytes() == b"old and new"


def test_a_copy_that_is_not_what_was_written_is_no_copy(claims: Claims) -> None:
    """Planted corruption: the cold tier gives back other bytes than it was given."""
    claims.write({"run-1/x.json": b"data" * 100, "y.json": b"fine"}, "eval")
    patch = """
real = a._write
def write(target, data):
    real(target, data.replace(b'data', b'dada', 1))
a._write = write
"""
    done = during(claims, patch)
    assert done.returncode == 1
    failed = json.loads(done.stdout.splitlines()[0])
    assert failed["failed"] == "run-1/x.json"
    assert "not what was written" in failed["why"]
    assert manifest(claims.hot / "eval") == hashes({"run-1/x.json": b"data" * 100})
    assert manifest(claims.cold / "eval") == hashes({"y.json": b"fine"})


def test_a_full_cold_tier_costs_nothing(claims: Claims) -> None:
    claims.write({"x.json": b"data" * 100}, "eval")
    patch = """
def write(target, data):
    raise OSError(28, "No space left on device")
a._write = write
"""
    done = during(claims, patch)
    assert done.returncode == 1
    assert "No space left" in done.stdout
    assert manifest(claims.hot / "eval") == hashes({"x.json": b"data" * 100})
    claims.report()
    assert manifest(claims.cold / "eval") == hashes({"x.json": b"data" * 100})


def test_a_bucket_that_keeps_no_modes_and_times(claims: Claims) -> None:
    claims.write({"x.json": b"data"}, "eval")
    patch = """
def no(*given, **more):
    raise OSError(38, "Function not implemented")
a.os.chmod = a.os.utime = a.os.rename = no
"""
    done = during(claims, patch, renames=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert manifest(claims.cold / "eval") == hashes({"x.json": b"data"})
    claims.write({"z.json": b"data"}, "eval")
    assert during(claims, patch, renames=True).returncode == 1, "a tier without renames has to be said to be one"


def test_under_constant_writes_every_line_is_somewhere(claims: Claims) -> None:
    """A pod rotates, a job writes reports, and the archiver runs over and over: each line is found exactly once."""
    claims.pod.root.chmod(0o777)
    code = """
import ks_archive, subprocess, threading, time
(shared / "logs/pod-a").mkdir(parents=True); (shared / "eval").mkdir()
stop, lines = threading.Event(), []
def writer():
    number = 0
    while not stop.is_set():
        number += 1
        with (shared / f"logs/pod-a/app-{number:08}.log").open("a") as log:
            for line in range(50):
                log.write(f"{number} {line}\\n"); lines.append(f"{number} {line}")
        # A report appears whole: days is 0 here, and one that is still open and empty would be taken for finished.
        (shared / f"eval/.r{number}").write_text(f"report {number}\\n"); lines.append(f"report {number}")
        (shared / f"eval/.r{number}").rename(shared / f"eval/r{number}.json")
        time.sleep(0.002)
thread = threading.Thread(target=writer); thread.start()
until = time.monotonic() + 120
runs = 0
while (runs < 6 or len(lines) < 1500) and time.monotonic() < until:
    assert ks_archive.main() == 0
    runs += 1
stop.set(); thread.join()
texts = [p for root in (shared, cache) for p in root.rglob("*") if p.is_file() and p.name != "archive.prom"]
found = sorted(l for p in texts for l in p.read_text().splitlines())
assert found == sorted(lines), (len(found), len(lines))
cold = [p for p in cache.rglob("*") if p.is_file()]
assert runs > 5 and len(cold) > 20, (runs, len(cold))
"""
    # Everything is due at once, which no setting allows: days is 0 here.
    claims.pod.ok(code, KS_ARCHIVE=claims.asked(days=0))


@pytest.mark.parametrize("role", ["indexes", "sessions", "uploads", "models", "models/latest"])
def test_what_it_never_touches(claims: Claims, role: str) -> None:
    claims.write({"x": b"1"}, role)
    moves = [{"what": "reports", "from": str(claims.hot / role), "to": str(claims.cold / "eval")}]
    done = claims.archive(moves=moves)
    assert done.returncode == 78
    assert "whose files are never moved" in done.stdout
    assert manifest(claims.hot / role) == hashes({"x": b"1"})


@pytest.mark.parametrize(("source", "target"), [("eval", "eval"), ("eval", "eval/cold"), ("eval/hot", "eval")])
def test_folders_in_one_another_are_refused(claims: Claims, source: str, target: str) -> None:
    claims.write({"x": b"1"}, source)
    moves = [{"what": "reports", "from": str(claims.hot / source), "to": str(claims.hot / target)}]
    assert claims.archive(moves=moves).returncode == 78


def test_folders_that_are_not_there_are_no_mistake(claims: Claims) -> None:
    assert claims.report()["bytes"] == 0


def test_the_folders_are_made_as_the_user(claims: Claims) -> None:
    wanted = [str(claims.hot / "eval"), str(claims.hot / "deep/er")]
    claims.pod.ok("import ks_archive; ks_archive.folders()", KS_FOLDERS=json.dumps(wanted))
    assert all(Path(folder).is_dir() for folder in wanted)


def test_who_could_read_it_can_read_it(claims: Claims) -> None:
    claims.write({"x.json": b"1"}, "eval")
    (claims.hot / "eval/x.json").chmod(0o640)
    claims.report()
    assert (claims.cold / "eval/x.json").stat().st_mode & 0o777 == 0o640
