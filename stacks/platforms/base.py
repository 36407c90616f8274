"""The interface of a platform to the rest of the program, and the values that it returns."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pulumi import Input, Output, ResourceOptions

from components.contract import BucketDialect
from components.object.rules import Lifecycle
from estimate.offers import Offer, Part, Wanted
from estimate.product import Product
from stacks.effects import Effects
from stacks.kinds.base import Buys, Elsewhere, Watched
from stacks.settings.backup_copy import BackupCopySettings
from stacks.settings.bucket import BucketSettings
from stacks.settings.fields import Strict
from stacks.settings.settings import Settings
from stacks.stores.base import Store


@dataclass(frozen=True)
class Ground:
    """What a platform makes or looks up before the first claim: providers, place and key."""

    kubernetes: ResourceOptions
    """Options with the Kubernetes provider."""
    cloud: ResourceOptions
    """Options with the providers of cluster and account, and with what storage in the account has to wait for."""
    place: Any
    """The place of the stack on the platform, for the platform's own kinds and stores; its type is the platform's."""
    key: Input[str] = ""
    """Id or ARN of the key that encrypts. Empty on a platform without keys."""
    elsewhere: Elsewhere | None = None
    """Where copies of backups go. None: nowhere."""


@dataclass(frozen=True)
class OwnDatabase:
    """A database in the section of the platform: its kind of store and its settings."""

    chosen: Strict
    store: Store[Any] = field(repr=False)


class Buckets(ABC):
    """The buckets of a platform."""

    dialect: ClassVar[BucketDialect]
    """API that they speak."""

    @abstractmethod
    def endpoint(self, settings: Settings) -> str:
        """URL of the API, for the pods of the stack."""

    @abstractmethod
    def encrypted_by(self, settings: Settings) -> str:
        """The key that encrypts, in words for the storage table."""

    @abstractmethod
    def product(self) -> Product:
        """What is bought."""

    @abstractmethod
    def make(self, chosen: BucketSettings, lifecycle: Lifecycle, settings: Settings, ground: Ground) -> Input[str]:
        """Register the component `bucket`; gives the bucket's name, known once everything that guards it is there."""

    @abstractmethod
    def key_refused(self, key: str, settings: Settings) -> str:
        """Why a text cannot be the key of a bucket that is there already."""


class Copies(ABC):
    """Copies of backups in another region or account of a platform."""

    @abstractmethod
    def mistakes(self, settings: Settings, chosen: BackupCopySettings) -> Iterator[str]:
        """What does not fit: `<key below backupCopy>: <reason>`."""

    def warnings(self, settings: Settings, chosen: BackupCopySettings) -> Iterator[str]:
        """What is said at every run, beginning with the key below backupCopy."""
        yield from ()

    @abstractmethod
    def products(self, settings: Settings, chosen: BackupCopySettings) -> list[Buys]:
        """What it buys, beside the claims' own."""

    @abstractmethod
    def elsewhere(self, settings: Settings, chosen: BackupCopySettings, ground: Ground) -> Elsewhere:
        """Register the provider of the other region and account, and the key of the copies."""

    @abstractmethod
    def make(
        self,
        settings: Settings,
        chosen: BackupCopySettings,
        ground: Ground,
        there: Elsewhere,
        ours: Input[str],
        ids: Mapping[str, Output[str]],
    ) -> None:
        """Register what copies. `ours`: name of the stack's bucket; `ids`: section of the stack file -> real id."""


class Alarms(ABC):
    """Alarms of a platform's cloud for what it measures."""

    @abstractmethod
    def wanted(self, settings: Settings) -> bool:
        """Whether the stack file asks for alarms."""

    def products(self, watched: Mapping[str, Watched]) -> list[Buys]:
        """What the alarms cost. Default: nothing."""
        return []

    @abstractmethod
    def check(self, settings: Settings, watched: Mapping[str, Watched]) -> list[str]:
        """What the component would refuse. `watched`: a name -> what is watched."""

    @abstractmethod
    def make(
        self, settings: Settings, watched: Mapping[str, Watched], ids: Mapping[str, Input[str]], opts: ResourceOptions
    ) -> None:
        """Register the alarms. `ids`: the same names -> their ids among the cloud's metrics."""


class PlatformStack(ABC):
    """A platform: its providers, its key, its drivers and its database."""

    section: ClassVar[type[Strict] | None] = None
    """Model of the platform's section in the stack file, which has the platform's name. None: it has no section."""
    effects: ClassVar[Effects] = {}
    """Field of the section -> what its change does. A field without an entry counts as `would lose data`."""
    own_store: ClassVar[Store[Any] | None] = None
    """Kind of store of the key `database` in its section. None: the section has no database."""
    buckets: ClassVar[Buckets | None] = None
    """Its buckets. None: a stack can only name one at an endpoint of its own."""
    copies: ClassVar[Copies | None] = None
    """Its copies of backups elsewhere. None: it has no other regions."""
    alarms: ClassVar[Alarms | None] = None
    """Its alarms. None: it has no cloud that measures."""
    about: ClassVar[str] = ""
    """What the section contains, for its description in the schema."""

    @abstractmethod
    def zones(self, settings: Settings) -> list[str]:
        """Zones of the nodes in the stack file. Empty: they are not known before anything is made."""

    @abstractmethod
    def planned(self, settings: Settings) -> Any:
        """The place before anything is looked up, with stand-ins for values that only an account can give."""

    @abstractmethod
    def ground(self, settings: Settings) -> Ground:
        """Register the providers, the key and the drivers; look up what the stack file does not say."""

    def preflight(self, settings: Settings, products: Sequence[Product], ground: Ground) -> None:
        """Ask the account whether it may have what the stack buys, where the stack file wants that. It only warns."""
        return

    def advised_zone(self, region: str, letter: str) -> str:
        """Example name of a zone, for an advised stack file."""
        return f"zone-{letter}"

    def region(self, settings: Settings) -> str:
        """Region of the prices. Empty on a platform without prices."""
        return ""

    def mistakes(self, settings: Settings) -> Iterator[str]:
        """Mistakes between its section and the rest of the stack file: `<key below the section>: <reason>`."""
        yield from ()

    def check(self, settings: Settings) -> list[str]:
        """What the components of the platform itself would refuse, found before anything is registered."""
        return []

    def database(self, settings: Settings) -> OwnDatabase | None:
        """The database in its section. None: the section has no database."""
        return None

    def products(self, settings: Settings) -> list[Buys]:
        """The products that it buys for all claims together, such as a key."""
        return []

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """Offers for the advisor: what every stack file of the platform needs, and the databases that it sells."""
        yield Offer(Part.PLACE)
