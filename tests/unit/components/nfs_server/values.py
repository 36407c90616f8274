"""Arguments that several tests of the NFS server begin with."""

from components.nfs_server.connection import SshConnection
from components.nfs_server.exports import NfsExport
from components.nfs_server.files import NfsDisk, NfsServerFiles
from components.nfs_server.gluster import NfsGlusterFiles
from components.nfs_server.hosts import NfsNode, NfsWitness
from components.nfs_server.pair import NfsPairFiles

PATH = "/srv/nfs/kotaemon"
EXPORT = NfsExport(path=PATH, clients=["10.0.0.0/16"])
DISK = NfsDisk(device="/dev/disk/by-id/virtio-data", path=PATH)
FILES = NfsServerFiles(exports=[EXPORT], disk=DISK)
SSH = SshConnection(
    host="nfs.example.com",
    host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJGnPHmxample0example0example0example0example0",
    private_key="a-private-key",
)
SECRET = "0123456789abcdef0123"
PAIR = NfsPairFiles(
    export=EXPORT,
    nodes=[
        NfsNode(name="nfs-a", address="10.0.0.11", interface="eth0"),
        NfsNode(name="nfs-b", address="10.0.0.12", interface="eth0"),
    ],
    witness=NfsWitness(name="nfs-q", address="10.0.0.13"),
    virtual_address="10.0.0.10/24",
    device="/dev/vg0/nfs",
    state_device="/dev/vg0/nfs-state",
)
GLUSTER = NfsGlusterFiles(
    export=EXPORT,
    nodes=PAIR["nodes"],
    witness=NfsWitness(name="nfs-q", address="10.0.0.13"),
    virtual_address="10.0.0.10/24",
    brick="/srv/brick/kotaemon",
)
