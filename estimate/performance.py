"""What the storage will give: IOPS and throughput by the vendors' published formulas, and seconds to load a model.

Limits of the storage itself. A node's own network or disk limit can be lower and is not known here. Where no formula is
published the answer is None, and the reason stands beside it. MB are 10^6 bytes, MiB 2^20.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from estimate.charges import GP3_IOPS, GP3_THROUGHPUT, OPENZFS_IOPS_PER_GIB
from estimate.cost import Bought
from estimate.products import EbsDisk, Efs, EssdDisk, Lustre, Nas, OpenZfs, OwnClass, OwnStorage, Product

MB_IN_MIB = 1_000_000 / 1_048_576
DEFAULT_MODEL_GIB = 15.0
"""Llama 3 8B with 16 bits for each weight (docs of run-ai-model-streamer)."""
ONE_THREAD_MIB_S = 15_000 * MB_IN_MIB / 47.99
"""What the safetensors loader got from a disk of 1000 MiB/s, and no more from one of 4000: 15 GB in 47.99 s (docs of
run-ai-model-streamer, benchmarks). A reader with one thread does not use faster storage."""

_EBS = "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html"
_EFS = "https://docs.aws.amazon.com/efs/latest/ug/performance.html"
_FSX = "https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystemLustreConfiguration.html"
_OPENZFS = "https://docs.aws.amazon.com/fsx/latest/OpenZFSGuide/performance-ssd.html"
_AUTOPL = "https://www.alibabacloud.com/help/en/ecs/user-guide/essd-autopl-disks"
_NAS = "https://www.alibabacloud.com/help/doc-detail/95501.htm"
_NAS_EXTREME = "https://help.aliyun.com/document_detail/425537.html"


@dataclass(frozen=True)
class Speed:
    """What one product gives."""

    iops: int | None
    mib_s: float | None
    """Throughput of reads, in MiB/s."""
    formula: str
    """In words; or why nothing is known."""
    source: str = ""
    """Address."""


@dataclass(frozen=True)
class ClaimSpeed:
    """What one claim gives."""

    claim: str
    roles: str
    speed: Speed
    load_seconds: float | None
    """To read the models once, by a reader with many threads; only for the claim with the role models."""
    load_seconds_one_thread: float | None
    """The same by the usual loader, which has one."""


def performance(
    bought: Sequence[Bought], model_gib: float = DEFAULT_MODEL_GIB, nfs_mib_s: float | None = None
) -> list[ClaimSpeed]:
    """The speed of each claim. `nfs_mib_s`: what the user knows of a server of his own."""
    return [
        _claim(item, found, model_gib)
        for item in bought
        if item.claim and (found := speed(item.product, nfs_mib_s)) is not None
    ]


def speed(product: Product, nfs_mib_s: float | None = None) -> Speed | None:
    """What a product gives; None for what is no storage of a claim."""
    match product:
        case EbsDisk():
            return _ebs(product)
        case Efs():
            return Speed(90_000, 1500.0, "elastic: up to 90,000 read IOPS; 1500 MiB/s for each client", _EFS)
        case OpenZfs():
            iops = product.iops or OPENZFS_IOPS_PER_GIB * product.size_gib
            text = "disk IOPS: 3 for each GiB, or as bought; throughput as bought; more from the server's cache"
            return Speed(iops, product.throughput * MB_IN_MIB, text, _OPENZFS)
        case Lustre():
            rate = product.size_gib / 1000 * product.throughput * MB_IN_MIB
            return Speed(None, rate, "TB of storage x MB/s for each TB; IOPS are not published by size", _FSX)
        case EssdDisk():
            return _essd(product)
        case Nas():
            return _nas(product)
        case OwnStorage():
            if nfs_mib_s is None:
                text = "a server of your own: give its speed as kotaemon:estimate.nfsMibPerSecond"
                return Speed(None, None, text)
            return Speed(None, nfs_mib_s, "as given in kotaemon:estimate.nfsMibPerSecond")
        case OwnClass():
            return Speed(None, None, f"StorageClass {product.storage_class} is not of this stack")
        case _:
            return None


def load_seconds(model_gib: float, mib_s: float | None) -> float | None:
    """Time to read `model_gib` once. Storage only: no start of a process, no copy to a GPU."""
    return None if mib_s is None else model_gib * 1024 / mib_s


def _claim(item: Bought, found: Speed, model_gib: float) -> ClaimSpeed:
    holds_models = "models" in item.roles.split(", ")
    rate = found.mib_s if holds_models else None
    one_thread = None if rate is None else min(rate, ONE_THREAD_MIB_S)
    return ClaimSpeed(item.claim, item.roles, found, load_seconds(model_gib, rate), load_seconds(model_gib, one_thread))


def _ebs(disk: EbsDisk) -> Speed:
    if disk.kind == "gp3":
        iops, throughput = disk.iops or GP3_IOPS, disk.throughput or GP3_THROUGHPUT
        return Speed(iops, float(throughput), "gp3: 3000 IOPS and 125 MiB/s, or as bought", _EBS)
    iops = disk.iops or 0
    text = "io2: IOPS as bought, each up to 256 KiB, at most 4000 MiB/s"
    return Speed(iops, min(iops / 4, 4000.0), text, _EBS)


def _essd(disk: EssdDisk) -> Speed:
    if disk.category == "cloud_auto" or (disk.category, disk.level) == ("cloud_essd", "PL1"):
        size = disk.size_gib
        iops, rate = min(1800 + 50 * size, 50_000), min(120 + 0.5 * size, 350.0)
        text = "IOPS min(1800 + 50 x GiB, 50,000); MB/s min(120 + 0.5 x GiB, 350)"
        if disk.category == "cloud_auto":
            iops, rate = max(iops, 3000), max(rate, 125.0)
            # each provisioned IOPS adds 16 KB/s
            iops, rate = iops + disk.provisioned_iops, rate + disk.provisioned_iops * 16 / 1000
            text += "; at least 3000 and 125; a provisioned IOPS adds 16 KB/s"
        return Speed(iops, rate * MB_IN_MIB, text, _AUTOPL)
    name = f"{disk.category} {disk.level}" if disk.category == "cloud_essd" else disk.category
    return Speed(None, None, f"no published formula of {name} is known here")


def _nas(system: Nas) -> Speed:
    if system.kind == "standard":
        rates = {"Performance": 300.0, "Capacity": 150.0}
        if system.storage_type in rates:
            text = "read by one node in the vendor's own test; several nodes get more"
            return Speed(14_000, rates[system.storage_type] * MB_IN_MIB, text, _NAS)
    elif system.storage_type == "standard" and system.size_gib is not None:
        text = "extreme, standard: 150 MB/s below 500 GiB, 1200 MB/s from 8 TiB"
        if system.size_gib < 500:
            return Speed(None, 150 * MB_IN_MIB, text, _NAS_EXTREME)
        if system.size_gib >= 8192:
            return Speed(None, 1200 * MB_IN_MIB, text, _NAS_EXTREME)
    return Speed(None, None, f"no published number of {system.kind} {system.storage_type} is known here")
