"""An instance of ECS with the disk of its system: what is billed, what is not known."""

from decimal import Decimal
from typing import Any

import pytest

from components.contract import Platform
from estimate.cost import Bought, priced
from estimate.price_list import load, price_list
from estimate.product import Use
from estimate.products.ecs import EcsInstance
from estimate.products.registry import TYPES, unit_of

INPUTS: dict[str, Any] = {"instanceType": "ecs.g8i.large", "systemDiskCategory": "cloud_auto", "systemDiskSize": 20.0}
PRICES = """
currency: USD
sources: {own: {date: "2026-11", address: https://example.org}}
prices:
  ecs.instance.ecs.g8i.large: {unit: hour, in: {cn-hangzhou: {price: 0.1, source: own}}}
  ecs.cloud_auto.storage: {unit: GiB-month, in: {cn-hangzhou: {price: 0.2, source: own}}}
"""


def amounts(product: Any, prices: Any) -> list[Decimal | None]:
    bought = Bought("files", "files", "all roles", "file", product)
    return [line.amount for line in priced(bought, Use(), prices, "cn-hangzhou")]


def test_an_instance_is_billed_by_the_hour_and_its_disk_by_its_size() -> None:
    product = TYPES["alicloud:ecs/instance:Instance"](INPUTS, None)
    assert product == EcsInstance("ecs.g8i.large", 20)
    assert amounts(product, load(PRICES)) == [Decimal("0.1") * 730, Decimal("0.2") * 20]


def test_a_price_that_is_not_there_is_unknown_and_not_nothing() -> None:
    assert amounts(EcsInstance("ecs.g8i.large", 20), price_list(Platform.ALICLOUD)) == [None, None]


def test_a_price_file_of_ones_own_can_have_it() -> None:
    assert unit_of("ecs.instance.ecs.g8i.large") == "hour"


def test_a_disk_without_a_rule_is_not_understood() -> None:
    with pytest.raises(ValueError, match="only cloud_auto has a rule"):
        TYPES["alicloud:ecs/instance:Instance"]({**INPUTS, "systemDiskCategory": "cloud_essd"}, None)


def test_the_server_is_in_one_zone_and_away_for_a_while() -> None:
    assert "is in one zone" in EcsInstance("ecs.g8i.large", 20).lost_with_zone()
    assert EcsInstance("ecs.g8i.large", 20).outage_minutes > 0
