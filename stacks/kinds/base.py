"""What a kind of claim is, for the rest of the program: one interface, and the values that go through it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

import pulumi
from pulumi import Input, ResourceOptions

from components.contract import Claim, Platform
from estimate.offers import Offer, Wanted
from estimate.product import Product
from stacks.classes import Classes, OnClass
from stacks.effects import Effects
from stacks.names import claim_name
from stacks.settings.claim import ClaimSettings
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.pod.preparation_namespace import PreparationSpace

ClaimT = TypeVar("ClaimT", bound=ClaimSettings)
ChosenT_co = TypeVar("ChosenT_co", bound=ClaimSettings, covariant=True)
Identity = Mapping[str, str]
"""What makes a storage the same one, as far as the stack file knows it, for example server and path."""

INDEXES: Identity = {"in": "files of the role indexes"}
"""Identity of vectors and texts that are files of the role `indexes`: they move with it."""


class Buys(NamedTuple):
    """Something that a claim or a store buys, before anything is made."""

    resource: str
    """Name of the resource, as the component registers it."""
    product: Product


class Watched(NamedTuple):
    """A file system or database that the cloud measures, for the alarms that a stack file asks for."""

    storage: str
    """What it is, in the words of the alarms' component: efs, openzfs, lustre, rds; nas, apsaradb."""
    size: str
    """Size in the stack file, of which a percentage counts as full."""
    id: str = ""
    """Its id among the cloud's metrics, where that is not the real id. Empty: the real id."""


@dataclass(frozen=True)
class Context(Generic[ChosenT_co]):
    """One claim of a stack file, with all that its kind may ask for.

    The same values serve the plan and the making; before anything is made, what only an account can tell is a
    stand-in that nobody reads.
    """

    name: str
    """Name of the claim in the stack file."""
    chosen: ChosenT_co
    settings: Settings
    place: Any
    """Where on the platform the stack is; its type is the platform's own."""
    namespace: Input[str]
    key: Input[str]
    """Id or ARN of the key that encrypts; empty before it is made, and on platforms without one."""
    bucket: Input[str] = ""
    """Name of the stack's bucket, known once everything that guards it is there; empty before it is made."""
    elsewhere: "Elsewhere | None" = None
    """Where copies of backups go; None before anything is made, and where the stack file asks for none."""
    lived: bool = False
    """Whether the claim was there, with its folders, when the last run ended well."""
    classes: Classes = field(default_factory=Classes)
    """What is known of the StorageClasses that the cluster has."""

    @property
    def region(self) -> str:
        """Region in the platform's section of the stack file; empty on a platform without one."""
        return str(getattr(getattr(self.settings, self.settings.platform.value, None), "region", ""))

    @property
    def component(self) -> str:
        """Name of the component and of its PersistentVolumeClaim."""
        return claim_name(self.name)


@dataclass(frozen=True)
class Elsewhere:
    """Where copies of backups go, for the kinds that make them themselves."""

    region: str
    cloud: ResourceOptions
    """Options with the provider of that region and account."""
    key: Input[str]
    """Id or ARN of the key of the copies; empty: each service encrypts with its own."""
    days: int
    """Days for which copies are kept."""


class NeededDriver(NamedTuple):
    """A CSI driver that has to be in the cluster, and that the stack does not install."""

    driver: str
    """Name of the driver, as `kubectl get csidrivers` shows it."""
    remedy: str
    """What helps when it is not there, in words."""


Space = Callable[[], "PreparationSpace"]
"""The namespace that the preparation Jobs of the stack share; it is made by the first call."""
Prepare = Callable[[Sequence[str], ResourceOptions, Space], pulumi.Resource]
"""Makes folders on a claim, with the provider of the cluster; gives what the application waits for."""


@dataclass(frozen=True)
class Made:
    """What a kind made."""

    component: pulumi.ComponentResource
    """The application waits for it."""
    prepare: Prepare | None = None
    """Makes the folders of the roles, where the pod cannot: the root of a new file system belongs to root. None: the
    pod's own init container makes them."""
    id: pulumi.Output[str] | None = None
    """Real id of the storage: of the file system, the disk or the volume. None: the words say it all."""


class Kind(ABC, Generic[ClaimT]):
    """One way to get a claim. Nothing outside a kind's file asks which kind it is."""

    settings: type[ClaimT]
    """The keys of the stack file."""
    platforms: ClassVar[tuple[Platform, ...]]
    """Where it can be used."""
    in_account: ClassVar[bool] = False
    """Whether it is made in the account of the platform; otherwise only the cluster is asked."""
    made: ClassVar[bool] = True
    """Whether the stack makes objects for it. The engine protects them, and what they stand on never changes."""
    drivers: ClassVar[tuple[str, ...]] = ()
    """CSI drivers whose volumes this kind makes: a volume of theirs is named by this kind, not by its driver."""
    fill_elsewhere: ClassVar[str] = ""
    """Where the fill of its volumes is measured, when the kubelet does not measure it; in words, with the source."""
    arn: ClassVar[str] = ""
    """Service and type in the ARN of its storage, for example `fsx:file-system`, by which AWS Backup backs it up for
    copies elsewhere; `ec2:volume` are disks, which are found by the tags of the stack. Empty: it does not."""
    snapshots: ClassVar[bool] = False
    """Whether VolumeSnapshots can be made of its disks, because a CSI driver attaches them."""
    effects: ClassVar[Effects] = {}
    """Field of the settings -> what its change does. A field without an entry counts as `would lose data`."""
    section_effects: ClassVar[Effects] = {}
    """Field of the platform's section -> what its change does to a claim of this kind, where it differs from the row of
    the section (`PlatformStack.effects`)."""

    @abstractmethod
    def planned(self, at: Context[ClaimT]) -> Claim:
        """The claim as plain values, before anything is made. Raises pulumi.RunError for what cannot be made."""

    @abstractmethod
    def make(self, at: Context[ClaimT], opts: ResourceOptions) -> Made:
        """Register the component."""

    def identity(self, at: Context[ClaimT]) -> Identity:
        """What makes it the same storage, in the words of the stack file; where it has none, kind, name and region.

        A real id that the stack file says stands under `existing` (`Existing.held_id`).
        """
        where = {"region": at.region} if at.region else {}
        return {"kind": str(at.chosen.kind), "name": at.name, **where}

    def filled_in(self, at: Context[ClaimT]) -> dict[str, Any]:
        """Fields whose default depends on the rest of the stack file, with that default: field -> value."""
        return {}

    def products(self, at: Context[ClaimT]) -> list[Buys]:
        """What it buys. Nothing: it stands on storage of the user's own."""
        return []

    def mistakes(self, chosen: ClaimT, settings: Settings) -> Iterator[str]:
        """What does not fit the rest of the stack file: `<key below the claim>: <reason>`."""
        yield from ()

    def own_backup(self, chosen: ClaimT) -> str:
        """The backup that comes with it by itself, in words; empty: none, and `kotaemon:backup` makes one."""
        return ""

    def copied(self, chosen: ClaimT, settings: Settings) -> bool:
        """Whether a service of the cloud copies its backups elsewhere, where `kotaemon:backupCopy` asks for that."""
        return bool(self.arn)

    def watched(self, chosen: ClaimT) -> Watched | None:
        """What the cloud measures of it, for `alarms` in the platform's section. None: the cloud measures no fill."""
        return None

    def key_users(self, chosen: ClaimT) -> tuple[str, ...]:
        """Services that use the platform's key for it, in the platform's own words."""
        return ()

    def renames(self, chosen: ClaimT) -> bool:
        """Whether a file on it can be renamed. Only some mounted buckets cannot (guard/object_mounts.py)."""
        return True

    def bucket_prefix(self, chosen: ClaimT) -> str | None:
        """Prefix of the stack's bucket that it mounts. None: it has nothing to do with the bucket."""
        return None

    def on_class(self, at: Context[ClaimT]) -> OnClass | None:
        """The StorageClass of the cluster that makes its volume. None: it is not made by a class that is there."""
        return None

    def needed_driver(self, chosen: ClaimT, settings: Settings) -> NeededDriver | None:
        """The CSI driver that somebody has to have installed for it. None: none, the platform's own, or the stack's."""
        return None

    def needs(self, chosen: ClaimT) -> Mapping[str, tuple[int, int]]:
        """Key below the claim -> first release of Kubernetes that has what it asks for, where it is younger than the
        oldest one that the program supports. Default: none."""
        return {}

    def warnings(self, chosen: ClaimT) -> Iterator[str]:
        """What is said at every run, without the key of the claim: `.server: <reason>`."""
        yield from ()

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """What the advisor may weigh for a load, on the platforms where the kind can be used."""
        yield from ()
