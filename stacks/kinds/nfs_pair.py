"""The section of kind `nfs-ha`, and what the files of the hosts are made from. Pure."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic.alias_generators import to_camel

from components.file.nfs import server_mistakes
from components.nfs_server.connection import HOST_KEY
from components.nfs_server.files import NfsFileSystem
from components.nfs_server.gluster import NfsGlusterFiles, check_gluster
from components.nfs_server.gluster_files import DEFAULT_VOLUME
from components.nfs_server.hosts import NfsNode, NfsWitness
from components.nfs_server.pair import NfsPairFiles, NfsReplication, check_pair, secret_mistakes
from stacks.kinds.nfs_export import ExportSettings
from stacks.settings.existing import VOLUME, Id
from stacks.settings.fields import Server, Strict, accept


class PairWitness(Strict):
    """The third host of a pair. It holds no data."""

    name: str = Field(description="Its host name, as `uname -n` says it there.")
    address: str = Field(description="Its IPv4 address, for the two nodes and for SSH.")
    host_key: str = Field(description="Its public key for SSH, `ssh-ed25519 AAAA...`.")


class PairNode(PairWitness):
    """One host with data of a pair."""

    interface: str = Field("eth0", description="Its network interface in the network of the virtual address.")


class GlusterVolume(Strict):
    """A GlusterFS volume that NFS-Ganesha serves, for those who already run GlusterFS."""

    volume: str = Field(DEFAULT_VOLUME, description="Its name.")
    brick: str | None = Field(
        None,
        description="Empty or absent directory on a disk of its own, the same on both nodes and the witness: the "
        "volume is made of the three. Without it the volume is one that exists, and stays as it is.",
    )


class PairSettings(ExportSettings):
    """Two hosts as a pair, what replicates their data, and how they are reached."""

    virtual_address: str = Field(
        description="IPv4 address with its network, 10.0.0.10/24, that follows the node that serves."
    )
    server: Server | None = Field(
        None, description="Name that the nodes mount instead, which always resolves to the virtual address."
    )
    nodes: list[PairNode] = Field(description="The two hosts with data.")
    witness: PairWitness | None = Field(None, description="The third host; without it a pair is refused.")
    user: str = Field("root", description="User of SSH on all three; another one than root needs sudo.")
    ssh_port: int = Field(22, ge=1, le=65535, description="Port of SSH on all three.")
    private_key: SecretStr = Field(description="Private key of SSH, for all three; set it with --secret.")
    secret: SecretStr | None = Field(
        None, description="Secret by which the three know each other, `openssl rand -hex 24`; set it with --secret."
    )
    device: str | None = Field(None, description="Empty disk for the data, by the same stable path on both nodes.")
    state_device: str | None = Field(
        None, description="Small empty disk, 64 MiB at least, for the server's memory of its clients; the same on both."
    )
    glusterfs: GlusterVolume | None = Field(
        None,
        description="Serve a GlusterFS volume by NFS-Ganesha instead of disks by DRBD, for those who already run "
        "GlusterFS. Each run warns of starting with it (docs/nfs-ha.md).",
    )
    drbd: Literal["9", "8.4"] = Field(
        "9",
        description="Generation of DRBD in the hosts' kernel: 9 has quorum (LINBIT's packages), 8.4 is what kernels of "
        "distributions have; there the witness gives a lease.",
    )
    router_id: int = Field(51, description="VRRP's number of the virtual address; another pair needs another.")
    lease_seconds: int = Field(10, description="NFSv4 lease, 10 to 3600 s; the grace is 30 s at least.")
    ha_vip: str | None = Field(
        None, pattern=r"^havip-[a-z0-9]+$", description="On Alibaba Cloud: id of the HaVip that is the virtual address."
    )
    encrypted_by: str = Field("nobody known", description="Who encrypts the disks below DRBD, for the storage table.")

    @model_validator(mode="after")
    def _possible(self) -> "PairSettings":
        for mistake in server_mistakes(mounted(self), in_tree=True):
            accept(f"server: {mistake}")
        for mistake in _wrong_beside(self):
            accept(mistake)
        wrong = check_gluster(on_gluster(self, self.glusterfs)) if self.glusterfs else check_pair(on_drbd(self))
        self.refuse(wrong, "export.")
        for key in (*(node.host_key for node in self.nodes), *([self.witness.host_key] if self.witness else [])):
            if not HOST_KEY.fullmatch(key):
                raise ValueError("hostKey: must be a public key of a host, for example ssh-ed25519 AAAA...")
        for mistake in secret_mistakes(self.secret.get_secret_value()) if self.secret else ():
            accept(mistake)
        return self

    @property
    def parts(self) -> Mapping[str, Id]:
        """The volume and its claim."""
        return VOLUME


def mounted(chosen: PairSettings) -> str:
    """What the nodes of the cluster mount: never a node of the pair."""
    return chosen.server or chosen.virtual_address.partition("/")[0]


_DRBD_NEEDS = ("device", "stateDevice", "secret")
_DRBD_ONLY = (*_DRBD_NEEDS, "drbd", "fileSystem", "threads")


def _wrong_beside(chosen: PairSettings) -> Iterator[str]:
    """Keys of DRBD beside a GlusterFS volume, and keys that DRBD needs."""
    said = {to_camel(name) for name in chosen.model_fields_set if getattr(chosen, name) is not None}
    if chosen.glusterfs is None:
        for key in (key for key in _DRBD_NEEDS if key not in said):
            yield f"{key}: missing; a pair needs it, unless it serves a GlusterFS volume that you run (glusterfs)"
        return
    for key in (key for key in _DRBD_ONLY if key in said):
        yield f"{key}: only means something with DRBD; leave it out beside glusterfs"


def on_gluster(chosen: PairSettings, volume: GlusterVolume, uid: int = 1001, gid: int = 1001) -> NfsGlusterFiles:
    """What the files of a pair on GlusterFS are made from."""
    pair = NfsGlusterFiles(
        export=chosen.export(uid, gid),
        nodes=_nodes(chosen),
        virtual_address=chosen.virtual_address,
        router_id=chosen.router_id,
        volume=volume.volume,
        lease_seconds=chosen.lease_seconds,
        alert_percent=chosen.alert_percent,
    )
    if volume.brick is not None:
        pair["brick"] = volume.brick
    if chosen.witness is not None:
        pair["witness"] = _witness(chosen.witness)
    return pair


def _nodes(chosen: PairSettings) -> list[NfsNode]:
    return [NfsNode(name=node.name, address=node.address, interface=node.interface) for node in chosen.nodes]


def _witness(host: PairWitness) -> NfsWitness:
    return NfsWitness(name=host.name, address=host.address)


def on_drbd(chosen: PairSettings, uid: int = 1001, gid: int = 1001) -> NfsPairFiles:
    """What the files of a pair on DRBD are made from."""
    pair = NfsPairFiles(
        export=chosen.export(uid, gid),
        nodes=_nodes(chosen),
        virtual_address=chosen.virtual_address,
        router_id=chosen.router_id,
        device=chosen.device or "",
        state_device=chosen.state_device or "",
        replication=NfsReplication(chosen.drbd),
        file_system=NfsFileSystem(chosen.file_system),
        lease_seconds=chosen.lease_seconds,
        alert_percent=chosen.alert_percent,
    )
    if chosen.witness is not None:
        pair["witness"] = _witness(chosen.witness)
    if chosen.threads is not None:
        pair["threads"] = chosen.threads
    return pair
