"""Store kind `bundled`: PostgreSQL in one pod on one disk, run by the stack."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from components.contract import AccessMode, Claim, Platform
from components.pod.args import Endpoint, SecretKey
from components.state.postgres import POSTGRES_IMAGE, BundledPostgres, BundledPostgresArgs, check, pods
from components.state.stores import DatabaseStore, PostgresDriver
from estimate.offers import Offer, Part, Wanted
from estimate.products.own_class import OwnClass
from guard.namespace import PodsOf, Volume
from stacks.classes import OnClass
from stacks.effects import Effects, in_place, refused
from stacks.effects import pods as rolls_pods
from stacks.kinds.base import Buys, Identity
from stacks.offered import BUNDLED_DISK_GIB, OWN_CLASS
from stacks.settings.fields import PinnedImage
from stacks.settings.pod_rules import imposed
from stacks.settings.settings import Settings
from stacks.settings.stores import DRIVER_HELP, Bundled, Driver
from stacks.stores import on_disks
from stacks.stores.base import MadeStore, ServerOnClass, Store, StoreContext
from stacks.stores.images import DUMP, MAJOR
from stacks.stores.servers import CLIENTS, backup_clients


class BundledDatabase(Bundled):
    """PostgreSQL in one pod on one disk."""

    kind: Literal["bundled"]
    image: PinnedImage = Field(
        POSTGRES_IMAGE,
        description="Official image of PostgreSQL on Debian; a new major version needs a dump and a restore.",
    )
    driver: Driver = Field("install", description=DRIVER_HELP)


class BundledDatabaseStore(Store[BundledDatabase]):
    """Kind bundled: PostgreSQL that the stack runs."""

    settings = BundledDatabase
    made = True
    fixed = True
    effects: ClassVar[Effects] = {
        **on_disks.BUNDLED,
        "image": in_place(
            "PostgreSQL, release notes: minor versions read each other's data",
            "the pod is rolled",
            (MAJOR, refused("PostgreSQL, pg_upgrade: a major version does not read another's files", DUMP)),
        ),
        "driver": rolls_pods(),
    }

    def planned(self, at: StoreContext[BundledDatabase]) -> DatabaseStore:
        """The Service of the future server, and the Secret with its URL."""
        return DatabaseStore(
            url=SecretKey(secret_name=at.component, key="url"),
            endpoint=Endpoint(pod_labels={}, port=5432),
            driver=PostgresDriver(at.chosen.driver),
        )

    def check(self, at: StoreContext[BundledDatabase]) -> list[str]:
        """What the component of the server would refuse. Raises pulumi.RunError for a disk that cannot be made."""
        return check(at.component, _args(at, on_disks.planned_disk(at)))

    def identity(self, at: StoreContext[BundledDatabase]) -> Identity:
        """The StorageClass is part of the identity, because a disk of another class is another disk."""
        return {"class": at.chosen.storage_class, "claim": f"{at.settings.namespace}/{at.component}-disk"}

    def on_class(self, chosen: BundledDatabase) -> ServerOnClass:
        """The class of its disks."""
        return on_disks.postgres_on(OnClass(chosen.storage_class, AccessMode(chosen.access_mode)))

    def products(self, at: StoreContext[BundledDatabase]) -> list[Buys]:
        """The disk of the store."""
        return on_disks.disk_bought(at)

    def pods(self, at: StoreContext[BundledDatabase]) -> list[PodsOf]:
        """The server's pod, and that of its copy."""
        return on_disks.store_pods(at, pods(at.component, _args(at, on_disks.planned_disk(at))))

    def volumes(self, at: StoreContext[BundledDatabase]) -> list[Volume]:
        """The disk."""
        return [on_disks.disk_volume(at)]

    def make(self, at: StoreContext[BundledDatabase]) -> MadeStore:
        """Register the disk and the server on it."""
        disk = on_disks.make_disk(at)
        made = BundledPostgres(at.component, _args(at, disk.claim), on_disks.after(at, disk))
        return MadeStore(made.store, [disk, made], disk.volume_name)

    def mistakes(self, name: str, chosen: BundledDatabase, settings: Settings) -> Iterator[str]:
        """Mistakes about the name of its disk and the folder of its copies."""
        yield from on_disks.mistakes(name, chosen, settings)

    def warnings(self, name: str, chosen: BundledDatabase) -> Iterator[str]:
        """Warnings about a disk that nothing is known to encrypt, and about a missing copy."""
        yield from on_disks.warnings(chosen)

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """An offer on platform private only."""
        if wanted.platform != Platform.PRIVATE:
            return
        product = OwnClass(BUNDLED_DISK_GIB, OWN_CLASS["storageClass"])
        yield Offer(Part.DATABASE, (product,), stores={"database": {"kind": "bundled", **OWN_CLASS}})


def _args(at: StoreContext[BundledDatabase], disk: Claim) -> BundledPostgresArgs:
    chosen = at.chosen
    args = BundledPostgresArgs(
        namespace=at.namespace,
        claim=disk,
        clients=CLIENTS,
        image=chosen.image,
        resources=on_disks.resources(chosen),
        driver=PostgresDriver(chosen.driver),
        protect=at.settings.protect,
        cluster_imposes=imposed(at.settings, "database"),
    )
    if clients := backup_clients(at.settings):
        args["also"] = clients
    if chosen.backup is not None:
        args["backup"] = on_disks.backup_args(at, chosen.backup)
    return args


STORE = BundledDatabaseStore()
