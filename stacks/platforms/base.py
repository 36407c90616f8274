"""What a platform is, for the rest of the program: one interface, and what it gives."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pulumi import Input, ResourceOptions

from estimate.offers import Offer, Part, Wanted
from stacks.kinds.base import Buys
from stacks.settings.fields import Strict
from stacks.settings.settings import Settings
from stacks.stores.base import Store


@dataclass(frozen=True)
class Ground:
    """What stands before the first claim is made."""

    kubernetes: ResourceOptions
    """Provider of the cluster."""
    cloud: ResourceOptions
    """Providers of cluster and account, and what storage of the account has to wait for."""
    place: Any
    """Where on the platform the stack is, for the platform's own kinds and stores."""
    key: Input[str] = ""
    """Id or ARN of the key that encrypts; empty on platforms without one."""


@dataclass(frozen=True)
class OwnDatabase:
    """A database that the platform's section asks for."""

    chosen: Strict
    store: Store[Any] = field(repr=False)


class PlatformStack(ABC):
    """A platform: where the cluster is, its key, its drivers, its database."""

    section: ClassVar[type[Strict] | None] = None
    """Model of its section in the stack file, which has the platform's name; None: it needs none."""
    about: ClassVar[str] = ""
    """What is in the section, for the schema."""

    @abstractmethod
    def zones(self, settings: Settings) -> list[str]:
        """Zones of the nodes, as far as the stack file knows them; empty: not known before anything is made."""

    @abstractmethod
    def planned(self, settings: Settings) -> Any:
        """The place before anything is looked up, with stand-ins for what only an account can tell."""

    @abstractmethod
    def ground(self, settings: Settings) -> Ground:
        """Register the providers, the key and the drivers; look up what the stack file does not say."""

    def advised_zone(self, region: str, letter: str) -> str:
        """Name of a zone in an advised stack file, before anybody has said one."""
        return f"zone-{letter}"

    def region(self, settings: Settings) -> str:
        """Region of the prices; empty where nothing has one."""
        return ""

    def mistakes(self, settings: Settings) -> Iterator[str]:
        """What in its section does not fit the rest of the stack file: `<key below the section>: <reason>`."""
        yield from ()

    def check(self, settings: Settings) -> list[str]:
        """What the components of the platform itself would refuse, before anything is registered."""
        return []

    def database(self, settings: Settings) -> OwnDatabase | None:
        """The database that its section asks for."""
        return None

    def products(self, settings: Settings) -> list[Buys]:
        """What it buys for all claims together, such as a key."""
        return []

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """What the platform adds to every advice, and the databases that it sells."""
        yield Offer(Part.PLACE)
