"""FSx for Lustre: recognised, how fast, what is cheaper, what is lost."""

from typing import Any

import pytest

from components import aws
from estimate.product import MB_IN_MIB
from estimate.products import lustre
from estimate.products.lustre import Lustre

RULE = Lustre.recognised().types["aws:fsx/lustreFileSystem:LustreFileSystem"]


def test_a_file_system_is_what_its_inputs_say() -> None:
    inputs: dict[str, Any] = {
        "storageCapacity": 1200,
        "deploymentType": "PERSISTENT_2",
        "perUnitStorageThroughput": 125,
    }
    assert RULE(inputs, None) == Lustre(1200, "PERSISTENT_2", 125, backup=False)
    more = {"metadataConfiguration": {"iops": 6000}, "automaticBackupRetentionDays": 7}
    assert RULE({**inputs, **more}, None) == Lustre(1200, "PERSISTENT_2", 125, 6000)


def test_another_storage_type_is_refused() -> None:
    with pytest.raises(ValueError, match="storage type HDD: only SSD has a rule"):
        RULE({"storageType": "HDD"}, None)


@pytest.mark.parametrize(
    ("product", "mb_s"),
    # API text: 2.4 TiB at 50 MB/s/TiB yield 120 MB/s
    [(Lustre(2400, "PERSISTENT_1", 50), 120), (Lustre(1200, "PERSISTENT_2", 125), 150)],
    ids=str,
)
def test_the_formula(product: Lustre, mb_s: int) -> None:
    found = product.speed()
    assert found is not None
    assert (found.iops, found.mib_s) == (None, pytest.approx(mb_s * MB_IN_MIB))
    assert found.source.startswith("https://")


def test_the_steps_of_throughput_are_those_of_the_components() -> None:
    assert aws.LUSTRE_THROUGHPUT == lustre.THROUGHPUT


def test_every_slower_one_is_cheaper() -> None:
    assert [product for _, _, product in Lustre(1200, "PERSISTENT_2", 500).cheaper()] == [
        Lustre(1200, "PERSISTENT_2", 125),
        Lustre(1200, "PERSISTENT_2", 250),
    ]
    assert list(Lustre(1200, "PERSISTENT_2", 125).cheaper()) == []


def test_it_is_lost_with_its_zone() -> None:
    assert Lustre(1200, "PERSISTENT_2", 125).lost_with_zone() == "Lustre 125 MB/s/TB is in one zone"
