"""prepare.py run as a file: as the application's user on an export of its own, and as root without more than CHOWN."""

import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import PYTHON, RUNTIME, runtime_module

ROLES = ["models", "uploads", "logs"]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for two users; not run")


@pytest.fixture
def claim() -> Iterator[Path]:
    """A claim's root that every user can reach; pytest's own folders belong to whoever runs it."""
    folder = Path(tempfile.mkdtemp(prefix="ks-claim-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


AS_APP = """
import contextlib, json, os, pathlib, shlex, stat, sys, typing
source = open(sys.argv[1]).read()  # everything is read first: the interpreter may be root's own
os.setgroups([]); os.setgid(1001); os.setuid(1001)
exec(compile(source, sys.argv[1], "exec"), {"__name__": "__main__"})
"""


def as_root_with_chown() -> None:
    """The Job's container: uid 0, capabilities ALL dropped and CHOWN added (the bounding set decides after exec)."""
    for capability in range(41):
        if capability != 0:  # CAP_CHOWN
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


def prepare(
    root: Path, folders: list[str], who: str = "me", read_only: bool = False, **more: bool
) -> tuple[int, list[str]]:
    """Exit code and output of prepare.py for one claim, run as "me", as the "app" (1001:1001) or as the "job"."""
    uid, gid = (os.geteuid(), os.getegid()) if who == "me" else (1001, 1001)
    claims = [{"root": str(root), "folders": folders, "read_only": read_only, **more}]
    script = str(RUNTIME / "prepare.py")
    done = subprocess.run(
        [PYTHON, "-I", *(("-c", AS_APP) if who == "app" else ()), script],
        env={"KS_PREPARE": json.dumps({"uid": uid, "gid": gid, "claims": claims})},
        capture_output=True,
        text=True,
        preexec_fn=as_root_with_chown if who == "job" else None,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def owners(root: Path) -> dict[str, tuple[int, int, str]]:
    found = {str(path.relative_to(root)): path.lstat() for path in sorted(root.rglob("*"))}
    return {name: (stat.st_uid, stat.st_gid, oct(stat.st_mode & 0o7777)) for name, stat in found.items()}


def test_makes_exactly_the_folders_and_says_so(claim: Path) -> None:
    code, lines = prepare(claim, ROLES)
    me = f"{os.geteuid()}:{os.getegid()}"
    assert (code, lines) == (0, [f"prepare: {claim}/{role}: made for {me}" for role in ROLES])
    assert sorted(path.name for path in claim.iterdir()) == sorted(ROLES)


def test_again_changes_nothing(claim: Path) -> None:
    prepare(claim, ROLES)
    (claim / "models" / "weights").write_text("w")
    before = owners(claim)
    code, lines = prepare(claim, ROLES)
    assert (code, lines) == (0, [f"prepare: {claim}/{role}: there already" for role in ROLES])
    assert owners(claim) == before


def test_folders_on_the_way_let_the_kubelet_pass(claim: Path) -> None:
    assert prepare(claim, ["team/kotaemon/models"])[0] == 0
    modes = {name: mode for name, (_, _, mode) in owners(claim).items()}
    assert modes == {"team": "0o755", "team/kotaemon": "0o755", "team/kotaemon/models": "0o770"}


@needs_root
def test_as_the_application_on_its_own_export(claim: Path) -> None:
    os.chown(claim, 1001, 1001)
    assert prepare(claim, ["models"], "app") == (0, [f"prepare: {claim}/models: made for 1001:1001"])
    assert owners(claim) == {"models": (1001, 1001, "0o770")}


@needs_root
def test_as_the_application_on_a_disk_with_fs_group(claim: Path) -> None:
    os.chown(claim, 0, 1001)
    claim.chmod(0o2775)
    assert prepare(claim, ["sessions"], "app")[0] == 0
    assert owners(claim) == {"sessions": (1001, 1001, "0o2770")}


@needs_root
def test_the_application_may_not_write_and_prints_the_commands(claim: Path) -> None:
    (claim / "my models").mkdir()
    code, lines = prepare(claim, ["my models", "logs"], "app")
    assert code == 78
    assert lines == [
        f"prepare: {claim}/my models: refused: it belongs to 0:0, mode drwxr-xr-x: uid 1001 may not write there; "
        "look what is in it, and then",
        f"prepare: {claim}/logs: refused: uid 1001 may not make it: Permission denied",
        "prepare: run this as root where the volume can be written, then start again:",
        f"  chown 1001:1001 '{claim}/my models'",
        f"  mkdir -p {claim}/logs",
        f"  chown 1001:1001 {claim}/logs",
    ]
    assert owners(claim) == {"my models": (0, 0, "0o755")}


@needs_root
def test_the_commands_are_what_was_missing(claim: Path) -> None:
    _, lines = prepare(claim, ["a/my models", "logs"], "app")
    for command in lines[3:]:
        subprocess.run(command, shell=True, check=True)
    assert prepare(claim, ["a/my models", "logs"], "app")[0] == 0


@needs_root
def test_as_root_with_nothing_but_chown(claim: Path) -> None:
    code, lines = prepare(claim, ROLES, "job")
    assert (code, lines) == (0, [f"prepare: {claim}/{role}: made for 1001:1001" for role in ROLES])
    assert owners(claim) == dict.fromkeys(sorted(ROLES), (1001, 1001, "0o770"))
    assert prepare(claim, ROLES, "job")[1] == [f"prepare: {claim}/{role}: there already" for role in ROLES]


@needs_root
def test_root_gives_away_what_is_empty_and_its_own(claim: Path) -> None:
    """The kubelet's leftovers: it makes a missing sub-path as root."""
    for name, uid in (("models", 0), ("logs", 65534)):
        (claim / name).mkdir()
        os.chown(claim / name, uid, uid)
    code, lines = prepare(claim, ["models", "logs"], "job")
    given = "given to 1001:1001; it was empty and root's"
    assert (code, lines) == (0, [f"prepare: {claim}/models: {given}", f"prepare: {claim}/logs: {given}"])


@needs_root
def test_root_gives_away_a_folder_around_the_applications_files(claim: Path) -> None:
    (claim / "models").mkdir()
    (claim / "models" / "weights").write_text("w")
    os.chown(claim / "models" / "weights", 1001, 1001)
    code, lines = prepare(claim, ["models"], "job")
    assert (code, lines) == (0, [f"prepare: {claim}/models: given to 1001:1001, as the files in it"])


@needs_root
@pytest.mark.parametrize(("owner", "files", "holds"), [(0, 2, " and holds 2 entries of somebody else"), (500, 0, "")])
def test_root_leaves_alone_what_is_somebody_elses(claim: Path, owner: int, files: int, holds: str) -> None:
    (claim / "models").mkdir()
    os.chown(claim / "models", owner, owner)
    for number in range(files):
        (claim / "models" / str(number)).write_text("theirs")
    before = owners(claim)
    code, lines = prepare(claim, ["models", "logs"], "job")
    assert code == 78
    assert lines == [
        f"prepare: {claim}/models: refused: it belongs to {owner}:{owner}, mode drwxr-xr-x{holds}; it is left alone; "
        "use another sub-path or, if these are the role's files,",
        f"prepare: {claim}/logs: made for 1001:1001",
        "prepare: run this as root where the volume can be written, then start again:",
        f"  chown -R 1001:1001 {claim}/models",
    ]
    assert owners(claim) == before | {"logs": (1001, 1001, "0o770")}


@needs_root
def test_root_of_a_closed_folder_is_told_why(claim: Path) -> None:
    (claim / "models").mkdir(mode=0o700)
    os.chown(claim / "models", 500, 500)
    code, lines = prepare(claim, ["models"], "job")
    assert (code, lines) == (78, [f"prepare: {claim}/models: refused: Permission denied"])


@pytest.mark.parametrize("folder", ["link", "link/models"])
def test_links_are_never_followed(claim: Path, folder: str) -> None:
    with tempfile.TemporaryDirectory() as elsewhere:
        (claim / "link").symlink_to(elsewhere)
        code, lines = prepare(claim, [folder])
        assert list(Path(elsewhere).iterdir()) == []
    refused = "refused: link is a symbolic link; a folder is needed there"
    assert (code, lines) == (78, [f"prepare: {claim}/{folder}: {refused}"])


def test_a_file_in_the_way(claim: Path) -> None:
    (claim / "models").write_text("")
    refused = "refused: models is a file; a folder is needed there"
    assert prepare(claim, ["models"]) == (78, [f"prepare: {claim}/models: {refused}"])


def test_read_only_claims_are_only_looked_at(claim: Path) -> None:
    (claim / "models").mkdir()
    code, lines = prepare(claim, ["models", "eval"], read_only=True)
    assert code == 78
    assert lines == [
        f"prepare: {claim}/models: there already, read-only",
        f"prepare: {claim}/eval: refused: No such file or directory",
    ]
    assert [path.name for path in claim.iterdir()] == ["models"]


@pytest.mark.parametrize("task", ["", "{}", "[]", '{"uid": 1}'])
def test_a_broken_task_is_one_line(task: str) -> None:
    command = [sys.executable, str(RUNTIME / "prepare.py")]
    done = subprocess.run(command, env={"KS_PREPARE": task}, capture_output=True, text=True)
    assert done.returncode == 78
    assert done.stdout + done.stderr == "prepare: KS_PREPARE does not hold the JSON that the Deployment sets\n"


MOUNTINFO = """\
21 1 0:20 / / rw - overlay overlay rw
30 21 0:50 / /claims/shared rw,relatime - nfs4 nfs.example.com:/srv/nfs/kotaemon rw,vers=4.2
31 21 0:51 /team /claims/part rw,relatime - nfs 10.0.0.10:/srv rw,vers=3
32 21 0:52 / /claims/six rw - nfs4 [fd00::1]:/ rw
33 21 8:16 / /claims/disk rw - ext4 /dev/sdb rw
"""


@pytest.mark.parametrize(
    ("root", "behind"),
    [
        ("/claims/shared", ("nfs.example.com", "/srv/nfs/kotaemon")),
        ("/claims/part", ("10.0.0.10", "/srv/team")),
        ("/claims/six", ("[fd00::1]", "/")),
        ("/claims/disk", ("", "/claims/disk")),
        ("/claims/none", ("", "/claims/none")),
    ],
)
def test_what_is_behind_a_mount(root: str, behind: tuple[str, str]) -> None:
    assert runtime_module("prepare").served_from(root, MOUNTINFO) == behind


@needs_root
def test_the_job_hands_the_root_over_before_it_is_squashed(claim: Path) -> None:
    code, said = prepare(claim, ["models"], "job", give_root=True)
    assert (code, said[-1]) == (0, f"prepare: {claim}: given to 1001:1001")
    assert (claim.stat().st_uid, claim.stat().st_gid, claim.stat().st_mode & 0o777) == (1001, 1001, 0o755)
    assert prepare(claim, ["later"], "app")[0] == 0
    code, said = prepare(claim, ["models"], "job", give_root=True)
    assert (code, said[-1]) == (0, f"prepare: {claim}: there already")


@needs_root
def test_the_job_leaves_the_root_of_somebody_else_alone(claim: Path) -> None:
    os.chown(claim, 2000, 2000)
    claim.chmod(0o777)
    code, said = prepare(claim, ["models"], "job", give_root=True)
    assert (code, claim.stat().st_uid) == (78, 2000)
    assert said[-1].startswith(f"prepare: {claim}: refused: it belongs to 2000:2000")


@needs_root
def test_the_root_is_root_s_unless_it_is_asked_for(claim: Path) -> None:
    assert prepare(claim, ["models"], "job")[0] == 0
    assert claim.stat().st_uid == 0
