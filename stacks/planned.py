"""A planned stack: its claims, its stores and what they buy as plain values, checked before anything is made."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from components.contract import Claim, Role, RoleMount, StorageMap
from components.kotaemon.mistakes import check
from estimate.cost import Bought, Mount, bought
from guard.classes import Bound, ClassFacts
from guard.report import Report
from guard.safety import ServerDisk
from stacks import kinds, log_shipping, models, network, platforms, safety, stores
from stacks.application import arguments
from stacks.classes import NOT_ASKED, Classes, ClusterFacts, OnClass
from stacks.kinds.base import Context
from stacks.names import NAMESPACE
from stacks.platforms.base import PlatformStack
from stacks.settings.load import stack_file
from stacks.settings.settings import Settings
from stacks.settings.storage import roles_of
from stacks.stores.base import Store, StoreContext

HELD = {"database": Role.SESSIONS.value, "vectors": Role.INDEXES.value, "documents": Role.INDEXES.value}
"""Place of a store -> the role whose data it holds. The disks of stores are in no storage map."""


@dataclass(frozen=True)
class PlannedStore:
    """A store of the stack file, with its kind and its planned value."""

    at: StoreContext[Any]
    store: Store[Any]


@dataclass(frozen=True)
class Planned:
    """Everything that is known of a stack before its first resource is registered."""

    settings: Settings
    platform: PlatformStack
    contexts: Mapping[str, Context[Any]]
    """Name of the claim in the stack file -> its context. `claims` has the same keys."""
    claims: Mapping[str, Claim]
    storage: StorageMap
    stores: Mapping[str, PlannedStore]
    """Place (database, vectors, documents) -> store. Empty in the profile single-writer."""
    report: Report
    classes: Classes

    @property
    def bounds(self) -> dict[str, Bound | None]:
        """Name of each StorageClass that the stack uses -> what binds its volumes; None: it is not known."""
        used = [found.storage_class for found in _on_classes(self.contexts, self.stores).values()]
        return {name: self.classes.bound(name) for name in used}

    @property
    def bought(self) -> list[Bought]:
        """The products that the stack buys, each with the claim and the roles that it is for."""
        return list(_bought(self))


def planned(settings: Settings, ask: Callable[[Iterable[str]], ClusterFacts] | None = None) -> Planned:
    """Plan a stack and check it. Raises pulumi.RunError for a stack that cannot be made, and RefusedByGuard.

    `ask`: reads from the cluster what the StorageClasses of these names are; default: the cluster is not asked.
    """
    platform = platforms.platform(settings.platform.value)
    place = platform.planned(settings)
    contexts = {
        name: Context(name, chosen, _settings_of(f"storage.claims.{name}", settings), place, settings.namespace, "")
        for name, chosen in settings.storage.claims.items()
    }
    without_claims = _stores(settings, platform, {}, place)
    classes = _classes(settings, contexts, without_claims, ask)
    _refuse(list(_class_mistakes(classes, contexts, without_claims)))
    contexts = {name: replace(at, classes=classes) for name, at in contexts.items()}
    claims = {name: kinds.kind(at.chosen.kind).planned(at) for name, at in contexts.items()}
    storage = storage_map(settings, claims)
    stored = _stores(settings, platform, claims, place)
    found = {name: replace(one, at=replace(one.at, classes=classes)) for name, one in stored.items()}
    documents = found.get("documents")
    _refuse(list(_named_twice(claims)))
    keys = {claim["name"]: name for name, claim in claims.items()}
    report = safety.check(
        settings,
        storage,
        keys,
        documents.at.chosen.kind if documents else "lancedb",
        classes=_facts(classes, contexts, claims),
        servers=_server_disks(classes, found),
    )
    _refuse(list(_mistakes(settings, platform, storage, found)))
    for line in classes.contradictions():
        pulumi.log.warn(line)
    _tell_closed(settings, storage, found)
    return Planned(settings, platform, contexts, claims, storage, found, report, classes)


def _settings_of(key: str, settings: Settings) -> Settings:
    """The settings for a claim or store. What is released is not protected: the next run can leave it out."""
    return settings.model_copy(update={"protect": False}) if key in settings.released else settings


def store_key(settings: Settings, place: str) -> str:
    """Section of the stack file that has the store: `stores.database`, or `aws.database` in a platform's own."""
    chosen = getattr(settings.stores, stores.FIELDS[place], None)
    return f"stores.{stores.KEYS[place]}" if chosen is not None else f"{settings.platform.value}.{place}"


def storage_map(settings: Settings, claims: Mapping[str, Claim]) -> StorageMap:
    """The storage map: role -> claim, folder and read-only flag. `claims`: by their name in the stack file."""
    storage = settings.storage
    return {
        role.value: RoleMount(
            claim=claims[storage.claim_of(role, settings.profile)],
            sub_path=storage.sub_path_of(role),
            read_only=storage.read_only(role),
        )
        for role in roles_of(settings.profile)
    }


def _stores(
    settings: Settings, platform: PlatformStack, claims: Mapping[str, Claim], place: Any
) -> dict[str, PlannedStore]:
    if not settings.scaled:
        return {}
    found: dict[str, PlannedStore] = {}
    own = platform.database(settings)
    for name, field in stores.FIELDS.items():
        chosen: Any = getattr(settings.stores, field, None)
        ours = _settings_of(store_key(settings, name), settings)
        at = StoreContext(name, chosen, ours, claims, place, settings.namespace, "")
        if chosen is not None:
            found[name] = PlannedStore(at, stores.store(name, chosen.kind))
        elif name == "database" and own is not None:
            found[name] = PlannedStore(replace(at, chosen=own.chosen), own.store)
    return found


def _on_classes(contexts: Mapping[str, Context[Any]], found: Mapping[str, PlannedStore]) -> dict[str, OnClass]:
    """Key of each claim and store whose volume a StorageClass of the cluster makes -> that volume."""
    on_class: dict[str, OnClass] = {}
    for name, at in contexts.items():
        if (volume := kinds.kind(at.chosen.kind).on_class(at)) is not None:
            on_class[f"storage.claims.{name}"] = volume
    for name, one in found.items():
        if (server := one.store.on_class(one.at.chosen)) is not None:
            on_class[f"stores.{stores.KEYS[name]}"] = server.volume
    return on_class


def _classes(
    settings: Settings,
    contexts: Mapping[str, Context[Any]],
    found: Mapping[str, PlannedStore],
    ask: Callable[[Iterable[str]], ClusterFacts] | None,
) -> Classes:
    """What is known of the StorageClasses that the stack uses and does not make itself."""
    names = {volume.storage_class for volume in _on_classes(contexts, found).values()}
    # Classes that the stack itself makes have its namespace before their name (components/volumes/names.py).
    wanted = sorted(name for name in names if not name.startswith(f"{settings.namespace}."))
    return Classes(settings.storage.classes, ask(wanted) if ask is not None else NOT_ASKED)


def _class_mistakes(
    classes: Classes, contexts: Mapping[str, Context[Any]], found: Mapping[str, PlannedStore]
) -> Iterator[str]:
    """Classes that the cluster lacks, and access modes that a class does not make."""
    for key, volume in _on_classes(contexts, found).items():
        if classes.missing(volume.storage_class):
            yield f"kotaemon:{key}.storageClass: {volume.storage_class!r} is not a StorageClass of the cluster"
        elif reason := classes.facts(volume.storage_class, volume.mode).refused_mode(volume.mode):
            yield f"kotaemon:{key}.accessMode: {reason}"


def _facts(
    classes: Classes, contexts: Mapping[str, Context[Any]], claims: Mapping[str, Claim]
) -> dict[str, ClassFacts]:
    """Name of each PersistentVolumeClaim on a class of the cluster -> what the class makes."""
    volumes = {name: kinds.kind(at.chosen.kind).on_class(at) for name, at in contexts.items()}
    return {claims[name]["name"]: classes.facts(*volume) for name, volume in volumes.items() if volume is not None}


def _server_disks(classes: Classes, found: Mapping[str, PlannedStore]) -> list[ServerDisk]:
    disks = [(stores.KEYS[name], one.store.on_class(one.at.chosen)) for name, one in found.items()]
    return [
        ServerDisk(server.server, key, classes.facts(*server.volume), server.not_on_files)
        for key, server in disks
        if server is not None
    ]


def _named_twice(claims: Mapping[str, Claim]) -> Iterator[str]:
    """Claims of the stack file that name the same PersistentVolumeClaim."""
    seen: dict[str, str] = {}
    for name, claim in claims.items():
        if (first := seen.setdefault(claim["name"], name)) != name:
            yield (
                f"kotaemon:storage.claims.{name}: is the PersistentVolumeClaim {claim['name']}, as "
                f"storage.claims.{first} is; leave one of them out"
            )


def _refuse(mistakes: Sequence[str]) -> None:
    if mistakes:
        lines = "\n".join(f"  - {mistake}" for mistake in mistakes)
        file = stack_file(pulumi.get_stack())
        raise pulumi.RunError(f"{file}: the stack cannot be made, and nothing was created:\n{lines}")


def _mistakes(
    settings: Settings, platform: PlatformStack, storage: StorageMap, found: Mapping[str, PlannedStore]
) -> Iterator[str]:
    """Everything that a component would refuse, found before one is registered.

    Claims are checked when they are planned.
    """
    yield from (f"kotaemon:{settings.platform.value}: {line}" for line in platform.check(settings))
    for name, one in found.items():
        yield from (f"kotaemon:stores.{stores.KEYS[name]}: {line}" for line in one.store.check(one.at))
    yield from (f"kotaemon:{line}" for line in log_shipping.mistakes(settings, storage))
    handed = {name: one.store.planned(one.at) for name, one in found.items()}
    args = arguments(settings, settings.namespace, storage, handed)
    yield from (f"kotaemon:{line}" for line in check(NAMESPACE, args))
    yield from (f"kotaemon:{line}" for line in models.mistakes(settings, storage))


def _tell_closed(settings: Settings, storage: StorageMap, found: Mapping[str, PlannedStore]) -> None:
    """Warn of addresses that the network policy closes."""
    handed = {name: one.store.planned(one.at) for name, one in found.items()}
    for line in network.warnings(NAMESPACE, arguments(settings, settings.namespace, storage, handed)):
        pulumi.log.warn(line)


def _bought(stack: Planned) -> Iterator[Bought]:
    mounts = [mount for name in stack.contexts if (mount := _mount(stack, name)) is not None]
    for name, at in stack.contexts.items():
        for resource, product in kinds.kind(at.chosen.kind).products(at):
            if not product.made and _mount(stack, name) is None:
                continue  # existing storage of the user that no role is on
            yield bought(resource, product, claim=stack.claims[name]["name"], mounts=mounts)
    for name, one in stack.stores.items():
        for resource, product in one.store.products(one.at):
            yield bought(resource, product, roles=HELD[name])
    for resource, product in stack.platform.products(stack.settings):
        yield bought(resource, product)


def _mount(stack: Planned, name: str) -> Mount | None:
    claim = stack.claims[name]
    roles = tuple(role.value for role in Role if _claim_name(stack, role) == claim["name"])
    return Mount(claim["name"], roles, claim["medium"].value, claim["size_gib"]) if roles else None


def _claim_name(stack: Planned, role: Role) -> str:
    return stack.storage[role.value]["claim"]["name"] if role.value in stack.storage else ""
