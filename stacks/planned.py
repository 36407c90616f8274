"""A planned stack: its claims, its stores and what they buy as plain values, checked before anything is made."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from components.contract import Bucket, Claim, Role, RoleMount, StorageMap
from components.kotaemon.mistakes import check
from estimate.cost import Bought, Mount, bought
from guard.classes import Bound
from guard.report import Report
from stacks import (
    admission,
    alarms,
    archive,
    backup_checks,
    backup_copy,
    bucket,
    csi_drivers,
    kinds,
    log_shipping,
    models,
    network,
    on_class,
    platforms,
    safety,
    stores,
)
from stacks.application import arguments
from stacks.classes import Classes
from stacks.cluster_facts import ClusterFacts, Wanted
from stacks.kinds.base import Context
from stacks.names import NAMESPACE
from stacks.platforms.base import PlatformStack
from stacks.settings.load import stack_file
from stacks.settings.settings import Settings
from stacks.settings.storage import roles_of
from stacks.stores.base import PlannedStore, StoreContext

HELD = {"database": Role.SESSIONS.value, "vectors": Role.INDEXES.value, "documents": Role.INDEXES.value}
"""Place of a store -> the role whose data it holds. The disks of stores are in no storage map."""


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
    def bucket(self) -> Bucket | None:
        """The bucket of the stack as plain values."""
        return bucket.planned(self.settings)

    def ours(self, key: str) -> Settings:
        """The settings for a section of the stack file: what is released is not protected."""
        return _settings_of(key, self.settings)

    @property
    def bounds(self) -> dict[str, Bound | None]:
        """Name of each StorageClass that the stack uses -> what binds its volumes; None: it is not known."""
        used = [found.storage_class for found in on_class.on_classes(self.contexts, self.stores).values()]
        return {name: self.classes.bound(name) for name in used}

    @property
    def bought(self) -> list[Bought]:
        """The products that the stack buys, each with the claim and the roles that it is for."""
        return list(_bought(self))


def planned(settings: Settings, ask: Callable[[Wanted], ClusterFacts] | None = None) -> Planned:
    """Plan a stack and check it. Raises pulumi.RunError for a stack that cannot be made, and RefusedByGuard.

    `ask`: reads from the cluster what has to be known of it; default: the cluster is not asked.
    """
    platform = platforms.platform(settings.platform.value)
    place = platform.planned(settings)
    contexts = {
        name: Context(name, chosen, _settings_of(f"storage.claims.{name}", settings), place, settings.namespace, "")
        for name, chosen in settings.storage.claims.items()
    }
    without_claims = _stores(settings, platform, {}, place)
    classes = on_class.asked(settings, contexts, without_claims, ask)
    cluster = classes.cluster
    refuse(
        [
            *admission.mistakes(settings, cluster, contexts),
            *on_class.mistakes(classes, contexts, without_claims),
        ]
    )
    contexts = {name: replace(at, classes=classes) for name, at in contexts.items()}
    claims = {name: kinds.kind(at.chosen.kind).planned(at) for name, at in contexts.items()}
    storage = storage_map(settings, claims)
    stored = _stores(settings, platform, claims, place)
    found = {name: replace(one, at=replace(one.at, classes=classes)) for name, one in stored.items()}
    documents = found.get("documents")
    unsnapped = on_class.unsnapped(classes, contexts)
    refuse(list(_named_twice(claims)))
    keys = {claim["name"]: name for name, claim in claims.items()}
    report = safety.check(
        settings,
        storage,
        keys,
        documents.at.chosen.kind if documents else "lancedb",
        classes=on_class.facts(classes, contexts, claims),
        servers=on_class.server_disks(classes, found),
        protected=backup_checks.protections(settings, contexts, claims, storage, unsnapped),
    )
    archived = archive.arguments(settings, settings.namespace, storage, claims, contexts)
    refuse(
        [
            *_mistakes(settings, platform, storage, found),
            *(f"kotaemon:{line}" for line in archive.component_mistakes(archived)),
        ]
    )
    handed = {name: one.store.planned(one.at) for name, one in found.items()}
    refuse([f"kotaemon:{line}" for line in backup_checks.mistakes(settings, storage, claims, handed)])
    made = admission.made(settings, contexts, claims, storage, found.values())
    namespace = admission.namespace_of(settings, cluster)
    refuse(admission.refused(namespace, made) if namespace is not None else [])
    saved = [*backup_checks.without_snapshots(settings, claims, unsnapped)]
    saved += [*backup_checks.warnings(settings, storage, handed), *backup_copy.warnings(settings, storage, claims)]
    drivers = csi_drivers.warnings(contexts, cluster)
    lacking = on_class.lacking(classes, contexts, found)
    for line in (*classes.contradictions(), *lacking, *drivers, *saved, *admission.warnings(settings, cluster, made)):
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


def _named_twice(claims: Mapping[str, Claim]) -> Iterator[str]:
    """Claims of the stack file that name the same PersistentVolumeClaim."""
    seen: dict[str, str] = {}
    for name, claim in claims.items():
        if (first := seen.setdefault(claim["name"], name)) != name:
            yield (
                f"kotaemon:storage.claims.{name}: is the PersistentVolumeClaim {claim['name']}, as "
                f"storage.claims.{first} is; leave one of them out"
            )


def refuse(mistakes: Sequence[str]) -> None:
    """Raise pulumi.RunError with these mistakes of the stack; none: do nothing."""
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
    yield from (f"kotaemon:{line}" for line in alarms.component_mistakes(settings))
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
    for resource, product in (
        *stack.platform.products(stack.settings),
        *bucket.products(stack.settings),
        *backup_copy.products(stack.settings),
        *alarms.products(stack.settings),
    ):
        yield bought(resource, product)


def _mount(stack: Planned, name: str) -> Mount | None:
    claim = stack.claims[name]
    roles = tuple(role.value for role in Role if _claim_name(stack, role) == claim["name"])
    return Mount(claim["name"], roles, claim["medium"].value, claim["size_gib"]) if roles else None


def _claim_name(stack: Planned, role: Role) -> str:
    return stack.storage[role.value]["claim"]["name"] if role.value in stack.storage else ""
