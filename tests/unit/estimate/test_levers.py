"""What would cost less, and that it really can be bought."""

from decimal import Decimal

import pytest

from components.contract import Platform
from estimate import levers
from estimate.cost import Bought, Estimate
from estimate.price_list import PriceList
from estimate.product import Product
from estimate.products.ebs import EbsDisk
from estimate.products.efs import Efs
from estimate.products.essd import EssdDisk
from estimate.products.lustre import Lustre
from estimate.products.nas import Nas
from estimate.products.openzfs import OpenZfs
from estimate.products.own_storage import OwnStorage
from estimate.products.rds import RdsPostgres


def found(*products: Product, region: str = "us-east-1", platform: Platform = Platform.AWS) -> Estimate:
    bought = tuple(Bought(f"r{n}", f"kotaemon-c{n}", "models", "file", p) for n, p in enumerate(products))
    return Estimate(platform, region, "USD", (), bought)


def told(estimate: Estimate) -> list[tuple[str, str, Decimal]]:
    return [(lever.resource, lever.change, lever.saves) for lever in levers.levers(estimate)]


def test_the_biggest_three_in_order() -> None:
    dear = found(
        EbsDisk(500, "io2", 10_000),
        OpenZfs(256, "MULTI_AZ_1", 320),
        Lustre(1200, "PERSISTENT_2", 500),
        EbsDisk(100, "gp3", 4000),
    )
    assert told(dear) == [
        ("r0", "volumeType: gp3", Decimal("637.500")),
        ("r2", "throughput: 125", Decimal("234.000")),
        ("r2", "throughput: 250", Decimal("156.00")),
    ]


@pytest.mark.parametrize(
    ("product", "change", "saves"),
    [
        (EbsDisk(100, "gp3", 4000, 250), "iops: leave it out", "5.000"),
        (EbsDisk(100, "gp3", None, 250), "throughput: leave it out", "5.00"),
        (Efs(100), "oneZone: <zone>", "14.00"),
        (OpenZfs(64, "SINGLE_AZ_HA_2", 160, 1000), "iops: leave it out", "9.696"),
        (RdsPostgres("db.t4g.small", 20, multi_az=True), "multiAz: false", "25.660"),
    ],
    ids=str,
)
def test_a_saving_is_a_difference_of_sums(product: Product, change: str, saves: str) -> None:
    assert ("r0", change, Decimal(saves)) in told(found(product))


@pytest.mark.parametrize(
    "product",
    [EbsDisk(100, "gp3"), Efs(100, one_zone=True), Lustre(1200, "PERSISTENT_2", 125), OwnStorage(100)],
    ids=str,
)
def test_what_is_cheapest_has_no_lever(product: Product) -> None:
    assert told(found(product)) == []


def test_no_saving_is_told_where_a_price_is_unknown() -> None:
    assert told(found(Efs(100), region="eu-central-1")) == []
    assert told(found(Nas(100, "standard", "Performance"), region="cn-hangzhou", platform=Platform.ALICLOUD)) == []
    assert told(found(EssdDisk(100, "cloud_auto", provisioned_iops=500), platform=Platform.ALICLOUD)) == []


def test_a_disk_that_gp3_cannot_replace_keeps_its_type() -> None:
    assert told(found(EbsDisk(100, "io2", 60_000), region="eu-central-1")) == []


def test_a_list_without_prices_gives_no_lever() -> None:
    assert levers.levers(found(Efs(100)), PriceList("USD", {})) == []
