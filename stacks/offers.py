"""What each kind of claim, store and platform offers the advisor: one function each, which knows of no other.

Ids, addresses and names in what they say for a stack file are examples, to be replaced by one's own.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from components.contract import AccessMode, Claim, Locks, Medium, Platform
from estimate.offers import Offer, Part, Wanted
from estimate.products.apsaradb import ApsaraPostgres
from estimate.products.aws_key import AwsKey
from estimate.products.ebs import EbsDisk
from estimate.products.efs import Efs
from estimate.products.essd import EssdDisk
from estimate.products.lustre import THROUGHPUT, Lustre
from estimate.products.nas import Nas
from estimate.products.openzfs import TWO_ZONES, OpenZfs
from estimate.products.own_class import OwnClass
from estimate.products.own_storage import OwnStorage
from estimate.products.rds import RdsPostgres
from stacks.names import NAMESPACE

OWN_CLASS = {"storageClass": "fast", "encryptedBy": "LUKS on the nodes"}
"""StorageClass of a private cluster in an advice: a name to replace."""
BUNDLED_DISK_GIB = 20
DISKS = (Part.EVERYTHING, Part.DISK)


def offers(wanted: Wanted) -> tuple[Offer, ...]:
    """Everything that is offered on a platform."""
    return tuple(offer for function in OFFERS[wanted.platform] for offer in function(wanted))


def aws_place(wanted: Wanted) -> Iterator[Offer]:
    """Platform aws."""
    yield Offer(
        Part.PLACE,
        (AwsKey(),),
        settings=_CLUSTER,
        section={
            "region": wanted.region,
            "account": "111122223333",
            "vpc": "vpc-0a1b2c3d4e5f60718",
            "subnets": {zone: f"subnet-0a1b2c3d4e5f6071{zone[-1]}" for zone in wanted.zones},
            "securityGroups": {"nodes": "sg-0a1b2c3d4e5f60718"},
            "networks": ["10.0.0.0/16"],
        },
    )


def alicloud_place(wanted: Wanted) -> Iterator[Offer]:
    """Platform alicloud."""
    yield Offer(
        Part.PLACE,
        settings=_CLUSTER,
        section={
            "region": wanted.region,
            "vpcId": "vpc-bp1exampleexample",
            "vswitches": {zone: f"vsw-bp1example{zone[-1]}" for zone in wanted.zones},
            "clusterCidrs": ["10.0.0.0/16"],
        },
    )


def private_place(_wanted: Wanted) -> Iterator[Offer]:
    """Platform private: nothing is bought, and nothing has to be said."""
    yield Offer(Part.PLACE)


def ebs(wanted: Wanted) -> Iterator[Offer]:
    """Kind ebs: gp3 as it is, and faster."""
    driver = {"drivers": {"ebs": {"role": "arn:aws:iam::111122223333:role/ebs-csi-driver"}}}
    for part in DISKS:
        size = wanted.gib(part)
        for iops, throughput in ((None, None), (6000, 500), (16_000, 1000)):
            said = {"kind": "ebs", "size": f"{size}Gi", "iops": iops, "throughput": throughput}
            product = EbsDisk(size, "gp3", iops, throughput)
            yield Offer(part, (product,), disk_claim(part, size, "KMS"), given(said), section=driver)


def essd(wanted: Wanted) -> Iterator[Offer]:
    """Kind essd: AutoPL as it is and faster, and the disk of a whole region."""
    for part in DISKS:
        size = wanted.gib(part)
        auto = [EssdDisk(size, "cloud_auto", provisioned_iops=iops) for iops in (0, 5000, 20_000)]
        for product in (*auto, EssdDisk(size, "cloud_regional_disk_auto")):
            said = {"kind": "essd", "size": f"{size}Gi", "types": [product.category]}
            faster = given({"provisionedIops": product.provisioned_iops or None})
            yield Offer(part, (product,), disk_claim(part, size, "KMS"), {**said, **faster})


def storage_class(wanted: Wanted) -> Iterator[Offer]:
    """Kind storage-class."""
    for part in DISKS:
        size = wanted.gib(part)
        said = {"kind": "storage-class", "size": f"{size}Gi", **OWN_CLASS}
        yield Offer(part, (OwnClass(size, OWN_CLASS["storageClass"]),), disk_claim(part, size, "you"), said)


def efs(wanted: Wanted) -> Iterator[Offer]:
    """Kind efs: in all zones, and in one."""
    size = wanted.gib(Part.FILES)
    for zone in (None, wanted.zones[0]):
        said = given({"kind": "efs", "size": f"{size}Gi", "oneZone": zone})
        product = Efs(size, one_zone=zone is not None)
        yield Offer(Part.FILES, (product,), file_claim(Part.FILES, size, "efs", "KMS"), said)


def openzfs(wanted: Wanted) -> Iterator[Offer]:
    """Kind openzfs: with a standby in another zone and in the same, slow and fast. It starts at 64 GiB."""
    size = max(64, wanted.gib(Part.FILES))
    for deployment in (TWO_ZONES, "SINGLE_AZ_HA_2"):
        routes = {"routeTables": ["rtb-0a1b2c3d4e5f60718"]} if deployment == TWO_ZONES else {}
        for throughput in (160, 640):
            said = {"kind": "openzfs", "size": f"{size}Gi", "deployment": deployment, "throughput": throughput}
            product, claim = OpenZfs(size, deployment, throughput), file_claim(Part.FILES, size, "openzfs", "KMS")
            yield Offer(Part.FILES, (product,), claim, said, section=routes)


def nas(wanted: Wanted) -> Iterator[Offer]:
    """Kind nas: general-purpose, fast and cheap."""
    size = wanted.gib(Part.FILES)
    for storage_type in ("Performance", "Capacity"):
        said = {"kind": "nas", "size": f"{size}Gi", "zone": wanted.zones[0], "storageType": storage_type}
        product, claim = Nas(size, "standard", storage_type), file_claim(Part.FILES, size, "nas4", "KMS")
        yield Offer(Part.FILES, (product,), claim, said)


def nfs(wanted: Wanted) -> Iterator[Offer]:
    """Kind nfs: a server that is there."""
    size = wanted.gib(Part.FILES)
    said = {"kind": "nfs", "size": f"{size}Gi", "server": "nfs.example.com", "path": "/srv/nfs/kotaemon"}
    said["encryptedBy"] = "LUKS on the server"
    yield Offer(Part.FILES, (OwnStorage(size),), file_claim(Part.FILES, size, "nfs4", "you"), said)


def lustre(wanted: Wanted) -> Iterator[Offer]:
    """Kind lustre, for models: 1200 GiB, or a multiple of 2400."""
    smallest, step, gib = 1200, 2400, wanted.gib(Part.MODELS)
    size = smallest if gib <= smallest else -(-gib // step) * step
    for throughput in THROUGHPUT:
        said = {"kind": "lustre", "size": f"{size}Gi", "throughput": throughput}
        product = Lustre(size, "PERSISTENT_2", throughput)
        yield Offer(Part.MODELS, (product,), file_claim(Part.MODELS, size, "lustre", "KMS"), said)


def rds(_wanted: Wanted) -> Iterator[Offer]:
    """The database of the section aws, with a standby and without."""
    for multi_az in (True, False):
        said = {"identifier": NAMESPACE, "network": "10.0.0.0/16", **({} if multi_az else {"multiAz": False})}
        product = RdsPostgres("db.t4g.small", 20, multi_az=multi_az)
        yield Offer(Part.DATABASE, (product,), section={"database": said})


def apsaradb(_wanted: Wanted) -> Iterator[Offer]:
    """The database of the section alicloud."""
    product = ApsaraPostgres("pg.x4.medium.2c", 50)
    said = {"instanceType": product.instance_type, "size": f"{product.size_gib}Gi"}
    yield Offer(Part.DATABASE, (product,), section={"database": said})


def bundled_database(_wanted: Wanted) -> Iterator[Offer]:
    """Database of kind bundled."""
    product = OwnClass(BUNDLED_DISK_GIB, OWN_CLASS["storageClass"])
    yield Offer(Part.DATABASE, (product,), stores={"database": {"kind": "bundled", **OWN_CLASS}})


def bundled_qdrant(_wanted: Wanted) -> Iterator[Offer]:
    """Vector server of kind qdrant-bundled."""
    product = OwnClass(BUNDLED_DISK_GIB, OWN_CLASS["storageClass"])
    yield Offer(Part.VECTORS, (product,), stores={"vectorStore": {"kind": "qdrant-bundled", **OWN_CLASS}})


def external_qdrant(_wanted: Wanted) -> Iterator[Offer]:
    """Vector server of kind qdrant: one that is there."""
    server = {"url": "http://qdrant.internal.example.com:6333", "secretName": "qdrant", "secretKey": "api-key"}
    said = {"kind": "qdrant", **server, "endpoint": {"cidr": "10.0.64.0/24", "port": 6333}}
    yield Offer(Part.VECTORS, stores={"vectorStore": said})


OFFERS: Mapping[Platform, tuple[Callable[[Wanted], Iterator[Offer]], ...]] = {
    Platform.AWS: (aws_place, ebs, efs, openzfs, lustre, rds, external_qdrant),
    Platform.ALICLOUD: (alicloud_place, essd, nas, apsaradb, external_qdrant),
    Platform.PRIVATE: (private_place, storage_class, nfs, bundled_database, bundled_qdrant),
}
_CLUSTER = {"cluster": {"kubeconfig": "kubeconfig.yaml", "context": "kotaemon"}}


def disk_claim(part: Part, size: int, encrypted_by: str) -> Claim:
    """A disk as it would be planned, for the guard."""
    return Claim(
        name=part.claim,
        access_mode=AccessMode.RWOP,
        medium=Medium.BLOCK,
        backend="disk",
        size_gib=size,
        zones=[],
        encrypted_by=encrypted_by,
        locks=Locks.ONE_NODE,
        fs_group=True,
    )


def file_claim(part: Part, size: int, backend: str, encrypted_by: str) -> Claim:
    """A file system as it would be planned, for the guard."""
    return Claim(
        name=part.claim,
        access_mode=AccessMode.RWX,
        medium=Medium.FILE,
        backend=backend,
        size_gib=size,
        zones=[],
        encrypted_by=encrypted_by,
        locks=Locks.SHARED,
        fs_group=False,
    )


def given(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is said: a key without a value is left out."""
    return {key: value for key, value in found.items() if value is not None}
