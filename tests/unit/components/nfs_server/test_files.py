"""The files on the host: what depends on the arguments, and what the tools themselves say of them."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.nfs_server.exports import NfsSquash, exports_file
from components.nfs_server.files import NfsServerFiles, check_files, firewall, host_files, nfs_conf, warnings
from tests.unit.components.nfs_server.values import DISK, EXPORT, FILES
from tests.unit.tools import needed


def changed(**changes: Any) -> NfsServerFiles:
    return NfsServerFiles(**{**FILES, **changes})


def texts(args: NfsServerFiles) -> dict[str, str]:
    return {file.path.removeprefix("/etc/kotaemon-nfs/"): file.text for file in host_files(args)}


def test_nfs_v4_only_by_default_and_a_short_grace() -> None:
    conf = nfs_conf(FILES)
    assert "vers3=n" in conf
    assert "[mountd]" not in conf
    assert "lease-time=20\ngrace-time=20\n" in conf


def test_nfs_v3_has_fixed_ports_that_the_firewall_knows() -> None:
    conf, rules = nfs_conf(changed(nfs_v3=True)), firewall(changed(nfs_v3=True))
    ports = [line.partition("=")[2] for line in conf.splitlines() if "port=" in line]
    assert len(ports) == 4
    assert all(port in rules for port in ports)


def test_the_firewall_opens_to_the_clients_and_closes_to_all_others() -> None:
    exports = [
        {**EXPORT, "clients": ["10.0.0.0/16", "fd00::/48"]},
        {**EXPORT, "path": "/srv/nfs/b", "clients": ["10.2.0.0/16"]},
    ]
    rules = [line.strip() for line in firewall(changed(exports=exports)).splitlines()]
    assert [line.split(" meta")[0] for line in rules if line.endswith("accept")] == [
        'iifname "lo" accept',
        "ip saddr { 10.0.0.0/16, 10.2.0.0/16 }",
        "ip6 saddr { fd00::/48 }",
    ]
    assert rules[-3].endswith("drop")


def test_the_disk_and_the_folders_are_told_to_the_script() -> None:
    files = texts(changed(disk={**DISK, "file_system": "ext4", "encrypt": True}))
    assert files["disk"].splitlines() == ["/dev/disk/by-id/virtio-data", "/srv/nfs/kotaemon", "ext4", "luks"]
    assert files["folders"].splitlines()[:2] == ["1001 1001 /srv/nfs/kotaemon", "1001 1001 /srv/nfs/kotaemon/models"]
    assert "disk" not in texts(NfsServerFiles(exports=[EXPORT]))


def test_what_lets_root_in_is_said_at_every_run() -> None:
    open_to_root = {**EXPORT, "squash": NfsSquash.NONE, "accept_no_root_squash": True}
    assert warnings(FILES) == []
    assert "root of every client is root on its files" in warnings(changed(exports=[open_to_root]))[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"exports": [], "disk": {**DISK}}, "exports: must have at least one"),
        ({"exports": [{**EXPORT, "clients": ["0.0.0.0/0"]}]}, "exports[/srv/nfs/kotaemon].clients: '0.0.0.0/0'"),
        ({"disk": {**DISK, "device": "/dev/sdb"}}, "disk.device: '/dev/sdb'"),
        ({"disk": {**DISK, "device": "/dev/disk/by-id/a;reboot"}}, "disk.device: '/dev/disk/by-id/a;reboot'"),
        ({"disk": {**DISK, "device": "/dev/disk/../sdb"}}, "disk.device: '/dev/disk/../sdb'"),
        ({"disk": {**DISK, "path": "/srv/other"}}, "disk.path: '/srv/other' must be the path of an export"),
        ({"threads": 0}, "threads: 0 is not allowed; it must be 1 to 1024"),
        ({"lease_seconds": 5}, "lease_seconds: 5 is not allowed; it must be 10 to 3600"),
        ({"alert_percent": 100}, "alert_percent: 100 is not allowed"),
    ],
)
def test_mistakes_name_the_key_and_the_value(change: dict[str, Any], said: str) -> None:
    (mistake,) = check_files(changed(**change))
    assert said in mistake


def test_no_mistakes() -> None:
    assert check_files(FILES) == []


def test_nft_itself_takes_the_rules(tmp_path: Path) -> None:
    needed("nft", "nftables")
    rules = tmp_path / "firewall.nft"
    rules.write_text(firewall(changed(exports=[{**EXPORT, "clients": ["10.0.0.0/16", "fd00::/48"]}])))
    done = subprocess.run(["nft", "--check", "-f", rules], capture_output=True, text=True)
    if "Operation not permitted" in done.stderr:
        pytest.skip("nft may not ask this kernel")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "script", sorted(Path("components/nfs_server/runtime").glob("*.sh")), ids=lambda path: path.name
)
def test_shellcheck_finds_nothing(script: Path) -> None:
    needed("shellcheck", "shellcheck")
    done = subprocess.run(["shellcheck", "--external-sources", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


_TRY = """
mkdir -p /etc/exports.d && mount -t tmpfs none /etc/exports.d && mount -t tmpfs none /var/lib/nfs || exit 77
touch /var/lib/nfs/etab /var/lib/nfs/rmtab
cat > /etc/exports.d/kotaemon.exports
exportfs -ra && exportfs -s
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="a mount namespace of its own needs root")
@pytest.mark.parametrize("squash", list(NfsSquash))
def test_exportfs_itself_takes_the_exports(tmp_path: Path, squash: NfsSquash) -> None:
    needed("exportfs", "nfs-kernel-server")
    export = {**EXPORT, "path": str(tmp_path), "squash": squash}
    text = exports_file([export], [])  # pyright: ignore[reportArgumentType] a TypedDict, changed
    done = subprocess.run(["unshare", "--mount", "sh", "-c", _TRY], input=text, text=True, capture_output=True)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"no mount namespace here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout
    assert {NfsSquash.ALL: "all_squash", NfsSquash.ROOT: ",root_squash", NfsSquash.NONE: "no_root_squash"}[
        squash
    ] in done.stdout
    wrong = text.replace("sync", "sinc")
    assert subprocess.run(["unshare", "--mount", "sh", "-c", _TRY], input=wrong, text=True).returncode not in (0, 77)
