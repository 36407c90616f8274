"""What holds for every product, and that nobody else knows which there are."""

import ast
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from estimate.product import Product, Unknown
from estimate.products import registry
from estimate.products.registry import PRODUCTS

ROOT = Path(__file__).parents[4]
CODE = ("estimate", "guard", "policy", "plan", "deploy", "drills", "stacks")
"""Not components: it has an AwsKey of its own, and may import nothing of estimate (tests/unit/test_architecture.py)."""
MAY_BUY = ("stacks/kinds/", "stacks/stores/", "stacks/platforms/")
"""Who says which product it buys."""
NAMES = {product.__name__ for product in PRODUCTS}


def own_files() -> set[Path]:
    """The file of each product."""
    return {ROOT / (product.__module__.replace(".", "/") + ".py") for product in PRODUCTS}


def test_every_file_of_a_product_is_registered() -> None:
    found = set((ROOT / "estimate/products").glob("*.py"))
    assert found - {ROOT / "estimate/products/__init__.py", ROOT / "estimate/products/registry.py"} == own_files()


def test_every_product_has_a_test() -> None:
    assert {f"test_{file.stem}.py" for file in own_files()} <= {file.name for file in Path(__file__).parent.iterdir()}


def mentions(tree: ast.AST) -> Iterator[str]:
    """Products that code knows: whose file it imports from, or whose name it has as a text."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="estimate.products", names=names):
                yield from (name.name for name in names if name.name != "registry")
            case ast.ImportFrom(module=str(module)) if module.startswith("estimate.products."):
                yield from [] if module == registry.__name__ else [module]
            case ast.Import(names=names):
                yield from (name.name for name in names if name.name.startswith("estimate.products"))
            case ast.Constant(value=str(text)) if text in NAMES:
                yield text
            case _:
                pass


def test_no_product_is_named_outside_its_own_file() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for folder in CODE
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path not in own_files() and not str(path.relative_to(ROOT)).startswith(MAY_BUY)
        for name in mentions(ast.parse(path.read_text()))
    ]
    assert found == []


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.__name__)
def test_a_file_of_a_product_knows_no_other_product(product: type[Product]) -> None:
    file = ROOT / (product.__module__.replace(".", "/") + ".py")
    assert set(mentions(ast.parse(file.read_text()))) <= {product.__name__}


@pytest.mark.parametrize(
    "code",
    [
        "from estimate.products.efs import Efs",
        "from estimate.products.efs import _SOURCE",
        "from estimate.products import efs",
        "import estimate.products.efs as e",
        "type(p).__name__ == 'Efs'",
    ],
)
def test_a_mention_is_seen_however_it_is_written(code: str) -> None:
    assert list(mentions(ast.parse(code)))
    assert not list(mentions(ast.parse("from estimate.products.registry import PRODUCTS")))


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.__name__)
def test_a_product_is_a_frozen_value(product: type[Product]) -> None:
    made = product(**{field.name: 1 for field in fields(product)})  # type: ignore[arg-type]
    assert hash(made) == hash(product(**{field.name: 1 for field in fields(product)}))  # type: ignore[arg-type]
    for field in fields(product):  # type: ignore[arg-type]
        with pytest.raises(FrozenInstanceError):
            setattr(made, field.name, 2)


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.__name__)
def test_a_product_is_recognised_by_something(product: type[Product]) -> None:
    said = product.recognised()
    assert said.types or said.provisioners or said.foreign_class or said.not_made
    for token in [*said.types, *said.free]:
        assert token.count(":") == 2, token
        assert token not in said.types or token not in said.free, token
    assert all(said.free.values())


def test_every_resource_type_is_of_one_product() -> None:
    assert set(registry.OWNERS) == set(registry.TYPES)
    assert not set(registry.TYPES) & set(registry.FREE)


def test_two_products_that_recognise_one_type_are_refused() -> None:
    with pytest.raises(ValueError, match="two products recognise a:b:C"):
        registry._merged([{"a:b:C": 1}, {"a:b:C": 2}])


def test_what_is_unknown_is_said_with_its_reason_and_has_no_speed() -> None:
    assert Unknown("nobody knows").speed() is None
    assert list(Unknown("nobody knows").cheaper()) == []
    assert Unknown("nobody knows").lost_with_zone() == "it is not known for something of unknown cost"
