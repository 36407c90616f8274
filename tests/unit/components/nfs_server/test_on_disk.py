"""What a machine of a cloud is told: its user data, how long it waits for the disk, and what is refused."""

import hashlib
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.nfs_server.on_disk import WAIT_SECONDS, NfsServing, serving_mistakes, user_data

DEVICE = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0"
EXPORT: dict[str, Any] = {"path": "/srv/nfs/kotaemon", "clients": ["10.0.0.0/16"], "folders": []}
SCRIPT = Path("components/nfs_server/runtime/install.sh")
TOLD = "2a6a5f93a3fc"


def serving(**changes: Any) -> NfsServing:
    return NfsServing(**{"export": EXPORT, **changes})


def written(text: str) -> dict[str, str]:
    return {Path(one["path"]).name: one["content"] for one in yaml.safe_load(text)["write_files"]}


def test_the_machine_is_told_its_disk_and_how_long_to_wait() -> None:
    files = written(user_data(serving(), DEVICE, 100))
    assert files["disk"] == f"{DEVICE}\n/srv/nfs/kotaemon\nxfs\nplain\n"
    assert files["disk-wait"] == f"{WAIT_SECONDS}\n"
    assert files["disk-gib"] == "100\n"
    assert "10.0.0.0/16" in files["exports"]
    assert "all_squash,anonuid=1001,anongid=1001" in files["exports"]


def test_a_larger_disk_is_another_text_so_that_the_file_system_grows() -> None:
    assert user_data(serving(), DEVICE, 100) != user_data(serving(), DEVICE, 200)


def test_a_release_that_replaces_every_machine_says_so() -> None:
    """Another text is another machine, with every `up` of the next release. Change this line and CHANGELOG.md together."""
    assert hashlib.sha256(user_data(serving(), DEVICE, 100).encode()).hexdigest().startswith(TOLD)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"export": {**EXPORT, "clients": ["0.0.0.0/0"]}}, "serving.export.clients: '0.0.0.0/0' is too wide"),
        ({"export": {**EXPORT, "security": "krb5p"}}, "serving.export.security: krb5p needs a keytab"),
        ({"export": {**EXPORT, "transport": "tls"}}, "serving.export.transport: needs a certificate"),
        ({"threads": 0}, "serving.threads: 0 is not allowed"),
        (
            {"export": {**EXPORT, "clients": [f"10.{a}.{b}.0/24" for a in range(2) for b in range(60)]}},
            "bytes, and the cloud takes 16384; name fewer networks",
        ),
    ],
)
def test_what_is_refused(changes: dict[str, Any], said: str) -> None:
    [found] = serving_mistakes(serving(**changes), DEVICE, "100Gi", 16_384)
    assert said in found


def test_the_default_is_not_refused() -> None:
    assert list(serving_mistakes(serving(), DEVICE, "100Gi", 16_384)) == []


def waited(folder: Path, device: str, wait: str | None, sleeps: int) -> subprocess.CompletedProcess[str]:
    """The script's function that waits, with a `sleep` that takes no time and makes the device after some calls."""
    stage, count = folder / "stage", folder / "count"
    stage.mkdir()
    if wait is not None:
        (stage / "disk-wait").write_text(f"{wait}\n")
    body = re.search(r"^disk\(\) \{\n(.*?)  on=\$device\n", SCRIPT.read_text(), re.DOTALL | re.MULTILINE)
    assert body
    # The test has no block device to offer: any path stands for one.
    waits = body[1].replace("-b ", "-e ")
    text = f"""set -eu
stage={stage} device={device}
say() {{ echo "$*"; }}
fail() {{ echo "error: $*" >&2; exit 1; }}
sleep() {{ echo x >>{count}; [ "$(wc -l <{count})" != {sleeps} ] || : >{device}; }}
disk() {{
{waits}}}
disk
"""
    return subprocess.run(["sh", "-c", text], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})


def test_the_script_waits_for_a_disk_that_comes_late(tmp_path: Path) -> None:
    device = str(tmp_path / "data")
    done = waited(tmp_path, device, "900", sleeps=700)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"waiting up to 900 seconds for {device}\n"
    assert (tmp_path / "count").read_text().count("x") == 700


@pytest.mark.parametrize(("wait", "seconds"), [(None, 60), ("90", 90)])
def test_the_script_gives_up_with_what_to_do(tmp_path: Path, wait: str | None, seconds: int) -> None:
    done = waited(tmp_path, str(tmp_path / "data"), wait, sleeps=-1)
    assert done.returncode == 1
    assert f"is not there after {seconds} seconds" in done.stderr
    assert "attach the disk, then run" in done.stderr
    assert (tmp_path / "count").read_text().count("x") == seconds
