"""`mount` for the kubelet: NFS becomes a folder of the machine, everything else stays as it is."""

from pathlib import Path

import pytest

from devcluster.real import nfs_mount, share


@pytest.fixture(autouse=True)
def anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test need not be root."""
    monkeypatch.setattr(share.os, "chown", lambda *_: None)


def test_nfs_is_bound_from_a_folder_named_after_server_and_path(tmp_path: Path) -> None:
    arguments = ["-t", "nfs", "-o", "hard,nfsvers=4.1,ro,noatime", "nfs.example.org:/srv/nfs/files", "/target"]
    folder = tmp_path / "nfs.example.org-_srv_nfs_files"
    assert nfs_mount.translated(tmp_path, arguments) == ["-o", "bind,ro,noatime", str(folder), "/target"]
    assert folder.stat().st_mode & 0o7777 == 0o2775


def test_two_paths_of_a_server_are_two_folders_and_the_same_is_one(tmp_path: Path) -> None:
    made = [nfs_mount.translated(tmp_path, ["-t", "nfs4", f"s:/{path}", "/t"])[2] for path in ("a", "b", "a/")]
    assert made[0] != made[1]
    assert made[0] == made[2]


@pytest.mark.parametrize("arguments", [["--bind", "/a", "/b"], ["-t", "tmpfs", "none", "/b"], []])
def test_everything_else_is_left_alone(tmp_path: Path, arguments: list[str]) -> None:
    assert nfs_mount.translated(tmp_path, arguments) == arguments
