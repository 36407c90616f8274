"""What the volumes of a stack are that StorageClasses of the cluster make: asked, checked, and put into facts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from components.contract import Claim
from guard.classes import ClassFacts
from guard.safety import ServerDisk
from stacks import csi_drivers, kinds, stores
from stacks.classes import Classes, OnClass
from stacks.cluster_facts import NOT_ASKED, ClusterFacts, Wanted
from stacks.kinds.base import Context
from stacks.settings.settings import Settings
from stacks.stores.base import PlannedStore


def on_classes(contexts: Mapping[str, Context[Any]], found: Mapping[str, PlannedStore]) -> dict[str, OnClass]:
    """Key of each claim and store whose volume a StorageClass of the cluster makes -> that volume."""
    on_class: dict[str, OnClass] = {}
    for name, at in contexts.items():
        if (volume := kinds.kind(at.chosen.kind).on_class(at)) is not None:
            on_class[f"storage.claims.{name}"] = volume
    for name, one in found.items():
        if (server := one.store.on_class(one.at.chosen)) is not None:
            on_class[f"stores.{stores.KEYS[name]}"] = server.volume
    return on_class


def asked(
    settings: Settings,
    contexts: Mapping[str, Context[Any]],
    found: Mapping[str, PlannedStore],
    ask: Callable[[Wanted], ClusterFacts] | None,
) -> Classes:
    """What is known of the StorageClasses that the stack uses and does not make itself."""
    names = {volume.storage_class for volume in on_classes(contexts, found).values()}
    # Classes that the stack itself makes have its namespace before their name (components/volumes/names.py).
    wanted = tuple(sorted(name for name in names if not name.startswith(f"{settings.namespace}.")))
    if ask is None:
        return Classes(settings.storage.classes, NOT_ASKED)
    drivers = sorted({one.driver for one in csi_drivers.needed(contexts).values()})
    about = Wanted(wanted, settings.namespace, tuple(late(contexts)), tuple(drivers))
    return Classes(settings.storage.classes, ask(about))


def late(contexts: Mapping[str, Context[Any]]) -> Iterator[str]:
    """The PersistentVolumeClaims whose volumes are made for their first pods."""
    for at in contexts.values():
        if any(row.late for row in kinds.kind(at.chosen.kind).effects.values()):
            yield at.component


def mistakes(
    classes: Classes, contexts: Mapping[str, Context[Any]], found: Mapping[str, PlannedStore]
) -> Iterator[str]:
    """Classes that the cluster lacks, and access modes that a class does not make."""
    for key, volume in on_classes(contexts, found).items():
        if classes.missing(volume.storage_class):
            yield f"kotaemon:{key}.storageClass: {volume.storage_class!r} is not a StorageClass of the cluster"
        elif reason := classes.facts(volume.storage_class, volume.mode).refused_mode(volume.mode):
            yield f"kotaemon:{key}.accessMode: {reason}"


def lacking(classes: Classes, contexts: Mapping[str, Context[Any]], found: Mapping[str, PlannedStore]) -> Iterator[str]:
    """What follows from the driver of a class, and from parameters that the class does not have; each line once."""
    lines: list[str] = []
    for volume in on_classes(contexts, found).values():
        facts = classes.facts(*volume)
        lines += [f"StorageClass {volume.storage_class} has no {key}: {text}" for key, text in facts.lacks.items()]
        lines += [f"{facts.text}: {facts.tells}"] if facts.tells else []
    yield from dict.fromkeys(lines)


def stiff(classes: Classes, contexts: Mapping[str, Context[Any]], found: Mapping[str, PlannedStore]) -> dict[str, str]:
    """Component of each claim and store whose volume cannot grow -> why."""
    components = {f"storage.claims.{name}": at.component for name, at in contexts.items()}
    components |= {f"stores.{stores.KEYS[name]}": one.at.component for name, one in found.items()}
    told = {key: classes.facts(*volume) for key, volume in on_classes(contexts, found).items()}
    return {components[key]: facts.text for key, facts in told.items() if facts.expands is False}


def unsnapped(classes: Classes, contexts: Mapping[str, Context[Any]]) -> dict[str, str]:
    """PersistentVolumeClaim of which no VolumeSnapshot can be made -> its class, in words."""
    volumes = {at.component: kinds.kind(at.chosen.kind).on_class(at) for at in contexts.values()}
    told = {name: classes.facts(*volume) for name, volume in volumes.items() if volume is not None}
    return {name: facts.text for name, facts in told.items() if facts.snapshots is False}


def facts(classes: Classes, contexts: Mapping[str, Context[Any]], claims: Mapping[str, Claim]) -> dict[str, ClassFacts]:
    """Name of each PersistentVolumeClaim on a class of the cluster -> what the class makes."""
    volumes = {name: kinds.kind(at.chosen.kind).on_class(at) for name, at in contexts.items()}
    return {claims[name]["name"]: classes.facts(*volume) for name, volume in volumes.items() if volume is not None}


def server_disks(classes: Classes, found: Mapping[str, PlannedStore]) -> list[ServerDisk]:
    disks = [(stores.KEYS[name], one.store.on_class(one.at.chosen)) for name, one in found.items()]
    return [
        ServerDisk(server.server, key, classes.facts(*server.volume), server.not_on_files)
        for key, server in disks
        if server is not None
    ]
