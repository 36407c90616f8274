"""What the stack file says of an export that the stack makes itself: the same for one server and for a pair."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, model_validator
from pydantic.alias_generators import to_camel
from typing_extensions import Self

from components.contract import Medium
from components.file.nfs import refused_option
from components.nfs_server.exports import NfsExport, NfsSecurity, NfsSquash
from stacks.effects import VOLUME_SOURCE, VOLUME_TAKES, Effects, in_place, names, words
from stacks.settings.claim import ClaimSettings
from stacks.settings.fields import Cidr, ExportPath, Size, accept

INSTALL = "components/nfs_server/runtime/install.sh"


class ExportSettings(ClaimSettings):
    """An export on hosts of your own that the stack sets up."""

    path: ExportPath = Field("/srv/nfs/kotaemon", description="Directory that is made and exported.")
    clients: list[Cidr] = Field(
        min_length=1, description="Networks of the nodes, which may mount: all others are refused, also by a firewall."
    )
    file_system: Literal["xfs", "ext4"] = Field("xfs", description="File system that an empty `device` gets.")
    squash: Literal["all", "root"] = Field(
        "all", description="all: every writer is the application's user on the server; root: only root is nobody."
    )
    security: Literal["sys", "krb5p"] = Field("sys", description="How nodes prove who they are; krb5p needs a keytab.")
    threads: int | None = Field(None, description="Threads of the server; default: 8 for each CPU, 16 to 256.")
    alert_percent: int = Field(85, description="Fill at which the host logs an error every ten minutes.")
    size: Size = Field("100Gi", description="Size of the claim; NFS does not enforce it.")
    mount_options: list[str] = Field(
        default_factory=list[str], description="Added to the defaults; an option of the same name replaces the default."
    )

    @model_validator(mode="after")
    def _options(self) -> Self:
        for option in self.mount_options:
            if reason := refused_option(option):
                raise ValueError(f"mountOptions holds {option!r}, which is not allowed: {reason}")
        return self

    @property
    def medium(self) -> Medium:
        """NFS is shared."""
        return Medium.FILE

    def export(self, uid: int, gid: int) -> NfsExport:
        """The export as the components take it. The pods make the folders of the roles in it."""
        return NfsExport(
            path=self.path,
            clients=self.clients,
            folders=[],
            squash=NfsSquash(self.squash),
            security=NfsSecurity(self.security),
            uid=uid,
            gid=gid,
        )

    def refuse(self, mistakes: Iterable[str], *prefixes: str) -> None:
        """Raise ValueError for the first of a component's mistakes, with the key as the stack file has it."""
        for mistake in mistakes:
            for prefix in prefixes:
                mistake = mistake.removeprefix(prefix)
            key, _, reason = mistake.partition(": ")
            accept(f"{to_camel(key) if '_' in key else key}: {reason}")


EXPORT_EFFECTS: Effects = {
    "path": names(VOLUME_SOURCE),
    **dict.fromkeys(
        ("clients", "squash", "security"), in_place(f"{INSTALL}: exportfs -ra", "nobody who may stay is interrupted")
    ),
    **dict.fromkeys(
        ("lease_seconds", "threads"),
        in_place(f"{INSTALL}: the server is restarted", "writes wait for the grace time; no lock is lost"),
    ),
    "alert_percent": in_place(f"{INSTALL}: the next check of the fill takes it"),
    "size": in_place(VOLUME_TAKES, "the volume follows; NFS enforces no size, and the claim keeps its request"),
    "mount_options": in_place(VOLUME_TAKES, "a node takes them at its next mount"),
    "encrypted_by": words(),
}
"""What a change of these fields does, and of those that each kind declares with a text of its own."""
