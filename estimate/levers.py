"""What would cost less: every cheaper neighbour of what is bought, with what it saves and what is given up.

Only what the stack file can say. A saving is the difference of two sums that are both known, never a rule of thumb.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from estimate.charges import GP3_IOPS, GP3_THROUGHPUT, OPENZFS_IOPS_PER_GIB, Use
from estimate.cost import Bought, Estimate, priced, total
from estimate.price_list import PriceList, price_list
from estimate.products import EbsDisk, Efs, EssdDisk, Lustre, Nas, OpenZfs, Product, RdsPostgres

COUNT = 3
"""How many are told."""
# As in components/aws.py, which imports Pulumi; a test compares them.
LUSTRE_THROUGHPUT = (125, 250, 500, 1000)
OPENZFS_SMALLEST = {
    "MULTI_AZ_1": 160,
    "SINGLE_AZ_HA_2": 160,
    "SINGLE_AZ_HA_1": 64,
    "SINGLE_AZ_2": 160,
    "SINGLE_AZ_1": 64,
}
GP3_MOST_IOPS, GP3_IOPS_PER_GIB = 80_000, 500


@dataclass(frozen=True)
class Lever:
    """One change that saves money."""

    resource: str
    claim: str
    change: str
    """What to write in the stack file, below the claim or the database."""
    gives_up: str
    saves: Decimal
    """A month."""


def levers(found: Estimate, prices: PriceList | None = None) -> list[Lever]:
    """The changes that save most, one a resource and kind, biggest first."""
    chosen = prices or price_list(found.platform)
    all_of_them = [lever for bought in found.bought for lever in _levers(bought, chosen, found.region)]
    return sorted(all_of_them, key=lambda lever: (-lever.saves, lever.resource, lever.change))[:COUNT]


def _levers(bought: Bought, prices: PriceList, region: str) -> Iterator[Lever]:
    for change, gives_up, product in alternatives(bought.product):
        saves = _difference(bought, product, prices, region)
        if saves is not None and saves > 0:
            yield Lever(bought.resource, bought.claim, change, gives_up, saves)


def _difference(bought: Bought, product: Product, prices: PriceList, region: str) -> Decimal | None:
    """What the other product saves; None when a price that differs is not known."""
    sums = [total(priced(item, Use(), prices, region)) for item in (bought, replace(bought, product=product))]
    return None if any(found.unknown for found in sums) else sums[0].known - sums[1].known


def alternatives(product: Product) -> Iterator[tuple[str, str, Product]]:
    """(change in the stack file, what is given up, cheaper product); every one is a product that can be bought."""
    match product:
        case EbsDisk():
            yield from _ebs(product)
        case Efs(one_zone=False):
            yield "oneZone: <zone>", "the data is lost with its zone", replace(product, one_zone=True)
        case OpenZfs():
            yield from _openzfs(product)
        case Lustre():
            for throughput in LUSTRE_THROUGHPUT:
                if throughput < product.throughput:
                    slower = f"{product.throughput - throughput} MB/s for each TB"
                    yield f"throughput: {throughput}", slower, replace(product, throughput=throughput)
        case RdsPostgres(multi_az=True):
            yield "multiAz: false", "the standby: hours without a database", replace(product, multi_az=False)
        case EssdDisk():
            if product.provisioned_iops:
                change = "provisionedIops: leave it out"
                yield change, f"{product.provisioned_iops} IOPS", replace(product, provisioned_iops=0)
        case Nas(kind="standard", storage_type="Performance" | "Premium"):
            yield "storageType: Capacity", "latency and throughput", replace(product, storage_type="Capacity")
        case _:
            return


def _ebs(disk: EbsDisk) -> Iterator[tuple[str, str, Product]]:
    if disk.kind == "io2":
        same = replace(disk, kind="gp3", iops=max(disk.iops or 0, GP3_IOPS))
        if (same.iops or 0) <= max(GP3_IOPS, min(GP3_MOST_IOPS, GP3_IOPS_PER_GIB * same.size_gib)):
            yield "volumeType: gp3", "durability of 99.999 %, and the lowest latency", same
        return
    if disk.iops is not None and disk.iops > GP3_IOPS:
        fewer = replace(disk, iops=None, throughput=_throughput_at(disk.throughput))
        yield "iops: leave it out", f"IOPS above {GP3_IOPS}", fewer
    if disk.throughput is not None and disk.throughput > GP3_THROUGHPUT:
        slower = replace(disk, throughput=None)
        yield "throughput: leave it out", f"MiB/s above {GP3_THROUGHPUT}", slower


def _throughput_at(throughput: int | None) -> int | None:
    """gp3 gives at most a quarter of a MiB/s for each IOPS."""
    return None if throughput is None else min(throughput, GP3_IOPS // 4)


def _openzfs(system: OpenZfs) -> Iterator[tuple[str, str, Product]]:
    smallest = OPENZFS_SMALLEST[system.deployment]
    if system.throughput > smallest:
        gives_up = f"{system.throughput - smallest} MB/s"
        yield f"throughput: {smallest}", gives_up, replace(system, throughput=smallest)
    if system.iops is not None and system.iops > OPENZFS_IOPS_PER_GIB * system.size_gib:
        yield "iops: leave it out", "IOPS above 3 for each GiB", replace(system, iops=None)
    if system.deployment == "MULTI_AZ_1":
        one = "SINGLE_AZ_HA_2"
        yield f"deployment: {one}", "failover to another zone", replace(system, deployment=one)
