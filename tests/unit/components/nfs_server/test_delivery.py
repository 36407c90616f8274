"""The same files arrive by SSH and by cloud-init."""

import base64
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from components.nfs_server.delivery import cloud_config, short, stream
from components.nfs_server.files import HostFile, host_files
from tests.unit.components.nfs_server.values import FILES

HOST_FILES = host_files(FILES)
READ = """eval "whole() { $(cat)
}"; declare -f whole"""
"""Prints a script from standard input as bash has read it."""


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
    return short(file.text) if file.path.endswith(".sh") else file.text


@pytest.mark.parametrize("name", ["install.sh", "size-alert.sh"])
def test_a_short_script_is_the_same_script(name: str) -> None:
    """What a shell reads of both is the same: bash writes its functions out again, in a form of its own."""
    script = next(file.text for file in HOST_FILES if file.path.endswith(name))
    shorter = short(script)
    assert shorter.startswith("#!/bin/sh\n")
    assert len(shorter) < len(script)
    read = [
        subprocess.run(["bash", "-c", READ], input=text, text=True, capture_output=True) for text in (script, shorter)
    ]
    assert [done.returncode for done in read] == [0, 0], read[1].stderr
    assert read[0].stdout == read[1].stdout
    assert "while read -r path" in read[0].stdout


def test_no_here_document_has_an_indent_that_would_be_lost() -> None:
    found = [
        body
        for file in HOST_FILES
        for _, body in re.findall(r"<<([A-Z]+)\n(.*?)^\1$", file.text, re.DOTALL | re.MULTILINE)
    ]
    assert len(found) >= 5
    assert not [line for body in found for line in body.splitlines() if line[:1].isspace()]


def test_what_is_not_plain_text_arrives_as_it_is() -> None:
    odd = HostFile("/etc/kotaemon-nfs/luks-passphrase", "pass\tw\u00f6rd \U0001f511\x85", 0o600)
    [entry] = yaml.safe_load(cloud_config([odd]))["write_files"]
    assert (entry["encoding"], base64.b64decode(entry["content"]).decode()) == ("b64", odd.text)
