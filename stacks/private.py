"""Platform `private`: an existing cluster, existing NFS servers and StorageClasses."""

from typing import Any

import pulumi

from stacks import application, existing_claims, safety
from stacks.claims import NfsClaim, StorageClassClaim
from stacks.settings import Settings


def deploy(settings: Settings) -> dict[str, Any]:
    """Everything of the stack; its outputs. Raises RefusedByGuard before the first resource."""
    chosen = {n: c for n, c in settings.storage.claims.items() if isinstance(c, NfsClaim | StorageClassClaim)}
    storage = application.storage_map(settings, {n: existing_claims.planned(settings, n, c) for n, c in chosen.items()})
    report = safety.check(settings, storage)
    opts = pulumi.ResourceOptions(provider=application.kubernetes_provider(settings))
    namespace = application.application_namespace(settings, opts).namespace
    made = [existing_claims.make(settings, n, c, namespace, opts) for n, c in chosen.items()]
    made += existing_claims.prepare(settings, namespace, storage, opts)
    return application.deploy(settings, namespace, storage, opts, after=made, report=report)
