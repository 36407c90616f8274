"""Checks between the sections of a stack file, as plain functions over the finished settings.

Each yields lines with the key, the value where it helps, what is allowed, and what to change.
"""

from collections.abc import Iterator

from components.contract import Platform
from components.kotaemon.switches import graphs_switched_on
from stacks import alarms, archive, backup_copy, bucket, kinds, platforms, stores
from stacks.settings import ingress, models, virtual_nodes
from stacks.settings.settings import Settings
from stacks.settings.storage import roles_of


def mistakes(settings: Settings) -> Iterator[str]:
    """Every mistake between the sections, each with its full key from `kotaemon:` on."""
    checks = [
        _namespace,
        _access,
        _money,
        _scale,
        _kinds_of_the_platform,
        _section,
        _roles,
        _released,
        models.mistakes,
        virtual_nodes.mistakes,
    ]
    if not list(_section(settings)):
        checks += [
            _claims,
            _platform,
            _stores,
            bucket.mistakes,
            archive.mistakes,
            backup_copy.mistakes,
            alarms.mistakes,
        ]
    for check in checks:
        yield from (f"kotaemon:{line}" for line in check(settings))
    if not list(_section(settings)) and not list(bucket.mistakes(settings)):
        yield from (f"kotaemon:{line}" for line in bucket.mounted_mistakes(settings))


def _namespace(settings: Settings) -> Iterator[str]:
    name = settings.namespace
    if name.startswith("kube-"):
        yield f"namespace: '{name}' is not allowed: names that begin with kube- are the cluster's own; give another one"
    elif name == "default" and not settings.namespace_exists:
        yield (
            "namespace: 'default' is there already, and the stack would refuse all pods there that do not fit Pod "
            "Security restricted, those of others too; give another one, or namespaceExists: true"
        )


def _access(settings: Settings) -> Iterator[str]:
    if settings.auth_proxy is not None and settings.ingress is None:
        yield "authProxy: needs the section ingress, because people log in at its host name; add ingress"
    yield from ingress.mistakes(settings)


def _money(settings: Settings) -> Iterator[str]:
    if settings.budget is not None and settings.platform == Platform.PRIVATE:
        yield f"budget: '{settings.budget}' is not allowed: platform private has no prices; leave it out"
    given = settings.estimate.prices
    if given is not None and settings.platform == Platform.PRIVATE:
        yield f"estimate.prices: {given!r} is not allowed: platform private has no prices; leave it out"
    elif (path := settings.estimate.price_file) is not None:
        from estimate.own_prices import mistakes as in_the_file  # only where there is a file: it loads every product

        yield from (f"estimate.prices: {line}" for line in in_the_file(path))


def _scale(settings: Settings) -> Iterator[str]:
    if settings.autoscaler is not None and not settings.scaled:
        yield (
            "autoscaler: only the profile scaled can have several pods, and this stack has profile single-writer; "
            "leave it out"
        )
    for name in graphs_switched_on(settings.env) if settings.scaled else ():
        yield (
            f"env: {name}: graph indexes are local files for one writer, which the profile scaled cannot have; "
            "leave it out"
        )


def _kinds_of_the_platform(settings: Settings) -> Iterator[str]:
    for name, claim in settings.storage.claims.items():
        suited = kinds.kind(claim.kind).platforms
        if settings.platform not in suited:
            names = ", ".join(platform.value for platform in suited)
            yield f"storage: claims.{name}: kind {claim.kind} is for platform {names}, not {settings.platform.value}"


def _section(settings: Settings) -> Iterator[str]:
    name = settings.platform.value
    if platforms.platform(name).section is not None and getattr(settings, name) is None:
        yield f"{name}: missing; platform {name} needs this section"


def _roles(settings: Settings) -> Iterator[str]:
    yield from (f"storage: {line}" for line in settings.storage.mistakes(settings.profile))


def _released(settings: Settings) -> Iterator[str]:
    storage, profile = settings.storage, settings.profile
    for key in settings.released:
        name = key.removeprefix("storage.claims.")
        roles = [role.value for role in roles_of(profile) if name != key and storage.found_claim(role, profile) == name]
        if roles:
            yield (
                f"released: {key} holds {', '.join(roles)}; move them to another claim first "
                "(docs/runbooks/move-data.md)"
            )


def _claims(settings: Settings) -> Iterator[str]:
    for name, claim in settings.storage.claims.items():
        kind = kinds.kind(claim.kind)
        if settings.platform in kind.platforms:
            yield from (f"storage.claims.{name}.{line}" for line in kind.mistakes(claim, settings))


def _platform(settings: Settings) -> Iterator[str]:
    name = settings.platform.value
    yield from (f"{name}.{line}" for line in platforms.platform(name).mistakes(settings))


def _stores(settings: Settings) -> Iterator[str]:
    if not settings.scaled:
        if settings.stores is not None:
            yield (
                "stores: only the profile scaled has stores, single-writer keeps its state in files; leave it out, "
                "or use profile: scaled"
            )
        return
    own = platforms.platform(settings.platform.value).database(settings)
    for name, field in stores.FIELDS.items():
        chosen = getattr(settings.stores, field, None)
        key = f"stores.{stores.KEYS[name]}"
        if chosen is not None:
            kind = stores.store(name, chosen.kind)
            yield from (f"{key}{line}" for line in kind.mistakes(name, chosen, settings))
            if name == "database" and own is not None:
                yield f"{key}: the section of the platform has a database as well; leave one of them out"
        elif name != "documents" and not (name == "database" and own is not None):
            yield f"{key}: missing; the profile scaled needs it"
