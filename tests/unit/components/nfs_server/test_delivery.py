"""The same files arrive by SSH and by cloud-init."""

import base64
import subprocess
from pathlib import Path

import yaml

from components.nfs_server.delivery import cloud_config, stream, without_comments
from components.nfs_server.files import HostFile, host_files
from tests.unit.components.nfs_server.values import FILES

HOST_FILES = host_files(FILES)


def test_the_stream_unpacks_to_the_files(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", 'base64 -d | tar -xzf - -C "$0" --same-permissions', tmp_path],
        input=stream(HOST_FILES),
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    for file in HOST_FILES:
        there = tmp_path / file.path.lstrip("/")
        assert there.read_text() == file.text
        assert there.stat().st_mode & 0o777 == file.mode


def test_equal_files_are_an_equal_stream() -> None:
    assert stream(HOST_FILES) == stream(host_files(FILES))


def test_cloud_init_writes_the_files_and_runs_the_script() -> None:
    text = cloud_config(HOST_FILES)
    assert text.startswith("#cloud-config\n")
    config = yaml.safe_load(text)
    assert config["runcmd"] == [["/etc/kotaemon-nfs/install.sh"]]
    written = {entry["path"]: entry["content"] for entry in config["write_files"]}
    assert written == {file.path: told(file) for file in HOST_FILES}
    assert {entry["permissions"] for entry in config["write_files"]} == {"0644", "0755"}


def told(file: HostFile) -> str:
    return without_comments(file.text) if file.path.endswith(".sh") else file.text


def test_a_script_without_comments_is_the_same_script() -> None:
    script = next(file.text for file in HOST_FILES if file.path.endswith("install.sh"))
    shorter = without_comments(script)
    assert shorter.startswith("#!/bin/sh\n")
    assert len(shorter) < len(script)
    kept = [line for line in script.splitlines()[1:] if not line.strip().startswith("#")]
    assert shorter.splitlines()[1:] == kept
    assert subprocess.run(["sh", "-n"], input=shorter, text=True).returncode == 0


def test_what_is_not_plain_text_arrives_as_it_is() -> None:
    odd = HostFile("/etc/kotaemon-nfs/luks-passphrase", "pass\tw\u00f6rd \U0001f511\x85", 0o600)
    [entry] = yaml.safe_load(cloud_config([odd]))["write_files"]
    assert (entry["encoding"], base64.b64decode(entry["content"]).decode()) == ("b64", odd.text)
