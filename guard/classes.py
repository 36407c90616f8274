"""What a StorageClass makes, by its driver: read from the table in guard/drivers.py, or from the words of the user.

Pure: a class is given as plain values, whoever read it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from components.contract import AccessMode, Locks
from guard.mount_options import LOSES_DATA, in_parameters, words
from guard.table import UNKNOWN


class Bound(str, Enum):
    """Where a volume can be used after it was made."""

    EVERYWHERE = "nothing"
    """On every node: nothing binds it."""
    ZONE = "zone"
    """On the nodes of the zone in which it was made."""
    NODE = "node"
    """On the one node on which it was made."""


@dataclass(frozen=True)
class Driver:
    """One row of the table: what a driver makes for a class with these parameters, and for these access modes."""

    name: str
    """The storage in words, for messages."""
    provisioners: tuple[str, ...]
    """Values of `provisioner`. `*` at the start stands for anything: Rook puts its namespace before the driver."""
    backend: str
    """What serves the volume, as the guard calls it (guard/table.py)."""
    modes: tuple[AccessMode, ...]
    """Access modes of volumes with a file system that the driver makes and means."""
    locks: Locks
    """Which locks two pods on two nodes share. The mount options of the class can change it."""
    bound: Bound
    expands: bool
    """Whether the driver makes a volume larger, when the class allows it."""
    snapshots: bool
    """Whether a VolumeSnapshot of it can be made."""
    node_loss: str
    """What follows when the node dies that has the volume mounted."""
    source: str
    read: str = ""
    """Day on which the source was opened, and which version of it. Empty: the row was not held against it anew."""
    remark: str = ""
    """What the columns do not say."""
    with_parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """The row is for classes in which one of these parameters has one of these values. Empty: for all."""
    reads_options: str = ""
    """Whose mount options decide version and locks: `nfs`, `nas` or `lustre`. Empty: they decide nothing."""
    tells: str = ""
    """What a run on it has to say in any case. Empty: nothing."""
    asks: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameter of the class -> what follows where the class does not have it."""


@dataclass(frozen=True)
class ClassFacts:
    """What is known of the volumes of one StorageClass."""

    storage_class: str
    name: str
    """The storage in words, or why nothing is known of it."""
    backend: str = UNKNOWN
    bound: Bound | None = None
    """None: it is not known."""
    modes: tuple[AccessMode, ...] = ()
    """Empty: they are not known."""
    locks: Locks = Locks.NODE_LOCAL
    node_loss: str = "what happens to the volume is not known"
    source: str = ""
    loses: Mapping[str, str] = field(default_factory=dict[str, str])
    """Mount option of the class that loses data -> what is lost."""
    expands: bool | None = None
    """Whether its volumes can grow. None: it is not known."""
    snapshots: bool | None = None
    """Whether a VolumeSnapshot of its volumes can be made. None: it is not known."""
    tells: str = ""
    """What a run on it has to say. Empty: nothing."""
    lacks: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameter that the class does not have -> what follows."""

    @property
    def known(self) -> bool:
        """Whether it is known what the volumes stand on."""
        return self.backend != UNKNOWN

    @property
    def text(self) -> str:
        """The class in words, for messages."""
        return f"class {self.storage_class} ({self.name})"

    def refused_mode(self, mode: AccessMode) -> str:
        """Why the class has no volume of this access mode; empty when it has one, or when that is not known."""
        if not self.modes or mode in self.modes:
            return ""
        return (
            f"{mode.value!r} is not allowed: {self.text} makes {', '.join(known.value for known in self.modes)} "
            f"({self.source})"
        )


def facts_of(
    storage_class: str,
    provisioner: str,
    rows: Iterable[Driver],
    parameters: Mapping[str, str] | None = None,
    mount_options: Sequence[str] = (),
    mode: AccessMode | None = None,
) -> ClassFacts:
    """The facts of a class with this driver. `mode`: access mode of the claim, as some drivers make two things.
    `parameters`: None where they are not known.

    A driver that is not in the table gives facts that are not known.
    """
    given = parameters or {}
    options = [*words(mount_options), *in_parameters(given)]
    loses = {option: LOSES_DATA[option] for option in options if option in LOSES_DATA}
    named = [row for row in rows if _named(row, provisioner)]
    # A row that asks for parameters says more of the class than one that asks for none.
    fitting = [row for row in named if _has(row, given)] or [row for row in named if not row.with_parameters]
    row = next((row for row in fitting if mode in row.modes), fitting[0] if fitting else None)
    if row is None or row.backend == UNKNOWN:
        name = "which is not in the table of drivers" if row is None else f"{row.name}: {row.remark}"
        return ClassFacts(storage_class, f"driver {provisioner}, {name}", loses=loses)
    backend, locks = _by_options(row, options)
    modes = tuple(dict.fromkeys(known for one in fitting for known in one.modes))
    facts = ClassFacts(storage_class, f"{row.name}, {provisioner}", backend, row.bound, modes, locks, row.node_loss)
    has = {key.lower() for key in given}
    lacks = {key: text for key, text in row.asks.items() if parameters is not None and key.lower() not in has}
    facts = replace(facts, expands=row.expands, snapshots=row.snapshots, tells=row.tells)
    return replace(facts, source=row.source, loses=loses, lacks=lacks)


def contradicted(stands_on: str, real_locks: bool, facts: ClassFacts) -> str:
    """Why words about a volume are not what its driver makes; empty: they are, or nothing is known of the driver.

    Which file system it is may be known better by its owner (a class of NFS may be EFS): not that it is files.
    """
    if not facts.known:
        return ""
    if _kind_of(stands_on) != _kind_of(facts.backend):
        return f"standsOn: {stands_on!r} is not what the driver makes: {facts.name}, which is {facts.backend} here"
    if real_locks and facts.locks == Locks.NODE_LOCAL:
        return f"realLocks: is true, but locks of {facts.name} stay on each node; say false"
    return ""


def _kind_of(backend: str) -> str:
    if backend in ("disk", "node"):
        return "one node"
    return backend if backend in ("object", "smb", "seaweedfs") else "files"


def said(
    storage_class: str, stands_on: str, bound: Bound | None, modes: Sequence[AccessMode], real_locks: bool
) -> ClassFacts:
    """The facts of a class whose driver is not in the table, in the words of its owner."""
    one_node = stands_on in ("disk", "node")
    locks = Locks.ONE_NODE if one_node else Locks.SHARED if real_locks else Locks.NODE_LOCAL
    bound = Bound.NODE if stands_on == "node" else bound
    if bound is None and not one_node:
        bound = Bound.EVERYWHERE
    facts = ClassFacts(storage_class, f"{stands_on}, as the stack file says", stands_on, bound, tuple(modes), locks)
    return replace(facts, source=f"kotaemon:storage.classes.{storage_class}", node_loss=_LOSS[bound])


_LOSS = {
    None: "what happens to the volume is not known",
    Bound.EVERYWHERE: "the volume can be used on another node",
    Bound.ZONE: "the volume can be used on another node of its zone",
    Bound.NODE: "the volume is out of reach until the node is back, and lost with its disk",
}


def _named(row: Driver, provisioner: str) -> bool:
    return any(
        provisioner.endswith(name[1:]) if name.startswith("*") else provisioner == name for name in row.provisioners
    )


def _has(row: Driver, parameters: Mapping[str, str]) -> bool:
    given = {key.lower(): value.split(",")[0].lower() for key, value in parameters.items()}
    return any(
        given.get(key.lower(), "") in {value.lower() for value in values} for key, values in row.with_parameters.items()
    )


def _by_options(row: Driver, options: Sequence[str]) -> tuple[str, Locks]:
    """Backend and locks of a row under the mount options of the class."""
    said = {name: value for name, _, value in (option.partition("=") for option in options)}
    version = said.get("vers") or said.get("nfsvers") or ""
    local = "nolock" in said or said.get("local_lock", "none") != "none"
    match row.reads_options:
        case "nfs":
            major = version[:1] if version[:1] in ("3", "4") else row.backend[-1]
            return f"nfs{major}", Locks.NODE_LOCAL if local else row.locks
        case "nas":  # its driver mounts version 3 with nolock where nothing else is said
            real = version.startswith("4") and not local
            return ("nas4", Locks.SHARED) if real else ("nas3", Locks.NODE_LOCAL)
        case "lustre":
            return row.backend, row.locks if "flock" in said else Locks.NODE_LOCAL
        case _:
            return row.backend, row.locks
