"""What a kind of store is, for the rest of the program: one interface, and the values that go through it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import pulumi
from pulumi import Input, ResourceOptions

from components.contract import Claim
from components.state.stores import DatabaseStore, DocumentStore, VectorStore
from estimate.offers import Offer, Wanted
from stacks.kinds.base import Buys, Effect, Identity
from stacks.names import claim_name
from stacks.settings.fields import Strict
from stacks.settings.settings import Settings

StoreT = TypeVar("StoreT", bound=Strict)
ChosenT_co = TypeVar("ChosenT_co", bound=Strict, covariant=True)
AnyStore = DatabaseStore | VectorStore | DocumentStore | None
"""As the application takes it; None: the texts are in LanceDB, in the role `indexes`."""


@dataclass(frozen=True)
class StoreContext(Generic[ChosenT_co]):
    """One store of a stack file, with all that its kind may ask for."""

    name: str
    """database, vectors or documents."""
    chosen: ChosenT_co
    settings: Settings
    claims: Mapping[str, Claim]
    """The claims of the stack file by their name there: the copies go to one of them."""
    place: Any
    """Where on the platform the stack is; its type is the platform's own."""
    namespace: Input[str]
    key: Input[str]
    """Id or ARN of the key that encrypts; empty on platforms without one."""
    kubernetes: ResourceOptions = field(default_factory=ResourceOptions)
    """Provider of the cluster."""
    cloud: ResourceOptions = field(default_factory=ResourceOptions)
    """Providers of the cluster and of the account."""

    @property
    def component(self) -> str:
        """Name of the component."""
        return claim_name(self.name)


class MadeStore(NamedTuple):
    """What a kind of store made, or only named."""

    store: Any
    """As the application takes it: one of AnyStore."""
    resources: Sequence[pulumi.Resource] = ()
    """What the application waits for."""


class Store(ABC, Generic[StoreT]):
    """One way to get a store. Nothing outside its file asks which it is."""

    settings: type[StoreT]
    """The keys of the stack file."""
    effects: ClassVar[Mapping[str, Effect]] = {}
    """Field of the settings -> what its change does. A field without an entry counts as `would lose data`."""

    @abstractmethod
    def planned(self, at: StoreContext[StoreT]) -> Any:
        """The store as the application takes it, with what is known before anything is made: one of AnyStore."""

    @abstractmethod
    def make(self, at: StoreContext[StoreT]) -> MadeStore:
        """Register what has to be made."""

    def check(self, at: StoreContext[StoreT]) -> list[str]:
        """What its component would refuse, before anything is registered. Nothing: it makes none."""
        return []

    def identity(self, at: StoreContext[StoreT]) -> Identity:
        """What makes it the same store, in the words of the stack file: kind and name, where it has none of its own."""
        return {"kind": str(getattr(at.chosen, "kind", at.name)), "name": at.name}

    def products(self, at: StoreContext[StoreT]) -> list[Buys]:
        """What it buys. Nothing: it exists already."""
        return []

    def mistakes(self, name: str, chosen: StoreT, settings: Settings) -> Iterator[str]:
        """What does not fit the rest of the stack file, without the key of the store: `.backup: <reason>`."""
        yield from ()

    def warnings(self, name: str, chosen: StoreT) -> Iterator[str]:
        """What people should know on every run, without the key of the store."""
        yield from ()

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """What the advisor may weigh for a load."""
        yield from ()
