"""The key `classes` below `kotaemon:storage`: what the StorageClasses of the cluster are, where nobody can be asked."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from components.contract import AccessMode
from guard.classes import Bound
from guard.table import BACKENDS
from stacks.settings.fields import Strict

Mode = Literal["ReadWriteOncePod", "ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany"]


class ClassSettings(Strict):
    """What a StorageClass is: its driver with parameters, as `kubectl get storageclass -o yaml` shows them; or, for a
    driver that is not in the table of docs/storage-classes.md, what its volumes stand on."""

    provisioner: str | None = Field(
        None, min_length=1, description="Driver of the class (`provisioner`); or give standsOn."
    )
    parameters: dict[str, str] = Field(
        default_factory=dict[str, str], description="Parameters of the class that decide what the driver makes."
    )
    mount_options: list[str] = Field(default_factory=list[str], description="Mount options of the class.")
    stands_on: str | None = Field(
        None,
        description="What serves the volumes, for a driver that is not in the table: disk, node (a folder on one "
        "node), a file system (nfs4, nfs3, efs, cephfs, smb ...) or object. The guard judges by it.",
        json_schema_extra={"enum": list(BACKENDS)},
    )
    bound_to: Bound | None = Field(
        None,
        description="What a volume is bound to once it is made, with standsOn: nothing, zone or node; default: nothing "
        "for files, not known for a disk.",
    )
    real_locks: bool = Field(
        True, description="Whether a lock that one node holds is seen by all others, with standsOn; false for nolock."
    )
    access_modes: list[Mode] = Field(
        default_factory=list[Mode],
        description="Access modes that the driver makes, with standsOn; default: one node for a disk, all for files.",
    )

    @field_validator("stands_on")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in BACKENDS:
            raise ValueError(f"is not allowed; allowed: {', '.join(BACKENDS)}")
        return value

    @model_validator(mode="after")
    def _one(self) -> "ClassSettings":
        if self.provisioner is None and self.stands_on is None:
            raise ValueError("give provisioner (with parameters), or standsOn")
        if self.provisioner is None and (self.parameters or self.mount_options):
            raise ValueError("parameters and mountOptions go with provisioner; give it as well, or leave them out")
        return self

    @property
    def modes(self) -> tuple[AccessMode, ...]:
        """The access modes, by default those that what it stands on allows."""
        if self.access_modes:
            return tuple(AccessMode(mode) for mode in self.access_modes)
        one_node = (AccessMode.RWO, AccessMode.RWOP)
        return one_node if self.stands_on in ("disk", "node") else tuple(AccessMode)
