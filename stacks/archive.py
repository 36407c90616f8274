"""The archiver of a stack: its arguments, made from the section `kotaemon:archive`."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pulumi import Input

from components.contract import Claim, Role, RoleMount, StorageMap
from estimate.price_list import Price
from estimate.product import Product, Use
from guard.namespace import PodsOf
from stacks import bucket, kinds, platforms, prices
from stacks.kinds.base import Buys, Context
from stacks.manifests import manifest
from stacks.names import NAMESPACE
from stacks.settings.pod_rules import IDS, imposed
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.object.archiver import ArchiverArgs

NAME = f"{NAMESPACE}-archive"
"""Component of the archiver, and name of its CronJob."""


def mistakes(settings: Settings) -> Iterator[str]:
    """What does not fit the rest of the stack file, each line with its key below `kotaemon:`."""
    chosen = settings.archive
    if chosen is None:
        return
    storage, reports = settings.storage, chosen.reports
    if reports is None and not chosen.logs:
        yield "archive: nothing to move; give reports, or logs: true"
    if reports is None:
        return
    if reports.claim not in storage.claims:
        yield f"archive.reports.claim: {reports.claim!r} is no claim; the claims are: {', '.join(storage.claims)}"
        return
    for role in Role:
        if role == Role.SESSIONS and settings.scaled:
            continue
        there = storage.found_claim(role, settings.profile) == reports.claim
        if there and _nested(reports.folder, storage.sub_path_of(role)):
            yield (
                f"archive.reports.folder: {reports.folder!r} holds the role {role.value} ({reports.claim}/"
                f"{storage.sub_path_of(role)}); reports have a folder of their own"
            )


def _nested(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def arguments(
    settings: Settings,
    namespace: Input[str],
    storage: StorageMap,
    claims: Mapping[str, Claim],
    contexts: Mapping[str, Context[Any]],
) -> "ArchiverArgs | None":
    """The arguments of `Archiver`. None: the stack file asks for none."""
    chosen = settings.archive
    if chosen is None:
        return None
    from components.object.archiver import ArchiverArgs

    cold = storage[Role.EVAL.value]
    tier = _context(cold, claims, contexts)
    args = ArchiverArgs(
        namespace=namespace,
        cold=cold,
        days=chosen.after_days,
        schedule=chosen.schedule,
        renames=kinds.kind(tier.chosen.kind).renames(tier.chosen),
        image=settings.image,
        uid=settings.uid,
        gid=settings.gid,
        cluster_imposes=imposed(settings, "application"),
    )
    if chosen.reports is not None:
        args["reports"] = RoleMount(claim=claims[chosen.reports.claim], sub_path=chosen.reports.folder, read_only=False)
    if chosen.logs:
        args["logs"] = storage[Role.LOGS.value]
    source = args.get("reports", args.get("logs"))
    saved = saved_per_gib(settings, tier, None if source is None else _context(source, claims, contexts))
    if saved is not None:
        args["saved_per_gib"], args["currency"] = str(saved), prices.of(settings).currency
    return args


def pods(
    settings: Settings, storage: StorageMap, claims: Mapping[str, Claim], contexts: Mapping[str, Context[Any]]
) -> list[PodsOf]:
    """The pod of the archiver, for what the namespace admits."""
    args = arguments(settings, settings.namespace, storage, claims, contexts)
    if args is None:
        return []
    from components.object.archiver import cron_job_spec

    spec = manifest(cron_job_spec(NAME, args, "scripts", "account"))
    return [PodsOf("archive", spec["jobTemplate"]["spec"]["template"]["spec"], uid_key=IDS)]


def _context(mount: RoleMount, claims: Mapping[str, Claim], contexts: Mapping[str, Context[Any]]) -> Context[Any]:
    return next(contexts[name] for name, claim in claims.items() if claim["name"] == mount["claim"]["name"])


def saved_per_gib(settings: Settings, tier: Context[Any], source: Context[Any] | None) -> Decimal | None:
    """What a GiB costs less in a month on the cold tier, in list prices. None: a price is not known."""
    if source is None:
        return None
    cold = bucket.products(settings) if kinds.kind(tier.chosen.kind).bucket_prefix(tier.chosen) is not None else []
    warm_price = _storage_price(settings, kinds.kind(source.chosen.kind).products(source))
    cold_price = _storage_price(settings, cold)
    if warm_price is None or cold_price is None or warm_price.unit != cold_price.unit:
        return None
    return warm_price.amount - cold_price.amount


def _storage_price(settings: Settings, bought: list[Buys]) -> Price | None:
    """The price of what is stored, by the first charge of the product."""
    products: list[Product] = [buys.product for buys in bought]
    region = platforms.platform(settings.platform.value).region(settings)
    for product in products:
        for charge in product.charges(Use()):
            return prices.of(settings).find(charge.item, region) if charge.item else None
    return None


def component_mistakes(args: "ArchiverArgs | None") -> Iterator[str]:
    """What the component would refuse, found before one is registered."""
    if args is not None:
        from components.object.archiver import check

        yield from (f"archive: {line}" for line in check(NAME, args))


def output(settings: Settings, storage: StorageMap) -> dict[str, Any]:
    """The output `archive`: where what was moved is, for jobs that read it. Empty: nothing is moved."""
    if settings.archive is None:
        return {}
    from components.object.archiver import LOGS

    cold = storage[Role.EVAL.value]
    return {"claim": cold["claim"]["name"], "reports": cold["sub_path"], "logs": LOGS}
