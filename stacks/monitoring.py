"""Monitoring of a stack: the arguments of its component, made from the stack file and the planned stack."""

from collections.abc import Mapping
from typing import Any

from pulumi import Input

from components.contract import Claim
from components.monitoring.args import MonitoringArgs
from components.pod.args import Endpoint
from stacks import backup, kinds
from stacks.names import NAMESPACE, claim_name
from stacks.settings.settings import Settings
from stacks.stores.on_disks import disk_name

NAME = f"{NAMESPACE}-monitoring"


def readers(settings: Settings) -> list[Endpoint]:
    """Who may read the numbers of the pods."""
    chosen = settings.monitoring
    return [] if chosen is None else [Endpoint(namespace=chosen.prometheus_namespace, port=0)]


def arguments(
    settings: Settings, namespace: Input[str], claims: Mapping[str, Claim], shipping: Input[str] | None
) -> MonitoringArgs | None:
    """The arguments of `Monitoring`. None: the stack file asks for none.

    `shipping`: namespace of the pods that ship logs; None: there are none.
    """
    chosen = settings.monitoring
    if chosen is None:
        return None
    elsewhere = {name: kinds.kind(claim.kind).fill_elsewhere for name, claim in settings.storage.claims.items()}
    args = MonitoringArgs(
        namespace=namespace,
        application=NAMESPACE,
        volumes=[*(claims[name]["name"] for name, where in elsewhere.items() if not where), *_disks(settings)],
        elastic={claims[name]["name"]: where for name, where in elsewhere.items() if where},
        backups=[*_backups(settings), *backup.schedules(settings)],
        drills=backup.drills(settings),
        labels=chosen.labels,
        rules=chosen.rules,
        dashboard=chosen.dashboard,
        thresholds=chosen.limits(),
    )
    if shipping is not None:
        args["shipping_namespace"] = shipping
    return args


def _bundled(settings: Settings) -> Mapping[str, Any]:
    return settings.stores.bundled if settings.stores is not None else {}


def _disks(settings: Settings) -> list[str]:
    """The claims of bundled stores."""
    return [claim_name(disk_name(name)) for name in _bundled(settings)]


def _backups(settings: Settings) -> list[str]:
    """The CronJobs of bundled stores (components/state/objects.py)."""
    return [f"{claim_name(name)}-backup" for name, store in _bundled(settings).items() if store.backup is not None]
