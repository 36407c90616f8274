"""The files of a pair on GlusterFS: pinned, refused where they would lose data, and read by the programs themselves."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.nfs_server.exports import NfsSecurity, NfsSquash, NfsTransport
from components.nfs_server.gluster import (
    NfsGlusterFiles,
    arbiter_files,
    check_gluster,
    gluster_warnings,
    node_files,
    served,
)
from components.nfs_server.gluster_files import STATE, firewall, ganesha_conf, volume_options
from components.nfs_server.pair_files import keepalived
from tests.unit.components.nfs_server.values import EXPORT, GLUSTER
from tests.unit.tools import needed

EXISTING = NfsGlusterFiles(
    export=GLUSTER["export"], nodes=GLUSTER["nodes"], virtual_address=GLUSTER["virtual_address"], volume="gv0"
)
CONF = """# Written by Pulumi (components/nfs_server). A change by hand is undone at the next `pulumi up`.
NFS_CORE_PARAM {
    Protocols = 4;
    Enable_NLM = false;
    Enable_RQUOTA = false;
    Enable_UDP = false;
    mount_path_pseudo = true;
}
NFSv4 {
    Minor_Versions = 0, 1, 2;
    Delegations = false;
    Lease_Lifetime = 10;
    Grace_Period = 30;
    # Its memory of its clients is in the volume, under a name that both nodes have, and it says the same of itself.
    RecoveryBackend = fs_ng;
    RecoveryRoot = "/var/lib/kotaemon-nfs-volume/.kotaemon-nfs/ganesha";
    Server_Scope = "10.0.0.10";
    Server_Owner = "10.0.0.10";
}
NFS_KRB5 {
    Active_krb5 = false;
}
EXPORT_DEFAULTS {
    Access_Type = None;
    Protocols = 4;
    Transports = TCP;
    SecType = sys;
}
EXPORT {
    Export_Id = 1;
    Filesystem_Id = 103522125.0;
    Path = "/var/lib/kotaemon-nfs-volume/kotaemon";
    Pseudo = "/srv/nfs/kotaemon";
    Squash = All_Squash;
    Anonymous_Uid = 1001;
    Anonymous_Gid = 1001;
    FSAL {
        Name = GLUSTER;
        Hostname = "localhost";
        Volume = "kotaemon";
        Volpath = "/kotaemon";
    }
    CLIENT {
        Clients = 10.0.0.0/16;
        Access_Type = RW;
        Protocols = 4;
    }
    # The warden asks from here whether the server serves.
    CLIENT {
        Clients = 127.0.0.1;
        Access_Type = RO;
        Protocols = 4;
    }
}
LOG {
    Default_Log_Level = EVENT;
}
"""


def changed(**changes: Any) -> NfsGlusterFiles:
    return NfsGlusterFiles(**{key: value for key, value in {**GLUSTER, **changes}.items() if value is not None})


def names(files: list[Any]) -> dict[str, Any]:
    return {file.path.removeprefix("/etc/kotaemon-nfs/"): file for file in files}


def test_no_mistakes() -> None:
    assert check_gluster(GLUSTER) == []
    assert check_gluster(EXISTING) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"witness": None}, "witness: missing; two bricks that lose each other cannot tell"),
        ({"brick": None}, "witness: only means something beside brick"),
        ({"brick": "brick"}, "brick: 'brick' must be an absolute path"),
        ({"brick": "/brick"}, "brick: '/brick' must be a directory in the root of a mounted disk"),
        ({"brick": "/usr/brick"}, "brick: '/usr/brick' belongs to the system; give the brick a directory of its own"),
        ({"brick": "/srv/x;reboot"}, "brick: '/srv/x;reboot' must be an absolute path"),
        ({"brick": "/srv/nfs/kotaemon/brick"}, "brick: '/srv/nfs/kotaemon/brick' and the export's path"),
        ({"brick": "/srv/nfs"}, "brick: '/srv/nfs' and the export's path '/srv/nfs/kotaemon' are in each other"),
        ({"volume": "a b"}, "volume: 'a b' must be letters, digits, '-' and '_'"),
        ({"nodes": GLUSTER["nodes"][:1]}, "nodes: must be two, these are 1"),
        ({"virtual_address": "10.1.0.10/24"}, "virtual_address: 10.1.0.10/24 is outside of the network of nodes[0]"),
        ({"lease_seconds": 200}, "lease_seconds: 200 is not allowed; NFS-Ganesha takes 120 at most"),
        ({"lease_seconds": 5}, "lease_seconds: 5 is not allowed"),
        ({"export": {**EXPORT, "security": NfsSecurity.KRB5P}}, "export.security: krb5p is not set up for NFS-Ganesha"),
        ({"export": {**EXPORT, "transport": NfsTransport.TLS}}, "export.transport: NFS-Ganesha has no TLS here"),
        ({"export": {**EXPORT, "clients": ["fd00::/48"]}}, "export.clients: 'fd00::/48' is IPv6"),
        ({"export": {**EXPORT, "clients": ["0.0.0.0/0"]}}, "export.clients: '0.0.0.0/0'"),
    ],
)
def test_mistakes_name_the_key_and_the_value(change: dict[str, Any], said: str) -> None:
    found = check_gluster(changed(**change))
    assert any(said in mistake for mistake in found), found


def test_each_run_says_why_not_to_start_with_it() -> None:
    said = gluster_warnings(GLUSTER)[0]
    for word in ("Do not start with it", "2024-12-31", "gluster/glusterfs#4298", "nfs-ganesha/nfs-ganesha#1249"):
        assert word in said
    loud = {**EXPORT, "squash": NfsSquash.NONE, "accept_no_root_squash": True}
    assert "no_root_squash" in gluster_warnings(changed(export=loud))[1]


def test_the_configuration_of_ganesha_is_pinned() -> None:
    assert ganesha_conf(GLUSTER) == CONF


def test_squash_clients_and_lease_are_those_of_the_export() -> None:
    export = {**EXPORT, "squash": NfsSquash.ROOT, "clients": ["10.0.0.0/16", "10.2.0.0/24"], "fsid": 7}
    said = ganesha_conf(changed(export=export, lease_seconds=60, volume="gv0"))
    assert "Squash = Root_Squash;" in said
    assert "Anonymous" not in said
    assert "Clients = 10.0.0.0/16, 10.2.0.0/24;" in said
    assert "Filesystem_Id = 7.0;" in said
    assert "Lease_Lifetime = 60;\n    Grace_Period = 60;" in said
    assert 'Volume = "gv0";' in said


def test_nobody_but_a_client_is_let_in() -> None:
    assert "EXPORT_DEFAULTS {\n    Access_Type = None;" in CONF


def test_options_that_keep_the_data() -> None:
    assert volume_options(GLUSTER) == {
        "cluster.quorum-type": "auto",
        "cluster.server-quorum-type": "server",
        "cluster.favorite-child-policy": "none",
        "network.ping-timeout": "10",
        "server.tcp-user-timeout": "10",
        "server.keepalive-time": "2",
        "server.keepalive-interval": "1",
        "server.keepalive-count": "8",
        "auth.allow": "127.0.0.1,10.0.0.11,10.0.0.12,10.0.0.13",
    }
    # a volume that exists may have clients of its own
    assert "auth.allow" not in volume_options(EXISTING)


def test_glusters_ports_are_closed_only_where_the_pool_is_the_stacks() -> None:
    ours, theirs = firewall(GLUSTER, served(GLUSTER)), firewall(EXISTING, served(EXISTING))
    assert "ip saddr { 10.0.0.11, 10.0.0.12, 10.0.0.13 } accept" in ours
    assert "tcp dport { 24007, 24008 } drop" in ours
    assert "24007" not in theirs
    for said in (ours, theirs):
        assert "meta l4proto 112 drop" in said
        assert "ip saddr { 10.0.0.0/16 } meta l4proto { tcp, udp } th dport { 111, 2049," in said
    assert "2049" not in firewall(GLUSTER, None)


def test_what_differs_between_the_hosts() -> None:
    one, other = names(node_files(GLUSTER, 0)), names(node_files(GLUSTER, 1))
    assert {name for name in one if name not in other} == {"pair-first", "gluster-peers"}
    assert {name for name in other if one[name] != other[name]} == {"keepalived.conf", "pair-me"}
    assert one["gluster-peers"].text == "10.0.0.12\n10.0.0.13\n"
    assert one["gluster"].text == "kotaemon\n/srv/brick/kotaemon\n"
    assert one["folders"].text.startswith("1001 1001 /var/lib/kotaemon-nfs-volume/kotaemon\n")
    assert one["paths"].text == "/var/lib/kotaemon-nfs-volume/kotaemon\n"
    assert one["pair-served"].text == "/srv/nfs/kotaemon\n"
    arbiter = names(arbiter_files(GLUSTER))
    assert set(arbiter) == {
        "gluster",
        "gluster-hosts",
        "gluster-options",
        "gluster.sh",
        "install.sh",
        "pair.nft",
        "pair.sh",
    }
    assert "drbd.res" not in one
    assert "exports" not in one


def test_a_volume_that_exists_has_no_brick_of_ours() -> None:
    assert names(node_files(EXISTING, 0))["gluster"].text == "gv0\n\n"


def test_the_servers_memory_and_the_lease_are_beside_what_is_exported() -> None:
    assert not STATE.startswith(names(node_files(GLUSTER, 0))["paths"].text.strip())


@pytest.mark.parametrize("number", [0, 1])
def test_keepalived_reads_its_file(tmp_path: Path, number: int) -> None:
    needed("keepalived", "keepalived")
    interface = "eth0" if Path("/sys/class/net/eth0").exists() else "lo"
    conf = tmp_path / "keepalived.conf"
    conf.write_text(keepalived(changed(nodes=[{**one, "interface": interface} for one in GLUSTER["nodes"]]), number))
    done = subprocess.run([str(shutil.which("keepalived")), "-t", "-f", conf], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.parametrize("pair", [GLUSTER, EXISTING], ids=["ours", "theirs"])
@pytest.mark.parametrize("serves", [True, False])
def test_nft_takes_the_rules(tmp_path: Path, pair: NfsGlusterFiles, serves: bool) -> None:
    needed("nft", "nftables")
    file = tmp_path / "rules.nft"
    file.write_text(firewall(pair, served(pair) if serves else None))
    done = subprocess.run(["nft", "--check", "-f", file], capture_output=True, text=True)
    if "Operation not permitted" in done.stderr:
        pytest.skip("nft may not ask this kernel")
    assert done.returncode == 0, done.stderr


def read_by_ganesha(folder: Path, text: str) -> str:
    """What ganesha.nfsd says of a configuration, in a network of its own. There is no volume: it only reads."""
    (folder / "ganesha.conf").write_text(text.replace(f"{STATE}/ganesha", str(folder)))
    command = ["unshare", "--net", "timeout", "20", "ganesha.nfsd", "-F", "-L", "STDERR"]
    command += ["-f", str(folder / "ganesha.conf"), "-p", str(folder / "pid")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as ganesha:
        said = ""
        for line in ganesha.stdout or ():
            said += line
            if "NFS SERVER INITIALIZED" in line or "lower_my_caps" in line:
                break
        ganesha.terminate()
    return said


@pytest.mark.skipif(
    shutil.which("ganesha.nfsd") is None or os.geteuid() != 0,
    reason="not run: ganesha.nfsd is not installed (apt-get install nfs-ganesha nfs-ganesha-gluster), or nobody is root; "
    "make drill-nfs-gluster has it",
)
def test_ganesha_knows_each_word_of_its_configuration(tmp_path: Path) -> None:
    said = read_by_ganesha(tmp_path, ganesha_conf(GLUSTER))
    assert "Configuration file successfully parsed" in said, said
    assert "Unknown parameter" not in said, said
    # it starts with a word that it does not know, so its silence above says something only beside this
    assert "Unknown parameter" in read_by_ganesha(tmp_path, ganesha_conf(GLUSTER).replace("Squash =", "Sqash ="))
