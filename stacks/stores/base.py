"""The interface of a kind of store to the rest of the program, and the values that it takes and returns."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import pulumi
from pulumi import Input, ResourceOptions

from components.contract import Claim
from components.state.stores import DatabaseStore, DocumentStore, VectorStore
from estimate.offers import Offer, Wanted
from guard.namespace import PodsOf, Volume
from stacks.classes import Classes, OnClass
from stacks.effects import Effects
from stacks.kinds.base import Buys, Identity, Watched
from stacks.names import claim_name
from stacks.settings.existing import Existing
from stacks.settings.fields import Strict
from stacks.settings.settings import Settings

StoreT = TypeVar("StoreT", bound=Strict)
ChosenT_co = TypeVar("ChosenT_co", bound=Strict, covariant=True)
AnyStore = DatabaseStore | VectorStore | DocumentStore | None
"""An argument of `Kotaemon` for a store. None: the texts are in LanceDB, in files of the role `indexes`."""


@dataclass(frozen=True)
class StoreContext(Generic[ChosenT_co]):
    """One store of a stack file, with everything that its kind may need to know."""

    name: str
    """Place of the store: database, vectors or documents."""
    chosen: ChosenT_co
    settings: Settings
    claims: Mapping[str, Claim]
    """Name in the stack file -> claim. A bundled store writes its copies to one of them."""
    place: Any
    """The place of the stack on the platform; its type is the platform's own."""
    namespace: Input[str]
    key: Input[str]
    """Id or ARN of the key that encrypts. Empty on a platform without keys."""
    kubernetes: ResourceOptions = field(default_factory=ResourceOptions)
    """Options with the Kubernetes provider."""
    cloud: ResourceOptions = field(default_factory=ResourceOptions)
    """Options with the providers of the cluster and of the account."""
    classes: Classes = field(default_factory=Classes)
    """What is known of the StorageClasses that the cluster has."""

    @property
    def component(self) -> str:
        """Name of the store's component in the program."""
        return claim_name(self.name)


class ServerOnClass(NamedTuple):
    """The volumes of a server that the stack runs, on a StorageClass of the cluster."""

    server: str
    """The server in words: PostgreSQL, Qdrant."""
    volume: OnClass
    not_on_files: str
    """URL of the server's own word against network file systems."""


class MadeStore(NamedTuple):
    """A store that was made, or an existing one that was only named."""

    store: Any
    """The argument of `Kotaemon` for the store: one of AnyStore."""
    resources: Sequence[pulumi.Resource] = ()
    """Resources for which the application waits."""
    id: pulumi.Output[str] | None = None
    """Real id of what holds its data: the instance in the cloud, the volume of its disk. None: the words say it all."""


class Store(ABC, Generic[StoreT]):
    """A kind of store: one way to get a store. Nothing outside its file asks which kind a store is."""

    settings: type[StoreT]
    """Model of the store's keys in the stack file."""
    made: ClassVar[bool] = False
    """Whether the stack makes the server, or its disk, which the engine then protects."""
    fixed: ClassVar[bool] = False
    """Whether what it has made cannot become another one under its name: the disk of a PersistentVolumeClaim."""
    effects: ClassVar[Effects] = {}
    """Field of the settings -> effect of a change of it. A field without an entry counts as `would lose data`."""

    @abstractmethod
    def planned(self, at: StoreContext[StoreT]) -> Any:
        """The argument of `Kotaemon` for the store, with what is known before anything is made: one of AnyStore."""

    @abstractmethod
    def make(self, at: StoreContext[StoreT]) -> MadeStore:
        """Register the resources of the store. An existing store needs at most a Secret."""

    def check(self, at: StoreContext[StoreT]) -> list[str]:
        """What the component of the store would refuse, found before anything is registered. Default: nothing."""
        return []

    def identity(self, at: StoreContext[StoreT]) -> Identity:
        """The words of the stack file that name this store. Default: its kind and the name of its component."""
        return {"kind": str(getattr(at.chosen, "kind", at.name)), "name": at.name}

    def known_id(self, at: StoreContext[StoreT]) -> str:
        """Real id of the server, where the stack file tells it; empty: it does not. Default: that of `existing`."""
        return at.chosen.held_id if isinstance(at.chosen, Existing) else ""

    def filled_in(self, at: StoreContext[StoreT]) -> dict[str, Any]:
        """Fields whose default depends on the rest of the stack file, with that default. Default: none."""
        return {}

    def products(self, at: StoreContext[StoreT]) -> list[Buys]:
        """The products that it buys. Default: nothing, because the store exists already."""
        return []

    def watched(self, chosen: StoreT) -> Watched | None:
        """What the cloud measures of it, for `alarms` in the platform's section. Default: nothing."""
        return None

    def mistakes(self, name: str, chosen: StoreT, settings: Settings) -> Iterator[str]:
        """Mistakes that the rest of the stack file shows, without the key of the store: `.backup: <reason>`."""
        yield from ()

    def warnings(self, name: str, chosen: StoreT) -> Iterator[str]:
        """Warnings that are printed on every run, without the key of the store."""
        yield from ()

    def on_class(self, chosen: StoreT) -> ServerOnClass | None:
        """The StorageClass of the cluster that makes its volumes. Default: none, because the store exists already."""
        return None

    def pods(self, at: StoreContext[StoreT]) -> list[PodsOf]:
        """The pods that it makes in the namespace of the application. Default: none, because the store exists."""
        return []

    def volumes(self, at: StoreContext[StoreT]) -> list[Volume]:
        """The claims that it makes in the namespace of the application. Default: none."""
        return []

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """Offers of this kind for a load, for the advisor."""
        yield from ()


@dataclass(frozen=True)
class PlannedStore:
    """A store of the stack file, with its kind and its planned value."""

    at: StoreContext[Any]
    store: Store[Any]
