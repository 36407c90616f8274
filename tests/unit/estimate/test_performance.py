"""Speed by the published formulas."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimate.cost import Bought
from estimate.performance import ONE_THREAD_MIB_S, load_seconds, performance
from estimate.product import MB_IN_MIB, Product
from estimate.products.aws_key import AwsKey
from estimate.products.ebs import EbsDisk
from estimate.products.efs import Efs
from estimate.products.essd import EssdDisk
from estimate.products.lustre import Lustre
from estimate.products.nas import Nas
from estimate.products.openzfs import OpenZfs
from estimate.products.own_class import OwnClass
from estimate.products.own_storage import OwnStorage
from estimate.products.rds import RdsPostgres


@pytest.mark.parametrize(
    ("product", "iops", "mib_s"),
    [
        (EbsDisk(50, "gp3"), 3000, 125),
        (EbsDisk(50, "gp3", 5000, 1000), 5000, 1000),
        (EbsDisk(50, "io2", 1000), 1000, 250),
        (EbsDisk(500, "io2", 100_000), 100_000, 4000),
        (Efs(100), 90_000, 1500),
        (OpenZfs(256, "MULTI_AZ_1", 160), 768, 160 * MB_IN_MIB),
        (OpenZfs(256, "MULTI_AZ_1", 160, 5000), 5000, 160 * MB_IN_MIB),
        # API text: 2.4 TiB at 50 MB/s/TiB yield 120 MB/s
        (Lustre(2400, "PERSISTENT_1", 50), None, 120 * MB_IN_MIB),
        (Lustre(1200, "PERSISTENT_2", 125), None, 150 * MB_IN_MIB),
        # help page, ESSD AutoPL: 40 GiB are min{1,800 + 50 x 40, 50,000} and min{120 + 0.5 x 40, 350}
        (EssdDisk(40, "cloud_auto"), 3800, 140 * MB_IN_MIB),
        (EssdDisk(1, "cloud_auto"), 3000, 125 * MB_IN_MIB),
        (EssdDisk(65_536, "cloud_auto"), 50_000, 350 * MB_IN_MIB),
        (EssdDisk(40, "cloud_auto", provisioned_iops=1000), 4800, 156 * MB_IN_MIB),
        (EssdDisk(20, "cloud_essd", "PL1"), 2800, 130 * MB_IN_MIB),
        (EssdDisk(500, "cloud_essd", "PL2"), None, None),
        (EssdDisk(500, "cloud_essd_entry"), None, None),
        (Nas(500, "standard", "Performance"), 14_000, 300 * MB_IN_MIB),
        (Nas(500, "standard", "Capacity"), 14_000, 150 * MB_IN_MIB),
        (Nas(500, "standard", "Premium"), None, None),
        (Nas(100, "extreme", "standard"), None, 150 * MB_IN_MIB),
        (Nas(10_240, "extreme", "standard"), None, 1200 * MB_IN_MIB),
        (Nas(1000, "extreme", "standard"), None, None),
        (Nas(100, "extreme", "advance"), None, None),
        (OwnStorage(100), None, None),
        (OwnClass(20, "dev-block"), None, None),
    ],
    ids=str,
)
def test_the_formula(product: Product, iops: int | None, mib_s: float | None) -> None:
    found = product.speed()
    assert found is not None
    assert (found.iops, found.mib_s) == (iops, pytest.approx(mib_s) if mib_s is not None else None)
    assert found.formula
    assert found.source.startswith("https://") or found.mib_s is None


@pytest.mark.parametrize("product", [AwsKey(), RdsPostgres("db.t4g.small", 20, multi_az=True)])
def test_what_is_no_storage_of_a_claim_has_no_speed(product: Product) -> None:
    assert product.speed() is None


def bought(product: Product, roles: str) -> Bought:
    return Bought("x", "kotaemon-x", roles, "file", product)


def test_models_are_loaded_from_their_claim_only() -> None:
    found = performance([bought(Efs(100), "models, logs"), bought(EbsDisk(50, "gp3"), "indexes")], model_gib=15)
    assert [(c.load_seconds, c.load_seconds_one_thread) for c in found] == [
        (pytest.approx(15 * 1024 / 1500), pytest.approx(15 * 1024 / ONE_THREAD_MIB_S)),
        (None, None),
    ]


def test_one_thread_is_as_measured() -> None:
    """run-ai-model-streamer, benchmarks: 15 GB from gp3 with 1000 MiB/s and from io2 both take about 48 s."""
    gb_15 = 15_000_000_000 / 2**30
    for disk in (EbsDisk(100, "gp3", 16_000, 1000), EbsDisk(500, "io2", 100_000)):
        found = performance([bought(disk, "models")], model_gib=gb_15)[0]
        assert found.load_seconds_one_thread == pytest.approx(47.99)
    slow = performance([bought(EbsDisk(100, "gp3"), "models")], model_gib=gb_15)[0]
    assert slow.load_seconds_one_thread == slow.load_seconds


def test_a_reader_with_many_threads_is_as_fast_as_the_disk() -> None:
    """The same page: 14.34 s from gp3 with 1000 MiB/s."""
    gb_15 = 15_000_000_000 / 2**30
    assert load_seconds(gb_15, 1000) == pytest.approx(14.34, abs=0.05)


def test_a_server_of_ones_own_is_as_fast_as_is_told() -> None:
    own = bought(OwnStorage(100), "models")
    assert performance([own])[0].speed.formula == (
        "a server of your own: give its speed as kotaemon:estimate.nfsMibPerSecond"
    )
    assert performance([own], model_gib=10, nfs_mib_s=1024)[0].load_seconds == 10


@given(st.integers(20, 65_536), st.integers(20, 65_536))
def test_a_bigger_disk_is_never_slower(one: int, other: int) -> None:
    small, big = sorted((one, other))
    for category in ("cloud_auto", "cloud_essd"):
        slow, fast = EssdDisk(small, category).speed(), EssdDisk(big, category).speed()
        assert slow is not None
        assert fast is not None
        assert (slow.iops or 0) <= (fast.iops or 0)
        assert (slow.mib_s or 0) <= (fast.mib_s or 0)
