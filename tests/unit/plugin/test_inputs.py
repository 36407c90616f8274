"""Inputs as they arrive from other languages."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, TypedDict

import pytest
from pulumi import Input, InputPropertyError, Output
from pulumi.output import UNKNOWN
from typing_extensions import NotRequired

from plugin.inputs import Opened, Part, camel, settled


class Colour(str, Enum):
    RED = "red"


class Inner(TypedDict):
    name: str
    some_size: int
    host: Input[str]


class Shape(TypedDict):
    colour: NotRequired[Colour]
    count: NotRequired[int]
    open_host: NotRequired[Input[str]]
    inner: NotRequired[Inner]
    by_role: NotRequired[Mapping[str, Inner]]
    listed: NotRequired[list[Inner]]
    values: NotRequired[Mapping[str, Input[str]]]


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    asyncio.set_event_loop(made)
    yield made
    asyncio.set_event_loop(None)
    made.close()


def delivered(value: Any, *, secret: bool = False, known: bool = True, resources: Any = ()) -> Output[Any]:
    """An Output as the provider's server makes one: complete."""
    loop = asyncio.get_event_loop()

    def done(result: Any) -> Any:
        future = loop.create_future()
        future.set_result(result)
        return future

    output: Output[Any] = Output(set(resources), done(value), done(known), done(secret))
    loop.run_until_complete(output.is_known())
    return output


Open = Callable[..., dict[str, Any]]


@pytest.fixture
def open_(loop: asyncio.AbstractEventLoop) -> Open:
    return lambda **given: Opened().fields(Part(given), Shape)


INNER = {"name": "a", "someSize": 3.0, "host": "h"}
PLAIN = {"name": "a", "someSize": 3, "host": "h"}


@pytest.mark.parametrize(("name", "expected"), [("a", "a"), ("storage_class_name", "storageClassName")])
def test_camel(name: str, expected: str) -> None:
    assert camel(name) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3.0, 3), (3.5, 3.5), ("3.0", "3.0"), ([{"b": 1.0, "a": {"d": 1, "c": 2}}], [{"a": {"c": 2, "d": 1}, "b": 1}])],
)
def test_whole_numbers_and_the_order_of_maps(value: Any, expected: Any) -> None:
    result = settled(value)
    assert (result, repr(result)) == (expected, repr(expected))


def test_plain_values(open_: Open) -> None:
    opened = open_(colour="red", count=3.0, openHost="h", inner=INNER, byRole={"x": INNER}, listed=[INNER], values={})
    assert opened == {
        "colour": "red",
        "count": 3,
        "openHost": "h",
        "inner": PLAIN,
        "byRole": {"x": PLAIN},
        "listed": [PLAIN],
        "values": {},
    }
    assert repr(opened["inner"]["someSize"]) == "3"


def test_maps_are_in_the_order_of_their_keys(open_: Open) -> None:
    opened = open_(byRole={"y": INNER, "x": INNER}, values={"b": "1", "a": "2"})
    assert [list(opened[name]) for name in ("byRole", "values")] == [["x", "y"], ["a", "b"]]


def test_structures_in_outputs_are_opened(open_: Open) -> None:
    assert open_(byRole=delivered({"x": INNER}), listed=[delivered(INNER)]) == {
        "byRole": {"x": PLAIN},
        "listed": [PLAIN],
    }


def resolved(output: Output[Any]) -> tuple[Any, bool, bool]:
    async def ask() -> tuple[Any, bool, bool]:
        return await output.future(), await output.is_secret(), await output.is_known()

    return asyncio.get_event_loop().run_until_complete(ask())


def test_a_secret_inside_stays_one(open_: Open) -> None:
    opened = open_(values=delivered({"KEY": delivered("v", secret=True)}))
    assert resolved(opened["values"]["KEY"]) == ("v", True, True)


def test_a_part_of_a_secret_structure_is_a_secret(open_: Open) -> None:
    opened = open_(values=delivered({"KEY": "v"}, secret=True))
    assert resolved(opened["values"]["KEY"]) == ("v", True, True)


def test_an_unknown_value_is_fine_where_outputs_are(open_: Open) -> None:
    opened = open_(inner=delivered({**INNER, "host": UNKNOWN}))
    assert opened["inner"]["name"] == "a"
    assert resolved(opened["inner"]["host"])[2] is False


@pytest.mark.parametrize(
    ("make", "path", "reason"),
    [
        (
            lambda: {"count": delivered(UNKNOWN, known=False)},
            "count",
            "is only known once something else exists, but it decides what is made; give a plain value",
        ),
        (
            lambda: {"byRole": delivered({"x": {**INNER, "name": UNKNOWN}})},
            "byRole.x.name",
            "is only known once something else exists, but it decides what is made; give a plain value",
        ),
        (
            lambda: {"listed": [delivered(INNER, secret=True)]},
            "listed[0].name",
            "is a secret, but it decides what is made, and what is made would reveal it; give a plain value",
        ),
    ],
)
def test_what_decides_must_be_known_and_no_secret(
    open_: Open, make: Callable[[], dict[str, Any]], path: str, reason: str
) -> None:
    with pytest.raises(InputPropertyError) as raised:
        open_(**make())
    assert (raised.value.property_path, raised.value.reason) == (path, reason)


def test_what_was_opened_is_depended_on(loop: asyncio.AbstractEventLoop) -> None:
    opened, resource = Opened(), object()
    opened.fields(Part({"byRole": delivered({"x": INNER}, resources=[resource])}), Shape)
    assert opened.resources == {resource}
