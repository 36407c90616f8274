"""Speed by the published formulas."""

import pytest

from estimate.cost import Bought
from estimate.performance import ONE_THREAD_MIB_S, load_seconds, performance
from estimate.product import Product
from estimate.products.ebs import EbsDisk
from estimate.products.efs import Efs
from estimate.products.own_storage import OwnStorage


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
