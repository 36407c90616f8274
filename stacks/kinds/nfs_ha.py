"""Kind `nfs-ha`: two Linux hosts of your own as a pair of NFS servers, and a third as their witness.

DRBD replicates their data. By choice it is a GlusterFS volume, for those who already run one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

import pulumi
from pydantic import Field, SecretStr, model_validator
from pydantic.alias_generators import to_camel

from components.contract import Claim, Platform
from components.file.nfs import server_mistakes
from components.nfs_server.connection import HOST_KEY, SshConnection
from components.nfs_server.files import NfsFileSystem
from components.nfs_server.gluster import NfsGlusterFiles, check_gluster
from components.nfs_server.hosts import NfsNode, NfsWitness
from components.nfs_server.pair import (
    NfsPairFiles,
    NfsReplication,
    check_pair,
    secret_mistakes,
)
from estimate.products.own_storage import OwnStorage
from stacks.effects import KIND_ROW, VOLUME_SOURCE, Effects, Values, When, in_place, names, refused, words
from stacks.kinds.base import Buys, Context, Identity, Kind, Made
from stacks.kinds.nfs_export import EXPORT_EFFECTS, INSTALL, ExportSettings
from stacks.settings.existing import VOLUME, Id
from stacks.settings.fields import Server, Strict, accept
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.file.nfs import NfsStorageArgs
    from components.nfs_server.gluster_ha import NfsGlusterPairArgs
    from components.nfs_server.ha import NfsPairArgs

SSH_AND_DRBD = "pulumi-command: remote.Command is run again on one host after the other"


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

    volume: str = Field("kotaemon", description="Its name.")
    brick: str | None = Field(
        None,
        description="Empty or absent directory on a disk of its own, the same on both nodes and the witness: the "
        "volume is made of the three. Without it the volume is one that exists, and stays as it is.",
    )


class NfsPairClaim(ExportSettings):
    """Two Linux hosts of your own as a pair of NFS servers with a witness, and their export (ReadWriteMany)."""

    kind: Literal["nfs-ha"]
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
    def _possible(self) -> "NfsPairClaim":
        for mistake in server_mistakes(mounted(self), in_tree=True):
            accept(f"server: {mistake}")
        for mistake in _wrong_beside(self):
            accept(mistake)
        self.refuse(check_gluster(gluster(self)) if self.glusterfs else check_pair(rendered(self)), "export.")
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


def mounted(chosen: NfsPairClaim) -> str:
    """What the nodes of the cluster mount: never a node of the pair."""
    return chosen.server or chosen.virtual_address.partition("/")[0]


_DRBD_NEEDS = ("device", "stateDevice", "secret")
_DRBD_ONLY = (*_DRBD_NEEDS, "drbd", "fileSystem", "threads")


def _wrong_beside(chosen: NfsPairClaim) -> Iterator[str]:
    """Keys of DRBD beside a GlusterFS volume, and keys that DRBD needs."""
    said = {to_camel(name) for name in chosen.model_fields_set if getattr(chosen, name) is not None}
    if chosen.glusterfs is None:
        for key in (key for key in _DRBD_NEEDS if key not in said):
            yield f"{key}: missing; a pair needs it, unless it serves a GlusterFS volume that you run (glusterfs)"
        return
    for key in (key for key in _DRBD_ONLY if key in said):
        yield f"{key}: only means something with DRBD; leave it out beside glusterfs"


def gluster(chosen: NfsPairClaim, uid: int = 1001, gid: int = 1001) -> NfsGlusterFiles:
    """What the files of a pair on GlusterFS are made from."""
    volume = chosen.glusterfs or GlusterVolume(volume="kotaemon", brick=None)
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


def _nodes(chosen: NfsPairClaim) -> list[NfsNode]:
    return [NfsNode(name=node.name, address=node.address, interface=node.interface) for node in chosen.nodes]


def _witness(host: PairWitness) -> NfsWitness:
    return NfsWitness(name=host.name, address=host.address)


def rendered(chosen: NfsPairClaim, uid: int = 1001, gid: int = 1001) -> NfsPairFiles:
    """What the files of the pair are made from."""
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


def _hosts(chosen: NfsPairClaim) -> set[str]:
    hosts = [*chosen.nodes, *([chosen.witness] if chosen.witness else [])]
    return {host.address for host in hosts}


def _names(values: Values) -> list[str]:
    return [str(node.get("name")) for node in values.get("nodes", [])]


_GLUSTER = When("it serves a GlusterFS volume", lambda _, after: bool(after.get("glusterfs")))
_BRICKS = refused(
    "components/nfs_server/runtime/gluster.sh: a brick is known by its host's address",
    "replace the brick by hand (gluster volume replace-brick), then set up a pair on the volume without `brick`",
)
_SAME_NAMES = When("the names stay", lambda before, after: _names(before) == _names(after))
_NODES = replace(
    names(
        "components/nfs_server/ha.py: other hosts have other disks",
        "replace one node at a time (docs/runbooks/nfs-pair.md), then say that it was moved",
    ),
    cases=(
        (_GLUSTER, replace(_BRICKS, identity=True)),
        (_SAME_NAMES, in_place(SSH_AND_DRBD, "DRBD connects again under the new addresses")),
    ),
)
_HANDS_OVER = "the node that serves hands over once; writes wait for some seconds"
_EMPTY = "another disk is empty; DRBD copies a node's data to it only when the other node has it"


class NfsPairKind(Kind[NfsPairClaim]):
    """A pair of NFS servers that the stack sets up."""

    settings = NfsPairClaim
    platforms = tuple(Platform)
    effects: ClassVar[Effects] = {
        **EXPORT_EFFECTS,
        "kind": KIND_ROW,
        "server": names(VOLUME_SOURCE),
        "virtual_address": names(VOLUME_SOURCE),
        "nodes": _NODES,
        "device": names(f"{INSTALL}: {_EMPTY}"),
        # No part of the identity, so no line of kotaemon:moved can let it through.
        "state_device": refused(
            f"{INSTALL}: {_EMPTY}",
            "it has the server's memory of its clients' locks; replace a disk behind the same path, on one node after "
            "the other (docs/runbooks/nfs-pair.md)",
        ),
        "glusterfs": names("components/nfs_server/gluster.py: another volume, and disks under DRBD, have other data"),
        "file_system": refused("components/nfs_server/runtime/pair.sh: only empty disks are prepared"),
        "drbd": refused(
            "drbd.conf(5): another generation keeps its metadata in another form",
            "convert the metadata by hand, one node after the other (LINBIT, upgrading from DRBD 8.4 to 9)",
        ),
        **dict.fromkeys(
            ("user", "ssh_port", "private_key", "secret", "router_id"),
            in_place(SSH_AND_DRBD, _HANDS_OVER),
        ),
        "witness": in_place(SSH_AND_DRBD, _HANDS_OVER, (_GLUSTER, _BRICKS)),
        "ha_vip": words("it only says that the address is one; the stack does not make it"),
    }

    def planned(self, at: Context[NfsPairClaim]) -> Claim:
        """The claim as plain values."""
        from components.file.nfs import nfs_claim

        return nfs_claim(at.component, _claim_args(at))

    def identity(self, at: Context[NfsPairClaim]) -> Identity:
        """Another address, path, pair of hosts or disk is other storage."""
        chosen = at.chosen
        hosts = " ".join(node.name for node in chosen.nodes)
        where = {"server": mounted(chosen), "path": chosen.path, "nodes": hosts}
        if chosen.glusterfs is not None:
            return {**where, "device": f"glusterfs:{chosen.glusterfs.volume}"}
        return {**where, "device": chosen.device or ""}

    def mistakes(self, chosen: NfsPairClaim, settings: Settings) -> Iterator[str]:
        """A virtual address where no network carries it."""
        if settings.platform == Platform.AWS:
            yield (
                "kind: a VPC of AWS delivers no gratuitous ARP, so a virtual address does not move there, and a route "
                "or secondary address that the pair would move itself is not built; take kind efs or openzfs"
            )
        if settings.platform == Platform.ALICLOUD and chosen.ha_vip is None:
            yield (
                "haVip: a VPC of Alibaba Cloud delivers no gratuitous ARP for an ordinary address. Make a HaVip with "
                "the virtual address, bind both instances to it, and name it here; or take kind nas"
            )
        if settings.platform == Platform.PRIVATE and chosen.ha_vip is not None:
            yield "haVip: only Alibaba Cloud has HaVips; leave it out"

        mine = _hosts(chosen)
        for name, other in sorted(settings.storage.claims.items()):
            if other is not chosen and isinstance(other, NfsPairClaim) and (both := mine & _hosts(other)):
                yield (
                    f"nodes: {min(both)} is also a host of claim {name}; one host is one server. "
                    "Give the roles one claim, each with a subPath of its own"
                )

    def products(self, at: Context[NfsPairClaim]) -> list[Buys]:
        """Nothing is bought; what the user's own hosts cost is not known here."""
        return [Buys(at.component, OwnStorage(self.planned(at)["size_gib"]))]

    def make(self, at: Context[NfsPairClaim], opts: pulumi.ResourceOptions) -> Made:
        """The three hosts first, then volume and claim."""
        from components.file.nfs import NfsStorage
        from components.nfs_server.gluster_ha import NfsGlusterPair
        from components.nfs_server.ha import NfsPair

        name = f"{at.component}-pair"
        pair = NfsGlusterPair(name, _gluster_args(at)) if at.chosen.glusterfs else NfsPair(name, _pair_args(at))
        after = pulumi.ResourceOptions(provider=opts.provider, depends_on=[pair])
        return Made(NfsStorage(at.component, _claim_args(at), after))


def _reached(chosen: NfsPairClaim, host: PairWitness) -> SshConnection:
    return SshConnection(
        host=host.address,
        port=chosen.ssh_port,
        user=chosen.user,
        host_key=host.host_key,
        private_key=pulumi.Output.secret(chosen.private_key.get_secret_value()),
    )


def _gluster_args(at: Context[NfsPairClaim]) -> "NfsGlusterPairArgs":
    from components.nfs_server.gluster_ha import NfsGlusterPairArgs

    chosen = at.chosen
    made = NfsGlusterPairArgs(
        pair=gluster(chosen, at.settings.uid, at.settings.gid),
        nodes=[_reached(chosen, node) for node in chosen.nodes],
    )
    if chosen.witness is not None:
        made["witness"] = _reached(chosen, chosen.witness)
    return made


def _pair_args(at: Context[NfsPairClaim]) -> "NfsPairArgs":
    from components.nfs_server.ha import NfsPairArgs

    chosen = at.chosen
    if chosen.witness is None or chosen.secret is None:
        raise ValueError("checked with the settings")
    return NfsPairArgs(
        pair=rendered(chosen, at.settings.uid, at.settings.gid),
        nodes=[_reached(chosen, node) for node in chosen.nodes],
        witness=_reached(chosen, chosen.witness),
        secret=pulumi.Output.secret(chosen.secret.get_secret_value()),
    )


def _claim_args(at: Context[NfsPairClaim]) -> "NfsStorageArgs":
    from components.file.nfs import NfsStorageArgs

    chosen = at.chosen
    return NfsStorageArgs(
        namespace=at.namespace,
        server=mounted(chosen),
        path=chosen.path,
        size=chosen.size,
        mount_options=chosen.mount_options,
        encrypted_by=chosen.encrypted_by,
        protect=at.settings.protect,
    )


KIND = NfsPairKind()
