"""Kind `nfs-server`: a Linux host of your own that the stack makes an NFS server, over SSH."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import pulumi
from pydantic import Field, SecretStr, model_validator

from components.contract import Claim, Platform
from components.file.nfs import server_mistakes
from components.nfs_server.connection import HOST_KEY
from components.nfs_server.files import NfsDisk, NfsFileSystem, NfsServerFiles, check_files, warnings
from estimate.products.own_storage import OwnStorage
from stacks.effects import KIND_ROW, VOLUME_SOURCE, Effects, in_place, names, refused, words
from stacks.kinds import nfs_nodes
from stacks.kinds.base import Buys, Context, Identity, Kind, Made
from stacks.kinds.nfs_export import EXPORT_EFFECTS, INSTALL, ExportSettings
from stacks.settings.existing import VOLUME, Id
from stacks.settings.fields import Server, accept
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.file.nfs import NfsStorageArgs
    from components.nfs_server.single import NfsServerArgs


class NfsServerClaim(ExportSettings):
    """A Linux host of your own, made an NFS server over SSH, and its export, shared by all pods (ReadWriteMany)."""

    kind: Literal["nfs-server"]
    server: Server = Field(
        description="Name or address that the nodes mount. A volume keeps it for ever: best a name or an address that "
        "can move to another host together with the disk."
    )
    host: Server | None = Field(None, description="Host to which Pulumi speaks SSH; default: `server`.")
    ssh_port: int = Field(22, ge=1, le=65535, description="Port of SSH.")
    user: str = Field("root", description="User of SSH; another one than root needs sudo without a password.")
    host_key: str = Field(
        description="Public key of the host, `ssh-ed25519 AAAA...`, as `ssh-keyscan -t ed25519 <host>` shows it after "
        "the name. Compare it with the host's console: a host with another key is not spoken to."
    )
    private_key: SecretStr = Field(
        description="Private key of SSH; `pulumi config set --secret --path` writes it into the stack file."
    )
    device: str | None = Field(
        None,
        description="Data disk of the host, by a path that always means the same one, such as "
        "/dev/disk/by-id/virtio-data. An empty disk gets a file system, one with other data is refused. Default: the "
        "directory is on the host's own file system.",
    )
    encrypt: bool = Field(False, description="LUKS on an empty `device`; needs luksPassphrase.")
    luks_passphrase: SecretStr | None = Field(
        None, description="Passphrase of the encrypted disk; the host keeps it in a file for root, to start by itself."
    )
    lease_seconds: int = Field(
        20, description="NFSv4 lease and grace, 10 to 3600 s: after a restart no new locks are given for that long."
    )
    encrypted_by: str | None = Field(
        None,
        description="Who encrypts the disk, for the storage table; default: LUKS with `encrypt`, else nobody known.",
    )

    @model_validator(mode="after")
    def _possible(self) -> "NfsServerClaim":
        for mistake in server_mistakes(self.server, in_tree=True):
            accept(f"server: {mistake}")
        self.refuse(check_files(rendered(self)), f"exports[{self.path}].", "disk.")
        if not HOST_KEY.fullmatch(self.host_key):
            raise ValueError(
                "hostKey: must be the public key of the host, for example ssh-ed25519 AAAA..., without the host's name"
            )
        if self.encrypt and self.device is None:
            raise ValueError("encrypt: needs `device`, the disk that is encrypted")
        if self.encrypt != (self.luks_passphrase is not None):
            raise ValueError("luksPassphrase: belongs to `encrypt: true`; give both or none")
        return self

    @property
    def parts(self) -> Mapping[str, Id]:
        """The volume and its claim."""
        return VOLUME


def rendered(chosen: NfsServerClaim, uid: int = 1001, gid: int = 1001) -> NfsServerFiles:
    """What the server's files are made from. The pods make the folders of the roles in the exported directory."""
    files = NfsServerFiles(
        exports=[chosen.export(uid, gid)],
        lease_seconds=chosen.lease_seconds,
        alert_percent=chosen.alert_percent,
    )
    if chosen.threads is not None:
        files["threads"] = chosen.threads
    if chosen.device is not None:
        files["disk"] = NfsDisk(
            device=chosen.device,
            path=chosen.path,
            file_system=NfsFileSystem(chosen.file_system),
            encrypt=chosen.encrypt,
        )
    return files


def _host(chosen: NfsServerClaim) -> str:
    return chosen.host or chosen.server


_ONCE = (
    "it is chosen once, when the disk is empty; add a claim with another disk, move the data, then give the roles it"
)


class NfsServerKind(Kind[NfsServerClaim]):
    """A Linux host that the stack makes an NFS server."""

    settings = NfsServerClaim
    platforms = tuple(Platform)
    effects: ClassVar[Effects] = {
        **EXPORT_EFFECTS,
        "kind": KIND_ROW,
        "server": names(VOLUME_SOURCE),
        "host": names(
            "components/nfs_server/single.py: another host is set up, and it has its own disk",
            "move the disk to the new host first: it is known again by its label; then say that it was moved",
        ),
        "device": names(f"{INSTALL}: another disk is mounted at the same path"),
        **dict.fromkeys(("file_system", "encrypt"), refused(f"{INSTALL}: only an empty disk is prepared", _ONCE)),
        "luks_passphrase": words("it is not compared; change it on the host first: cryptsetup luksChangeKey"),
        **dict.fromkeys(
            ("ssh_port", "user", "host_key", "private_key"),
            in_place("pulumi-command: remote.Command is run again with the new connection"),
        ),
    }

    def planned(self, at: Context[NfsServerClaim]) -> Claim:
        """The claim as plain values."""
        from components.file.nfs import nfs_claim

        return nfs_claim(at.component, _claim_args(at))

    def identity(self, at: Context[NfsServerClaim]) -> Identity:
        """Another server, path, host or disk is other storage."""
        chosen = at.chosen
        device = {"device": chosen.device} if chosen.device else {}
        return {"server": chosen.server, "path": chosen.path, "host": _host(chosen), **device}

    def mistakes(self, chosen: NfsServerClaim, settings: Settings) -> Iterator[str]:
        """Nodes that do not mount it, and a host of two claims: its description would be replaced at every run."""
        if not nfs_nodes.mount_it(settings):
            yield (
                "kind: it is mounted by mount.nfs of the node, which Bottlerocket and so every node of EKS Auto Mode "
                "lacks (bottlerocket-os/bottlerocket#4022); set the server up in a stack of another cluster, and use "
                "kind nfs with driver: csi here"
            )
        for name, other in sorted(settings.storage.claims.items()):
            if other is not chosen and isinstance(other, NfsServerClaim) and _host(other) == _host(chosen):
                yield (
                    f"host: {_host(chosen)!r} is also the host of claim {name}; one host is one server. "
                    "Give the roles one claim, each with a subPath of its own"
                )

    def warnings(self, chosen: NfsServerClaim) -> Iterator[str]:
        """What lets more in than the application's user."""
        yield from (f": {line}" for line in warnings(rendered(chosen)))

    def products(self, at: Context[NfsServerClaim]) -> list[Buys]:
        """Nothing is bought; what the user's own host costs is not known here."""
        return [Buys(at.component, OwnStorage(self.planned(at)["size_gib"]))]

    def make(self, at: Context[NfsServerClaim], opts: pulumi.ResourceOptions) -> Made:
        """The host first, then volume and claim."""
        from components.file.nfs import NfsStorage
        from components.nfs_server.single import NfsServer

        server = NfsServer(f"{at.component}-server", _server_args(at))
        after = pulumi.ResourceOptions(provider=opts.provider, depends_on=[server])
        return Made(NfsStorage(at.component, _claim_args(at), after))


def _server_args(at: Context[NfsServerClaim]) -> "NfsServerArgs":
    from components.nfs_server.single import NfsServerArgs, SshConnection

    chosen = at.chosen
    connection = SshConnection(
        host=_host(chosen),
        port=chosen.ssh_port,
        user=chosen.user,
        host_key=chosen.host_key,
        private_key=pulumi.Output.secret(chosen.private_key.get_secret_value()),
    )
    args = NfsServerArgs(connection=connection, server=rendered(chosen, at.settings.uid, at.settings.gid))
    if chosen.luks_passphrase is not None:
        args["luks_passphrase"] = pulumi.Output.secret(chosen.luks_passphrase.get_secret_value())
    return args


def _claim_args(at: Context[NfsServerClaim]) -> "NfsStorageArgs":
    from components.file.nfs import NfsStorageArgs

    chosen = at.chosen
    return NfsStorageArgs(
        namespace=at.namespace,
        server=chosen.server,
        path=chosen.path,
        size=chosen.size,
        mount_options=chosen.mount_options,
        encrypted_by=chosen.encrypted_by or ("LUKS on the server" if chosen.encrypt else "nobody known"),
        protect=at.settings.protect,
    )


KIND = NfsServerKind()
