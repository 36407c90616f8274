"""The cost of the resources that a run registered, by recognising each. Tests compare it with what the kinds buy."""

from collections.abc import Iterable, Mapping
from typing import Any

from components.contract import Platform, Role
from estimate.cost import Estimate, Mount, estimate
from estimate.recognise import Resource
from stacks.cost import use
from stacks.settings.estimate import EstimateSettings

PROVIDERS = {Platform.AWS: "pulumi:providers:aws", Platform.ALICLOUD: "pulumi:providers:alicloud"}
"""Platform -> type token of the provider whose input names the region."""


def recognised(
    resources: Iterable[Resource], storage: Mapping[str, Any], platform: Platform, assumed: EstimateSettings | None
) -> Estimate:
    """The cost of a run's custom resources. `storage`: the storage map of its outputs."""
    all_ = list(resources)
    billed = [r for r in all_ if not r.type.startswith("pulumi:")]
    return estimate(billed, mounts(storage), platform, _region(all_, platform), use(assumed))


def mounts(storage: Mapping[str, Any]) -> list[Mount]:
    """The claims of a storage map, each with its roles in the order of Role."""
    claims: dict[str, list[str]] = {}
    for role in Role:
        if role.value in storage:
            claims.setdefault(storage[role.value]["claim"], []).append(role.value)
    first = {name: storage[roles[0]] for name, roles in claims.items()}
    return [
        Mount(name, tuple(roles), first[name]["medium"], int(first[name]["size_gib"])) for name, roles in claims.items()
    ]


def _region(resources: Iterable[Resource], platform: Platform) -> str:
    found = [str(r.inputs["region"]) for r in resources if r.type == PROVIDERS.get(platform)]
    return found[0] if found else ""
