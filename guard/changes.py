"""Refuses a stack file by which data would be left behind, by what earlier runs remembered. Pure: it does no I/O.

Two storages are the same when they have the same real id; where one of the ids is not known, when they have the same
words in the stack file. Data may be in several places: a run that did not end well may have switched the application
already, so both the place before it and the place after it count as holding data.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from guard.spelling import folder as _folder
from guard.spelling import place as _spelled

Words = Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """Where one kind of data is."""

    key: str
    """Section of the stack file that says so: `storage.claims.files`, `stores.database`, or `storage.roles.indexes`."""
    words: Words
    """What makes the storage the same one in the words of the stack file, for example server and path."""
    id: str = ""
    """Its real id, for example a volume handle. Empty: not known (yet)."""
    folder: str = ""
    """Folder in it. Empty for a store."""
    claim: str = ""
    """Name of the PersistentVolumeClaim. Empty for a store."""

    def same_storage(self, other: "Place") -> bool:
        """Whether both are one storage, whatever the folders are."""
        if self.id and other.id:
            return self.id == other.id
        return _spelled(self.words) == _spelled(other.words)

    def respelled(self, other: "Place") -> bool:
        """Whether both have one storage in words that are spelled differently, which a living volume cannot take."""
        return dict(self.words) != dict(other.words) and _spelled(self.words) == _spelled(other.words)

    def same(self, other: "Place") -> bool:
        """Whether both are one folder of one storage."""
        return _folder(self.folder) == _folder(other.folder) and self.same_storage(other)

    @property
    def text(self) -> str:
        """The place in one line, as `kotaemon:moved` takes it."""
        return self._text(with_id=True)

    @property
    def texts(self) -> frozenset[str]:
        """All that `kotaemon:moved` may say for this place: a place had no id before it was made."""
        return frozenset((self._text(with_id=True), self._text(with_id=False)))

    def _text(self, *, with_id: bool) -> str:
        words = [f"{name} {value}" for name, value in sorted(self.words.items())]
        words += [f"id {self.id}"] if with_id and self.id else []
        return ", ".join([*words, *([f"folder {self.folder}"] if self.folder else [])])


@dataclass(frozen=True)
class Data:
    """What is remembered of one kind of data."""

    at: Place | None
    """Its place since the last run that ended well. None: no run has ended well."""
    maybe: tuple[Place, ...] = ()
    """Where runs that did not end well may have put it since."""

    @property
    def places(self) -> list[Place]:
        """Every place that counts as holding data."""
        return [*([self.at] if self.at else []), *self.maybe]


@dataclass(frozen=True)
class Known:
    """A claim, or a store with a disk of its own, that is or was in the stack file."""

    place: Place
    fixed: bool
    """Whether its objects cannot be pointed at other storage: what a PersistentVolume stands on never changes."""
    protected: bool = False
    """Whether the engine refuses to take it out of the program."""


@dataclass(frozen=True)
class Memory:
    """Where everything is: what a run remembers, and what the stack file says now."""

    known: Mapping[str, Known] = field(default_factory=dict[str, Known])
    """Section of the stack file -> claim or store."""
    data: Mapping[str, Data] = field(default_factory=dict[str, Data])
    """Role, `vectors` or `documents` -> its places."""
    protected: tuple[str, ...] = ()
    """Type and name in the program of every resource that the engine refused to let go when the last run ended well."""
    settled: str = ""
    """Seal of the intent of the last run that ended well: what that run was about to do is done."""


@dataclass(frozen=True)
class Move:
    """What the stack file says was moved: the lines of `kotaemon:moved` for one kind of data."""

    from_: str
    to: str


@dataclass(frozen=True)
class Left:
    """Data that would be left behind in `old` when the application uses `new`."""

    name: str
    old: Place
    new: Place
    certain: bool
    """Whether the data is in `old` since a run that ended well; else a failed run may have put it there."""
    made: bool = True
    """Whether an earlier run made the new claim or store, so that data can be copied there."""


@dataclass(frozen=True)
class Swapped:
    """A claim or store under whose name the stack file says other storage."""

    key: str
    old: Place
    new: Place
    respelled: bool = False
    """Whether it is the same storage, in words that are spelled differently."""


@dataclass(frozen=True)
class Gone:
    """A claim or store that left the stack file."""

    key: str
    place: Place


@dataclass(frozen=True)
class Changes:
    """What a run would change about where data is."""

    left: tuple[Left, ...] = ()
    swapped: tuple[Swapped, ...] = ()
    gone: tuple[Gone, ...] = ()
    leaving: tuple[Gone, ...] = ()
    """What leaves now, and was released before."""
    done: tuple[str, ...] = ()
    """Names in `kotaemon:moved` that the memory already knows: their lines can be removed."""
    unused: tuple[str, ...] = ()
    """Names in `kotaemon:moved` that describe no change of this run."""

    @property
    def refused(self) -> bool:
        """Whether data would be left behind, or the engine would refuse after it has begun."""
        return bool(self.left or self.swapped or self.gone)


def changes(before: Memory, now: Memory, moved: Mapping[str, Move]) -> Changes:
    """Compare what the stack file says `now` with what is remembered. An empty memory refuses nothing."""
    swapped = tuple(_swapped(before, now))
    other = {change.key for change in swapped}
    away = [Gone(key, known.place) for key, known in before.known.items() if key not in now.known]
    return Changes(
        left=tuple(left for left in _left(before, now, moved) if left.new.key not in other),
        swapped=swapped,
        gone=tuple(gone for gone in away if before.known[gone.key].protected),
        leaving=tuple(gone for gone in away if not before.known[gone.key].protected),
        done=tuple(name for name, move in moved.items() if _done(name, move, before)),
        unused=tuple(name for name, move in moved.items() if before.data and not _about(name, move, before, now)),
    )


def intent(before: Memory, now: Memory) -> Memory:
    """What a run is about to do, written down before it switches anything: every place that it may leave data in.

    It is made of the stack file's own words and of what earlier runs left unsettled, so an unchanged run has the same.
    """
    data: dict[str, Data] = {}
    for name, wanted in _wanted(now).items():
        open_ = before.data.get(name, Data(None)).maybe
        data[name] = Data(None, (*(place for place in open_ if not place.same(wanted)), wanted))
    return Memory(now.known, data)


def with_intent(before: Memory, about: Memory) -> Memory:
    """What is remembered, with the intent of runs that did not end well: their places may hold data, too."""
    data = dict(before.data)
    for name, places in about.data.items():
        known = before.data.get(name, Data(None))
        new = [place for place in places.maybe if not any(place.same(other) for other in known.places)]
        data[name] = replace(known, maybe=(*known.maybe, *new))
    return replace(before, known={**about.known, **before.known}, data=data)


def _wanted(now: Memory) -> dict[str, Place]:
    return {name: data.at for name, data in now.data.items() if data.at is not None}


def _swapped(before: Memory, now: Memory) -> Iterator[Swapped]:
    for key, known in before.known.items():
        new = now.known.get(key)
        if new is None or not known.fixed:
            continue
        respelled = known.place.respelled(new.place)
        if respelled or not known.place.same_storage(new.place):
            yield Swapped(key, known.place, new.place, respelled=respelled)


def _left(before: Memory, now: Memory, moved: Mapping[str, Move]) -> Iterator[Left]:
    for name, wanted in _wanted(now).items():
        data = before.data.get(name, Data(None))
        others = [place for place in data.places if not place.same(wanted)]
        move = moved.get(name)
        if others and not (move and _describes(move, others, wanted)):
            yield Left(name, others[-1], wanted, certain=others[-1] is data.at, made=wanted.key in before.known)


def _describes(move: Move, old: list[Place], new: Place) -> bool:
    return move.to in new.texts and any(move.from_ in place.texts for place in old)


def _done(name: str, move: Move, before: Memory) -> bool:
    data = before.data.get(name)
    return data is not None and data.at is not None and move.to in data.at.texts and not data.maybe


def _about(name: str, move: Move, before: Memory, now: Memory) -> bool:
    """Whether the lines describe the change of this run, or one that is done."""
    wanted = _wanted(now).get(name)
    old = before.data.get(name, Data(None)).places
    return _done(name, move, before) or (wanted is not None and _describes(move, old, wanted))
