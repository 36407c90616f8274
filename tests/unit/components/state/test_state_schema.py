"""The stores work as a plugin for programs in other languages only while their schema can be inferred."""

import json
from typing import Any, get_origin

import pytest
from pulumi.provider.experimental.component import ComponentProvider
from typing_extensions import NotRequired

from components.state.cloudnative_pg import CloudNativePostgres, CloudNativePostgresArgs
from components.state.postgres import BundledPostgres, BundledPostgresArgs
from components.state.qdrant import BundledQdrant, BundledQdrantArgs

COMPONENTS = {
    BundledPostgres: BundledPostgresArgs,
    BundledQdrant: BundledQdrantArgs,
    CloudNativePostgres: CloudNativePostgresArgs,
}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    return json.loads(ComponentProvider(list(COMPONENTS), "kotaemon").schema)["resources"]


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


@pytest.mark.parametrize(("component", "args"), COMPONENTS.items())
def test_every_argument_is_described_and_only_what_has_no_default_is_required(
    resources: dict[str, Any], component: type, args: Any
) -> None:
    made = resources[f"kotaemon:index:{component.__name__}"]
    assert set(made["inputProperties"]) == {camel(name) for name in args.__annotations__}
    assert [name for name, found in made["inputProperties"].items() if not found.get("description")] == []
    assert set(made["requiredInputs"]) == {
        camel(name) for name, hint in args.__annotations__.items() if get_origin(hint) is not NotRequired
    }
    assert sorted(made["properties"]) == ["store"]
