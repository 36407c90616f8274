"""Arguments that several tests of the NFS server begin with."""

from components.nfs_server.connection import SshConnection
from components.nfs_server.exports import NfsExport
from components.nfs_server.files import NfsDisk, NfsServerFiles

PATH = "/srv/nfs/kotaemon"
EXPORT = NfsExport(path=PATH, clients=["10.0.0.0/16"])
DISK = NfsDisk(device="/dev/disk/by-id/virtio-data", path=PATH)
FILES = NfsServerFiles(exports=[EXPORT], disk=DISK)
SSH = SshConnection(
    host="nfs.example.com",
    host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJGnPHmxample0example0example0example0example0",
    private_key="a-private-key",
)
