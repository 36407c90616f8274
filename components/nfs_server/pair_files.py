"""The configuration of DRBD, keepalived and nftables of a pair.

Sources: drbd.conf(5) of drbd-utils 9.22, keepalived.conf(5) of 2.2.7, docs/facts/storage.md, chapter 5.5.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .hosts import NfsHosts

if TYPE_CHECKING:
    from .pair import NfsPairFiles

DRBD_PORT = 7789
WITNESS_PORT = 7790
LEASE_SECONDS = 10
"""NFSv4 lease of a pair, when nothing else is said: the least that the kernel takes."""
GRACE_SECONDS = 30
"""Least grace of a pair. A client whose link has been silent for long tries again late (TCP doubles its wait), and
one that comes after the grace has lost its locks. The kernel ends it early when all known clients are back."""
HEAD = "# Written by Pulumi (components/nfs_server). A change by hand is undone at the next `pulumi up`."
_NET = """    protocol C;
    cram-hmac-alg sha256;
    shared-secret "{secret}";
    verify-alg sha256;
    ping-int 2;
    ping-timeout 15;
    timeout 15;
    connect-int 2;
    after-sb-0pri disconnect;
    after-sb-1pri disconnect;
    after-sb-2pri disconnect;"""
"""Protocol C: a write is acknowledged when both have it. A lost peer is noticed within 3.5 s. Two histories are never
merged: DRBD disconnects, and a person decides (docs/runbooks/nfs-pair.md)."""
_DRBD_9 = """  options {
    auto-promote no;
    quorum majority;
    on-no-quorum io-error;
    on-no-data-accessible io-error;
    on-suspended-primary-outdated force-secondary;
  }"""
"""A node that is alone acknowledges nothing: its writes fail, and its warden restarts it."""
_DRBD_8 = """  disk {
    fencing resource-and-stonith;
  }
  handlers {
    fence-peer "/usr/bin/python3 /etc/kotaemon-nfs/warden.py fence";
  }"""
"""A node that is alone acknowledges nothing until the witness has noted that the other's disk is outdated."""


def drbd_resource(pair: "NfsPairFiles", secret: str) -> str:
    """The resource `kotaemon`: volume 0 has the data, volume 1 the server's memory of its clients."""
    ninth = pair.get("replication", "9") == "9"
    lines = [HEAD, "resource kotaemon {", _DRBD_9 if ninth else _DRBD_8, "  net {", _NET.format(secret=secret)]
    if ninth:
        lines.append("    rr-conflict disconnect;")
    lines.append("  }")
    for volume, disk in enumerate((pair["device"], pair["state_device"])):
        lines += [f"  volume {volume} {{", f"    device /dev/drbd10{volume} minor 10{volume};"]
        lines += [f"    disk {disk};", "    meta-disk internal;", "  }"]
    for number, node in enumerate(pair["nodes"]):
        inside = f"    node-id {number};\n" if ninth else ""
        lines += [f"  on {node['name']} {{", f"{inside}    address ipv4 {node['address']}:{DRBD_PORT};", "  }"]
    if ninth and "witness" in pair:
        witness = pair["witness"]
        lines += [f"  on {witness['name']} {{", "    node-id 2;", f"    address ipv4 {witness['address']}:{DRBD_PORT};"]
        lines += ["    volume 0 { disk none; }", "    volume 1 { disk none; }", "  }"]
        names = " ".join([*(node["name"] for node in pair["nodes"]), witness["name"]])
        lines += ["  connection-mesh {", f"    hosts {names};", "  }"]
    return "\n".join([*lines, "}"]) + "\n"


def keepalived(pair: NfsHosts, number: int) -> str:
    """The virtual address is where the warden says so, in a file that keepalived watches. It can lead nothing: a node
    whose file does not say 0 is in the state FAULT, whatever the other does, and neither takes it back from the other.
    """
    me, other = pair["nodes"][number], pair["nodes"][1 - number]
    return f"""{HEAD}
global_defs {{
    router_id {me["name"]}
    vrrp_version 3
    vrrp_garp_master_refresh 10
}}
track_file serving {{
    file /run/kotaemon-nfs/address
    weight 0
    init_file 1 overwrite
}}
vrrp_instance kotaemon_nfs {{
    state BACKUP
    nopreempt
    interface {me["interface"]}
    virtual_router_id {pair.get("router_id", 51)}
    priority {100 - number}
    advert_int 0.2
    unicast_src_ip {me["address"]}
    unicast_peer {{
        {other["address"]}
    }}
    virtual_ipaddress {{
        {pair["virtual_address"]} dev {me["interface"]}
    }}
    track_file {{
        serving weight 0
    }}
}}
"""


def peers_only(others: Sequence[str], ports: Sequence[int]) -> str:
    """VRRP and these TCP ports are open to the hosts of the pair and closed to others."""
    hosts = ", ".join(others)
    closed = f"    tcp dport {{ {', '.join(map(str, ports))} }} drop\n" if ports else ""
    return f"""#!/usr/sbin/nft -f
{HEAD}
table inet kotaemon_nfs_pair
delete table inet kotaemon_nfs_pair
table inet kotaemon_nfs_pair {{
  chain input {{
    type filter hook input priority filter - 10; policy accept;
    iifname "lo" accept
    ip saddr {{ {hosts} }} accept
{closed}    meta l4proto 112 drop
  }}
}}
"""


def gate() -> str:
    """The table that the warden loads while no client may reach the server."""
    return f"""{HEAD}
table inet kotaemon_nfs_gate {{
  chain input {{
    type filter hook input priority filter - 20; policy accept;
    iifname "lo" accept
    tcp dport 2049 drop
  }}
}}
"""
