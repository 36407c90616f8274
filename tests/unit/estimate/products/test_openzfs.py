"""FSx for OpenZFS: recognised, how fast, what is cheaper, what is lost."""

from typing import Any

import pytest

from components import aws
from estimate.product import MB_IN_MIB
from estimate.products import openzfs
from estimate.products.openzfs import OpenZfs

RULE = OpenZfs.recognised().types["aws:fsx/openZfsFileSystem:OpenZfsFileSystem"]


def test_a_file_system_is_what_its_inputs_say() -> None:
    inputs: dict[str, Any] = {"storageCapacity": 256, "deploymentType": "MULTI_AZ_1", "throughputCapacity": 160}
    assert RULE(inputs, None) == OpenZfs(256, "MULTI_AZ_1", 160, backup=False)
    more = {"diskIopsConfiguration": {"iops": 5000}, "automaticBackupRetentionDays": 7}
    assert RULE({**inputs, **more}, None) == OpenZfs(256, "MULTI_AZ_1", 160, 5000)


def test_another_storage_type_is_refused() -> None:
    with pytest.raises(ValueError, match="storage type INTELLIGENT_TIERING: only SSD has a rule"):
        RULE({"storageType": "INTELLIGENT_TIERING"}, None)


@pytest.mark.parametrize(
    ("product", "iops"),
    [(OpenZfs(256, "MULTI_AZ_1", 160), 768), (OpenZfs(256, "MULTI_AZ_1", 160, 5000), 5000)],
    ids=str,
)
def test_the_formula(product: OpenZfs, iops: int) -> None:
    found = product.speed()
    assert found is not None
    assert (found.iops, found.mib_s) == (iops, pytest.approx(160 * MB_IN_MIB))
    assert found.source.startswith("https://")


def test_the_limits_are_those_of_the_components() -> None:
    assert {d.value: steps[0] for d, steps in aws.OPENZFS_THROUGHPUT.items()} == openzfs.SMALLEST_THROUGHPUT


def test_what_is_cheaper() -> None:
    assert [(change, product) for change, _, product in OpenZfs(64, "MULTI_AZ_1", 320, 1000).cheaper()] == [
        ("throughput: 160", OpenZfs(64, "MULTI_AZ_1", 160, 1000)),
        ("iops: leave it out", OpenZfs(64, "MULTI_AZ_1", 320)),
        ("deployment: SINGLE_AZ_HA_2", OpenZfs(64, "SINGLE_AZ_HA_2", 320, 1000)),
    ]
    assert list(OpenZfs(64, "SINGLE_AZ_1", 64).cheaper()) == []


def test_two_zones_survive_the_loss_of_one_and_need_nodes_in_both() -> None:
    assert (OpenZfs(64, "MULTI_AZ_1", 160).lost_with_zone(), OpenZfs(64, "MULTI_AZ_1", 160).zones_needed) == ("", 2)
    one = OpenZfs(64, "SINGLE_AZ_HA_2", 160)
    assert (one.lost_with_zone(), one.zones_needed) == ("OpenZFS SINGLE_AZ_HA_2 160 MB/s is in one zone", 1)
