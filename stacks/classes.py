"""What is known of the StorageClasses that a stack uses: from the cluster, from the stack file, or nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from components.contract import AccessMode
from guard.classes import Bound, ClassFacts, facts_of, said
from guard.drivers import DRIVERS
from stacks.cluster_facts import NOT_ASKED, ClusterFacts, FoundClass
from stacks.settings.classes import ClassSettings


class OnClass(NamedTuple):
    """A volume of the stack on a StorageClass that the cluster has."""

    storage_class: str
    mode: AccessMode


@dataclass(frozen=True)
class Classes:
    """The StorageClasses as the stack file and the cluster say them. The cluster's word goes first."""

    said: Mapping[str, ClassSettings] = field(default_factory=dict[str, ClassSettings])
    """`kotaemon:storage.classes`."""
    cluster: ClusterFacts = NOT_ASKED

    def facts(self, name: str, mode: AccessMode | None = None) -> ClassFacts:
        """What the volumes of a class are. `mode`: the claim's access mode, as some drivers make two things."""
        words, found = self.said.get(name), self.cluster.classes.get(name)
        by_driver: ClassFacts | None = None
        if found is not None:
            by_driver = facts_of(name, found.provisioner, DRIVERS, found.parameters, found.mount_options, mode)
            by_driver = _as_it_is(_profiled(by_driver, found), found)
        elif words is not None and words.provisioner is not None:
            by_driver = facts_of(name, words.provisioner, DRIVERS, words.parameters or None, words.mount_options, mode)
        if by_driver is not None and by_driver.known:
            return by_driver
        # Words about a driver of the table would only contradict the table.
        if words is not None and words.stands_on is not None:
            facts = said(name, words.stands_on, words.bound_to, words.modes, words.real_locks)
            return replace(facts, loses=by_driver.loses) if by_driver is not None else facts
        if by_driver is not None:
            return by_driver
        why = self.cluster.unread or "the cluster does not say"
        return ClassFacts(name, f"not known: {why}")

    def bound(self, name: str) -> Bound | None:
        """What a volume of the class is bound to; None: it is not known."""
        return self.facts(name).bound

    def missing(self, name: str) -> bool:
        """Whether the cluster was asked for the class and has none of this name."""
        return name in self.cluster.classes and self.cluster.classes[name] is None

    def contradictions(self) -> Iterator[str]:
        """Classes whose driver in the stack file is another one in the cluster."""
        for name, words in self.said.items():
            found = self.cluster.classes.get(name)
            if found is not None and words.provisioner not in (None, found.provisioner):
                yield (
                    f"kotaemon:storage.classes.{name}.provisioner: is {words.provisioner!r}, but the class in the "
                    f"cluster has {found.provisioner!r}, which counts; correct it"
                )


def _as_it_is(facts: ClassFacts, found: FoundClass) -> ClassFacts:
    """The facts with what the object of the class says besides its driver."""
    expands = facts.expands if found.expands else False
    lacks = dict(facts.lacks)
    bound = facts.bound
    if found.at_once and bound is not None and bound != Bound.EVERYWHERE:
        lacks["WaitForFirstConsumer"] = (
            f"it makes a volume at once, on a {bound.value} where the pod may not be able to run, which then "
            "stays Pending; take a class with volumeBindingMode: WaitForFirstConsumer"
        )
    return replace(facts, expands=expands, lacks=lacks)


def _profiled(facts: ClassFacts, found: FoundClass) -> ClassFacts:
    """The facts of a class whose driver is not in the table, with the access modes of its StorageProfile."""
    if facts.known or not found.profile:
        return facts
    modes = [AccessMode(mode) for mode in found.profile if mode in {known.value for known in AccessMode}]
    # For one node means that the driver can also be asked for one pod, where it is a CSI driver.
    more = [AccessMode.RWOP] if AccessMode.RWO in modes else []
    source = (
        f"its StorageProfile; other modes: kotaemon:storage.classes.{facts.storage_class}.accessModes with standsOn"
    )
    return replace(facts, modes=tuple(dict.fromkeys([*modes, *more])), source=source)
