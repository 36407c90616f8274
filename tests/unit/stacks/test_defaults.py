"""Nothing is left to a default that differs by distribution, as the default class and the default IngressClass of k3s.

What is left open gets whatever the cluster has, and another one after its change.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.plan.plans import STACKS, run
from tests.unit.stacks.test_network import changed


def claims(value: Any) -> Iterator[dict[str, Any]]:
    """Every spec of a claim in an object: its own, templates of StatefulSets, ephemeral volumes."""
    if isinstance(value, dict):
        if {"accessModes", "resources"} <= value.keys():
            yield value
        for inner in value.values():
            yield from claims(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from claims(inner)


@pytest.mark.parametrize("name", STACKS)
def test_every_claim_names_its_class(name: str) -> None:
    objects = [r.inputs for r in run(name).registrations if r.is_object]
    found = [claim for one in objects for claim in claims(one)]
    assert found
    assert all("storageClassName" in claim for claim in found), "an absent one is filled by the cluster's default class"


def test_an_ingress_names_its_class_and_asks_for_no_load_balancer_of_the_cluster() -> None:
    made = changed("dev", ingress={"hostname": "rag.example.org", "className": "traefik"})
    objects = [r.inputs for r in made.registrations if r.is_object]
    (ingress,) = [one for one in objects if one["kind"] == "Ingress"]
    assert ingress["spec"]["ingressClassName"] == "traefik"
    kinds = {one["spec"].get("type") for one in objects if one["kind"] == "Service"}
    assert kinds <= {None, "ClusterIP"}, "controllers of clouds write into those of type LoadBalancer"
