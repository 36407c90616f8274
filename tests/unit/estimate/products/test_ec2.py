"""An instance with the disk of its system: what is billed, what is not known."""

from decimal import Decimal
from typing import Any

import pytest

from components.contract import Platform
from estimate.cost import Bought, priced
from estimate.price_list import price_list
from estimate.product import Use
from estimate.products.ec2 import Ec2Instance
from estimate.products.registry import TYPES

INPUTS: dict[str, Any] = {"instanceType": "m7g.large", "rootBlockDevice": {"volumeType": "gp3", "volumeSize": 16.0}}


def amounts(product: Any, region: str, use: Use) -> list[Decimal | None]:
    bought = Bought("files", "files", "all roles", "file", product)
    return [line.amount for line in priced(bought, use, price_list(Platform.AWS), region)]


def test_an_instance_is_billed_by_the_hour_and_its_disk_by_its_size() -> None:
    product = TYPES["aws:ec2/instance:Instance"](INPUTS, None)
    assert product == Ec2Instance("m7g.large", 16)
    assert amounts(product, "us-east-1", Use()) == [Decimal("0.0816") * 730, Decimal("0.08") * 16]


def test_a_price_that_is_not_there_is_unknown_and_not_nothing() -> None:
    assert amounts(Ec2Instance("m7i.large", 16), "us-east-1", Use())[0] is None


def test_a_disk_without_a_rule_is_not_understood() -> None:
    with pytest.raises(ValueError, match="only gp3 has a rule"):
        TYPES["aws:ec2/instance:Instance"]({**INPUTS, "rootBlockDevice": {"volumeType": "io2", "volumeSize": 16}}, None)


def test_the_server_is_in_one_zone_and_away_for_a_while() -> None:
    assert "is in one zone" in Ec2Instance("m7g.large", 16).lost_with_zone()
    assert Ec2Instance("m7g.large", 16).outage_minutes > 0
