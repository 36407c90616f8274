"""The real ids of the storage behind claims, read from the cluster once the application's pods run on it."""

from collections.abc import Mapping
from typing import Any

import pulumi_kubernetes as k8s
from pulumi import Output, ResourceOptions
from pulumi.runtime import is_dry_run

from guard.changes import Memory
from stacks import kinds
from stacks.planned import Planned


def of_claims(stack: Planned, before: Memory, ready: Output[str], opts: ResourceOptions) -> Mapping[str, Output[str]]:
    """Section of the stack file -> real id, for every claim that a role is on.

    A claim without a role may wait for its first pod and have no volume. A preview reads only claims that an earlier
    run has read: others may not exist yet. `ready`: known when the pods are. `opts`: with the provider of the cluster.
    """
    mounted = {mount["claim"]["name"] for mount in stack.storage.values()}
    seen = {place.claim for data in before.data.values() for place in data.places if place.id}
    return {
        f"storage.claims.{name}": _read(stack, name, ready, opts)
        for name, claim in stack.claims.items()
        if claim["name"] in mounted and (claim["name"] in seen or not is_dry_run())
    }


def _read(stack: Planned, name: str, ready: Output[str], opts: ResourceOptions) -> Output[str]:
    at, claim = stack.contexts[name], stack.claims[name]["name"]
    place = ready.apply(lambda _: f"{at.settings.namespace}/{claim}")
    bound = k8s.core.v1.PersistentVolumeClaim.get(f"{at.component}-bound", place, opts)
    volume: Output[str] = bound.spec.apply(lambda spec: str(_of(spec, "volume_name") or ""))
    if not kinds.kind(at.chosen.kind).in_account:
        # Nothing of this kind needs rights over the whole cluster, which reading a PersistentVolume would.
        return volume
    found = k8s.core.v1.PersistentVolume.get(f"{at.component}-bound-volume", volume, opts)
    return Output.all(volume, found.spec).apply(lambda both: _handle(both[1]) or str(both[0]))


def _handle(spec: Any) -> str:
    """What the storage is called by its driver or its server; empty for other volumes."""
    csi, nfs = _of(spec, "csi"), _of(spec, "nfs")
    if csi is not None:
        return str(_of(csi, "volume_handle") or "")
    return f"{_of(nfs, 'server')}:{_of(nfs, 'path')}" if nfs is not None else ""


def _of(value: Any, name: str) -> Any:
    """A part of an object that may be missing: mocks return what was registered."""
    return getattr(value, name, None)
