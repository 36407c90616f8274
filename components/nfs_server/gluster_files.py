"""The configuration of NFS-Ganesha, of a GlusterFS volume and of nftables for a pair on GlusterFS.

Sources: ganesha-core-config(8), ganesha-export-config(8) and ganesha-gluster-config(8) of nfs-ganesha 4.3; `gluster
volume set help` of GlusterFS 10.3.
"""

from typing import TYPE_CHECKING

from .exports import NfsSquash, fsid, owner
from .files import NfsServerFiles
from .files import firewall as nfs_firewall
from .hosts import addresses
from .pair_files import GRACE_SECONDS, HEAD, LEASE_SECONDS, peers_only

if TYPE_CHECKING:
    from .gluster import NfsGlusterFiles

DEFAULT_VOLUME = "kotaemon"
MOUNT = "/var/lib/kotaemon-nfs-volume"
"""Where each node mounts the volume: for the lease, the server's memory of its clients, and whoever looks at files."""
FOLDER = "kotaemon"
"""The folder of the volume that is exported. Nobody reaches anything else of the volume by NFS."""
EXPORTED = f"{MOUNT}/{FOLDER}"
STATE = f"{MOUNT}/.kotaemon-nfs"
"""Folder of the volume beside the exported one, for root: who serves, and the server's memory of its clients."""
PING_SECONDS = 10
"""How long everybody waits for a host that is lost without a word. Gluster's 42 would make every loss a minute; with
less, a disk that is busy for some seconds counts as a lost host, and its brick has to be healed."""
_SQUASH = {NfsSquash.ALL: "All_Squash", NfsSquash.ROOT: "Root_Squash", NfsSquash.NONE: "No_Root_Squash"}
_GLUSTERD = (24007, 24008)


def volume_options(pair: "NfsGlusterFiles") -> dict[str, str]:
    """Options of the volume. Those of a volume that exists are only looked at."""
    found = {
        # A write needs two of the three bricks, one of them with the data, so two halves never both write.
        "cluster.quorum-type": "auto",
        # A server that sees no majority of its pool stops its bricks.
        "cluster.server-quorum-type": "server",
        # Nobody chooses by size or date between two histories of a file; a person does.
        "cluster.favorite-child-policy": "none",
        "network.ping-timeout": str(PING_SECONDS),
        # A lost host's locks go after as long, so that the other node can take the lease and its clients their locks.
        "server.tcp-user-timeout": str(PING_SECONDS),
        "server.keepalive-time": "2",
        "server.keepalive-interval": "1",
        "server.keepalive-count": "8",
    }
    if "brick" in pair:
        # The volume is open to its hosts alone: whoever mounts it by itself meets no squash and no list of clients.
        found["auth.allow"] = ",".join(["127.0.0.1", *addresses(pair)])
    return found


def ganesha_conf(pair: "NfsGlusterFiles") -> str:
    """The configuration of NFS-Ganesha: the same on both nodes, as clients take up their locks on the other one."""
    export, address = pair["export"], pair["virtual_address"].partition("/")[0]
    lease = pair.get("lease_seconds", LEASE_SECONDS)
    squash = NfsSquash(export.get("squash", NfsSquash.ALL))
    uid, gid = owner(export)
    nobody = f"\n    Anonymous_Uid = {uid};\n    Anonymous_Gid = {gid};" if squash == NfsSquash.ALL else ""
    return f"""{HEAD}
NFS_CORE_PARAM {{
    Protocols = 4;
    Enable_NLM = false;
    Enable_RQUOTA = false;
    Enable_UDP = false;
    mount_path_pseudo = true;
}}
NFSv4 {{
    Minor_Versions = 0, 1, 2;
    Delegations = false;
    Lease_Lifetime = {lease};
    Grace_Period = {max(lease, GRACE_SECONDS)};
    # Its memory of its clients is in the volume, under a name that both nodes have, and it says the same of itself.
    RecoveryBackend = fs_ng;
    RecoveryRoot = "{STATE}/ganesha";
    Server_Scope = "{address}";
    Server_Owner = "{address}";
}}
NFS_KRB5 {{
    Active_krb5 = false;
}}
EXPORT_DEFAULTS {{
    Access_Type = None;
    Protocols = 4;
    Transports = TCP;
    SecType = sys;
}}
EXPORT {{
    Export_Id = 1;
    Filesystem_Id = {fsid(export)}.0;
    Path = "{EXPORTED}";
    Pseudo = "{export["path"]}";
    Squash = {_SQUASH[squash]};{nobody}
    FSAL {{
        Name = GLUSTER;
        Hostname = "localhost";
        Volume = "{pair.get("volume", DEFAULT_VOLUME)}";
        Volpath = "/{FOLDER}";
    }}
    CLIENT {{
        Clients = {", ".join(export["clients"])};
        Access_Type = RW;
        Protocols = 4;
    }}
    # The warden asks from here whether the server serves.
    CLIENT {{
        Clients = 127.0.0.1;
        Access_Type = RO;
        Protocols = 4;
    }}
}}
LOG {{
    Default_Log_Level = EVENT;
}}
"""


def firewall(pair: "NfsGlusterFiles", files: NfsServerFiles | None) -> str:
    """NFS is open to the clients, VRRP to the hosts of the pair; Gluster's own ports to the hosts where the pool is the
    stack's: a pool that exists may have other hosts and clients. Both tables are their own; nothing else is touched.
    `files`: what the host serves, if it serves."""
    served = nfs_firewall(files).partition("\n")[2] if files else ""
    return peers_only(sorted(addresses(pair)), _GLUSTERD if "brick" in pair else ()) + served
