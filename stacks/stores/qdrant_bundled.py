"""Store kind `qdrant-bundled`: Qdrant in one pod on one disk, run by the stack."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from components.contract import AccessMode, Claim, Platform
from components.pod.args import Endpoint, SecretKey
from components.state.qdrant import QDRANT_IMAGE, BundledQdrant, BundledQdrantArgs, check, pods
from components.state.stores import VectorStore, VectorStoreKind
from estimate.offers import Offer, Part, Wanted
from estimate.products.own_class import OwnClass
from guard.namespace import PodsOf, Volume
from stacks.classes import OnClass
from stacks.effects import Effects, in_place, refused
from stacks.kinds.base import Buys, Identity
from stacks.offered import BUNDLED_DISK_GIB, OWN_CLASS
from stacks.settings.fields import PinnedImage
from stacks.settings.pod_rules import imposed
from stacks.settings.settings import Settings
from stacks.settings.stores import Bundled
from stacks.stores import on_disks
from stacks.stores.base import MadeStore, ServerOnClass, Store, StoreContext
from stacks.stores.images import BACK, RESTORE
from stacks.stores.servers import CLIENTS, backup_clients


class BundledVectors(Bundled):
    """Qdrant in one pod on one disk."""

    kind: Literal["qdrant-bundled"]
    image: PinnedImage = Field(
        QDRANT_IMAGE, description="Official image of Qdrant without root; upgrade one minor version at a time."
    )


class BundledVectorsStore(Store[BundledVectors]):
    """Kind qdrant-bundled: Qdrant that the stack runs."""

    settings = BundledVectors
    made = True
    fixed = True
    effects: ClassVar[Effects] = {
        **on_disks.BUNDLED,
        "image": in_place(
            "Qdrant, upgrading: one minor version at a time; a newer one reads the older one's files",
            "the pod is rolled",
            (BACK, refused("Qdrant, upgrading: an older version does not read a newer one's files", RESTORE)),
        ),
    }

    def planned(self, at: StoreContext[BundledVectors]) -> VectorStore:
        """The Service of the future server, and the Secret with its key."""
        return VectorStore(
            kind=VectorStoreKind.QDRANT,
            url=f"http://{at.component}:6333",
            api_key=SecretKey(secret_name=at.component, key="api-key"),
            endpoint=Endpoint(pod_labels={}, port=6333),
        )

    def check(self, at: StoreContext[BundledVectors]) -> list[str]:
        """What the component of the server would refuse. Raises pulumi.RunError for a disk that cannot be made."""
        return check(at.component, _args(at, on_disks.planned_disk(at)))

    def identity(self, at: StoreContext[BundledVectors]) -> Identity:
        """The StorageClass is part of the identity, because a disk of another class is another disk."""
        return {"class": at.chosen.storage_class, "claim": f"{at.settings.namespace}/{at.component}-disk"}

    def on_class(self, chosen: BundledVectors) -> ServerOnClass:
        """The class of its disks."""
        return on_disks.qdrant_on(OnClass(chosen.storage_class, AccessMode(chosen.access_mode)))

    def products(self, at: StoreContext[BundledVectors]) -> list[Buys]:
        """The disk of the store."""
        return on_disks.disk_bought(at)

    def pods(self, at: StoreContext[BundledVectors]) -> list[PodsOf]:
        """The server's pod, and that of its copy."""
        return on_disks.store_pods(at, pods(at.component, _args(at, on_disks.planned_disk(at))))

    def volumes(self, at: StoreContext[BundledVectors]) -> list[Volume]:
        """The disk."""
        return [on_disks.disk_volume(at)]

    def make(self, at: StoreContext[BundledVectors]) -> MadeStore:
        """Register the disk and the server on it."""
        disk = on_disks.make_disk(at)
        made = BundledQdrant(at.component, _args(at, disk.claim), on_disks.after(at, disk))
        return MadeStore(made.store, [disk, made], disk.volume_name)

    def mistakes(self, name: str, chosen: BundledVectors, settings: Settings) -> Iterator[str]:
        """Mistakes about the name of its disk and the folder of its copies."""
        yield from on_disks.mistakes(name, chosen, settings)

    def warnings(self, name: str, chosen: BundledVectors) -> Iterator[str]:
        """Warnings about a disk that nothing is known to encrypt, and about a missing copy."""
        yield from on_disks.warnings(chosen)

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """An offer on platform private only."""
        if wanted.platform != Platform.PRIVATE:
            return
        product = OwnClass(BUNDLED_DISK_GIB, OWN_CLASS["storageClass"])
        yield Offer(Part.VECTORS, (product,), stores={"vectorStore": {"kind": "qdrant-bundled", **OWN_CLASS}})


def _args(at: StoreContext[BundledVectors], disk: Claim) -> BundledQdrantArgs:
    chosen = at.chosen
    args = BundledQdrantArgs(
        namespace=at.namespace,
        claim=disk,
        clients=CLIENTS,
        image=chosen.image,
        resources=on_disks.resources(chosen),
        backup_image=at.settings.image,
        protect=at.settings.protect,
        cluster_imposes=imposed(at.settings, "vectors"),
    )
    if clients := backup_clients(at.settings):
        args["also"] = clients
    if chosen.backup is not None:
        args["backup"] = on_disks.backup_args(at, chosen.backup)
    return args


STORE = BundledVectorsStore()
