"""Price files of the user's own: what is refused, what stands over what, and what a plan and an advice make of them."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from components.contract import Platform
from estimate.advisor import Load
from estimate.own_prices import mistakes, prices
from estimate.price_list import price_list
from estimate.product import Use
from estimate.products.registry import ITEMS, PRODUCTS, unit_of
from plan import stack_file
from stacks.advice import LETTERS, ask, offered

PAGE = Path(__file__).parents[3] / "docs/cost.md"


def example() -> str:
    """The file that the page shows."""
    found = re.search(r"<!-- an own price file -->\n```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "prices.yaml"
    file.write_text(example())
    return file


def test_the_example_of_the_page_is_taken(path: Path) -> None:
    assert mistakes(path) == []
    found = prices(Platform.ALICLOUD, path)
    disk = found.find("ecs.cloud_auto.storage", "ap-southeast-1")
    assert disk is not None
    assert (disk.amount, disk.unit, disk.date) == (Decimal("0.44"), "GiB-month", "2026-11-29")
    assert found.find("nas.standard.Capacity.storage", "cn-hangzhou") is not None, "committed prices stay"
    assert found.find("nas.standard.Performance.storage", "cn-beijing") is None


def test_a_price_of_the_file_stands_in_place_of_the_committed_one(path: Path) -> None:
    path.write_text(example().replace("nas.standard.Performance.storage", "nas.standard.Capacity.storage"))
    found = prices(Platform.ALICLOUD, path).find("nas.standard.Capacity.storage", "cn-hangzhou")
    assert found is not None
    assert found.amount == Decimal("0.11")


def test_a_file_in_another_currency_stands_alone(path: Path) -> None:
    path.write_text(example().replace("USD", "CNY"))
    found = prices(Platform.ALICLOUD, path)
    assert found.currency == "CNY"
    assert found.find("nas.standard.Capacity.storage", "cn-hangzhou") is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("currency: USD", "currency: dollar", "currency: 'dollar' is not allowed; it must be an ISO code"),
        ("currency: USD", "currency: USD\nprizes: {}", "prizes: unknown key"),
        ('date: "2026-11-29"', 'date: "last week"', "sources.console.date: 'last week' is not allowed"),
        ('address: "price calculator of the console, pay as you go"', 'address: ""', "sources.console.address: missing"),
        ("unit: hour", "unit: month", "prices.apsara.postgres.pg.x4.medium.2c.unit: 'month' is not allowed; it must be 'hour'"),
        ("price: 0.11", "price: 0", "in.cn-hangzhou.price: 0 is not allowed; it must be a number above 0"),
        ("price: 0.11", "price: free", "in.cn-hangzhou.price: 'free' is not allowed"),
        ("price: 0.11", "price: yes", "in.cn-hangzhou.price: True is not allowed"),
        ("price: 0.11", "price: .inf", "in.cn-hangzhou.price: inf is not allowed"),
        ("source: console } } # all", "source: me } } # all", "in.all.source: 'me' is not one of sources (console)"),
        ("{ cn-hangzhou: { price: 0.11", "{ Hangzhou: { price: 0.11", "in.Hangzhou: must be a region"),
        ("nas.standard.Performance.storage", "nas.standard.performance.storage", "did you mean nas.standard.Capacity.storage?"),
        ("ecs.cloud_auto.storage", "ecs.cloud_ssd.storage", "items of this service have the form ecs"),
        ("ecs.cloud_auto.storage", "xyz.storage", "prices.xyz.storage: nothing is billed by this item"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_key(path: Path, old: str, new: str, said: str) -> None:
    assert old in example()
    path.write_text(example().replace(old, new, 1))
    (found,) = mistakes(path)
    assert found.startswith(f"{path}: ")
    assert said in found
    with pytest.raises(ValueError, match=re.escape(said)):
        prices(Platform.ALICLOUD, path)


@pytest.mark.parametrize(
    ("text", "said"), [("[1]", "must be a mapping"), ("a: [", "while parsing"), ("currency: USD", "sources: missing")]
)
def test_a_file_that_is_none(path: Path, text: str, said: str) -> None:
    path.write_text(text)
    assert said in "; ".join(mistakes(path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert mistakes(tmp_path / "none.yaml") == [f"{tmp_path / 'none.yaml'}: No such file or directory"]


@pytest.mark.parametrize("platform", [Platform.AWS, Platform.ALICLOUD])
def test_every_committed_item_has_the_unit_of_its_product(platform: Platform) -> None:
    for item, regions in price_list(platform).prices.items():
        assert {price.unit for price in regions.values()} == {unit_of(item)}, item


@pytest.mark.parametrize("platform", [Platform.AWS, Platform.ALICLOUD])
def test_every_item_that_an_offer_is_billed_by_can_have_a_price(platform: Platform) -> None:
    charges = [
        charge
        for offer in offered(Load(platform, zones=len(LETTERS)))
        for product in offer.products
        for charge in product.charges(Use(1, 1, 1))
        if charge.item
    ]
    assert len(charges) > 10
    assert [charge.item for charge in charges if unit_of(charge.item) is None] == []


def test_one_form_for_an_item() -> None:
    assert all(product.items for product in PRODUCTS if "own" not in product.__name__.lower())
    for item in (*price_list(Platform.AWS).prices, *price_list(Platform.ALICLOUD).prices):
        assert sum(re.fullmatch(form, item) is not None for form in ITEMS) == 1, item


def test_an_advice_is_priced_by_the_file(path: Path) -> None:
    load = Load(Platform.ALICLOUD, region="cn-hangzhou", pods=1, zones=1)
    without, with_file = ask(load), ask(load, prices(Platform.ALICLOUD, path))
    assert all(advice.cost.unknown for advice in without.accepted)
    assert any(advice.cost.known and not advice.cost.unknown for advice in with_file.accepted)


def test_a_plan_is_priced_by_the_file_and_its_budget_is_checked(path: Path, tmp_path: Path) -> None:
    from plan import collect, rows

    text = (stack_file.ROOT / "Pulumi.alicloud-scaled.yaml").read_text()
    named = text + f"  kotaemon:estimate:\n    prices: {path}\n  kotaemon:budget: 100\n"
    file = tmp_path / "Pulumi.priced.yaml"
    file.write_text(named)
    made = collect.make(stack_file.read_path(file))
    # 500 GiB of NAS, 730 hours of RDS and its 50 GiB; what depends on use has no price in it.
    assert made.cost.total.known == pytest.approx(500 * 0.11 + 730 * 0.22 + 50 * 0.33)
    assert made.cost.total.unknown == 0
    assert not rows.total(made)[0].startswith("Storage is unpriced")
    assert made.budget.verdict == "over"
    assert any("price calculator of the console" in source for source in made.cost.sources)


def test_a_file_with_mistakes_stops_the_stack(path: Path, tmp_path: Path) -> None:
    from stacks.settings.load import SettingsError

    path.write_text(example().replace("unit: hour", "unit: month"))
    text = (stack_file.ROOT / "Pulumi.alicloud-scaled.yaml").read_text()
    file = tmp_path / "Pulumi.priced.yaml"
    file.write_text(text + f"  kotaemon:estimate:\n    prices: {path}\n")
    with pytest.raises(SettingsError, match=r"kotaemon:estimate.prices: .*unit: 'month' is not allowed"):
        stack_file.read_path(file)
    file.write_text(
        (stack_file.ROOT / "Pulumi.private-scaled.yaml").read_text() + f"  kotaemon:estimate:\n    prices: {path}\n"
    )
    with pytest.raises(SettingsError, match="platform private has no prices"):
        stack_file.read_path(file)
