"""What the last run that ended well has made, compared with this run before anything is registered: the output `facts`.

The identity of storage is the memory's (stacks/memory.py); here it is every other field that storage cannot take.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import Output

from components.contract import RoleMount, StorageMap
from components.models.pod import from_claim
from stacks import changes, kinds
from stacks.facts import Facts, facts
from stacks.planned import Planned
from stacks.safety import RefusedByGuard
from stacks.settings.load import stack_file

OUTPUT = "facts"
"""Name of the stack output."""
VERSIONED = "versioned"
"""Key in it: the pods have a version of models."""


def made(outputs: Mapping[str, Any]) -> Facts:
    """The facts of the last run that ended well. Empty on a first run, and after a release that wrote none."""
    found = outputs.get(OUTPUT)
    return found if isinstance(found, Mapping) else {}


def check(stack: Planned, before: Facts) -> None:
    """Refuse what the living storage cannot take, and say what only claims made later take. Raises RefusedByGuard."""
    told = stack.classes.cluster.bound
    bound = {name: told[at.component] for name, at in stack.contexts.items() if at.component in told}
    found = changes.between(before, facts(stack), bound) if before else []
    if refused := changes.refused(found):
        lines = "\n".join(f"  - {line}" for line in refused)
        file = stack_file(pulumi.get_stack())
        raise RefusedByGuard(f"{file}: what lives cannot take these changes, and nothing was changed:\n{lines}")
    for line in changes.kept(found):
        pulumi.log.warn(line)


@dataclass(frozen=True)
class Lived:
    """What of the last run a component or an output has to know."""

    autoscaled: bool = False
    """Whether the application had an autoscaler."""
    versioned: bool = False
    """Whether the pods had a version of models."""
    encrypted_by: Mapping[str, str] = field(default_factory=dict[str, str])
    """PersistentVolumeClaim -> what encrypts it, as the last run said."""
    claims: frozenset[str] = frozenset()
    """Names of the claims that were there, with their folders."""


def lived(outputs: Mapping[str, Any]) -> Lived:
    """What the last run that ended well has left. Nothing on a first run."""
    facts_ = made(outputs)
    told = outputs.get("encryption")
    return Lived(
        autoscaled=bool(facts_) and facts_["settings"].get("autoscaler") is not None,
        versioned=bool(facts_.get(VERSIONED)) or _released(outputs),
        encrypted_by=told if isinstance(told, Mapping) else {},
        claims=frozenset(facts_["claims"]) if facts_ else frozenset(),
    )


def _released(outputs: Mapping[str, Any]) -> bool:
    """Whether a release of models was ever made; the facts of earlier releases of this program do not say it."""
    record = (outputs.get("models") or {}).get("release") or {}
    return record.get("phase", "none") != "none"


def with_their_keys(stack: Planned, last: Lived) -> StorageMap:
    """The storage map with the keys that living claims were made with: storage in an account never gets another one."""
    own = {stack.claims[name]["name"] for name, at in stack.contexts.items() if kinds.kind(at.chosen.kind).in_account}
    told = {name: by for name, by in last.encrypted_by.items() if name in own}
    return {role: _told(mount, told.get(mount["claim"]["name"])) for role, mount in stack.storage.items()}


def _told(mount: RoleMount, by: str | None) -> RoleMount:
    if by is None:
        return mount
    claim = mount["claim"].copy()
    claim["encrypted_by"] = by
    return RoleMount(claim=claim, sub_path=mount["sub_path"], read_only=mount["read_only"])


def output(stack: Planned, ready: Output[Any]) -> Output[dict[str, Any]]:
    """The value of the output `facts`, once the workload is ready: a run that fails before keeps the earlier one."""
    models = stack.settings.models
    versioned = models is not None and from_claim(models.args())
    found = {**facts(stack), **({VERSIONED: True} if versioned else {})}
    return ready.apply(lambda _: found)
