"""Two stacks of one project in one cluster and in one account: neither meets the other's objects, names or data.

The stand-in of a cloud refuses a name that exists already, and both stacks have the same one.
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from components.contract import Platform
from devcluster.cluster import Cluster
from tests.engine.effects.fields import STACKS
from tests.engine.effects.living import Living, brought_up

OF = {"private": "fields-private", "aws": "fields-aws", "alicloud": "fields-alicloud"}
CLUSTER_WIDE = ("PersistentVolume", "StorageClass", "VolumeSnapshotClass", "Namespace")


def settings(stack: str, name: str) -> dict[str, Any]:
    """The stack with a key of its own, and with what the user has to name apart."""
    found = copy.deepcopy(STACKS[stack].settings)
    section = found.get(found["platform"], {})
    section.pop("keyArn", None)
    if "identifier" in section.get("database", {}):
        section["database"]["identifier"] = name
    return found


def objects(living: Living) -> dict[str, str]:
    """URN -> id of all that the stack has in the cluster or in the account."""
    made = (r for r in living.resources() if r.get("custom") and not r["type"].startswith("pulumi:"))
    return {r["urn"]: r["id"] for r in made}


@pytest.mark.parametrize(
    "platform", [pytest.param(name, marks=() if name == "private" else pytest.mark.long) for name in OF]
)
def test_two_stacks_do_not_meet(
    platform: str, tmp_path_factory: pytest.TempPathFactory, cluster_for: Callable[[Platform], Cluster]
) -> None:
    stack, folder = OF[platform], tmp_path_factory.mktemp(f"two-{platform}")
    first, second = (
        brought_up(name, settings(stack, name), STACKS[stack].platform, folder, cluster_for)
        for name in (f"{platform}-one", f"{platform}-two")
    )
    first.up()
    before = objects(first)
    second.up()
    assert set(before.values()).isdisjoint(objects(second).values()), "each has its own of everything"
    assert first.up() == set(), "the second changed nothing of the first"
    assert objects(first) == before
    assert any(urn.split("::")[-2].endswith(CLUSTER_WIDE) for urn in before), "something is in no namespace"

    first.stack.destroy(color="never", exclude_protected=True)
    assert second.up() == set(), "taken down, the first takes nothing of the second with it"
    first.up()
    assert {urn: before[urn] for urn in before if urn in objects(first)}.keys() == before.keys()
    assert second.up() == set()
