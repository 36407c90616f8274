"""Platform `private`: an existing cluster, existing NFS servers and StorageClasses."""

from typing import Any

import pulumi

from components.contract import Profile
from stacks import application, existing_claims, kube_provider, safety, store_components
from stacks.claims import NfsClaim, StorageClassClaim
from stacks.settings import Settings


def deploy(settings: Settings) -> dict[str, Any]:
    """Everything of the stack; its outputs. Raises RefusedByGuard before the first resource."""
    chosen = {n: c for n, c in settings.storage.claims.items() if isinstance(c, NfsClaim | StorageClassClaim)}
    claims = {n: existing_claims.planned(settings, n, c) for n, c in chosen.items()}
    storage = application.storage_map(settings, claims)
    report = safety.check(settings, storage, store_components.document_store(settings))
    opts = pulumi.ResourceOptions(provider=kube_provider.by_file(settings))
    namespace = application.application_namespace(settings, opts).namespace
    after: list[pulumi.Resource] = [existing_claims.make(settings, n, c, namespace, opts) for n, c in chosen.items()]
    after += existing_claims.prepare(settings, namespace, storage, opts)
    if settings.profile != Profile.SCALED:
        return application.deploy(settings, namespace, storage, opts, after=after, report=report)
    made = store_components.make(store_components.Place(settings, namespace, claims, opts))
    after += made.resources
    return application.deploy(settings, namespace, storage, opts, after=after, report=report, stores=made.stores)
