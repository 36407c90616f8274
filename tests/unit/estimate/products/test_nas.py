"""NAS: recognised, how fast, what is cheaper, what is lost."""

import pytest

from estimate.product import MB_IN_MIB
from estimate.products.nas import Nas

RULE = Nas.recognised().types["alicloud:nas/fileSystem:FileSystem"]


def test_general_purpose_holds_what_its_claim_asks_for_and_extreme_has_its_own_size() -> None:
    assert RULE({"storageType": "Capacity", "capacity": 5}, 100) == Nas(100, "standard", "Capacity")
    inputs = {"fileSystemType": "extreme", "storageType": "standard", "capacity": 500}
    assert RULE(inputs, 100) == Nas(500, "extreme", "standard")


@pytest.mark.parametrize(
    ("product", "iops", "mib_s"),
    [
        (Nas(0, "standard", "Capacity"), 15_000, 150 * MB_IN_MIB),
        (Nas(500, "standard", "Capacity"), 15_000, 225 * MB_IN_MIB),
        (Nas(500, "standard", "Premium"), 30_000, 450 * MB_IN_MIB),
        (Nas(500, "standard", "Performance"), 30_000, 900 * MB_IN_MIB),
        (Nas(500_000, "standard", "Capacity"), 15_000, 10_000 * MB_IN_MIB),
        (Nas(500_000, "standard", "Performance"), 30_000, 20_000 * MB_IN_MIB),
        (Nas(100, "extreme", "standard"), 10_000, 150 * MB_IN_MIB),
        (Nas(1000, "extreme", "standard"), 37_000, 300 * MB_IN_MIB),
        (Nas(2048, "extreme", "standard"), 68_440, 600 * MB_IN_MIB),
        (Nas(4096, "extreme", "advance"), 200_000, 900 * MB_IN_MIB),
        (Nas(10_240, "extreme", "standard"), 200_000, 1200 * MB_IN_MIB),
        (Nas(100, "extreme", "advance"), 10_000, 150 * MB_IN_MIB),
        (Nas(None, "extreme", "standard"), None, None),
        (Nas(None, "standard", "Capacity"), None, None),
        (Nas(100, "standard", "Archive"), None, None),
    ],
    ids=str,
)
def test_the_formula(product: Nas, iops: int | None, mib_s: float | None) -> None:
    found = product.speed()
    assert found is not None
    assert (found.iops, found.mib_s) == (iops, pytest.approx(mib_s) if mib_s is not None else None)
    assert found.formula
    assert found.source.startswith("https://") or found.mib_s is None


@pytest.mark.parametrize("fast", ["Performance", "Premium"])
def test_capacity_is_cheaper_than_what_is_fast(fast: str) -> None:
    assert [product for _, _, product in Nas(100, "standard", fast).cheaper()] == [Nas(100, "standard", "Capacity")]


@pytest.mark.parametrize("product", [Nas(100, "standard", "Capacity"), Nas(100, "extreme", "advance")], ids=str)
def test_what_is_cheapest_of_its_kind_has_no_cheaper_neighbour(product: Nas) -> None:
    assert list(product.cheaper()) == []


def test_it_is_lost_with_its_zone() -> None:
    assert Nas(100, "standard", "Capacity").lost_with_zone() == "NAS Capacity is in one zone"
