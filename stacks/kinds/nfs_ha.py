"""Kind `nfs-ha`: two Linux hosts of your own as a pair of NFS servers, and a third as their witness.

DRBD replicates their data. By choice it is a GlusterFS volume, for those who already run one.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

import pulumi

from components.contract import Claim, Platform
from components.nfs_server.connection import SshConnection
from estimate.products.own_storage import OwnStorage
from stacks.effects import KIND_ROW, VOLUME_SOURCE, Effects, Values, When, in_place, names, refused, words
from stacks.kinds.base import Buys, Context, Identity, Kind, Made
from stacks.kinds.nfs_export import EXPORT_EFFECTS, INSTALL
from stacks.kinds.nfs_pair import GlusterVolume, PairSettings, PairWitness, mounted, on_drbd, on_gluster
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.file.nfs import NfsStorageArgs
    from components.nfs_server.gluster_ha import NfsGlusterPairArgs
    from components.nfs_server.ha import NfsPairArgs

SSH_AND_DRBD = "pulumi-command: remote.Command is run again on one host after the other"


class NfsPairClaim(PairSettings):
    """Two Linux hosts of your own as a pair of NFS servers with a witness, and their export (ReadWriteMany)."""

    kind: Literal["nfs-ha"]


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
        volume = at.chosen.glusterfs
        pair = NfsGlusterPair(name, _gluster_args(at, volume)) if volume else NfsPair(name, _pair_args(at))
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


def _gluster_args(at: Context[NfsPairClaim], volume: GlusterVolume) -> "NfsGlusterPairArgs":
    from components.nfs_server.gluster_ha import NfsGlusterPairArgs

    chosen = at.chosen
    made = NfsGlusterPairArgs(
        pair=on_gluster(chosen, volume, at.settings.uid, at.settings.gid),
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
        pair=on_drbd(chosen, at.settings.uid, at.settings.gid),
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
