"""The files of a pair: pinned, refused where they would lose data, and read by the programs that they are for."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.nfs_server.pair import (
    NfsFencing,
    NfsPairFiles,
    NfsReplication,
    check_pair,
    node_files,
    secret_mistakes,
    witness_files,
)
from components.nfs_server.pair_files import drbd_resource, gate, keepalived, peers_only
from tests.unit.components.nfs_server.values import PAIR, SECRET
from tests.unit.tools import needed

EIGHT = NfsPairFiles(**{**PAIR, "replication": NfsReplication.DRBD_8_4})


def changed(**changes: Any) -> NfsPairFiles:
    return NfsPairFiles(**{**PAIR, **changes})


def node(number: int, **changes: Any) -> list[Any]:
    nodes = [dict(one) for one in PAIR["nodes"]]
    nodes[number] |= changes
    return nodes


def names(files: list[Any]) -> dict[str, Any]:
    return {file.path.removeprefix("/etc/kotaemon-nfs/"): file for file in files}


def test_no_mistakes() -> None:
    assert check_pair(PAIR) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"witness": None}, "witness: missing; two nodes that lose each other"),
        ({"fencing": NfsFencing.NONE}, "witness: missing; two nodes that lose each other"),
        ({"nodes": node(0)[:1]}, "nodes: must be two, these are 1"),
        ({"virtual_address": "10.1.0.10/24"}, "virtual_address: 10.1.0.10/24 is outside of the network of nodes[0]"),
        ({"virtual_address": "10.0.0.10"}, "virtual_address: '10.0.0.10' must be an IPv4 address with its network"),
        ({"virtual_address": "10.0.0.10/32"}, "virtual_address: '10.0.0.10/32' must be"),
        ({"virtual_address": "10.0.0.255/24"}, "virtual_address: 10.0.0.255 is the network's own address"),
        ({"virtual_address": "10.0.0.11/24"}, "nodes[0].address: 10.0.0.11 is also the virtual address"),
        ({"nodes": node(1, address="10.0.0.11")}, "nodes[1].address: 10.0.0.11 is also nodes[0].address"),
        ({"nodes": node(1, address="nfs-b")}, "nodes[1].address: 'nfs-b' is not an IPv4 address"),
        ({"nodes": node(1, name="nfs-a")}, "nodes[1].name: 'nfs-a' is two hosts"),
        ({"nodes": node(1, name="nfs b;reboot")}, "nodes[1].name: 'nfs b;reboot' is not a host name"),
        ({"nodes": node(0, interface="eth0;x")}, "nodes[0].interface: 'eth0;x'"),
        ({"witness": {"name": "nfs-q", "address": "10.0.0.12"}}, "witness.address: 10.0.0.12 is also nodes[1].address"),
        ({"router_id": 0}, "router_id: 0 is not allowed"),
        ({"device": "/dev/sdb"}, "device: '/dev/sdb' must be a path that always means the same disk"),
        ({"state_device": "/dev/vg0/nfs"}, "state_device: '/dev/vg0/nfs' is also device"),
        ({"lease_seconds": 5}, "lease_seconds: 5 is not allowed"),
        ({"export": {"path": "/srv/nfs/kotaemon", "clients": ["0.0.0.0/0"]}}, "export.clients: '0.0.0.0/0'"),
    ],
)
def test_mistakes_name_the_key_and_the_value(change: dict[str, Any], said: str) -> None:
    found = check_pair(NfsPairFiles(**{k: v for k, v in changed(**change).items() if v is not None}))
    assert any(said in mistake for mistake in found), found
    if "nodes[0]" not in said:
        assert len(found) == 1


@pytest.mark.parametrize("secret", ["short", 'with"quotes"0123', "with space 0123", "line\nbreak0123", "x" * 65])
def test_a_secret_that_would_break_a_file_is_refused(secret: str) -> None:
    assert list(secret_mistakes(secret))
    assert not list(secret_mistakes(SECRET))


def test_drbd_8_acknowledges_nothing_alone_before_the_witness_knows() -> None:
    said = drbd_resource(EIGHT, SECRET)
    assert "fencing resource-and-stonith;" in said
    assert 'fence-peer "/usr/bin/python3 /etc/kotaemon-nfs/warden.py fence";' in said
    assert "protocol C;" in said
    assert "quorum" not in said
    assert said.count("after-sb") == said.count("pri disconnect;") == 3


def test_drbd_9_has_a_quorum_of_three_of_which_one_has_no_disk() -> None:
    said = drbd_resource(PAIR, SECRET)
    assert "quorum majority;" in said
    assert "on-no-quorum io-error;" in said
    assert said.count("disk none;") == 2
    assert "fence-peer" not in said


def test_the_address_follows_and_never_leads() -> None:
    said = keepalived(PAIR, 0)
    assert "nopreempt" in said
    assert "state BACKUP" in said
    assert "init_file 1 overwrite" in said
    assert "notify" not in said  # nothing of keepalived's ever promotes


def test_what_differs_between_the_nodes() -> None:
    one, other = names(node_files(PAIR, 0, SECRET)), names(node_files(PAIR, 1, SECRET))
    assert {name for name in one if name not in other} == {"pair-first"}
    assert {name for name in other if one[name] != other[name]} == {"keepalived.conf", "pair"}
    assert one["pair"].text == "nfs-a nfs-b 10.0.0.13 7790 9\n"
    assert one["exports"].text == other["exports"].text  # with the same fsid
    assert one["pair-scope"].text == "10.0.0.10\n"
    assert "storagedir=/var/lib/kotaemon-nfs-state/nfsdcld" in one["nfs.conf"].text
    assert "lease-time=10\ngrace-time=30\n" in one["nfs.conf"].text


def test_only_root_reads_the_secret() -> None:
    for files in (node_files(PAIR, 0, SECRET), witness_files(PAIR, SECRET)):
        with_it = [file for file in files if SECRET in file.text]
        assert {file.path.rpartition("/")[2] for file in with_it} == {"pair-secret", "drbd.res"}
        assert {file.mode for file in with_it} == {0o600}
    assert "drbd.res" not in names(witness_files(EIGHT, SECRET))  # DRBD 8.4 has no third node


def test_drbdadm_reads_both_generations(tmp_path: Path) -> None:
    needed("drbdadm", "drbd-utils")
    for pair, program in ((PAIR, "drbdadm"), (EIGHT, "/lib/drbd/drbdadm-84")):
        (tmp_path / "kotaemon.res").write_text(drbd_resource(pair, SECRET))
        conf = tmp_path / "drbd.conf"
        conf.write_text(f'global {{ usage-count no; }}\ninclude "{tmp_path}/kotaemon.res";\n')
        done = subprocess.run([program, "-c", conf, "dump"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("meta-disk        internal;") + done.stdout.count("meta-disk    internal;") >= 2


@pytest.mark.parametrize("number", [0, 1])
def test_keepalived_reads_its_file(tmp_path: Path, number: int) -> None:
    needed("keepalived", "keepalived")
    conf = tmp_path / "keepalived.conf"
    interface = "eth0" if Path("/sys/class/net/eth0").exists() else "lo"
    conf.write_text(keepalived(changed(nodes=[{**one, "interface": interface} for one in PAIR["nodes"]]), number))
    done = subprocess.run([str(shutil.which("keepalived")), "-t", "-f", conf], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    conf.write_text(conf.read_text().replace("nopreempt", "nopreemt"))
    done = subprocess.run([str(shutil.which("keepalived")), "-t", "-f", conf], capture_output=True, text=True)
    assert done.returncode != 0


@pytest.mark.parametrize("rules", [gate(), peers_only(["10.0.0.11", "10.0.0.12"], (7789, 7790))], ids=["gate", "peers"])
def test_nft_takes_the_rules(tmp_path: Path, rules: str) -> None:
    needed("nft", "nftables")
    file = tmp_path / "rules.nft"
    file.write_text(rules)
    done = subprocess.run(["nft", "--check", "-f", file], capture_output=True, text=True)
    if "Operation not permitted" in done.stderr:
        pytest.skip("nft may not ask this kernel")
    assert done.returncode == 0, done.stderr
