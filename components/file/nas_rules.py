"""What NAS takes as a file system. Pure: each function gives the reason of a refusal, or nothing.

Sources: NAS CreateFileSystem, CreateAccessRule, CreateLifecyclePolicy, UpdateRecycleBinAttribute (API texts);
alibaba-cloud-csi-driver: pkg/nas/nodeserver.go. Sizes in GiB.
"""

from dataclasses import dataclass
from enum import Enum


class NasKind(str, Enum):
    """Families of NAS file systems."""

    STANDARD = "standard"
    """General-purpose: grows by itself, paid by use, NFSv3 and v4.0."""
    EXTREME = "extreme"
    """Fixed capacity, NFSv3 only, snapshots instead of a recycle bin."""


class NasStorageType(str, Enum):
    """Storage type; the first three are general-purpose, the others extreme."""

    PERFORMANCE = "Performance"
    PREMIUM = "Premium"
    CAPACITY = "Capacity"
    EXTREME_STANDARD = "standard"
    EXTREME_ADVANCE = "advance"


class NasProtocol(str, Enum):
    """Versions of NFS that NAS speaks."""

    V3 = "3"
    """What ACK's pages advise for throughput. Locks are local to each node: NAS keeps none for NFSv3."""
    V4 = "4.0"
    """Two pods' locks on one file are real. NAS has no versions 4.1 and 4.2."""


class NasEncryption(str, Enum):
    """Whose key encrypts the data at rest. Fixed when the file system is made."""

    OWN_KEY = "own-key"
    """A KMS key of yours encrypts (API: EncryptType 2)."""
    NAS_KEY = "nas-key"
    """EncryptType 1: a key of NAS, where EncryptType 2 is not to be had (extreme in China East 1 Finance)."""


class NasSquash(str, Enum):
    """What becomes of a client's root user on the file system."""

    NO_SQUASH = "no_squash"
    """The preparation Job can make the role folders: the file system's root belongs to root."""
    ROOT_SQUASH = "root_squash"
    """Root becomes nobody. Choose it only when the role folders exist: nobody can make them then."""


STORAGE_TYPES = {
    NasKind.STANDARD: (NasStorageType.PERFORMANCE, NasStorageType.PREMIUM, NasStorageType.CAPACITY),
    NasKind.EXTREME: (NasStorageType.EXTREME_STANDARD, NasStorageType.EXTREME_ADVANCE),
}
EXTREME_GIB = (100, 262_144)
RECYCLE_DAYS = (1, 180)
"""Days that the recycle bin may keep files: least and most (API UpdateRecycleBinAttribute)."""


@dataclass(frozen=True)
class NasSystem:
    """What the arguments ask the provider for."""

    kind: NasKind
    storage_type: NasStorageType
    protocol: NasProtocol
    size_gib: int
    recycle_bin_days: int
    backup_days: int
    infrequent_access_days: int | None = None


def usual_system(
    kind: str,
    size_gib: int,
    *,
    storage_type: str | None,
    protocol: str | None,
    recycle_bin_days: int | None,
    backup_days: int,
    infrequent_access_days: int | None = None,
) -> NasSystem:
    """A file system with the defaults of its family for what is None."""
    family = NasKind(kind)
    extreme = family == NasKind.EXTREME
    return NasSystem(
        kind=family,
        storage_type=NasStorageType(storage_type) if storage_type else STORAGE_TYPES[family][0],
        protocol=NasProtocol(protocol) if protocol else (NasProtocol.V3 if extreme else NasProtocol.V4),
        size_gib=size_gib,
        recycle_bin_days=recycle_bin_days if recycle_bin_days is not None else (0 if extreme else 7),
        backup_days=backup_days,
        infrequent_access_days=infrequent_access_days,
    )


def refused_kind(name: str) -> str:
    """Why a family cannot be used; empty when it can."""
    if name in ("cpfs", "cpfsse", "bmcpfs"):
        return (
            "cannot be encrypted with a key of yours (CreateFileSystem: EncryptType is for standard and extreme); "
            "mount one that exists through its NFS protocol service with a claim of kind nfs"
        )
    if name not in [kind.value for kind in NasKind]:
        return f"is no kind of NAS; allowed: {', '.join(kind.value for kind in NasKind)}"
    return ""


def refused_squash(name: str) -> str:
    """Why a squash rule cannot be used; empty when it can."""
    if name == "all_squash":
        return "makes everybody nobody, so the role folders could not belong to the pods; use no_squash or root_squash"
    if name not in [squash.value for squash in NasSquash]:
        return f"is no squash rule; allowed: {', '.join(squash.value for squash in NasSquash)}"
    return ""


def refused_system(system: NasSystem) -> str:
    """Why no such file system can be made; the rule is in the text."""
    allowed = STORAGE_TYPES[system.kind]
    if system.storage_type not in allowed:
        return (
            f"storage type {system.storage_type.value!r} does not exist for {system.kind.value}; "
            f"allowed: {', '.join(storage.value for storage in allowed)}"
        )
    if system.infrequent_access_days is not None:
        return (
            "a lifecycle to Infrequent Access is not available for encrypted file systems, and this one is always "
            "encrypted (NAS FAQ about advanced management features); put cold data into OSS"
        )
    if system.backup_days < 0:
        return f"backups are kept {system.backup_days} days; Cloud Backup takes 1 day or more, 0 means none"
    return _extreme(system) if system.kind == NasKind.EXTREME else _standard(system)


def _standard(system: NasSystem) -> str:
    low, high = RECYCLE_DAYS
    if system.recycle_bin_days and not low <= system.recycle_bin_days <= high:
        return f"the recycle bin keeps {system.recycle_bin_days} days; NAS takes {low} to {high}, 0 means none"
    return ""


def _extreme(system: NasSystem) -> str:
    low, high = EXTREME_GIB
    if system.protocol != NasProtocol.V3:
        return f"an extreme file system speaks NFSv3 only, not {system.protocol.value}"
    if not low <= system.size_gib <= high:
        return f"an extreme file system has {low} to {high} GiB; the claim has {system.size_gib} GiB"
    if system.recycle_bin_days:
        return "an extreme file system has no recycle bin; set its days to 0"
    return ""
